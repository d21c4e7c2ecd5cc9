//! Figures of a worker that ended.

use crate::fleet::end::FleetEnd;
use crate::summary::Summary;

/// Figures of a worker, and the reason why it ended.
#[derive(Clone, Debug)]
pub struct WorkerSummary {
    pub(super) summary: Summary,
    pub(super) stale: u64,
    pub(super) unsettled: u64,
    pub(super) end: FleetEnd,
}

impl WorkerSummary {
    /// Figures of the requests that came to their end at this worker.
    ///
    /// Requests that were handed back are in the figures of the worker that ended them.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Number of outcomes that the server had not taken when the worker ended.
    ///
    /// Those of a call without an answer are among them. They are in the [summary](WorkerSummary::summary) and not in the
    /// results: the requests are sent again by other workers, or end as
    /// [`Interrupted`](crate::ErrorType::Interrupted) if they must not be repeated.
    pub fn unsettled(&self) -> u64 {
        self.unsettled
    }

    /// Number of outcomes that were thrown away, since others had taken the requests over.
    pub fn stale(&self) -> u64 {
        self.stale
    }

    /// Reason for which the worker ended.
    pub fn end(&self) -> FleetEnd {
        self.end
    }
}
