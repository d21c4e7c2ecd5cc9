//! Source of a batch's requests: an input that the thread that takes outcomes reads, or intakes on other threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::executor::FeedProgress;
use crate::outcome::Outcome;

use crate::batch::feed::{Feeder, taken};
use crate::batch::open_batch::OpenBatch;
use crate::batch::requests::{NextRead, Requests, SeeingBatch};
use crate::batch::unique::UniqueRequests;

use super::arrivals::Arrivals;

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
    /// Input that is left to read, or that sees further outcomes. `None`: neither.
    unread: Option<I>,
    /// True if the input was read to its end, or the batch was stopped. False if further requests are to be read.
    closed: bool,
    feeder: Feeder,
    /// Number of requests read and handed in.
    fed: u64,
    /// True if the input gave `None`. False if it may have further requests, also after the batch was stopped.
    exhausted: bool,
    /// True if the schedule may have room for a request. False until it says so.
    may_have_room: bool,
    /// Requests read and added so far, so that equal ones are left out. `None`: all requests are handed in.
    unique: Option<Box<UniqueRequests>>,
}

/// Time for which duplicates are left out before outcomes are looked at again.
const BRIEFLY: Duration = Duration::from_millis(1);

/// Reason why reading paused while the schedule had room.
enum ReadPause {
    /// The next request may come with the next outcome.
    Later,
    /// Reading gave nothing but duplicates for a while.
    Duplicates,
    /// The input gave its last request.
    End,
}

