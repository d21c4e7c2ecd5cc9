//! Why a batch ends.

use std::fmt;
use std::time::Duration;

use crate::outcome::Outcome;

use super::cancel::CancelToken;

/// The iteration's limit passed before all had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{unfinished} (of {total}) requests unfinished")]
#[non_exhaustive]
pub struct Unfinished {
    /// How many had not ended.
    pub unfinished: usize,
    /// How many there were, as far as the input had been read.
    pub total: usize,
}

/// Why a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Every request of the input has its outcome.
    Completed,
    /// A request failed under [`fail_fast`](crate::Outcomes::fail_fast), or as many as
    /// [`max_failures`](crate::Outcomes::max_failures) allows.
    TooManyFailures,
    /// The [`deadline`](crate::Outcomes::deadline) passed.
    Deadline,
    /// A [`CancelToken`] was cancelled.
    Cancelled,
    /// The limit of [`timeout`](crate::Outcomes::timeout) passed.
    TimedOut,
    /// What the outcomes were [recorded to](crate::Outcomes::record_to) could not be written.
    SinkFailed,
    /// The client was shut down.
    Shutdown,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            End::Completed => "completed",
            End::TooManyFailures => "too many failures",
            End::Deadline => "deadline",
            End::Cancelled => "cancelled",
            End::TimedOut => "timed out",
            End::SinkFailed => "a sink failed",
            End::Shutdown => "shutdown",
        })
    }
}

/// What ends a batch early, and what has been seen of it.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) max_failures: Option<u64>,
    pub(super) failures: u64,
    pub(super) limit: Option<Duration>,
    pub(super) token: Option<CancelToken>,
    pub(super) stopped: Option<End>,
    /// The input gave no more.
    pub(super) exhausted: bool,
    saw_cancelled: bool,
    saw_deadline: bool,
}

impl Control {
    /// Looks at an outcome that is handed out. True: it is one failure too many.
    pub(super) fn see<T>(&mut self, outcome: &Outcome<T>) -> bool {
        if outcome.is_not_done() {
            let cancelled = outcome.is_cancelled();
            self.saw_cancelled |= cancelled;
            self.saw_deadline |= !cancelled;
            return false;
        }
        if !outcome.is_failed() {
            return false;
        }
        self.failures += 1;
        self.max_failures.is_some_and(|most| self.failures >= most) && self.stopped.is_none()
    }

    pub(super) fn end(&self) -> End {
        let cancelled = self.token.as_ref().is_some_and(CancelToken::is_cancelled);
        match self.stopped {
            Some(end) => end,
            None if self.saw_deadline => End::Deadline,
            None if cancelled && (self.saw_cancelled || !self.exhausted) => End::Cancelled,
            None if self.exhausted && !self.saw_cancelled => End::Completed,
            None if self.limit.is_some() && !self.exhausted => End::Deadline,
            None => End::Shutdown,
        }
    }
}
