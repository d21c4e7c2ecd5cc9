//! Requests that a client does not take.

use std::fmt;

use crate::request::Request;

/// Error for a request that was not taken. It holds the request.
#[derive(thiserror::Error)]
#[error("not taken: {why}")]
pub struct Refused {
    request: Box<Request>,
    why: Refusal,
}

/// Reason why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The client is shut down, or the outcomes of the batch are no longer received.
    Closed,
    /// The window of the batch is full, or too many requests wait.
    ///
    /// [`max_pending`](crate::ClientBuilder::max_pending) bounds the requests that wait.
    Full,
    /// The window is full, and only the calling thread can make room, by taking outcomes.
    WouldDeadlock,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Closed => "the client is shut down, or the batch is over",
            Refusal::Full => "as many requests wait as are allowed",
            Refusal::WouldDeadlock => {
                "the window is full, and this thread takes the outcomes that make room in it"
            }
        })
    }
}

impl Refused {
    pub(super) fn new(request: Request, why: Refusal) -> Refused {
        Refused {
            request: Box::new(request),
            why,
        }
    }

    /// Returns the reason why the request was not taken.
    pub fn why(&self) -> Refusal {
        self.why
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// Returns the request.
    pub fn into_request(self) -> Request {
        *self.request
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("why", &self.why)
            .field("request", &self.request)
            .finish()
    }
}
