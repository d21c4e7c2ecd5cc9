//! The iterator over a batch's outcomes. The caller's thread feeds: each `next` tops up the schedule, then receives.

pub(super) mod inbox;
mod limits;
mod open;
mod reorder;

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver as Receiving;

use crate::executor::{Executor, Fed, Found, Owner, Receiver, Taken};
use crate::outcome::Outcome;
use crate::redact::escape::log_line;
use crate::request::Request;
use crate::response::Response;
use crate::schedule::{Bounds, Id};

use self::inbox::{Inbox, Message};
use self::reorder::Reorder;
use super::channel::Count;
use super::ending::{Control, End};
use super::feed::{Feeder, taken};
use super::progress::tally::SummaryHandle;

/// The outcomes of a batch: an iterator that owns the input, reads it as it needs more, and ends after exactly one
/// outcome for each request.
///
/// Nothing is sent before the first call of `next`. Dropping it half way cancels what is queued, ends what runs, and
/// leaves the client as usable as before.
///
/// It is [`Send`] where the input is, so rayon's `par_bridge` works on it.
#[must_use = "nothing is sent until its outcomes are asked for"]
pub struct Outcomes<I, T = Response> {
    pub(in crate::batch) owner: Arc<Owner>,
    pub(in crate::batch) batch: Id,
    /// Gone once it is exhausted.
    pub(in crate::batch) input: Option<I>,
    /// Set where other threads feed.
    pub(in crate::batch) count: Option<Arc<Count>>,
    pub(in crate::batch) feeder: Feeder,
    pub(in crate::batch) receiver: Arc<dyn Receiver>,
    pub(in crate::batch) inbox: Inbox<T>,
    /// Requests handed in from the input.
    pub(in crate::batch) fed: u64,
    /// Outcomes received, whether or not handed out yet.
    pub(in crate::batch) received: u64,
    pub(in crate::batch) handed_out: u64,
    /// There may be room to feed.
    pub(in crate::batch) try_feed: bool,
    /// Something may have ended without an attempt, or be past its deadline.
    pub(in crate::batch) must_look: bool,
    /// When something will be past its deadline.
    pub(in crate::batch) next_look: Option<Instant>,
    /// Outcomes handed out of which the schedule does not know yet; [`Count`] has them where other threads feed.
    pub(in crate::batch) owed: Taken,
    /// How many may be owed before the schedule is told, and how many bytes.
    pub(in crate::batch) chunk: usize,
    pub(in crate::batch) owed_bytes: u64,
    /// The window has places to spare for what is owed: nothing waits for the schedule to be told, so that it can be
    /// told of many at once.
    pub(in crate::batch) lazy: bool,
    pub(in crate::batch) reorder: Option<Reorder<(Outcome<T>, Option<u64>)>>,
    pub(in crate::batch) summary: SummaryHandle,
    /// What shows the batch for as long as it lasts.
    pub(in crate::batch) shown: Option<Box<dyn Any + Send + Sync>>,
    pub(in crate::batch) control: Control,
    pub(in crate::batch) begun: bool,
    pub(in crate::batch) ended: bool,
}

/// What an iteration finds next.
pub(crate) enum Step<T> {
    Outcome(Outcome<T>),
    End,
    /// The caller's limit passed.
    Late,
}

/// In which order outcomes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Completed,
    Input,
}

/// The bounds of a batch and how many workers it has, for its figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) bounds: Bounds,
    pub(crate) workers: usize,
}

impl<I, T> Outcomes<I, T> {
    /// The figures of the outcomes handed out so far; stays readable after the batch.
    pub fn summary(&self) -> SummaryHandle {
        self.summary.clone()
    }

    fn executor(&self) -> &Arc<Executor> {
        self.owner.executor()
    }

    /// Takes in what a worker sent, or what ended without an attempt (then `bytes` is none: it took no place).
    fn receive(&mut self, outcome: Outcome<T>, bytes: Option<u64>) -> Option<Outcome<T>> {
        self.received += 1;
        match &mut self.reorder {
            Some(reorder) => {
                reorder.put(outcome.index, (outcome, bytes));
                None
            }
            None => Some(self.hand_out(outcome, bytes)),
        }
    }

