//! Iterator over a batch's outcomes. The caller's thread feeds: each `next` tops up the schedule, then receives.

mod arrivals;
mod figures;
mod follow;
mod inbox;
mod ledger;
mod limits;
mod open;
mod reorder;
mod source;
mod turns;

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver as Receiving;

use crate::attempt::Clock;
use crate::executor::{BatchNews, FeedProgress, Job, TakenOutcomes};
use crate::outcome::{Context, Outcome, State};
use crate::redact::escape::log_line;
use crate::response::Response;
use crate::schedule::{Bounds, EndReason};

use super::ending::{End, EndConditions};
use super::open_batch::OpenBatch;
use super::progress::SummaryHandle;
use super::receiving::earliest;
use super::requests::Requests;
use super::results::Message;

use self::inbox::{Arrival, Inbox, OutcomePlace};
use self::ledger::Ledger;

pub(super) use self::arrivals::Arrivals;
pub(super) use self::ledger::SharedTakings;
pub(super) use self::source::RequestSource;
pub use self::turns::Turns;

/// Iterator over the outcomes of a batch.
///
/// It owns the input, reads it as it needs more, and ends after exactly one outcome for each request.
///
/// No request is sent before the first call of `next`. Dropping the iterator half way cancels queued requests, ends
/// running ones, and leaves the client as usable as before.
///
/// The iterator is [`Send`] if the input is, so rayon's `par_bridge` works on it.
#[must_use = "nothing is sent until its outcomes are asked for"]
pub struct Outcomes<I, T = Response> {
    batch: OpenBatch,
    source: RequestSource<I>,
    inbox: Inbox<T>,
    ledger: Ledger,
    ending: EndConditions,
    summary: SummaryHandle,
    make: Arc<MakeValue<T>>,
    /// Closure of the caller that drains the batch. `None`: there is none, or it has done so.
    stop_when: Option<StopWhen<T>>,
    /// Display of the batch, dropped when the batch ends. `None`: the batch is not displayed.
    display: Option<Box<dyn Any + Send + Sync>>,
}

/// Closure that makes the value of a success from its response.
type MakeValue<T> = dyn Fn(&Context<'_>, Response) -> State<T> + Send + Sync;

/// Closure that returns true for the outcome at which its batch is drained.
type StopWhen<T> = Box<dyn FnMut(&Outcome<T>) -> bool + Send>;

/// Result of one step of the iteration.
pub(crate) enum NextOutcome<T> {
    Outcome(Outcome<T>),
    /// There are no further outcomes.
    End,
    /// The caller's limit passed.
    Late,
}

/// Order in which outcomes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutcomeOrder {
    /// Each outcome comes when its request ends.
    Completed,
    /// Outcomes come in the order of the input.
    Input,
}

/// Bounds of a batch, and the number of workers for its figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchBounds {
    pub(crate) bounds: Bounds,
    pub(crate) workers: usize,
    /// True if the caller's closure processes each response on its worker.
    pub(crate) processes: bool,
}

impl<I, T> Outcomes<I, T> {
    /// Returns the record shared with the intakes. `None`: the batch has an input.
    pub(super) fn takings(&self) -> Option<&Arc<SharedTakings>> {
        self.ledger.takings()
    }

    /// Tells the schedule of outcomes handed out, so that there may be room again, and returns a job that ended without
    /// an attempt, if there is one.
    fn settle(&mut self) -> Option<(Box<Job>, EndReason)> {
        let owed = self.pay();
        let BatchNews { ended, again } = self.batch.executor().settle(self.batch.id(), owed);
        self.ledger.settled(ended.is_some(), again);
        ended
    }

    /// Takes out the outcomes that the schedule is to be told of. The schedule may have room afterwards.
    fn pay(&mut self) -> TakenOutcomes {
        let owed = self.ledger.pay();
        if owed.handed_back > 0 {
            self.source.may_have_room();
        }
        owed
    }

    /// Returns true if every outcome has been received and no request can come.
    fn is_over(&self) -> bool {
        self.source.total(&self.batch) == Some(self.inbox.received())
    }

