//! Forms in which outcomes are written: records, rows of selected values, lines of a caller's own.

mod format;
mod selection;
mod stored_row;
#[cfg(test)]
mod tests;
mod values;
mod write_out;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

pub use format::RowFormat;
pub(crate) use format::split_ending;
pub(crate) use selection::is_beginning_of_name;
pub use selection::{InvalidSelection, Selection};
use write_out::ExchangeFigures;

pub use write_out::WriteOut;

use super::template::{Template, TemplateValue, ValueEscaping};
use super::{BodyMode, Record, RecordOptions};
use crate::outcome::Outcome;
use format::text_of;
use selection::Column;
use values::RowSource;

/// Form in which a sink writes outcomes.
///
/// ```no_run
/// use haul::record::{Layout, RowFormat, Selection};
/// use haul::sink::JsonLines;
///
/// let columns: Selection = "id,status,/data/name".parse()?;
/// let layout = Layout::rows(RowFormat::Tsv).select(columns);
/// let table = JsonLines::new(std::io::stdout()).layout(layout);
/// # Ok::<(), haul::record::InvalidSelection>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Layout(LayoutForm);

#[derive(Clone, Debug, Default)]
enum LayoutForm {
    #[default]
    Records,
    Rows {
        format: RowFormat,
        selection: Selection,
        /// False if the caller named no columns.
        selected: bool,
        found: Arc<FoundValues>,
    },
    Line {
        template: Template,
        columns: Vec<Column>,
        found: Arc<FoundValues>,
    },
    WriteOut(WriteOut),
}

/// Number of rows, and of those in which each column has a value.
#[derive(Debug, Default)]
struct FoundValues {
    rows: AtomicU64,
    values: Vec<AtomicU64>,
}

impl FoundValues {
    fn of(columns: &[Column]) -> Arc<FoundValues> {
        Arc::new(FoundValues {
            rows: AtomicU64::new(0),
            values: columns.iter().map(|_| AtomicU64::new(0)).collect(),
        })
    }

    fn add(&self, values: &[Option<Box<RawValue>>]) {
        self.rows.fetch_add(1, Ordering::Relaxed);
        for (count, value) in self.values.iter().zip(values) {
            count.fetch_add(value.is_some().into(), Ordering::Relaxed);
        }
    }
}

/// Number of rows in which a selected pointer or header had no value, so that the field is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingValues {
    /// Name as it was given.
    pub name: String,
    /// Number of rows without the value.
    pub missing: u64,
    /// Number of all rows that were written.
    pub rows: u64,
}

impl Layout {
    /// Whole records, one JSON object a line. The default.
    pub fn records() -> Layout {
        Layout::default()
    }

    /// Rows of the default columns.
    pub fn rows(format: RowFormat) -> Layout {
        Layout::table(format, Selection::default(), false)
    }

    fn table(format: RowFormat, selection: Selection, selected: bool) -> Layout {
        let found = FoundValues::of(selection.columns());
        Layout(LayoutForm::Rows {
            format,
            selection,
            selected,
            found,
        })
    }

    /// Sets the columns of rows. Whole records become objects with these keys.
    #[must_use]
    pub fn select(self, selection: Selection) -> Layout {
        match self.0 {
            LayoutForm::Records => Layout::table(RowFormat::Jsonl, selection, true),
            LayoutForm::Rows { format, .. } => Layout::table(format, selection, true),
            _ => self,
        }
    }

    /// Writes a line of text for each outcome, with values in the places of the placeholders.
    ///
    /// The names are those of a [`Selection`].
    ///
    /// # Errors
    /// When a name is unknown. The error lists the names.
    pub fn line(template: Template) -> Result<Layout, InvalidSelection> {
        let mut columns = Vec::<Column>::new();
        for name in template.names() {
            if !columns.iter().any(|column| column.name == name) {
                columns.push(Column::named(name)?);
            }
        }
        let found = FoundValues::of(&columns);
        Ok(Layout(LayoutForm::Line {
            template,
            columns,
            found,
        }))
    }

