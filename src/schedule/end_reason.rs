//! Ends of jobs without an attempt.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::TokenFailure;
use crate::url::Mistake;

/// Wait for a token that has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenWait {
    /// Name of the token's source in messages.
    pub(crate) from: Arc<str>,
    /// Failure of the source's last call. `None`: no call has failed since the last token.
    pub(crate) failure: Option<TokenFailure>,
}

/// Reason for which a job ended without a further attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// The request was never fit to be sent, because of this mistake.
    Invalid(Mistake),
    /// The request was under way when an earlier run was cut off, and must not be repeated.
    Interrupted,
    /// The programs that were sending the request ended too often.
    GivenUp,
    /// The request was given its outcome before it was handed in.
    Known,
    Cancelled,
    Deadline,
    /// The deadline passed while the job waited for a token.
    DeadlineForToken(TokenWait),
    /// The circuit breaker of the job's host lets no call through for the time `remaining`.
    BreakerOpen {
        remaining: Duration,
    },
    /// The source of the token that the job waited for has failed.
    NoToken(TokenFailure),
    /// The job is given back to the caller, who may have it run elsewhere or later: not before `until`, if that is known.
    GivenBack {
        until: Option<Instant>,
    },
    /// No thread could be started for the job, for the reason given.
    NoWorker(String),
}

impl fmt::Display for TokenWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it waited for a token from {}", self.from)?;
        match &self.failure {
            Some(failure) => write!(f, " (the last call: {failure})"),
            None => Ok(()),
        }
    }
}
