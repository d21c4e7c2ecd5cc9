//! The caller's own code around attempts.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::redact::Redaction;
use http::{HeaderMap, Method, Uri};

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

/// A [`before_attempt`](crate::ClientBuilder::before_attempt) hook's return value: nothing, or a `Result` whose error
/// ends the request before it is sent.
pub trait HookResult: sealed::Sealed {
    /// The result, with the error boxed.
    #[doc(hidden)]
    fn into_result(self) -> Result<(), HookError>;
}

/// An error of the caller's.
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

    /// The return type of a function pointer.
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
