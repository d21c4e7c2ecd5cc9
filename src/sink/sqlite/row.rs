//! What stands in the rows.

use std::time::{Duration, SystemTime};

use super::super::known::{class_of, stamp};
use crate::error::Layer;
use crate::outcome::Outcome;
use crate::record::{Record, RecordOptions};
use crate::summary::Summary;

/// A row of `failures`.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) url: String,
    pub(super) timestamp: String,
    pub(super) error_type: &'static str,
    pub(super) error_msg: String,
    pub(super) response_text: Option<String>,
    pub(super) id: Option<String>,
    pub(super) index: u64,
    pub(super) key: String,
    pub(super) source: Option<String>,
    pub(super) line: Option<u64>,
    pub(super) run_id: String,
    pub(super) layer: &'static str,
    pub(super) phase: Option<&'static str>,
    pub(super) method: String,
    pub(super) status: Option<u16>,
    pub(super) attempts: u32,
    pub(super) elapsed_ms: Option<f64>,
    pub(super) stop_reason: Option<&'static str>,
    pub(super) truncated: bool,
    pub(super) request: String,
}

impl Failure {
    pub(super) fn new<T: 'static>(
        outcome: &Outcome<T>,
        run_id: String,
        options: &RecordOptions,
    ) -> Failure {
        Failure::of(Record::of_failure(outcome, options), run_id)
    }

    /// The row of a line of a failure log.
    pub(super) fn of(record: Record<'_>, run_id: String) -> Failure {
        let rejection = record.rejection.as_ref();
        Failure {
            request: record.request_json(),
            timestamp: stamp(record.timestamp.unwrap_or_else(SystemTime::now)),
            error_type: class_of(&record),
            error_msg: match rejection {
                Some(rejection) => rejection.to_string(),
                None => record.error_msg.unwrap_or_default().into_owned(),
            },
            layer: record.layer.unwrap_or(Layer::Application).as_str(),
            phase: record.phase.map(|phase| phase.as_str()),
            stop_reason: record.stop_reason.map(|reason| reason.as_str()),
            url: record.url.into_owned(),
            response_text: record.response_text.map(|text| text.into_owned()),
            id: record.id.map(|id| id.into_owned()),
            index: record.index,
            key: record.key.to_string(),
            source: record.source.map(|source| source.into_owned()),
            line: record.line,
            run_id,
            method: record.method.into_owned(),
            status: record.status,
            attempts: record.attempts,
            elapsed_ms: record.elapsed.map(milliseconds),
            truncated: record.body_truncated.unwrap_or_default(),
        }
    }
}

/// The figures of a run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) run_id: String,
    pub(super) finished: String,
    /// Total, succeeded, rejected, failed, cancelled, not done.
    pub(super) counts: [u64; 6],
    pub(super) mean_ms: Option<f64>,
}

impl Run {
    pub(super) fn new(run_id: String, summary: &Summary) -> Run {
        let latency = summary.latency();
        Run {
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
