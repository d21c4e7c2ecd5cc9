//! Names of the values that make up a row.

use std::fmt;
use std::str::FromStr;

use http::HeaderName;

use crate::record::Record;

/// Columns of a table whose columns are not selected.
const DEFAULT: [&str; 12] = [
    "id",
    "index",
    "url",
    "method",
    "status",
    "outcome",
    "error_type",
    "error_msg",
    "attempts",
    "elapsed_ms",
    "size_bytes",
    "key",
];

/// Fields of a record that only a failure log has.
const OF_FAILURE_LOGS: [&str; 2] = ["request", "response_text"];

/// Start of the name of a response header.
const HEADER: &str = "header:";

/// Names of the values that make up a row, in their order.
///
/// | name | value |
/// |---|---|
/// | `status` | that [field of the record](crate::record) |
/// | `/data/name` | the value at this JSON pointer (RFC 6901) in the response's JSON body |
/// | `header:etag` | that header of the response; several values have `, ` between them |
///
/// ```
/// use haul::record::Selection;
///
/// let selection: Selection = "id,status,/data/name,header:etag".parse()?;
/// assert!(selection.has("status") && !selection.has("key"));
/// # Ok::<(), haul::record::InvalidSelection>(())
/// ```
///
/// The default is `id,index,url,method,status,outcome,error_type,error_msg,attempts,elapsed_ms,size_bytes,key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    columns: Vec<Column>,
}

/// A value of a row, and its name as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) value: ColumnValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ColumnValue {
    /// Field of the record, which has the column's name.
    Field,
    /// Value at a pointer, which is the column's name.
    Pointer,
    Header(HeaderName),
}

/// Error of a name that stands for no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSelection {
    name: String,
    reason: &'static str,
    known: &'static str,
}

impl InvalidSelection {
    pub(super) fn unknown(name: &str, known: &'static str) -> InvalidSelection {
        let reason = "there is no value of this name";
        let name = name.to_owned();
        InvalidSelection {
            name,
            reason,
            known,
        }
    }

    /// Name with the mistake.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for InvalidSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidSelection {
            name,
            reason,
            known,
        } = self;
        write!(f, "{reason}: {name:?}")?;
        match known.is_empty() {
            true => Ok(()),
            false => write!(f, " ({known} is expected)"),
        }
    }
}

impl std::error::Error for InvalidSelection {}

/// List of the names in errors.
const KNOWN: &str = "a pointer like /data/name, a header like header:etag, or a field: v, id, index, key, source, line, \
     depth, parent, seed, page, next, outcome, url, method, status, rejection, attempts, timestamp, elapsed_ms, \
     ttfb_ms, queued_ms, total_ms, final_url, redirects, remote_ip, reused, timings, content_type, content_encoding, \
     size_bytes, output_file, sha256, skipped, layer, error_type, phase, error_msg, error_position, error_text, stop_reason, \
     attempt_log, prior_attempt_ambiguous, hedged, headers, json, body, body_encoding, charset, body_truncated, tag, \
     credentials_for, supersedes";

impl Selection {
    /// Reads a list of names with commas between them.
    ///
    /// # Errors
    /// When a name is unknown, empty, or given twice. The error lists the names.
    pub fn parse(names: &str) -> Result<Selection, InvalidSelection> {
        Selection::of(names.split(',').map(str::trim))
    }

    /// Makes a selection of these names. In contrast to a list, they may have commas in them.
    ///
    /// # Errors
    /// When a name is unknown, empty, or given twice.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Selection, InvalidSelection> {
        let mut columns = Vec::<Column>::new();
        for name in names {
            if columns.iter().any(|column| column.name == name) {
                return Err(InvalidSelection {
                    name: name.to_owned(),
                    reason: "a name is given twice",
                    known: "",
                });
            }
            columns.push(Column::named(name)?);
        }
        Ok(Selection { columns })
    }

    /// Names in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &*column.name)
    }

    /// True if a value of this name is selected.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Default for Selection {
    fn default() -> Selection {
        let field = |name: &&str| Column {
            name: (*name).to_owned(),
            value: ColumnValue::Field,
        };
        Selection {
            columns: DEFAULT.iter().map(field).collect(),
        }
    }
}

impl FromStr for Selection {
    type Err = InvalidSelection;

    fn from_str(names: &str) -> Result<Selection, InvalidSelection> {
        Selection::parse(names)
    }
}

impl Column {
    /// Reads the name of a value.
    pub(super) fn named(name: &str) -> Result<Column, InvalidSelection> {
        let unknown = || InvalidSelection::unknown(name, KNOWN);
        let value = match name.strip_prefix(HEADER) {
            _ if name.starts_with('/') => ColumnValue::Pointer,
            Some(header) => ColumnValue::Header(
                HeaderName::from_bytes(header.as_bytes()).map_err(|_| unknown())?,
            ),
            None if fields().any(|field| field == name) => ColumnValue::Field,
            None => return Err(unknown()),
        };
        Ok(Column {
            name: name.to_owned(),
            value,
        })
    }

    /// True if the value is looked for in the response: it may be there or not, whatever the outcome is.
    pub(super) fn is_looked_for(&self) -> bool {
        !matches!(self.value, ColumnValue::Field)
    }
}

/// True if a name may begin so.
pub(crate) fn is_beginning_of_name(text: &str) -> bool {
    let is_begun = |name: &str| name.starts_with(text);
    text.starts_with('/') || text.starts_with(HEADER) || is_begun(HEADER) || fields().any(is_begun)
}

/// Names of the fields that an outcome's record has.
fn fields() -> impl Iterator<Item = &'static str> {
    let all = Record::KEYS.iter().copied();
    all.filter(|key| !OF_FAILURE_LOGS.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_an_error_that_lists_all_fields() {
        for wrong in ["statuss", "", "request", "header:", "header:a b", "Status"] {
            let error = Selection::parse(&format!("id,{wrong}")).unwrap_err();
            assert_eq!(error.name(), wrong);
            let text = error.to_string();
            for field in fields() {
                assert!(
                    text.contains(&format!(" {field},")) || text.contains(&format!(" {field} "))
                );
            }
        }
    }

    #[test]
    fn names_stay_as_they_are_given() {
        let selection = Selection::parse("id, /a~1b/0 ,header:ETag").unwrap();
        let names: Vec<_> = selection.names().collect();
        assert_eq!(names, ["id", "/a~1b/0", "header:ETag"]);
    }

    #[test]
    fn a_name_is_given_once() {
        let error = Selection::parse("id,status,id").unwrap_err();
        assert_eq!(error.to_string(), "a name is given twice: \"id\"");
    }

    #[test]
    fn the_default_columns_are_fields() {
        let names = Selection::default().names().collect::<Vec<_>>().join(",");
        assert_eq!(Selection::parse(&names), Ok(Selection::default()));
    }
}