    /// Text with curl's variables for each outcome.
    pub fn write_out(text: WriteOut) -> Layout {
        Layout(LayoutForm::WriteOut(text))
    }

    /// Form that the ending of a file's name promises: [rows](RowFormat::by_ending), or else records.
    pub fn by_ending(path: impl AsRef<Path>) -> Layout {
        RowFormat::by_ending(path).map_or(Layout::records(), Layout::rows)
    }

    /// True if a later run can continue a file of this form.
    ///
    /// This holds for whole records, and for CSV and TSV with the column `key`.
    pub fn is_resumable(&self) -> bool {
        match &self.0 {
            LayoutForm::Records => true,
            LayoutForm::Rows {
                format, selection, ..
            } => format.has_title() && selection.has("key"),
            _ => false,
        }
    }

    /// True if the form tells which outcomes are no success, may be sent again, and replace others.
    ///
    /// This holds for whole records, and for rows with the columns `outcome`, `error_type`, `attempts` or `timestamp`, and
    /// `supersedes` or `index`. Without `supersedes` a row replaces an earlier one of its `key` and `index` that was no
    /// success.
    pub fn tells_failures(&self) -> bool {
        self.columns().is_none_or(|columns| {
            let any = |names: [&str; 2]| names.iter().any(|name| columns.has(name));
            ["outcome", "error_type"]
                .iter()
                .all(|name| columns.has(name))
                && any(["attempts", "timestamp"])
                && any(["supersedes", "index"])
        })
    }

    /// Columns of rows. `None`: outcomes are not written as rows.
    pub fn columns(&self) -> Option<&Selection> {
        match &self.0 {
            LayoutForm::Rows { selection, .. } => Some(selection),
            _ => None,
        }
    }

    /// Selected pointers and headers that had no value in some of the rows written so far.
    pub fn missing(&self) -> Vec<MissingValues> {
        let (columns, found) = match &self.0 {
            LayoutForm::Rows {
                selection, found, ..
            } => (selection.columns(), found),
            LayoutForm::Line { columns, found, .. } => (&columns[..], found),
            _ => return Vec::new(),
        };
        let rows = found.rows.load(Ordering::Relaxed);
        let looked_for = columns
            .iter()
            .zip(&found.values)
            .filter(|(column, _)| column.is_looked_for());
        let missing = looked_for.map(|(column, count)| MissingValues {
            name: column.name.clone(),
            missing: rows - count.load(Ordering::Relaxed),
            rows,
        });
        missing.filter(|of| of.missing > 0).collect()
    }

    /// Format and columns of rows under a title.
    pub(crate) fn titled(&self) -> Option<(RowFormat, &Selection)> {
        match &self.0 {
            LayoutForm::Rows {
                format, selection, ..
            } if format.has_title() => Some((*format, selection)),
            _ => None,
        }
    }

