//! Ending a batch before its input ends.

use std::time::{Duration, Instant};

use crate::redact::escape::log_line;
use crate::schedule::Ended;

use super::cancel::CancelToken;
use super::control::{End, Unfinished};
use super::outcomes::Outcomes;

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
    ///
    /// The limit does not reach code of the caller. An input iterator that blocks (on a socket, a pipe, another program)
    /// blocks `next` itself, and the batch ends only after the iterator has returned; a reader of a body, a hook or a
    /// closure that blocks keeps its request's outcome back. For an input that may block, feed the batch from a thread
    /// of its own through [`Client::channel`](crate::Client::channel): at its deadline the batch then ends whatever that
    /// thread waits for, and [`Intake::send`](crate::batch::Intake::send) tells the thread so.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let client = haul::Client::new();
    /// let (intake, outcomes) = client.channel();
    /// let (_sender, slow) = std::sync::mpsc::channel::<String>();
    /// std::thread::spawn(move || slow.into_iter().try_for_each(|url| intake.send(url)));
    /// // No URL ever comes, and the batch ends all the same.
    /// let mut outcomes = outcomes.deadline(Duration::from_millis(50));
    /// assert!(outcomes.next().is_none());
    /// assert_eq!(outcomes.end(), Some(haul::batch::End::Deadline));
    /// ```
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
    /// assert_eq!(outcomes.end(), Some(haul::batch::End::Completed));
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
    pub(crate) fn stop(&mut self, end: End) {
        if self.control.stopped.is_none() {
            self.control.stopped = Some(end);
            self.input = None;
            self.summary.expect(self.fed());
            self.owner.executor().stop(self.batch, &Ended::Cancelled);
        }
    }

    /// The batch begins: its clock runs.
    pub(super) fn begin(&mut self) {
        self.summary.begin();
        log_line!(Info, "batch begins");
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
