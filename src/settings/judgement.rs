//! Judgement of a finished attempt by a hook of the caller.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Method};

use crate::error::Error;

/// Finished attempt, as a [`classify`](crate::RetryPolicy::classify) hook sees it.
#[non_exhaustive]
pub struct FinishedAttempt<'a> {
    /// Method of the request.
    pub method: &'a Method,
    /// URL of the request as given.
    pub url: &'a str,
    /// Caller's own name for the request.
    pub id: Option<&'a str>,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Status, if a response head arrived.
    pub status: Option<u16>,
    /// Response headers, if a response head arrived.
    pub headers: Option<&'a HeaderMap>,
    /// Body as far as it arrived.
    pub body: &'a [u8],
    /// Failure, if the attempt failed by the usual rules.
    pub error: Option<&'a Error>,
}

/// Shows neither URL, headers nor body, which may hold secrets.
impl fmt::Debug for FinishedAttempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedAttempt")
            .field("method", self.method)
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .field("status", &self.status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Decision of a [`classify`](crate::RetryPolicy::classify) hook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judgement {
    /// Accepts the response as it is, whatever its status.
    Accept,
    /// Tries again, if attempts, deadline and budget allow, and the method may be repeated.
    ///
    /// If they do not, a response whose status is accepted is the outcome, as without the hook.
    Retry,
    /// As [`Retry`](Judgement::Retry), with advice on the wait, the method and the host.
    RetryWith(RetryAdvice),
    /// Fails the request with this message and does not try again.
    Stop(String),
}

/// Advice of a hook on another attempt, for [`Judgement::RetryWith`].
///
/// Without any of its parts it is as [`Judgement::Retry`].
///
/// A server that says in the body of a 200 that it is overloaded and did nothing:
///
/// ```
/// use std::time::Duration;
/// use haul::RetryPolicy;
/// use haul::settings::{Judgement, RetryAdvice};
///
/// let policy = RetryPolicy::default().classify(|attempt| {
///     let overloaded = attempt.body.starts_with(br#"{"error":"overloaded""#);
///     let advice = RetryAdvice::new()
///         .after(Duration::from_secs(5))
///         .unacted()
///         .cool_host();
///     overloaded.then_some(Judgement::RetryWith(advice))
/// });
/// # let _ = policy;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "advice counts when a hook returns it in `Judgement::RetryWith`"]
pub struct RetryAdvice {
    pub(crate) after: Option<Duration>,
    pub(crate) unacted: bool,
    pub(crate) cool_host: bool,
}

impl RetryAdvice {
    /// Makes advice that says nothing yet.
    pub fn new() -> RetryAdvice {
        RetryAdvice::default()
    }

    /// Time to the next attempt, exactly, in place of the backoff and of all that the server asks for.
    ///
    /// If it is longer than [`RetryPolicy::retry_after_max`](crate::RetryPolicy::retry_after_max), the request ends as
    /// with a `Retry-After` of that length.
    pub fn after(mut self, wait: Duration) -> RetryAdvice {
        self.after = Some(wait);
        self
    }

    /// Says that the server did nothing, so that the request may be repeated whatever its method.
    ///
    /// A body that can be read only once is still not sent again.
    pub fn unacted(mut self) -> RetryAdvice {
        self.unacted = true;
        self
    }

    /// Keeps the whole host from being asked until the next attempt may begin.
    ///
    /// For the time of [`after`](RetryAdvice::after), or else for the wait of the request. This holds even if no other
    /// attempt of the request follows.
    pub fn cool_host(mut self) -> RetryAdvice {
        self.cool_host = true;
        self
    }
}
