//! Records made of the rows of a table, as far as its columns tell.

use serde_json::{Map, Value};

use super::Layout;
use super::selection::ColumnValue;
use crate::record::Record;

/// Columns without which a row tells too little for a line of a failure log, which has all of these.
const OF_FAILURES: [&str; 8] = [
    "key",
    "index",
    "url",
    "method",
    "outcome",
    "error_type",
    "error_msg",
    "attempts",
];

/// Further fields of a failure that come from the results, and not from the request.
const BESIDE: [&str; 8] = [
    "timestamp",
    "elapsed_ms",
    "status",
    "phase",
    "stop_reason",
    "attempt_log",
    "body",
    "body_encoding",
];

/// Fields whose values are other JSON than text.
const NO_TEXT: [&str; 28] = [
    "index",
    "line",
    "depth",
    "parent",
    "page",
    "next",
    "status",
    "rejection",
    "attempts",
    "elapsed_ms",
    "ttfb_ms",
    "queued_ms",
    "total_ms",
    "redirects",
    "reused",
    "timings",
    "size_bytes",
    "skipped",
    "error_position",
    "attempt_log",
    "prior_attempt_ambiguous",
    "hedged",
    "headers",
    "json",
    "body_truncated",
    "tag",
    "supersedes",
    "v",
];

impl Layout {
    /// Names of the columns that the rows lack for a line of a failure log. Whole records lack none.
    pub(crate) fn lacks_for_failures(&self) -> Vec<&'static str> {
        self.lacking(&OF_FAILURES)
    }

    /// Names of the further fields of a failure that the rows lack.
    pub(crate) fn lacks_beside(&self) -> Vec<&'static str> {
        self.lacking(&BESIDE)
    }

    fn lacking(&self, names: &'static [&'static str]) -> Vec<&'static str> {
        let names = names.iter().copied();
        let lacks = |name: &&str| self.columns().is_some_and(|columns| !columns.has(name));
        names.filter(lacks).collect()
    }

    /// Makes the record of a row without its line feed. `None`: the row is the title, or is none of this table.
    pub(crate) fn record_of_row(&self, row: &[u8]) -> Option<Record<'static>> {
        let (format, selection) = self.titled()?;
        let texts = format.split(row)?;
        if texts.len() != selection.columns().len() {
            return None;
        }
        let mut fields = Map::new();
        for (column, text) in selection.columns().iter().zip(&texts) {
            let name = &*column.name;
            if text.is_empty() || column.value != ColumnValue::Field {
                continue;
            }
            let json = NO_TEXT.contains(&name).then(|| serde_json::from_str(text));
            let value = json.and_then(Result::ok);
            let value = value.unwrap_or_else(|| Value::String(text.clone().into_owned()));
            fields.insert(name.to_owned(), value);
        }
        fields.insert("v".to_owned(), 1.into());
        if !selection.has("body_encoding") {
            // Text cannot be told from base64.
            fields.remove("body");
        }
        let mut record = Record::parse(&Value::Object(fields).to_string()).ok()?;
        let layer = record.error_type.map(|class| class.layer());
        record.layer = record.layer.or(layer);
        Some(record)
    }
}
