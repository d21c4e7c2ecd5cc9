//! The context of a closure: the request that it works for.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::{OutcomeReport, position, written_url};
use crate::request::Request;

/// Context of a closure of `process_with`: the request that it works for.
///
/// See [`Client::process_with`](crate::Client::process_with).
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(super) index: u64,
    pub(super) request: &'a Arc<Request>,
    pub(super) report: &'a OutcomeReport,
}

impl<'a> Context<'a> {
    /// Returns the request.
    pub fn request(&self) -> &'a Arc<Request> {
        self.request
    }

    /// Returns the request's position in the input, from 0.
    ///
    /// Equal to [`Outcome::index`](crate::Outcome::index).
    pub fn index(&self) -> u64 {
        position(self.request, self.index)
    }

    /// Returns the caller's own name for the request. `None`: it has none.
    pub fn id(&self) -> Option<&'a str> {
        self.request.request_id()
    }

    /// Returns the value of the request's tag. `None`: it has no tag.
    pub fn tag(&self) -> Option<&'a Value> {
        self.request.tag_value()
    }

    /// Returns the value of this type that was attached to the request. `None`: there is none.
    pub fn extension<V: Any + Send + Sync>(&self) -> Option<&'a V> {
        self.request.extension_value()
    }

    /// Returns the request's URL as given, userinfo masked.
    ///
    /// A relative one is resolved against the client's base URL.
    pub fn url(&self) -> String {
        shown_url(self.request, self.report)
    }

    /// Returns the number of attempts, the one that succeeded included.
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

/// Returns the URL as given, userinfo masked; a relative one resolved.
fn shown_url(request: &Request, report: &OutcomeReport) -> String {
    request.redaction().url(written_url(request, report))
}
