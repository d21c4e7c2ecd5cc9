//! The caller's own code around attempts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::http::{HeaderMap, Method, Uri};
use crate::redact::Redaction;

/// What a [`before_attempt`](crate::ClientBuilder::before_attempt) hook may look at and change.
#[non_exhaustive]
pub struct Outgoing<'a> {
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The method.
    pub method: &'a Method,
    /// Where it goes to.
    pub uri: &'a Uri,
    /// The headers of this attempt: changes hold for it and the redirects it follows. The next attempt begins with
    /// those of the request again.
    pub headers: &'a mut HeaderMap,
    /// The body.
    pub body: &'a [u8],
    /// The caller's own name for the request.
    pub id: Option<&'a str>,
    /// What `Debug` shows of it.
    pub(crate) redaction: &'a Redaction,
}

/// What an [`on_retry`](crate::ClientBuilder::on_retry) hook is told.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// Which attempt failed, from 1.
    pub attempt: u32,
    /// How often it is tried at most.
    pub max_attempts: u32,
    /// Why it failed.
    pub error: &'a Error,
    /// The wait before the next attempt.
    pub delay: Duration,
    /// The request's URL, secrets masked.
    pub url: String,
    /// The caller's own name for the request.
    pub id: Option<&'a str>,
}

pub(crate) type BeforeAttempt = Arc<dyn Fn(&mut Outgoing<'_>) + Send + Sync>;
pub(crate) type OnRetry = Arc<dyn Fn(&Retrying<'_>) + Send + Sync>;

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("attempt", &self.attempt)
            .field("method", self.method)
            .field("uri", &self.redaction.uri(self.uri))
            .field("headers", &self.redaction.debug(self.headers))
            .finish_non_exhaustive()
    }
}
