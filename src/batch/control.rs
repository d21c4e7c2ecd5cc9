//! Ending a batch before its input ends.

use std::fmt;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::schedule::Ended;

use super::cancel::CancelToken;
use super::outcomes::Outcomes;
use super::timeout::Unfinished;

/// Why a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Every request of the input has its outcome.
    Completed,
    /// A request failed under [`fail_fast`](Outcomes::fail_fast), or as many as
    /// [`max_failures`](Outcomes::max_failures) allows.
    TooManyFailures,
    /// The [`deadline`](Outcomes::deadline) passed.
    Deadline,
    /// A [`CancelToken`] was cancelled.
    Cancelled,
    /// The limit of [`timeout`](Outcomes::timeout) passed.
    TimedOut,
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
        if outcome.is_cancelled() {
            self.saw_cancelled = true;
            return false;
        }
        self.saw_deadline |= outcome.report.cut_short;
        if !outcome.is_failed() {
            return false;
        }
        self.failures += 1;
        self.max_failures.is_some_and(|most| self.failures >= most) && self.stopped.is_none()
    }

    fn end(&self) -> End {
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

impl<I, T> Outcomes<I, T> {
    /// Ends the batch at the first failed request: nothing further is read, what is queued is cancelled, what runs is
    /// aborted, and all of it comes out as cancelled outcomes. A rejected request has not failed.
    pub fn fail_fast(self) -> Self {
        self.max_failures(1)
    }

    /// Ends the batch, as [`fail_fast`](Outcomes::fail_fast) does, once so many have failed; 0 is taken as 1.
    pub fn max_failures(mut self, most: u64) -> Self {
        self.control.max_failures = Some(most.max(1));
        self
    }

    /// A limit for the batch as a whole, from the first call of `next`. Then nothing further is read, what waits ends
    /// with class [`Deadline`](crate::ErrorType::Deadline), and what runs with class
    /// [`Timeout`](crate::ErrorType::Timeout).
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.control.limit = Some(limit);
        self
    }

    /// Lets the token end this batch.
    pub fn cancel_token(mut self, token: &CancelToken) -> Self {
        token.add(self.owner.executor(), self.batch);
        self.control.token = Some(token.clone());
        self
    }

    /// Why the batch ended; `None` while it has not.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let mut outcomes = client.as_completed(["https://example.com/"]).fail_fast();
    /// for outcome in outcomes.by_ref() { /* ... */ }
    /// assert_eq!(outcomes.end(), Some(haul::End::Completed));
    /// ```
    pub fn end(&self) -> Option<End> {
        self.ended.then(|| self.control.end())
    }

    /// How many of those read have not been handed out.
    pub(super) fn unfinished(&self) -> Unfinished {
        Unfinished {
            unfinished: (self.fed() - self.handed_out) as usize,
            total: self.fed() as usize,
        }
    }

    /// Ends the batch before its time.
    pub(super) fn stop(&mut self, end: End) {
        if self.control.stopped.is_none() {
            self.control.stopped = Some(end);
            self.input = None;
            self.owner.executor().stop(self.batch, &Ended::Cancelled);
        }
    }

    /// The batch begins: its clock runs.
    pub(super) fn begin(&mut self) {
        self.summary.begin();
        log::info!("batch begins");
        if let Some(deadline) = self
            .control
            .limit
            .and_then(|limit| Instant::now().checked_add(limit))
        {
            self.receiver.set_deadline(deadline);
            self.owner.executor().set_deadline(self.batch, deadline);
        }
    }
}
