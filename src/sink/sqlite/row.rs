//! What stands in the rows.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

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
        let record = Record::of_failure(outcome, options);
        let request = record.request_json();
        Failure::of(record, request, run_id)
    }

    /// The row of a record. One of a results file has its body as it came, and no text of it.
    pub(super) fn of(record: Record<'_>, request: String, run_id: String) -> Failure {
        let rejection = record.rejection.as_ref();
        let text = record.response_text.clone().or_else(|| {
            let body = record.body_bytes()?;
            Some(String::from_utf8_lossy(&body).into_owned().into())
        });
        Failure {
            timestamp: stamp(record.timestamp.unwrap_or_else(SystemTime::now)),
            error_type: record.error_type.map_or("rejected", |class| class.as_str()),
            error_msg: match rejection {
                Some(rejection) => rejection.to_string(),
                None => record.error_msg.unwrap_or_default().into_owned(),
            },
            layer: record.layer.unwrap_or(Layer::Application).as_str(),
            phase: record.phase.map(|phase| phase.as_str()),
            stop_reason: record.stop_reason.map(|reason| reason.as_str()),
            url: record.url.into_owned(),
            response_text: text.map(|text| text.into_owned()),
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
            request,
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

/// RFC 3339 in UTC, with milliseconds.
pub(super) fn stamp(at: SystemTime) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    // A clock beyond the calendar is the beginning of time, as a clock never set is.
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    PRINTER.timestamp_to_string(&at)
}
