//! Contents of the rows.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::known::{class_of, stamp};
use crate::error::Layer;
use crate::outcome::Outcome;
use crate::record::{Record, RecordOptions};
use crate::summary::Summary;

/// A row of `failures`: its columns and their values.
#[derive(Debug)]
pub(super) struct FailureRow([(&'static str, Value); 20]);

impl FailureRow {
    pub(super) fn new<T: 'static>(
        outcome: &Outcome<T>,
        run_id: String,
        options: &RecordOptions,
    ) -> FailureRow {
        FailureRow::of(Record::of_failure(outcome, options), run_id)
    }

    /// Makes the row for a line of a failure log.
    pub(super) fn of(record: Record<'_>, run_id: String) -> FailureRow {
        let text = |text: Cow<'_, str>| Value::from(text.into_owned());
        let name = |name: &'static str| Value::from(name.to_owned());
        let error_msg = match &record.rejection {
            Some(rejection) => rejection.to_string().into(),
            None => record.error_msg.clone().unwrap_or_default(),
        };
        FailureRow([
            ("request", record.request_json().into()),
            ("error_type", name(class_of(&record))),
            ("error_msg", text(error_msg)),
            ("url", text(record.url)),
            (
                "timestamp",
                stamp(record.timestamp.unwrap_or_else(SystemTime::now)).into(),
            ),
            ("response_text", record.response_text.map(text).into()),
            ("id", record.id.map(text).into()),
            ("idx", Value::from(record.index as i64)),
            ("key", record.key.to_string().into()),
            ("source", record.source.map(text).into()),
            ("line", record.line.map(|line| line as i64).into()),
            ("run_id", run_id.into()),
            (
                "layer",
                name(record.layer.unwrap_or(Layer::Application).as_str()),
            ),
            (
                "phase",
                record.phase.map(|phase| name(phase.as_str())).into(),
            ),
            ("method", text(record.method)),
            ("status", record.status.into()),
            ("attempts", record.attempts.into()),
            ("elapsed_ms", record.elapsed.map(milliseconds).into()),
            (
                "stop_reason",
                record
                    .stop_reason
                    .map(|reason| name(reason.as_str()))
                    .into(),
            ),
            (
                "truncated",
                record.body_truncated.unwrap_or_default().into(),
            ),
        ])
    }

    /// Adds the row to its table.
    pub(super) fn insert(&self, database: &Connection) -> rusqlite::Result<()> {
        /// The statement, the same for all rows.
        static INSERT: OnceLock<String> = OnceLock::new();
        let statement = INSERT.get_or_init(|| {
            let columns = self.0.each_ref().map(|(column, _)| *column);
            let values = ["?"; 20].join(", ");
            format!(
                "INSERT INTO failures({}) VALUES ({values})",
                columns.join(", ")
            )
        });
        let values = self.0.iter().map(|(_, value)| value);
        let mut insert = database.prepare_cached(statement)?;
        insert.execute(params_from_iter(values))?;
        Ok(())
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
