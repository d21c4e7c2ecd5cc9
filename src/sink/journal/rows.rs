//! The part of a results file's row that resuming needs, for records and for rows of columns.

use std::borrow::Cow;

use super::foreign;
use super::replaced_rows::ReplaceableRows;
use super::saves::digest;
use super::scan::{self, ResultLine};
use super::whole::{is_torn_record, refusal};
use crate::error::ErrorType;
use crate::record::{Key, Kind, Layout, RowFormat, Selection, is_beginning_of_name};

/// Reader of the rows of a results file.
pub(super) enum ResultReader {
    Records,
    Rows(Box<ColumnReader>),
}

/// Reader of rows of columns under a title.
pub(super) struct ColumnReader {
    layout: Layout,
    format: RowFormat,
    /// `None`: no title was read yet.
    columns: Option<KnownColumns>,
    replaceable: ReplaceableRows,
}

/// Facts of a file of rows after it was read.
pub(super) struct ReadTable {
    /// Form of the file, with the columns that its title has.
    pub(super) layout: Layout,
    /// True if there was a title.
    pub(super) titled: bool,
    pub(super) replaceable: ReplaceableRows,
}

/// Numbers of the columns that resuming needs.
struct KnownColumns {
    count: usize,
    key: usize,
    outcome: Option<usize>,
    url: Option<usize>,
    index: Option<usize>,
    supersedes: Option<usize>,
    error_type: Option<usize>,
    attempts: Option<usize>,
    /// Columns that have a value if and only if the request was sent.
    of_sent: Vec<usize>,
    /// Columns that have a value only if a response came.
    of_response: Vec<usize>,
    output_file: Option<usize>,
}

/// Fields that have a value if and only if the request was sent.
const OF_SENT: [&str; 2] = ["timestamp", "elapsed_ms"];
/// Fields that have a value only if a response came.
const OF_RESPONSE: [&str; 5] = ["status", "ttfb_ms", "remote_ip", "reused", "size_bytes"];

impl KnownColumns {
    /// True if the request of a row is known to have been sent. Without a column that tells it, a request counts as not
    /// sent: the intent of an equal request then stays open, and that request is not sent twice.
    fn is_sent(&self, fields: &[Cow<'_, str>]) -> bool {
        let has_any = |columns: &[usize]| columns.iter().any(|at| !fields[*at].is_empty());
        if !self.of_sent.is_empty() {
            return has_any(&self.of_sent);
        }
        if let Some(attempts) = self.attempts {
            return !["", "0"].contains(&&*fields[attempts]);
        }
        let is_response = |at: usize| ["success", "rejected"].contains(&&*fields[at]);
        has_any(&self.of_response) || self.outcome.is_some_and(is_response)
    }
}

impl ResultReader {
    pub(super) fn of(layout: &Layout) -> ResultReader {
        match layout.titled() {
            None => ResultReader::Records,
            Some((format, _)) => ResultReader::Rows(Box::new(ColumnReader {
                layout: layout.clone(),
                format,
                columns: None,
                replaceable: ReplaceableRows::default(),
            })),
        }
    }

    /// Reads a row without its line feed. `None`: the row is the title.
    pub(super) fn read(&mut self, row: &[u8]) -> Result<Option<ResultLine>, String> {
        match self {
            ResultReader::Records => scan::read(row).map(Some).map_err(|e| refusal(row, &e)),
            ResultReader::Rows(rows) => rows.read(row),
        }
    }

    /// Returns the URL in a row, and false if its request had one attempt at most. `None`: the row has no URL.
    pub(super) fn url(&self, row: &[u8]) -> Option<(String, bool)> {
        match self {
            ResultReader::Records => scan::url_of(row),
            ResultReader::Rows(rows) => {
                let columns = rows.columns.as_ref()?;
                let fields = rows.format.split(row)?;
                let attempts = columns.attempts.and_then(|at| fields.get(at)?.parse().ok());
                let tried_again = attempts.is_none_or(|attempts: u64| attempts > 1);
                Some((fields.get(columns.url?)?.to_string(), tried_again))
            }
        }
    }

    /// Returns the reason why a file with this first row holds no results of this form. `None`: the row itself tells
    /// more.
    pub(super) fn foreign(&self, row: &[u8]) -> Option<String> {
        match self {
            ResultReader::Records => foreign::refusal(row, &Layout::records()),
            ResultReader::Rows(rows) => foreign::refusal(row, &rows.layout),
        }
    }

