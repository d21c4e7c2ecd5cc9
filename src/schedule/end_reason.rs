//! Ends of jobs without an attempt.

use std::time::Duration;

use crate::error::TokenFailure;
use crate::url::Mistake;

/// Reason for which a job ended without a further attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// The request was never fit to be sent, because of this mistake.
    Invalid(Mistake),
    /// The request was under way when an earlier run was cut off, and must not be repeated.
    Interrupted,
    Cancelled,
    Deadline,
    /// The circuit breaker of the job's host lets no call through for the time `remaining`.
    BreakerOpen {
        remaining: Duration,
    },
    /// The source of the token that the job waited for has failed.
    NoToken(TokenFailure),
    /// No thread could be started for the job, for the reason given.
    NoWorker(String),
}