impl<I> RequestSource<I> {
    /// Creates a source that reads `input` for a batch with this window.
    pub(super) fn input(input: I, window: usize) -> RequestSource<I> {
        RequestSource::Input(Input {
            unread: Some(input),
            closed: false,
            feeder: Feeder::within(window),
            fed: 0,
            exhausted: false,
            may_have_room: true,
            unique: None,
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
            RequestSource::Input(input) => input.closed.then_some(input.fed),
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

    /// Returns the input, to be set up. `None`: intakes feed the batch.
    pub(super) fn unread_mut(&mut self) -> Option<&mut I> {
        match self {
            RequestSource::Input(input) => input.unread.as_mut(),
            RequestSource::Intakes(_) => None,
        }
    }

    /// Sets if requests that equal an earlier one are left out.
    pub(super) fn set_unique(&mut self, unique: bool) {
        match self {
            RequestSource::Input(input) => input.unique = unique.then(Box::default),
            RequestSource::Intakes(arrivals) => arrivals.set_unique(unique),
        }
    }

    /// Takes out the number of duplicates that were left out since the last call.
    pub(super) fn take_duplicates(&mut self) -> u64 {
        match self {
            RequestSource::Input(input) => match &mut input.unique {
                Some(unique) => unique.take_duplicates(),
                None => 0,
            },
            RequestSource::Intakes(arrivals) => match arrivals.seen() {
                Some(mut seen) => seen.take_duplicates(),
                None => 0,
            },
        }
    }

    /// Returns the bounds for the number of outcomes that are still to be handed out, as [`Iterator::size_hint`] does.
    pub(super) fn size_hint<T>(&self, handed_out: u64) -> (usize, Option<usize>)
    where
        I: Requests<T>,
    {
        let RequestSource::Input(input) = self else {
            return (0, None);
        };
        let under_way = (input.fed - handed_out) as usize;
        let Some(unread) = input.unread.as_ref().filter(|_| !input.closed) else {
            return (under_way, Some(under_way));
        };
        let (least, most) = unread.bounds();
        // The lower bound of an endless input counts for nothing: the batch may be stopped, and `collect` allocates
        // room for the lower bound. Of unique requests, all but the first may be left out.
        let least = match (most, &input.unique) {
            (Some(_), None) => least,
            _ => 0,
        };
        (
            least.saturating_add(under_way),
            most.and_then(|most| most.checked_add(under_way)),
        )
    }
}

impl<I> RequestSource<I> {
    /// Hands in requests of the input while the schedule has room for them. `None`: there was nothing to do.
    pub(super) fn top_up<T>(&mut self, batch: &OpenBatch) -> Option<FeedProgress>
    where
        I: Requests<T>,
    {
        match self {
            RequestSource::Input(input) if input.may_have_room => input.top_up(batch),
            RequestSource::Input(_) | RequestSource::Intakes(_) => None,
        }
    }

    /// Shows the input an outcome that is about to be handed out.
    #[inline]
    pub(super) fn see<T>(&mut self, batch: &OpenBatch, outcome: &mut Outcome<T>)
    where
        I: Requests<T>,
    {
        if let RequestSource::Input(input) = self
            && let Some(unread) = &mut input.unread
        {
            let batch = SeeingBatch {
                defaults: batch.defaults(),
                unique: input.unique.as_deref_mut(),
                fed: input.fed,
                closed: input.closed,
            };
            input.may_have_room |= unread.see(outcome, batch);
        }
    }

    /// Reads no further request from the input.
    pub(super) fn close<T>(&mut self)
    where
        I: Requests<T>,
    {
        if let RequestSource::Input(input) = self {
            input.close();
        }
    }
}

impl<I> Input<I> {
    fn top_up<T>(&mut self, batch: &OpenBatch) -> Option<FeedProgress>
    where
        I: Requests<T>,
    {
        let Some(unread) = self.unread.as_mut().filter(|_| !self.closed) else {
            self.may_have_room = false;
            return None;
        };
        let defaults = batch.defaults();
        let (feeder, fed) = (&mut self.feeder, &mut self.fed);
        let mut unique = self.unique.as_deref_mut();
        // `may_have_room` stays true until the reading has ended: if the input panics, the next call reads on.
        // Reason why the closure gave no request. `None`: it was not asked, or gave each time.
        let mut pause = None;
        let result = batch.executor().feed(batch.id(), || {
            let mut first_duplicate = None;
            loop {
                let (request, compared) = match unread.read(*fed) {
                    NextRead::Input(request) => (request, false),
                    NextRead::Added(request) => (request, true),
                    NextRead::Later => {
                        pause = Some(ReadPause::Later);
                        return None;
                    }
                    NextRead::End => {
                        pause = Some(ReadPause::End);
                        return None;
                    }
                };
                if !compared
                    && let Some(unique) = &mut unique
                    && !unique.add(defaults, &request)
                {
                    let since = first_duplicate.get_or_insert_with(Instant::now);
                    if since.elapsed() < BRIEFLY {
                        continue;
                    }
                    pause = Some(ReadPause::Duplicates);
                    return None;
                }
                let request = taken(defaults, request);
                let (receiver, now) = (Arc::clone(batch.receiver()), batch.executor().now());
                let feed = feeder.feed(defaults, request, *fed, receiver, now);
                *fed += 1;
                return Some(feed);
            }
        });
        let result = match pause {
            Some(ReadPause::Later) => {
                self.may_have_room = false;
                return None;
            }
            Some(ReadPause::Duplicates) => FeedProgress::Part,
            Some(ReadPause::End) => {
                self.exhausted = true;
                result
            }
            None => result,
        };
        self.may_have_room = result == FeedProgress::Part;
        if result == FeedProgress::All {
            self.close();
        }
        Some(result)
    }

    fn close<T>(&mut self)
    where
        I: Requests<T>,
    {
        if !self.closed {
            self.closed = true;
            self.unread = self.unread.take().and_then(I::close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;
    use crate::response::Response;

    fn fed<I>(input: I, fed: u64) -> RequestSource<I> {
        let mut source = RequestSource::input(input, 10);
        if let RequestSource::Input(input) = &mut source {
            input.fed = fed;
        }
        source
    }

    fn urls() -> impl Iterator<Item = &'static str> {
        std::iter::repeat("http://host/")
    }

    fn hint<I: Requests<Response>>(source: &RequestSource<I>) -> (usize, Option<usize>) {
        source.size_hint::<Response>(4)
    }

    #[test]
    fn size_hint_of_unique_requests_has_the_requests_under_way_as_lower_bound() {
        let mut source = fed(urls().take(5), 7);
        source.set_unique(true);
        assert_eq!(hint(&source), (3, Some(8)));
    }

    #[test]
    fn size_hint_counts_unread_input_and_requests_under_way() {
        assert_eq!(hint(&fed(urls().take(5), 7)), (8, Some(8)));
    }

    #[test]
    fn size_hint_of_an_endless_input_counts_requests_under_way() {
        assert_eq!(hint(&fed(urls(), 7)), (3, None));
    }

    #[test]
    fn a_closed_input_leaves_the_requests_under_way() {
        let mut source = fed(urls().take(5), 7);
        source.close::<Response>();
        assert_eq!(hint(&source), (3, Some(3)));
        assert!(!source.is_exhausted());
    }

    #[test]
    fn intakes_promise_nothing() {
        let source = RequestSource::<std::iter::Empty<Request>>::Intakes(Arrivals::new());
        assert_eq!(source.size_hint::<Response>(0), (0, None));
        assert!(!source.has_more_to_feed());
    }
}
