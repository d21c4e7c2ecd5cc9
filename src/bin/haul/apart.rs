//! Failures that are in the results or in the failure log, but not in both.

use std::collections::VecDeque;

/// Failures that may be only in the results or only in the log.
#[derive(Default)]
pub(crate) struct UnmatchedFailures {
    /// Number of outcomes that the results were given.
    pub(crate) given: u64,
    /// Failures in the log that the results may lack, oldest first: their number among the outcomes, and their name.
    pub(crate) in_log: VecDeque<(u64, String)>,
    /// The failure that the log refused after the results had it. `None`: there is none.
    pub(crate) in_results: Option<String>,
}