    fn hand_out(&mut self, mut outcome: Outcome<T>, bytes: Option<u64>) -> Outcome<T> {
        self.handed_out += 1;
        self.owed.handed_back += 1;
        if let Some(bytes) = bytes {
            self.owed.outcomes += 1;
            self.owed.bytes += bytes;
        }
        // A request of a batch is cancelled only with the batch.
        outcome.report.cut_short |= outcome.is_cancelled();
        if let Some(count) = &self.count {
            count.take(std::mem::take(&mut self.owed));
        }
        self.summary.record(&outcome);
        if self.control.see(&outcome) {
            self.stop(End::TooManyFailures);
        }
        outcome
    }

    /// Tells the schedule what was taken, so that there may be room again, and asks what ended without an attempt.
    fn settle(&mut self) -> Found {
        let owed = self.pay();
        self.executor().settle(self.batch, owed)
    }

    /// What the schedule is to be told of.
    fn pay(&mut self) -> Taken {
        self.try_feed |= self.owed.handed_back > 0;
        match &self.count {
            Some(count) => count.pay(),
            None => std::mem::take(&mut self.owed),
        }
    }

    /// Requests handed in so far.
    pub(in crate::batch) fn fed(&self) -> u64 {
        self.count
            .as_ref()
            .map_or(self.fed, |count| count.accepted())
    }

    /// Whether every outcome has been received and no request can come.
    fn is_over(&self) -> bool {
        let all = match &self.count {
            Some(count) => {
                (count.is_closed() || self.executor().is_over(self.batch)).then(|| count.accepted())
            }
            None => self.input.is_none().then_some(self.fed),
        };
        all == Some(self.received)
    }
}

