//! Contents of the rows.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::known::{class_of, stamp};
use super::writer::TableRow;
use crate::error::{Layer, StopReason};
use crate::outcome::Outcome;
use crate::record::{Record, RecordOptions};
use crate::summary::Summary;
use crate::timing::Phase;

/// Columns of a row and their values.
pub(super) type Columns = Vec<(&'static str, Value)>;

/// Adds a row to its table. `statement`: the statement, which is the same for all rows of the table.
pub(super) fn insert(
    database: &Connection,
    table: &str,
    columns: &Columns,
    statement: &OnceLock<String>,
) -> rusqlite::Result<()> {
    let statement = statement.get_or_init(|| {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values = vec!["?"; names.len()].join(", ");
        format!(
            "INSERT INTO {table}({}) VALUES ({values})",
            names.join(", ")
        )
    });
    let values = columns.iter().map(|(_, value)| value);
    let mut insert = database.prepare_cached(statement)?;
    insert.execute(params_from_iter(values))?;
    Ok(())
}

/// Makes the columns that rows of failures and of outcomes have in common.
pub(super) fn common_columns(record: &Record<'_>, run_id: String) -> Columns {
    vec![
        ("url", text(&record.url)),
        ("response_text", optional(record.response_text.as_deref())),
        ("id", optional(record.id.as_deref())),
        ("idx", Value::from(record.index as i64)),
        ("key", record.key.to_string().into()),
        ("source", optional(record.source.as_deref())),
        ("line", record.line.map(|line| line as i64).into()),
        ("run_id", run_id.into()),
        ("phase", optional(record.phase.map(Phase::as_str))),
        ("method", text(&record.method)),
        ("status", record.status.into()),
        ("attempts", record.attempts.into()),
        ("elapsed_ms", time(record.elapsed)),
        (
            "stop_reason",
            optional(record.stop_reason.map(StopReason::as_str)),
        ),
        (
            "truncated",
            record.body_truncated.unwrap_or_default().into(),
        ),
    ]
}

pub(super) fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}

pub(super) fn optional(text: Option<&str>) -> Value {
    text.map(str::to_owned).into()
}

pub(super) fn time(time: Option<Duration>) -> Value {
    time.map(milliseconds).into()
}

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
        let mut columns = common_columns(record, run_id);
        columns.extend([
            ("request", record.request_json().into()),
            ("error_type", text(class_of(record))),
            ("error_msg", error_msg.into()),
            ("timestamp", stamp(timestamp).into()),
            ("layer", text(layer.as_str())),
        ]);
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

/// The figures of a run.
#[derive(Debug)]
pub(super) struct RunFigures {
    pub(super) run_id: String,
    pub(super) finished: String,
    /// Total, succeeded, rejected, failed, cancelled, not done.
    pub(super) counts: [u64; 6],
    pub(super) mean_ms: Option<f64>,
}

impl RunFigures {
    pub(super) fn new(run_id: String, summary: &Summary) -> RunFigures {
        let latency = summary.latency();
        RunFigures {
            run_id,
            finished: stamp(SystemTime::now()),
            counts: [
                summary.total(),
                summary.succeeded(),
                summary.rejected(),
                summary.failed(),
                summary.cancelled(),
                summary.not_done(),
            ],
            mean_ms: (!latency.is_empty()).then(|| milliseconds(latency.mean())),
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
