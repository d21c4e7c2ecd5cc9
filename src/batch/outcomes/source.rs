//! Source of a batch's requests: an input that the thread that takes outcomes reads, or intakes on other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::executor::FeedProgress;
use crate::request::Request;

use crate::batch::feed::{Feeder, taken};
use crate::batch::open_batch::OpenBatch;

/// Source of a batch's requests.
///
/// Invariant: [`fed`](RequestSource::fed) never falls, and no longer rises once [`total`](RequestSource::total) has given it.
pub(in super::super) enum RequestSource<I> {
    /// An input, read on the thread that takes outcomes.
    Input(Input<I>),
    /// Intakes, used on any thread.
    Intakes(Arc<Arrivals>),
}

/// An input that is read as the schedule has room for more requests.
pub(in super::super) struct Input<I> {
    /// Input that is left to read. `None`: the input was read to its end, or the batch was stopped.
    unread: Option<I>,
    feeder: Feeder,
    /// Number of requests read and handed in.
    fed: u64,
    /// True if the input gave `None`. False if it may have further requests, also after the batch was stopped.
    exhausted: bool,
    /// True if the schedule may have room for a request. False until it says so.
    may_have_room: bool,
}

/// Counts that the intakes of a batch share with the end that takes its outcomes.
pub(in super::super) struct Arrivals {
    /// Number of accepted requests. Raised under the executor's lock, in the order in which requests enter the
    /// schedule.
    accepted: AtomicU64,
    /// Number of intakes that have not been dropped.
    intakes: AtomicUsize,
}

impl<I> RequestSource<I> {
    /// Creates a source that reads `input` for a batch with this window.
    pub(super) fn input(input: I, window: usize) -> RequestSource<I> {
        RequestSource::Input(Input {
            unread: Some(input),
            feeder: Feeder::within(window),
            fed: 0,
            exhausted: false,
            may_have_room: true,
        })
    }

    /// Returns the number of requests handed in so far.
    pub(super) fn fed(&self) -> u64 {
        match self {
            RequestSource::Input(input) => input.fed,
            RequestSource::Intakes(arrivals) => arrivals.accepted(),
        }
    }

    /// Returns the number of requests handed in, if no further request can come. `None`: further requests can come.
    pub(super) fn total(&self, batch: &OpenBatch) -> Option<u64> {
        match self {
            RequestSource::Input(input) => input.unread.is_none().then_some(input.fed),
            RequestSource::Intakes(arrivals) => {
                // The count is read after it is known that no request is added any more.
                let closed = arrivals.is_closed() || batch.executor().is_over(batch.id());
                closed.then(|| arrivals.accepted())
            }
        }
    }

    /// Returns true if every request was handed in: the input gave its last request, or all intakes were dropped.
    pub(super) fn is_exhausted(&self) -> bool {
        match self {
            RequestSource::Input(input) => input.exhausted,
            RequestSource::Intakes(arrivals) => arrivals.is_closed(),
        }
    }

    /// Reads no further request from the input.
    pub(super) fn close(&mut self) {
        if let RequestSource::Input(input) = self {
            input.unread = None;
        }
    }

    /// Notes that the schedule may have room again.
    pub(super) fn may_have_room(&mut self) {
        if let RequestSource::Input(input) = self {
            input.may_have_room = true;
        }
    }

    /// Returns true if feeding was interrupted while there was room, and is to go on before any wait.
    pub(super) fn has_more_to_feed(&self) -> bool {
        match self {
            RequestSource::Input(input) => input.may_have_room,
            RequestSource::Intakes(_) => false,
        }
    }

    /// Returns the bounds for the number of outcomes that are still to be handed out, as [`Iterator::size_hint`] does.
    pub(super) fn size_hint(&self, handed_out: u64) -> (usize, Option<usize>)
    where
        I: Iterator,
    {
        let RequestSource::Input(input) = self else {
            return (0, None);
        };
        let under_way = (input.fed - handed_out) as usize;
        let Some(unread) = &input.unread else {
            return (under_way, Some(under_way));
        };
        let (least, most) = unread.size_hint();
        // The lower bound of an endless input counts for nothing: the batch may be stopped, and `collect` allocates
        // room for the lower bound.
        let least = most.map_or(0, |_| least);
        (
            least.saturating_add(under_way),
            most.and_then(|most| most.checked_add(under_way)),
        )
    }
}

