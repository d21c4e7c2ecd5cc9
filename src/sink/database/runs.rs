//! Table of the runs, the same in each kind of database.

use std::time::SystemTime;

use super::columns::milliseconds;
use crate::sink::known::stamp;
use crate::summary::Summary;

pub(in crate::sink) const RUNS: &str = "
CREATE TABLE runs(run_id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT, arguments TEXT, total INTEGER, succeeded INTEGER,
  rejected INTEGER, failed INTEGER, cancelled INTEGER, not_done INTEGER, mean_ms REAL);
";

/// The figures of a run.
#[derive(Debug)]
pub(in crate::sink) struct RunFigures {
    pub(in crate::sink) run_id: String,
    pub(in crate::sink) finished: String,
    /// Total, succeeded, rejected, failed, cancelled, not done.
    pub(in crate::sink) counts: [u64; 6],
    pub(in crate::sink) mean_ms: Option<f64>,
}

impl RunFigures {
    pub(in crate::sink) fn new(run_id: String, summary: &Summary) -> RunFigures {
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