    /// Counts the requests that were left out since the last call.
    #[inline]
    fn count_duplicates(&mut self) {
        let duplicates = self.source.take_duplicates();
        if duplicates > 0 {
            self.summary.add_duplicates(duplicates);
        }
    }

    /// Notes that the last outcome has been handed out.
    fn finish(&mut self) {
        self.count_duplicates();
        if let Some(end) = self.ending.finish(self.source.is_exhausted()) {
            self.summary.set_total(self.inbox.received());
            self.summary.end();
            drop(self.display.take());
            let count = self.ledger.handed_out();
            log_line!(Info, "batch ends after {count} outcomes: {end}");
        }
    }
}

impl<I, T> Outcomes<I, T>
where
    I: Requests<T>,
{
    fn top_up(&mut self) {
        match self.source.top_up(&self.batch) {
            // If feeding takes long, the schedule and the channel are looked at in between.
            Some(FeedProgress::Part) => self.ledger.ask_soon(),
            Some(FeedProgress::All) => self.summary.set_total(self.source.fed()),
            Some(FeedProgress::Full) | None => {}
        }
        self.count_duplicates();
    }

    /// Hands out an outcome that a worker sent or that ended without an attempt, if it is its turn.
    fn receive(&mut self, outcome: Outcome<T>, bytes: Option<u64>) -> Option<Outcome<T>> {
        let place = match self.inbox.gives_up_places() {
            true => {
                self.ledger.hand_out(bytes);
                OutcomePlace::GivenUp
            }
            false => OutcomePlace::Taken(bytes),
        };
        let arrival = self.inbox.put(Arrival { outcome, place })?;
        Some(self.hand_out(arrival))
    }

    fn hand_out(&mut self, mut arrival: Arrival<T>) -> Outcome<T> {
        // A request of a batch is cancelled only with the batch.
        let outcome = &mut arrival.outcome;
        outcome.report.cut_short |= outcome.is_cancelled();
        let (source, batch, stop_when) = (&mut self.source, &self.batch, &mut self.stop_when);
        // The caller's closures run in it.
        let seen = catch_unwind(AssertUnwindSafe(|| {
            let stops = stop_when.as_mut().is_some_and(|stop| stop(outcome));
            source.see(batch, outcome);
            stops
        }));
        self.count_duplicates();
        if let Err(panic) = seen {
            self.stop_when = None;
            self.stop(End::Panicked);
            self.inbox.put_back(arrival);
            resume_unwind(panic);
        }
        let Arrival { outcome, place } = arrival;
        if let OutcomePlace::Taken(bytes) = place {
            self.ledger.hand_out(bytes);
        }
        self.summary.record(&outcome);
        if self.ending.is_one_failure_too_many(&outcome) {
            self.stop(End::TooManyFailures);
        }
        if let Ok(true) = seen {
            self.stop_when = None;
            self.drain();
        }
        outcome
    }

    /// Makes the outcome of a job that ended without an attempt. Returns the outcome if it is its turn.
    fn end_untried(&mut self, job: Job, why: EndReason) -> Option<Outcome<T>> {
        self.source.may_have_room();
        let now = self.batch.executor().now();
        self.summary.ended_untried(now);
        let outcome = job.end(why, now);
        // Only a request that came with its outcome has a response.
        let outcome = outcome.map_success(&*self.make);
        self.receive(outcome, None)
    }

    /// Keeps requests going while no outcome can be taken. Returns the time of the next call, if nothing happens
    /// before. `None`: at no given time.
    pub(super) fn keep_going(&mut self) -> Option<Instant> {
        let owed = self.pay();
        self.ledger.ask_soon();
        let again = self.batch.executor().tell(self.batch.id(), owed);
        self.top_up();
        if self.source.has_more_to_feed() {
            return Some(self.batch.executor().now());
        }
        again
    }

    /// Returns the next outcome that has come, without waiting.
    fn ready(&mut self) -> Option<Outcome<T>> {
        loop {
            if let Some(arrival) = self.inbox.take_in_turn() {
                return Some(self.hand_out(arrival));
            }
            let message = self.inbox.try_recv()?;
            if let Some(outcome) = self.take_message(message) {
                return Some(outcome);
            }
        }
    }

    fn take_message(&mut self, message: Message<T>) -> Option<Outcome<T>> {
        match message {
            Message::Outcome(outcome, bytes) => self.receive(outcome, Some(bytes)),
            Message::Nudge => {
                self.inbox.nudge_received();
                self.ledger.ask_soon();
                self.source.may_have_room();
                None
            }
        }
    }

    /// Waits for an outcome, a nudge, a deadline, or a message in the other channel.
    fn wait<X>(
        &mut self,
        until: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> Option<Outcome<T>> {
        let until = earliest([self.ledger.ask_at(), until]);
        match self.inbox.wait(self.batch.executor().clock(), until, other) {
            Some(message) => self.take_message(message),
            // The time passed, or the other channel has a message: the sending end lives as long as this one.
            None => {
                self.ledger.ask_soon();
                None
            }
        }
    }

    /// Returns the clock of the client.
    pub(crate) fn clock(&self) -> &Clock {
        self.batch.executor().clock()
    }

    /// Returns the next outcome, unless `until` passes before.
    pub(crate) fn advance(&mut self, until: Option<Instant>) -> NextOutcome<T> {
        self.advance_beside::<()>(until, None)
    }

    /// Returns the next outcome, unless `until` passes before, or the other channel has a message while no outcome has
    /// come.
    pub(super) fn advance_beside<X>(
        &mut self,
        until: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> NextOutcome<T> {
        if self.ending.is_first_step() {
            self.begin();
        }
        loop {
            self.top_up();
            let due = self.ledger.is_due();
            if !due && let Some(outcome) = self.ready() {
                return NextOutcome::Outcome(outcome);
            }
            if due || self.ledger.settles_before_wait() {
                if let Some((job, why)) = self.settle() {
                    match self.end_untried(*job, why) {
                        Some(outcome) => return NextOutcome::Outcome(outcome),
                        None => continue,
                    }
                }
                if due {
                    // The channel has not been looked at yet.
                    continue;
                }
            }
            if self.is_over() {
                if let Some(arrival) = self.inbox.take_left() {
                    return NextOutcome::Outcome(self.hand_out(arrival));
                }
                // Outcomes that came early have been handed out too: `ready` found none.
                self.finish();
                return NextOutcome::End;
            }
            if until.is_some_and(|until| until <= self.batch.executor().now())
                || other.is_some_and(|other| !other.is_empty())
            {
                return NextOutcome::Late;
            }
            if self.source.has_more_to_feed() {
                continue;
            }
            if let Some(outcome) = self.wait(until, other) {
                return NextOutcome::Outcome(outcome);
            }
        }
    }
}

impl<I, T> Iterator for Outcomes<I, T>
where
    I: Requests<T>,
{
    type Item = Outcome<T>;

    fn next(&mut self) -> Option<Outcome<T>> {
        match self.advance(None) {
            NextOutcome::Outcome(outcome) => Some(outcome),
            NextOutcome::End | NextOutcome::Late => None,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint(self.ledger.handed_out())
    }
}

impl<I, T> FusedIterator for Outcomes<I, T> where I: Requests<T> {}

impl<I, T> Drop for Outcomes<I, T> {
    fn drop(&mut self) {
        self.summary.end();
        drop(self.display.take());
        if self.ending.is_running() {
            let count = self.ledger.handed_out();
            log_line!(Info, "batch left after {count} outcomes");
        }
        self.ending.let_go_of_token(self.batch.id());
        self.batch.executor().abandon(self.batch.id());
    }
}

impl<I, T> fmt::Debug for Outcomes<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes")
            .field("fed", &self.source.fed())
            .field("handed_out", &self.ledger.handed_out())
            .finish_non_exhaustive()
    }
}
