//! Contents of the rows of the failure log.

use std::sync::OnceLock;
use std::time::SystemTime;

use rusqlite::Connection;

use super::super::database::columns::{Columns, add_common, insert};
use super::super::database::writer::TableRow;
use super::super::known::{class_of, stamp};
use crate::error::Layer;
use crate::outcome::Outcome;
use crate::record::{Record, RecordOptions};

/// A row of `failures`.
#[derive(Debug)]
pub(super) struct FailureRow(Columns);

impl FailureRow {
    pub(super) fn new<T: 'static>(
        outcome: &Outcome<T>,
        run_id: String,
        options: &RecordOptions,
    ) -> FailureRow {
        FailureRow::of(&Record::of_failure(outcome, options), run_id)
    }

    /// Makes the row for a line of a failure log.
    pub(super) fn of(record: &Record<'_>, run_id: String) -> FailureRow {
        let error_msg = match &record.rejection {
            Some(rejection) => rejection.to_string(),
            None => record.error_msg.as_deref().unwrap_or_default().to_owned(),
        };
        let layer = record.layer.unwrap_or(Layer::Application);
        let timestamp = record.timestamp.unwrap_or_else(SystemTime::now);
        let mut columns = Columns::default();
        add_common(&mut columns, record, &run_id);
        columns.text("request", &record.request_json());
        columns.text("error_type", class_of(record));
        columns.text("error_msg", &error_msg);
        columns.text("timestamp", &stamp(timestamp));
        columns.text("layer", layer.as_str());
        FailureRow(columns)
    }
}

impl TableRow for FailureRow {
    const TOGETHER: usize = 100;

    fn insert(&self, database: &Connection) -> rusqlite::Result<()> {
        static INSERT: OnceLock<String> = OnceLock::new();
        insert(database, "failures", &self.0, &INSERT)
    }

    fn is_counted(&self) -> bool {
        true
    }
}
