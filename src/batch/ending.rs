//! The end of a batch: why it ended, and what ends it early.

use std::fmt;
use std::time::Duration;

use crate::outcome::Outcome;
use crate::schedule::Id;

use super::cancel::CancelToken;

/// Error of an iteration whose limit passed before all requests had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{unfinished} (of {total}) requests unfinished")]
#[non_exhaustive]
pub struct Unfinished {
    /// Number of requests that had not ended.
    pub unfinished: usize,
    /// Number of requests in all, as far as the input had been read.
    pub total: usize,
}

/// Reason why a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Every request of the input has its outcome.
    Completed,
    /// Too many requests failed: see [`max_failures`](crate::Outcomes::max_failures).
    ///
    /// Under [`fail_fast`](crate::Outcomes::fail_fast) one failed request is too many.
    TooManyFailures,
    /// The [`deadline`](crate::Outcomes::deadline) passed.
    Deadline,
    /// A [`CancelToken`] was cancelled.
    Cancelled,
    /// The batch was drained: what ran has ended by itself.
    ///
    /// By [`Outcomes::drain`](crate::Outcomes::drain), [`stop_when`](crate::Outcomes::stop_when) or a [`CancelToken`].
    Drained,
    /// The limit of [`timeout`](crate::Outcomes::timeout) passed.
    TimedOut,
    /// An outcome could not be written to the sink that the batch [records to](crate::Outcomes::record_to).
    SinkFailed,
    /// The client was shut down.
    Shutdown,
    /// The closure of [`Client::follow`](crate::Client::follow) panicked.
    Panicked,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            End::Completed => "completed",
            End::TooManyFailures => "too many failures",
            End::Deadline => "deadline",
            End::Cancelled => "cancelled",
            End::Drained => "drained",
            End::TimedOut => "timed out",
            End::SinkFailed => "a sink failed",
            End::Shutdown => "shutdown",
            End::Panicked => "a closure panicked",
        })
    }
}

/// Conditions that end a batch early, and the signs of its end that were seen in its outcomes.
///
/// Invariant: the first reason to [`stop`](EndConditions::stop) holds, unless it is a drain, and from [`finish`](EndConditions::finish) on there is an
/// [`end`](EndConditions::end).
#[derive(Debug, Default)]
pub(super) struct EndConditions {
    /// Number of failures that ends the batch. `None`: no limit.
    pub(super) max_failures: Option<u64>,
    /// Time from the first step to the deadline of the batch. `None`: it has no deadline.
    pub(super) limit: Option<Duration>,
    /// Token that may end the batch. `None`: there is none.
    pub(super) token: Option<CancelToken>,
    /// Number of failed outcomes handed out.
    failures: u64,
    /// Reason for which the taking end stopped the batch. `None`: it did not.
    stopped: Option<End>,
    /// True if an outcome of a request that was cancelled with the batch was handed out.
    saw_cancelled: bool,
    /// True if an outcome of a request that the batch's deadline ended was handed out.
    saw_deadline: bool,
    state: BatchState,
}

/// State of the iteration over a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum BatchState {
    /// No outcome was requested yet.
    #[default]
    New,
    Running,
    /// The last outcome was handed out. The reason is the one known at that time.
    Finished(End),
}

impl EndConditions {
    /// Returns true for the first step of the iteration, and false for all later ones.
    #[inline]
    pub(super) fn is_first_step(&mut self) -> bool {
        let first = self.state == BatchState::New;
        if first {
            self.state = BatchState::Running;
        }
        first
    }

    /// Returns true if the iteration has begun and has not come to its end.
    pub(super) fn is_running(&self) -> bool {
        self.state == BatchState::Running
    }

    /// Counts an outcome that is handed out. Returns true if it is the failure that ends the batch.
    pub(super) fn is_one_failure_too_many<T>(&mut self, outcome: &Outcome<T>) -> bool {
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
        self.max_failures.is_some_and(|most| self.failures >= most)
            && matches!(self.stopped, None | Some(End::Drained))
    }

    /// Notes the reason for which the batch is stopped. Returns false if it had been stopped before. A batch that is
    /// drained may still be stopped for another reason, since its requests run on.
    pub(super) fn stop(&mut self, end: End) -> bool {
        let holds = match self.stopped {
            None => true,
            Some(End::Drained) => end != End::Drained,
            Some(_) => false,
        };
        if holds {
            self.stopped = Some(end);
        }
        holds
    }

    /// Notes that the last outcome was handed out, and returns the reason of the end. `None`: the end was noted before.
    /// `exhausted`: true if every request of the source was handed in.
    pub(super) fn finish(&mut self, exhausted: bool) -> Option<End> {
        if matches!(self.state, BatchState::Finished(_)) {
            return None;
        }
        let end = self.reason(exhausted);
        self.state = BatchState::Finished(end);
        Some(end)
    }

    /// Returns the reason of the batch's end. `None`: its last outcome has not been handed out.
    pub(super) fn end(&self) -> Option<End> {
        match self.state {
            // A sink may fail after the last outcome.
            BatchState::Finished(end) => Some(self.stopped.unwrap_or(end)),
            BatchState::New | BatchState::Running => None,
        }
    }