impl<I, T> Outcomes<I, T>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    fn top_up(&mut self) {
        if !self.try_feed {
            return;
        }
        let Some(input) = &mut self.input else {
            self.try_feed = false;
            return;
        };
        let (owner, receiver) = (&self.owner, &self.receiver);
        let (feeder, fed) = (&mut self.feeder, &mut self.fed);
        let defaults = &owner.executor().engine().defaults;
        let exhausted = &mut self.control.exhausted;
        let got = owner.executor().feed(self.batch, || {
            let Some(request) = input.next() else {
                *exhausted = true;
                return None;
            };
            let request = taken(defaults, request);
            let fed_one = feeder.feed(defaults, request, *fed, Arc::clone(receiver));
            *fed += 1;
            Some(fed_one)
        });
        // Where feeding takes long, there is a look at all else in between.
        self.try_feed = got == Fed::Part;
        self.must_look |= self.try_feed;
        if got == Fed::All {
            self.input = None;
            self.summary.expect(self.fed);
        }
    }

    /// Keeps requests going while outcomes cannot be taken. Says when something will be past its deadline.
    pub(in crate::batch) fn keep_going(&mut self) -> Option<Instant> {
        let owed = self.pay();
        self.must_look = true;
        let again = self.executor().tell(self.batch, owed);
        self.top_up();
        if self.try_feed {
            return Some(Instant::now());
        }
        again
    }

    /// The next outcome that is there, without waiting.
    fn ready(&mut self) -> Option<Outcome<T>> {
        loop {
            if let Some((outcome, bytes)) = self.reorder.as_mut().and_then(Reorder::take) {
                return Some(self.hand_out(outcome, bytes));
            }
            let message = self.inbox.results.try_recv().ok()?;
            if let Some(outcome) = self.open(message) {
                return Some(outcome);
            }
        }
    }

    fn open(&mut self, message: Message<T>) -> Option<Outcome<T>> {
        match message {
            Message::Outcome(outcome, bytes) => self.receive(outcome, Some(bytes)),
            Message::Look => {
                self.inbox.looks();
                self.must_look = true;
                self.try_feed = true;
                None
            }
        }
    }

    /// Waits for an outcome, a nudge, a deadline, or something in the other channel.
    fn wait<X>(
        &mut self,
        deadline: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> Option<Outcome<T>> {
        match self.inbox.wait(deadline, other) {
            Some(message) => self.open(message),
            // The deadline passed, or it was the other channel: the sending end lives as long as this one.
            None => {
                self.must_look = true;
                None
            }
        }
    }

    /// The next outcome, unless `until` passes before.
    pub(crate) fn advance(&mut self, until: Option<Instant>) -> Step<T> {
        self.advance_beside::<()>(until, None)
    }

    /// The next outcome, unless `until` passes before, or there is something in the other channel and no outcome yet.
    pub(in crate::batch) fn advance_beside<X>(
        &mut self,
        until: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> Step<T> {
        if !std::mem::replace(&mut self.begun, true) {
            self.begin();
        }
        loop {
            self.top_up();
            let owed = self.count.as_ref().map_or(self.owed, |count| count.owed());
            let owes = owed.handed_back >= self.chunk || owed.bytes > self.owed_bytes;
            if !owes && let Some(outcome) = self.ready() {
                return Step::Outcome(outcome);
            }
            let tell = !self.lazy || owes;
            if tell || self.must_look {
                let Found { ended, again } = self.settle();
                self.next_look = again;
                self.must_look = ended.is_some();
                if let Some((job, why)) = ended {
                    self.try_feed = true;
                    let now = Instant::now();
                    self.summary.ended_untried(now);
                    let ended = job.end(why, now);
                    let outcome = ended.map_success(|_, _| unreachable!("it has ended"));
                    if let Some(outcome) = self.receive(outcome, None) {
                        return Step::Outcome(outcome);
                    }
                    continue;
                }
                if owes {
                    // What is there was not looked for.
                    continue;
                }
            }
            if self.is_over() {
                // What was received early has been handed out too: `ready` found nothing.
                if !std::mem::replace(&mut self.ended, true) {
                    self.control.exhausted |=
                        self.count.as_ref().is_some_and(|count| count.is_closed());
                    self.summary.expect(self.received);
                    self.summary.end();
                    drop(self.shown.take());
                    let end = self.end().unwrap_or(End::Completed);
                    log_line!(Info, "batch ends after {} outcomes: {end}", self.handed_out);
                }
                return Step::End;
            }
            if until.is_some_and(|until| until <= Instant::now())
                || other.is_some_and(|other| !other.is_empty())
            {
                return Step::Late;
            }
            if self.try_feed {
                continue;
            }
            let next_look = [self.next_look, until].into_iter().flatten().min();
            if let Some(outcome) = self.wait(next_look, other) {
                return Step::Outcome(outcome);
            }
        }
    }
}

impl<I, T> Iterator for Outcomes<I, T>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    type Item = Outcome<T>;

    fn next(&mut self) -> Option<Outcome<T>> {
        match self.advance(None) {
            Step::Outcome(outcome) => Some(outcome),
            Step::End | Step::Late => None,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.count.is_some() {
            return (0, None);
        }
        let under_way = (self.fed - self.handed_out) as usize;
        match &self.input {
            None => (under_way, Some(under_way)),
            Some(input) => {
                let (least, most) = input.size_hint();
                // A batch may end before an input without end does, and who collects makes room for what is promised.
                let least = most.map_or(0, |_| least);
                (
                    least.saturating_add(under_way),
                    most.and_then(|most| most.checked_add(under_way)),
                )
            }
        }
    }
}

impl<I, T> FusedIterator for Outcomes<I, T>
where
    I: Iterator,
    I::Item: Into<Request>,
{
}

impl<I, T> Drop for Outcomes<I, T> {
    fn drop(&mut self) {
        self.summary.end();
        drop(self.shown.take());
        if self.begun && !self.ended {
            log_line!(Info, "batch left after {} outcomes", self.handed_out);
        }
        if let Some(token) = &self.control.token {
            token.remove(self.batch);
        }
        self.owner.executor().abandon(self.batch);
    }
}

impl<I, T> fmt::Debug for Outcomes<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes")
            .field("fed", &self.fed)
            .field("handed_out", &self.handed_out)
            .finish_non_exhaustive()
    }
}
