//! Hooks: the caller's own code around attempts.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::redact::Redaction;
use http::{HeaderMap, Method, Uri};

/// Attempt that is about to be made, as a `before_attempt` hook sees it.
///
/// See [`ClientBuilder::before_attempt`](crate::ClientBuilder::before_attempt).
#[non_exhaustive]
pub struct Outgoing<'a> {
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Method of the request.
    pub method: &'a Method,
    /// URL that the attempt goes to.
    pub uri: &'a Uri,
    /// Headers of this attempt: changes hold for it and the redirects it follows.
    ///
    /// The next attempt begins with the request's headers again.
    pub headers: &'a mut HeaderMap,
    /// Body of the request.
    pub body: &'a [u8],
    /// Caller's own name for the request.
    pub id: Option<&'a str>,
    /// Rules by which `Debug` masks secrets.
    pub(crate) redaction: &'a Redaction,
}

/// Failed attempt that another will follow, as an `on_retry` hook sees it.
///
/// See [`ClientBuilder::on_retry`](crate::ClientBuilder::on_retry).
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// Number of the attempt that failed, from 1.
    pub attempt: u32,
    /// Upper bound for the number of attempts.
    pub max_attempts: u32,
    /// Error of the attempt that failed.
    pub error: &'a Error,
    /// Wait before the next attempt.
    pub delay: Duration,
    /// URL of the request, secrets masked.
    pub url: String,
    /// Caller's own name for the request.
    pub id: Option<&'a str>,
}

/// Return value of a `before_attempt` hook.
///
/// The [hook](crate::ClientBuilder::before_attempt) returns nothing, or a `Result` whose error ends the request before
/// it is sent.
pub trait HookResult: sealed::Sealed {
    /// Returns the result, with the error boxed.
    #[doc(hidden)]
    fn into_result(self) -> Result<(), HookError>;
}

/// Error that the caller's own code returned.
pub(crate) type HookError = Box<dyn StdError + Send + Sync>;

impl HookResult for () {
    fn into_result(self) -> Result<(), HookError> {
        Ok(())
    }
}

impl<E: Into<HookError>> HookResult for Result<(), E> {
    fn into_result(self) -> Result<(), HookError> {
        self.map_err(Into::into)
    }
}

/// A closure that only panics returns the never type, whose name is not stable yet.
impl HookResult for sealed::Never {
    fn into_result(self) -> Result<(), HookError> {
        self
    }
}

mod sealed {
    /// Keeps the trait's implementations in this crate.
    pub trait Sealed {}

    impl Sealed for () {}
    impl<E> Sealed for Result<(), E> {}
    impl Sealed for Never {}

    /// Return type of a function pointer.
    pub trait Returns {
        type Type;
    }

    impl<T> Returns for fn() -> T {
        type Type = T;
    }

    pub(super) type Never = <fn() -> ! as Returns>::Type;
}

pub(crate) type BeforeAttempt =
    Arc<dyn Fn(&mut Outgoing<'_>) -> Result<(), HookError> + Send + Sync>;
pub(crate) type OnRetry = Arc<dyn Fn(&Retrying<'_>) + Send + Sync>;

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("attempt", &self.attempt)
            .field("method", self.method)
            .field("uri", &self.redaction.uri(self.uri))
            .field("headers", &self.redaction.debug_request(self.headers))
            .finish_non_exhaustive()
    }
}