impl<I> RequestSource<I>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    /// Hands in requests of the input while the schedule has room for them. `None`: there was nothing to do.
    pub(super) fn top_up(&mut self, batch: &OpenBatch) -> Option<FeedProgress> {
        match self {
            RequestSource::Input(input) if input.may_have_room => input.top_up(batch),
            RequestSource::Input(_) | RequestSource::Intakes(_) => None,
        }
    }
}

impl<I> Input<I>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    fn top_up(&mut self, batch: &OpenBatch) -> Option<FeedProgress> {
        let Some(unread) = &mut self.unread else {
            self.may_have_room = false;
            return None;
        };
        let defaults = batch.defaults();
        let (feeder, fed, exhausted) = (&mut self.feeder, &mut self.fed, &mut self.exhausted);
        let result = batch.executor().feed(batch.id(), || {
            let Some(request) = unread.next() else {
                *exhausted = true;
                return None;
            };
            let request = taken(defaults, request);
            let (receiver, now) = (Arc::clone(batch.receiver()), batch.executor().now());
            let feed = feeder.feed(defaults, request, *fed, receiver, now);
            *fed += 1;
            Some(feed)
        });
        self.may_have_room = result == FeedProgress::Part;
        if result == FeedProgress::All {
            self.unread = None;
        }
        Some(result)
    }
}

impl Arrivals {
    /// Creates the counts of a batch with one intake.
    pub(in super::super) fn new() -> Arc<Arrivals> {
        Arc::new(Arrivals {
            accepted: AtomicU64::new(0),
            intakes: AtomicUsize::new(1),
        })
    }

    /// Returns the number of requests accepted so far.
    pub(in super::super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    /// Counts a request as accepted and returns its number. Called under the executor's lock.
    pub(in super::super) fn next_number(&self) -> u64 {
        self.accepted.fetch_add(1, Ordering::AcqRel)
    }

    /// Counts a further intake.
    pub(in super::super) fn open_intake(&self) {
        self.intakes.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts an intake as dropped. Returns true if it was the last one.
    pub(in super::super) fn close_intake(&self) -> bool {
        self.intakes.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Returns true if all intakes were dropped.
    fn is_closed(&self) -> bool {
        self.intakes.load(Ordering::Acquire) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed<I>(input: I, fed: u64) -> RequestSource<I> {
        let mut source = RequestSource::input(input, 10);
        if let RequestSource::Input(input) = &mut source {
            input.fed = fed;
        }
        source
    }

    #[test]
    fn the_bounds_are_those_of_the_unread_input_and_of_the_requests_under_way() {
        assert_eq!(fed(0..5, 7).size_hint(4), (8, Some(8)));
    }

    #[test]
    fn an_endless_input_promises_nothing_but_the_requests_under_way() {
        assert_eq!(fed(0.., 7).size_hint(4), (3, None));
    }

    #[test]
    fn a_closed_input_leaves_the_requests_under_way() {
        let mut source = fed(0..5, 7);
        source.close();
        assert_eq!(source.size_hint(4), (3, Some(3)));
        assert!(!source.is_exhausted());
    }

    #[test]
    fn intakes_promise_nothing() {
        let source = RequestSource::<std::iter::Empty<Request>>::Intakes(Arrivals::new());
        assert_eq!(source.size_hint(0), (0, None));
        assert!(!source.has_more_to_feed());
    }

    #[test]
    fn intakes_are_exhausted_once_the_last_one_is_dropped() {
        let arrivals = Arrivals::new();
        let source = RequestSource::<std::iter::Empty<Request>>::Intakes(Arc::clone(&arrivals));
        arrivals.open_intake();
        assert_eq!((arrivals.next_number(), arrivals.next_number()), (0, 1));
        assert!(!arrivals.close_intake());
        assert!(!source.is_exhausted());
        assert!(arrivals.close_intake());
        assert!(source.is_exhausted());
        assert_eq!(source.fed(), 2);
    }
}