    /// True if a last row that lacks its line feed is not whole.
    ///
    /// # Errors
    /// When the row must not be cut off, since it holds other rows.
    pub(super) fn is_torn(&self, row: &[u8]) -> Result<bool, String> {
        match self {
            ResultReader::Records => Ok(is_torn_record(row)),
            ResultReader::Rows(rows) => rows.is_torn(row),
        }
    }

    /// Returns the facts of a file of rows. `None`: it is one of records.
    pub(super) fn into_table(self) -> Option<ReadTable> {
        match self {
            ResultReader::Records => None,
            ResultReader::Rows(rows) => Some(ReadTable {
                titled: rows.columns.is_some(),
                layout: rows.layout,
                replaceable: rows.replaceable,
            }),
        }
    }
}

impl ColumnReader {
    fn read(&mut self, row: &[u8]) -> Result<Option<ResultLine>, String> {
        let format = self.format;
        let Some(columns) = &self.columns else {
            self.columns = Some(self.title(row)?);
            return Ok(None);
        };
        let fields = format.split(row);
        let fields = fields.ok_or_else(|| format!("no row of {format}"))?;
        if fields.len() != columns.count {
            return Err(format!(
                "it has {} fields, and the title has {}",
                fields.len(),
                columns.count
            ));
        }
        let text = |at: Option<usize>| at.map(|at| &*fields[at]);
        let key: Key = fields[columns.key]
            .parse()
            .map_err(|_| "its field \"key\" is no key".to_owned())?;
        let error_type = text(columns.error_type).unwrap_or_default();
        let outcome = match text(columns.outcome) {
            None if error_type.is_empty() => Kind::Success,
            Some("success") => Kind::Success,
            Some("rejected") => Kind::Rejected,
            None | Some("failed") => Kind::Failed,
            Some(_) => return Err("its field \"outcome\" is no outcome".to_owned()),
        };
        let interrupted = error_type == ErrorType::Interrupted.as_str();
        let sent = columns.is_sent(&fields);
        let saved = text(columns.output_file).filter(|path| !path.is_empty());
        let saved = saved.map(digest);
        let index = text(columns.index).and_then(|index| index.parse().ok());
        let supersedes = match (text(columns.supersedes), index) {
            (Some(text), _) => text == "true",
            (None, Some(index)) => self.replaceable.add(key, index, outcome, interrupted),
            (None, None) => false,
        };
        Ok(Some(ResultLine {
            key,
            outcome,
            supersedes,
            interrupted,
            sent,
            saved,
            index: index.unwrap_or_default(),
            page: None,
        }))
    }

    fn title(&mut self, row: &[u8]) -> Result<KnownColumns, String> {
        let row = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
        let names = self.format.split(row).unwrap_or_default();
        let names = names.iter().map(|name| &**name);
        let title = Selection::of(names).map_err(|e| {
            format!(
                "it is no title of columns that haul writes, and the file cannot be continued: {e}"
            )
        })?;
        let of = |name: &str| title.names().position(|other| other == name);
        let key =
            of("key").ok_or("the file has no column \"key\", by which it could be continued")?;
        let columns = KnownColumns {
            count: title.names().count(),
            key,
            outcome: of("outcome"),
            url: of("url"),
            index: of("index"),
            supersedes: of("supersedes"),
            error_type: of("error_type"),
            attempts: of("attempts"),
            of_sent: OF_SENT.into_iter().filter_map(of).collect(),
            of_response: OF_RESPONSE.into_iter().filter_map(of).collect(),
            output_file: of("output_file"),
        };
        self.layout.continuing(title).map_err(|title| {
            let names = title.names().collect::<Vec<_>>().join(",");
            format!("the file has other columns than were selected: {names}")
        })?;
        Ok(columns)
    }

    /// A row without its line feed is whole if it has all fields and the last is a key, since a key has one length.
    /// Other fields may be cut short.
    fn is_torn(&self, row: &[u8]) -> Result<bool, String> {
        let Some(columns) = &self.columns else {
            let title = String::from_utf8_lossy(row);
            let last = title.rsplit([',', '\t']).next().unwrap_or_default();
            return Ok(is_beginning_of_name(
                last.trim_start_matches(['"', '\u{feff}']),
            ));
        };
        let has_key = |row: &[u8]| {
            let fields = self.format.split(row);
            fields.is_some_and(|fields| {
                fields.len() == columns.count && fields[columns.key].parse::<Key>().is_ok()
            })
        };
        // A quote that is not closed makes all rows after it a part of this one.
        let mut lines = row.split(|byte| *byte == b'\n').skip(1);
        if self.format.has_quotes() && lines.any(has_key) {
            return Err("a quote is opened and not closed".to_owned());
        }
        Ok(!(columns.key + 1 == columns.count && has_key(row)))
    }
}