    /// Takes the columns that a file has already, unless the caller named others: then they are returned.
    pub(crate) fn continuing(&mut self, columns: Selection) -> Result<(), Selection> {
        match &self.0 {
            LayoutForm::Rows {
                format, selected, ..
            } => {
                let format = *format;
                if *selected && self.columns() != Some(&columns) {
                    return Err(columns);
                }
                *self = Layout::table(format, columns, true);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Row with the names of the columns. `None`: the form has no such row.
    pub(crate) fn title(&self) -> Option<Vec<u8>> {
        let (format, selection) = self.titled()?;
        let names: Vec<_> = selection.names().map(Cow::Borrowed).collect();
        let mut title = Vec::new();
        format.write(&names, &mut title);
        Some(title)
    }

    /// Adapts the options to the values that are written: without a column for bodies none are made.
    pub(crate) fn adapt(&self, options: RecordOptions) -> RecordOptions {
        let columns = match &self.0 {
            LayoutForm::Records => return options,
            LayoutForm::Rows { selection, .. } => selection.columns(),
            LayoutForm::Line { columns, .. } => columns,
            LayoutForm::WriteOut(_) => &[],
        };
        let has = |name: &str| columns.iter().any(|column| column.name == name);
        let options = match has("headers") {
            true => options.headers(true),
            false => options,
        };
        match (has("json"), has("body")) {
            (true, _) => options.body_mode(BodyMode::Json),
            (false, true) => options,
            (false, false) => {
                let bodies = ["body_encoding", "body_truncated", "charset"];
                let keeps = options.keeps_bodies() && bodies.iter().any(|name| has(name));
                options.body(keeps)
            }
        }
    }

    /// Adds the outcome with this record to `lines`, with its line feed.
    pub(crate) fn write<T: 'static>(
        &self,
        outcome: &Outcome<T>,
        record: &Record<'_>,
        options: &RecordOptions,
        lines: &mut Vec<u8>,
    ) {
        let source = || RowSource::of(outcome, record, options);
        self.write_as(record, source, || ExchangeFigures::of(outcome), lines);
    }

    /// Adds this record, whose response is not known, to `lines`, with its line feed.
    pub(crate) fn write_record(&self, record: &Record<'_>, lines: &mut Vec<u8>) {
        let source = || RowSource::of_record(record);
        self.write_as(record, source, ExchangeFigures::default, lines);
    }

    /// Adds a record in this form. `source`: returns the values of a row. `figures`: returns what the record does not have.
    fn write_as<'o>(
        &self,
        record: &'o Record<'o>,
        source: impl FnOnce() -> RowSource<'o>,
        figures: impl FnOnce() -> ExchangeFigures,
        lines: &mut Vec<u8>,
    ) {
        match &self.0 {
            LayoutForm::Records => record.write_to(lines),
            LayoutForm::Rows {
                format,
                selection,
                found,
                ..
            } => {
                let values = source().values(selection.columns());
                found.add(&values);
                let texts = || values.iter().map(|value| shown(value.as_deref()));
                match format {
                    RowFormat::Jsonl => {
                        let values = values.iter().map(Option::as_deref);
                        format::write_object(selection.names().zip(values), lines);
                    }
                    format => format.write(&texts().collect::<Vec<_>>(), lines),
                }
            }
            LayoutForm::Line {
                template,
                columns,
                found,
            } => {
                let values = source().values(columns);
                found.add(&values);
                let line = filled(template, columns, &values);
                lines.extend_from_slice(line.as_bytes());
                lines.push(b'\n');
            }
            LayoutForm::WriteOut(text) => text.write(record, &figures(), lines),
        }
    }
}

fn shown(value: Option<&RawValue>) -> Cow<'_, str> {
    value.map_or("".into(), |value| text_of(value.get()))
}

/// Fills a line. A value that is missing is empty, with `:json` it is `null`.
fn filled(template: &Template, columns: &[Column], values: &[Option<Box<RawValue>>]) -> String {
    let value = |name: &str| {
        let at = columns.iter().position(|column| column.name == name);
        at.and_then(|at| values[at].as_deref())
    };
    let lenient = |name: &str| {
        Some(match value(name).map(RawValue::get) {
            None | Some("null") => TemplateValue::from(""),
            Some(json) if json.starts_with('"') => TemplateValue::Json(json.into()),
            Some(json) => TemplateValue::Text(json.into()),
        })
    };
    let strict = |name: &str| {
        let json = value(name).map_or("null", RawValue::get);
        Some(match json.starts_with(['{', '[']) {
            true => TemplateValue::Text(json.into()),
            false => TemplateValue::Json(json.into()),
        })
    };
    let filled = template.fill(ValueEscaping::None, lenient);
    let filled = filled.or_else(|_| template.fill(ValueEscaping::None, strict));
    // Text with half a surrogate pair has no characters to show for it.
    filled.unwrap_or_default()
}
