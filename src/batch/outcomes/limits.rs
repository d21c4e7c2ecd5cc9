//! Early end of a batch.

use std::time::Duration;

use crate::batch::cancel::CancelToken;
use crate::batch::ending::{End, Unfinished};
use crate::redact::escape::log_line;

use crate::outcome::Outcome;

use super::{Outcomes, Requests};

impl<I, T> Outcomes<I, T> {
    /// Ends the batch at the first failed request.
    ///
    /// The input is read no further, queued requests are cancelled, running requests are aborted, and each of these
    /// requests has a cancelled outcome. A rejected request has not failed.
    pub fn fail_fast(self) -> Self {
        self.max_failures(1)
    }

    /// Ends the batch at this number of failed requests; 0 is taken as 1.
    ///
    /// The end is that of [`fail_fast`](Outcomes::fail_fast).
    pub fn max_failures(mut self, most: u64) -> Self {
        self.ending.max_failures = Some(most.max(1));
        self
    }

    /// Sets a limit for the batch as a whole, from the first call of `next`.
    ///
    /// When it passes, the input is read no further, waiting requests end with class
    /// [`Deadline`](crate::ErrorType::Deadline), and running requests with class
    /// [`Timeout`](crate::ErrorType::Timeout).
    ///
    /// The limit does not reach code of the caller. An input iterator that blocks (on a socket, a pipe, another
    /// program) blocks `next` itself, and the batch ends only after the iterator has returned; a reader of a body, a
    /// hook or a closure that blocks keeps its request's outcome back. For an input that may block, feed the batch from
    /// a thread of its own through [`Client::channel`](crate::Client::channel): the batch then ends at its deadline,
    /// even if that thread is blocked, and [`Intake::send`](crate::batch::Intake::send) tells the thread so.
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
        self.ending.limit = Some(limit);
        self
    }

    /// Gives requests back whose next attempt is further away than `longest`.
    ///
    /// Such a request ends at once, with the failure of its last attempt and the reason
    /// [`StopReason::GivenBack`](crate::StopReason::GivenBack); [`Outcome::retry_at`](crate::Outcome::retry_at) says
    /// when it may go on. It counts as not done, and no results file has it, so that it runs when the batch is resumed.
    /// Retries that wait already stay. Default: every delay is waited for.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// let client = haul::Client::new();
    /// for outcome in client.as_completed(["https://example.com/"]).max_delay(Duration::from_secs(30)) {
    ///     if let Some(at) = outcome.retry_at() {
    ///         println!("{}: to be sent again in {:?}", outcome.url(), at - std::time::Instant::now());
    ///     }
    /// }
    /// ```
    pub fn max_delay(self, longest: Duration) -> Self {
        self.batch
            .executor()
            .set_max_delay(self.batch.id(), longest);
        self
    }

    /// Adds this batch to the batches that the token ends.
    pub fn cancel_token(mut self, token: &CancelToken) -> Self {
        token.add(self.batch.executor(), self.batch.id());
        self.ending.token = Some(token.clone());
        self
    }

    /// Drains the batch: nothing more is started, and the attempts that run end by themselves.
    ///
    /// Its input is read no further. Requests that were read and not started, and requests that wait for a retry or would be tried again
    /// or redirected, come out as cancelled, and the summary counts them as `not_done`. The batch ends with
    /// [`End::Drained`].
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let mut outcomes = client.as_completed(["https://example.com/1", "https://example.com/2"]);
    /// while let Some(outcome) = outcomes.next() {
    ///     if outcome.success().is_some_and(|page| page.text().contains("last page")) {
    ///         outcomes.drain();
    ///     }
    /// }
    /// ```
    pub fn drain(&mut self)
    where
        I: Requests<T>,
    {
        if self.ending.end().is_none() && self.ending.stop(End::Drained) {
            self.source.close();
            self.summary.set_total(self.source.fed());
            self.batch.drain();
        }
    }

    /// [Drains](Outcomes::drain) the batch at the first outcome for which the closure returns true.
    ///
    /// The closure sees each outcome before it is handed out, on the thread that takes it, and is not called again once it has returned
    /// true. A panic in it passes to that thread.
    ///
    /// A budget of tokens, counted as the server states them:
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// # let prompts: Vec<haul::Request> = Vec::new();
    /// let mut spent = 0;
    /// let outcomes = client.as_completed(prompts).stop_when(move |outcome| {
    ///     let used = outcome.success().and_then(|answer| answer.pointer("/usage/total_tokens").ok()?);
    ///     spent += used.and_then(|tokens| tokens.as_u64()).unwrap_or(0);
    ///     spent >= 1_000_000
    /// });
    /// ```
    pub fn stop_when(mut self, stop: impl FnMut(&Outcome<T>) -> bool + Send + 'static) -> Self {
        self.stop_when = Some(Box::new(stop));
        self
    }

    /// Returns the reason why the batch ended. `None`: it has not ended.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let mut outcomes = client.as_completed(["https://example.com/"]).fail_fast();
    /// for outcome in outcomes.by_ref() { /* ... */ }
    /// assert_eq!(outcomes.end(), Some(haul::batch::End::Completed));
    /// ```
    pub fn end(&self) -> Option<End> {
        self.ending.end()
    }

    /// Returns the number of requests handed in whose outcome was not handed out.
    pub(in super::super) fn unfinished(&self) -> Unfinished {
        let fed = self.source.fed();
        Unfinished {
            unfinished: (fed - self.ledger.handed_out()) as usize,
            total: fed as usize,
        }
    }

    /// Ends the batch before its time, unless it was stopped before.
    pub(crate) fn stop(&mut self, end: End)
    where
        I: Requests<T>,
    {
        if self.ending.stop(end) {
            self.source.close();
            self.summary.set_total(self.source.fed());
            self.batch.stop();
        }
    }

    /// Begins the batch: its time counts from now on.
    pub(super) fn begin(&mut self) {
        self.summary.begin();
        log_line!(Info, "batch begins");
        let limit = self.ending.limit;
        if let Some(deadline) =
            limit.and_then(|limit| self.batch.executor().now().checked_add(limit))
        {
            self.batch.set_deadline(deadline);
        }
    }
}
