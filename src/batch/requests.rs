//! Requests of a batch, as an iterator or a [`Follow`](super::Follow) gives them.

use std::fmt;

use crate::attempt::ClientDefaults;
use crate::outcome::Outcome;
use crate::request::Request;

use super::unique::UniqueRequests;

/// Requests of a batch: an iterator over requests or URLs, or a [`Follow`](super::Follow).
///
/// `T` is the value that the batch's outcomes carry. A program names the trait only as a bound of its own generic
/// functions over [`Outcomes`](super::Outcomes), and cannot implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no requests",
    label = "expected an iterator over requests or URLs"
)]
pub trait Requests<T>: ReadRequests<T> {}

impl<S: ReadRequests<T>, T> Requests<T> for S {}

/// Reading side of [`Requests`].
pub trait ReadRequests<T>: Sized {
    /// True if outcomes may lead to further requests.
    const FOLLOWS: bool = false;

    /// Reads the next request, which gets the number `index`: the number of requests handed in before it.
    fn read(&mut self, index: u64) -> NextRead;

    /// Sees an outcome before it is handed out. Returns true if there may be something to read afterwards.
    fn see(&mut self, outcome: &mut Outcome<T>, batch: SeeingBatch<'_>) -> bool {
        let _ = (outcome, batch);
        false
    }

    /// Returns what is needed to see further outcomes, after the last request was read.
    fn close(self) -> Option<Self> {
        None
    }

    /// Returns bounds for the number of requests that are left to read, as [`Iterator::size_hint`] does.
    fn bounds(&self) -> (usize, Option<usize>);
}

/// Result of reading a request.
#[derive(Debug)]
pub enum NextRead {
    /// A request that was not looked at yet.
    Input(Request),
    /// A request that was added to the batch, and compared with earlier ones if the batch compares.
    Added(Request),
    /// There is no request now. One may come with the next outcome.
    Later,
    /// There is no further request.
    End,
}

/// Parts of a batch that are needed to see an outcome.
pub struct SeeingBatch<'a> {
    pub(super) defaults: &'a ClientDefaults,
    /// Requests read and added so far, if equal ones are to be left out.
    pub(super) unique: Option<&'a mut UniqueRequests>,
    /// Number of requests handed in.
    pub(super) fed: u64,
    /// True if the batch reads no further requests.
    pub(super) closed: bool,
}

impl fmt::Debug for SeeingBatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeeingBatch")
            .field("fed", &self.fed)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl<I, T> ReadRequests<T> for I
where
    I: Iterator,
    I::Item: Into<Request>,
{
    fn read(&mut self, _: u64) -> NextRead {
        match self.next() {
            Some(request) => NextRead::Input(request.into()),
            None => NextRead::End,
        }
    }

    fn bounds(&self) -> (usize, Option<usize>) {
        self.size_hint()
    }
}
