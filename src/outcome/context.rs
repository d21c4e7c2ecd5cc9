//! The request that a closure works for.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::{Report, position, shown_url};
use crate::request::Request;

/// The request that a closure given to [`Client::process_with`](crate::Client::process_with) works for.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(super) index: u64,
    pub(super) request: &'a Arc<Request>,
    pub(super) report: &'a Report,
}

impl<'a> Context<'a> {
    /// The request.
    pub fn request(&self) -> &'a Arc<Request> {
        self.request
    }

    /// The request's position in the input, from 0, as [`Outcome::index`](crate::Outcome::index) gives it.
    pub fn index(&self) -> u64 {
        position(self.request, self.index)
    }

    /// The caller's own name for the request.
    pub fn id(&self) -> Option<&'a str> {
        self.request.request_id()
    }

    /// The value that the caller has put beside the request.
    pub fn tag(&self) -> Option<&'a Value> {
        self.request.tag_value()
    }

    /// The request's URL as given, userinfo masked; a relative one resolved against the client's base URL.
    pub fn url(&self) -> String {
        shown_url(self.request, self.report)
    }

    /// Number of attempts, the one that succeeded included.
    pub fn attempts(&self) -> u32 {
        self.report.attempts
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("index", &self.index())
            .field("request", self.request)
            .finish_non_exhaustive()
    }
}