    fn reason(&self, exhausted: bool) -> End {
        let cancelled = self.token.as_ref().is_some_and(CancelToken::is_cancelled);
        let drained = self.token.as_ref().is_some_and(CancelToken::is_drained);
        match self.stopped {
            Some(end) => end,
            None if self.saw_deadline => End::Deadline,
            None if cancelled && (self.saw_cancelled || !exhausted) => End::Cancelled,
            None if drained && (self.saw_cancelled || !exhausted) => End::Drained,
            None if exhausted && !self.saw_cancelled => End::Completed,
            None if self.limit.is_some() && !exhausted => End::Deadline,
            None => End::Shutdown,
        }
    }

    /// Removes the batch from its token.
    pub(super) fn let_go_of_token(&self, batch: Id) {
        if let Some(token) = &self.token {
            token.remove(batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::{Error, ErrorType};
    use crate::outcome::State;
    use crate::request::Request;

    fn failed(error: ErrorType) -> Outcome<()> {
        Outcome {
            index: 0,
            request: Arc::new(Request::get("http://host/")),
            state: State::Failed(Error::new(error, "failed")),
            report: Box::default(),
        }
    }

    fn cut_short(error: ErrorType) -> Outcome<()> {
        let mut outcome = failed(error);
        outcome.report.cut_short = true;
        outcome
    }

    #[test]
    fn the_failure_that_reaches_the_limit_is_one_too_many() {
        let mut ending = EndConditions {
            max_failures: Some(2),
            ..EndConditions::default()
        };
        assert!(!ending.is_one_failure_too_many(&failed(ErrorType::Io)));
        assert!(!ending.is_one_failure_too_many(&cut_short(ErrorType::Cancelled)));
        assert!(ending.is_one_failure_too_many(&failed(ErrorType::Io)));
        assert!(ending.stop(End::TooManyFailures));
        assert!(!ending.is_one_failure_too_many(&failed(ErrorType::Io)));
    }

    #[test]
    fn the_first_reason_to_stop_holds() {
        let mut ending = EndConditions::default();
        assert!(ending.stop(End::TimedOut));
        assert!(!ending.stop(End::SinkFailed));
        assert_eq!(ending.end(), None);
        assert_eq!(ending.finish(false), Some(End::TimedOut));
        assert_eq!(
            (ending.finish(true), ending.end()),
            (None, Some(End::TimedOut))
        );
    }

    #[test]
    fn a_drain_gives_way_to_a_harder_reason_to_stop() {
        let mut ending = EndConditions {
            max_failures: Some(1),
            ..EndConditions::default()
        };
        assert!(ending.stop(End::Drained));
        assert!(!ending.stop(End::Drained));
        assert!(ending.is_one_failure_too_many(&failed(ErrorType::Io)));
        assert!(ending.stop(End::TooManyFailures));
        assert!(!ending.stop(End::Drained));
        assert_eq!(ending.finish(false), Some(End::TooManyFailures));
    }

    #[test]
    fn a_token_that_was_drained_is_the_reason_unless_the_batch_was_over() {
        for (seen, exhausted, expected) in [
            (true, true, End::Drained),
            (false, false, End::Drained),
            (false, true, End::Completed),
        ] {
            let token = CancelToken::new();
            token.drain();
            let mut ending = EndConditions {
                token: Some(token),
                ..EndConditions::default()
            };
            if seen {
                ending.is_one_failure_too_many(&cut_short(ErrorType::Cancelled));
            }
            assert_eq!(ending.finish(exhausted), Some(expected));
        }
    }

    #[test]
    fn a_stop_after_the_last_outcome_is_the_reason() {
        let mut ending = EndConditions::default();
        assert_eq!(ending.finish(true), Some(End::Completed));
        ending.stop(End::SinkFailed);
        assert_eq!(ending.end(), Some(End::SinkFailed));
    }

    #[test]
    fn a_token_cancelled_after_the_last_outcome_changes_nothing() {
        let token = CancelToken::new();
        let mut ending = EndConditions {
            token: Some(token.clone()),
            ..EndConditions::default()
        };
        assert_eq!(ending.finish(false), Some(End::Shutdown));
        token.cancel();
        assert_eq!(ending.end(), Some(End::Shutdown));
    }

    #[test]
    fn the_reason_follows_from_the_outcomes_and_the_source() {
        let cancelled = CancelToken::new();
        cancelled.cancel();
        let limit = Some(Duration::ZERO);
        let token = Some(cancelled);
        for (seen, limit, token, exhausted, expected) in [
            (None, None, None, true, End::Completed),
            (None, None, None, false, End::Shutdown),
            (None, limit, None, false, End::Deadline),
            (None, limit, None, true, End::Completed),
            (None, None, token.clone(), true, End::Completed),
            (None, limit, token.clone(), false, End::Cancelled),
            (
                Some(ErrorType::Deadline),
                limit,
                token.clone(),
                false,
                End::Deadline,
            ),
            (
                Some(ErrorType::Cancelled),
                None,
                token,
                true,
                End::Cancelled,
            ),
            (Some(ErrorType::Cancelled), None, None, true, End::Shutdown),
        ] {
            let mut ending = EndConditions {
                limit,
                token,
                ..EndConditions::default()
            };
            if let Some(error) = seen {
                ending.is_one_failure_too_many(&cut_short(error));
            }
            assert_eq!(ending.finish(exhausted), Some(expected), "{ending:?}");
        }
    }

    #[test]
    fn an_iteration_begins_with_its_first_step() {
        let mut ending = EndConditions::default();
        assert!(!ending.is_running());
        assert!(ending.is_first_step());
        assert!(!ending.is_first_step());
        assert!(ending.is_running());
        ending.finish(true);
        assert!(!ending.is_running() && !ending.is_first_step());
    }
}
