//! Requests that answers lead to: a source that a closure of the caller adds requests to.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use crate::outcome::{Lineage, Outcome};
use crate::request::Request;
use crate::response::Response;

use super::requests::{NextRead, ReadRequests, SeeingBatch};

/// Seeds of a batch of [`Client::follow`](crate::Client::follow), and requests that its closure adds.
pub struct Follow<I, F> {
    /// Seeds that are left to read. `None`: they were read to their end, or the batch reads no further.
    seeds: Option<I>,
    f: F,
    /// True if the closure panicked, after which it is not called again.
    panicked: bool,
    added: AddedRequests,
    /// Number of outcomes that the closure has seen.
    seen: u64,
}

/// Requests that were added and wait for their turn, and the bounds on them.
struct AddedRequests {
    waiting: VecDeque<(Request, Lineage)>,
    /// Origin of each added request that was handed in and has no outcome yet, by its number.
    under_way: HashMap<u64, Lineage>,
    /// Upper bound for the number of requests in `waiting`.
    max_pending: usize,
    /// Upper bound for the depth of a request.
    max_depth: u32,
    /// Upper bound for the number of requests, seeds included.
    max_requests: u64,
    /// True if the batch was stopped, so that no request is taken any more.
    over: bool,
}

/// Fate of a request given to [`NextRequests::push`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pushed {
    /// The request is part of the batch, and has an outcome unless the batch is stopped before it is read.
    Queued,
    /// An equal request came before, and the batch is [`unique`](crate::Outcomes::unique).
    Duplicate,
    /// The request lies deeper than [`max_depth`](crate::Outcomes::max_depth).
    TooDeep,
    /// The batch has as many requests as [`max_requests`](crate::Outcomes::max_requests) allows.
    OverLimit,
    /// The batch was stopped, so the request is not sent.
    ///
    /// A failure too many, a token, its deadline, a sink or a shutdown of the client stopped it.
    Stopped,
}

/// Error for a request that was not added because too many wait. It holds the request.
///
/// As many added requests wait as [`max_pending`](crate::ClientBuilder::max_pending) allows.
#[derive(thiserror::Error)]
#[error("as many requests wait as may")]
pub struct Full(Box<Request>);

/// Receiver of the requests that an outcome leads to.
///
/// It is the second argument of the closure of [`Client::follow`](crate::Client::follow).
pub struct NextRequests<'a> {
    added: &'a mut AddedRequests,
    batch: SeeingBatch<'a>,
    lineage: Lineage,
}

impl<I, F> Follow<I, F> {
    pub(crate) fn new(seeds: I, f: F, max_pending: usize) -> Follow<I, F> {
        Follow {
            seeds: Some(seeds),
            f,
            panicked: false,
            added: AddedRequests {
                waiting: VecDeque::new(),
                under_way: HashMap::new(),
                max_pending,
                max_depth: u32::MAX,
                max_requests: u64::MAX,
                over: false,
            },
            seen: 0,
        }
    }

    pub(super) fn set_max_depth(&mut self, most: u32) {
        self.added.max_depth = most;
    }

    pub(super) fn set_max_requests(&mut self, most: u64) {
        self.added.max_requests = most;
    }
}

impl<I, F> ReadRequests<Response> for Follow<I, F>
where
    I: Iterator,
    I::Item: Into<Request>,
    F: FnMut(&Outcome, &mut NextRequests<'_>),
{
    const FOLLOWS: bool = true;

    fn read(&mut self, index: u64) -> NextRead {
        if let Some((request, lineage)) = self.added.waiting.pop_front() {
            self.added.under_way.insert(index, lineage);
            return NextRead::Added(request);
        }
        if index >= self.added.max_requests {
            self.seeds = None;
        }
        if let Some(seed) = self.seeds.as_mut().and_then(Iterator::next) {
            return NextRead::Input(seed.into());
        }
        self.seeds = None;
        match self.seen == index {
            true => NextRead::End,
            false => NextRead::Later,
        }
    }

    fn see(&mut self, outcome: &mut Outcome, batch: SeeingBatch<'_>) -> bool {
        if self.panicked {
            return false;
        }
        let lineage = self.added.under_way.remove(&outcome.index);
        outcome.set_lineage(lineage);
        self.added.over |= batch.closed || outcome.is_not_done();
        let fed = batch.fed;
        let mut next = NextRequests {
            lineage: Lineage {
                depth: outcome.depth().saturating_add(1),
                parent: outcome.index(),
            },
            added: &mut self.added,
            batch,
        };
        self.panicked = true;
        (self.f)(outcome, &mut next);
        self.panicked = false;
        self.seen += 1;
        !self.added.waiting.is_empty() || (self.seeds.is_none() && self.seen == fed)
    }

    fn close(mut self) -> Option<Self> {
        self.seeds = None;
        self.added.waiting = VecDeque::new();
        Some(self)
    }

    fn bounds(&self) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl NextRequests<'_> {
    /// Adds a request to the batch.
    ///
    /// The request goes before the seeds that were not read yet, and after the requests that were added before it. It
    /// waits without a worker until there is room in the window.
    ///
    /// # Errors
    /// When as many added requests wait as [`max_pending`](crate::ClientBuilder::max_pending) allows; the request comes
    /// back in the error.
    pub fn push(&mut self, request: impl Into<Request>) -> Result<Pushed, Full> {
        if self.added.over {
            return Ok(Pushed::Stopped);
        }
        if self.lineage.depth > self.added.max_depth {
            return Ok(Pushed::TooDeep);
        }
        // A clone of a request that came from a journal is a request of its own.
        let request = request.into().without_resumed();
        let defaults = self.batch.defaults;
        let unique = self.batch.unique.as_deref_mut();
        let mut unique =
            unique.and_then(|unique| Some((unique.fingerprint(defaults, &request)?, unique)));
        if let Some((fingerprint, unique)) = &mut unique
            && unique.is_duplicate(*fingerprint)
        {
            return Ok(Pushed::Duplicate);
        }
        let waiting = self.added.waiting.len();
        if self.batch.fed.saturating_add(waiting as u64) >= self.added.max_requests {
            return Ok(Pushed::OverLimit);
        }
        if waiting >= self.added.max_pending {
            return Err(Full(Box::new(request)));
        }
        if let Some((fingerprint, unique)) = unique {
            unique.insert(fingerprint);
        }
        self.added.waiting.push_back((request, self.lineage));
        Ok(Pushed::Queued)
    }

    /// Returns the depth of the requests that are added: 1 for those that the outcome of a seed leads to.
    pub fn depth(&self) -> u32 {
        self.lineage.depth
    }
}

impl Full {
    /// Returns the request.
    pub fn into_request(self) -> Request {
        *self.0
    }
}

impl fmt::Debug for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Full").field(&self.0).finish()
    }
}

impl fmt::Debug for NextRequests<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextRequests")
            .field("depth", &self.lineage.depth)
            .finish_non_exhaustive()
    }
}

impl<I, F> fmt::Debug for Follow<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("waiting", &self.added.waiting.len())
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
