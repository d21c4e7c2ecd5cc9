//! Outcomes of requests, exactly one for each, and their parts.
//!
//! The parts are attempts, timings, redirects, links, saved bodies.
//!
//! [`Outcome`] and [`State`] are at the root of the crate too.

mod builder;
mod cause;
mod context;
mod debug;
mod extension;
mod figures;
mod known;
mod lineage;
mod report;
#[cfg(test)]
pub(crate) mod sample;
mod unsuccessful;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::rejection::Rejection;
use crate::request::Request;
use crate::response::Response;
use crate::timing::Phase;

pub use crate::response::{Hop, Link, Saved};
pub use crate::timing::Timings;
pub use builder::OutcomeBuilder;
pub use cause::Cause;
pub use context::Context;
pub(crate) use lineage::Lineage;
pub(crate) use report::OutcomeReport;
pub use unsuccessful::Unsuccessful;

/// Result of one request.
///
/// `T` is the type of a success: the [`Response`], or the value that a `process` closure returned.
///
/// ```
/// use haul::State;
///
/// # fn show(outcome: haul::Outcome) {
/// match outcome.state() {
///     State::Success(response) => println!("{} {}", outcome.url(), response.status()),
///     State::Rejected(rejection) => println!("{} was rejected: {rejection}", outcome.url()),
///     State::Failed(error) => println!("{} failed: {error}", outcome.url()),
/// }
/// # }
/// ```
pub struct Outcome<T = Response> {
    pub(crate) index: u64,
    pub(crate) request: Arc<Request>,
    pub(crate) state: State<T>,
    /// Boxed, because outcomes are moved through a channel.
    pub(crate) report: Box<OutcomeReport>,
}

/// State of an outcome: success, rejected by the application, or failed.
///
/// Exhaustive: a request cannot end in any other way, so a `match` of these three is whole and stays so. New kinds of
/// failure are new [`ErrorType`]s.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)]
pub enum State<T = Response> {
    /// The exchange worked and the response is accepted.
    Success(T),
    /// The exchange worked and the application refused the request: a business error, not a failure.
    Rejected(Rejection),
    /// No usable response.
    Failed(Error),
}

/// Attempt that did not settle the request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// Class of the failure.
    pub error_type: ErrorType,
    /// Phase in which the attempt failed. `None`: it is not known.
    pub phase: Option<Phase>,
    /// Status, if a response head arrived.
    pub status: Option<u16>,
    /// Time that the attempt took.
    pub elapsed: Duration,
    /// Wait before the next attempt. `None`: there was none.
    pub delay: Option<Duration>,
}

impl<T> Outcome<T> {
    /// Returns the request's position in the input, from 0.
    ///
    /// In a batch resumed from a [journal](crate::sink::Journal), the requests that the batch left out count too.
    pub fn index(&self) -> u64 {
        position(&self.request, self.index)
    }

    /// Returns the request.
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// Returns the method of the answer: GET if [`Request::or_get`] turned a HEAD into a GET.
    ///
    /// In all other cases it is the method of the request.
    pub fn method(&self) -> &Method {
        let of_answer = self.report.rare().method.as_ref();
        of_answer.unwrap_or(self.request.method())
    }

    /// Returns the caller's own name for the request. `None`: it has none.
    pub fn id(&self) -> Option<&str> {
        self.request.request_id()
    }

    /// Returns the name of the file that the request was read from, as it was given; `-` is standard input.
    ///
    /// `None`: it came from no file, or the file is not known ([`Request::read_at`]).
    pub fn source(&self) -> Option<&str> {
        self.request.source()
    }

    /// Returns the number of the request's line in its [`source`](Outcome::source), from 1.
    ///
    /// Every line counts. `None`: it came from no line.
    pub fn line(&self) -> Option<u64> {
        self.request.line()
    }

    /// Returns the request's URL as it was written, userinfo masked.
    ///
    /// A relative one is resolved against the client's base URL, and has the query parameters added to it. The form in
    /// which it was sent, with its escapes, is the [`final_url`](Outcome::final_url).
    pub fn url(&self) -> String {
        self.shown_url().into_owned()
    }

    /// Returns the request's URL as it may be shown: host and path alone if the request could not be read.
    pub(crate) fn shown_url(&self) -> Cow<'_, str> {
        match self.is_unread() {
            true => self
                .request
                .redaction()
                .unreadable(self.request.url())
                .into(),
            false => self.request.redaction().shown(self.written_url()),
        }
    }

    /// True if the request, or its URL, could not be read.
    pub(crate) fn is_unread(&self) -> bool {
        self.report.host.is_none()
            && self
                .error()
                .is_some_and(|e| e.error_type() == ErrorType::InvalidRequest)
    }

    /// Returns the request's URL as it was written, resolved against the base URL, with its secrets.
    pub(crate) fn written_url(&self) -> &str {
        written_url(&self.request, &self.report)
    }

    /// Returns the state: success, rejected or failed.
    pub fn state(&self) -> &State<T> {
        &self.state
    }

    /// Returns the state, by value.
    pub fn into_state(self) -> State<T> {
        self.state
    }

    /// Returns the success, or the rejection or failure as an error, for `?` and `match`.
    ///
    /// # Errors
    /// [`Unsuccessful::Rejected`] or [`Unsuccessful::Failed`].
    #[doc(alias = "result")]
    #[doc(alias = "raise_for_status")]
    pub fn into_result(self) -> Result<T, Unsuccessful> {
        let request = match self.is_success() {
            true => String::new(),
            false => format!("{} {}", self.request.method(), self.url()),
        };
        match self.state {
            State::Success(value) => Ok(value),
            State::Rejected(rejection) => Err(Unsuccessful::Rejected(rejection.to(request))),
            State::Failed(error) => Err(Unsuccessful::Failed(error.to(request))),
        }
    }

    /// Replaces the value of a success by what `f` returns; a rejection or failure stays.
    pub(crate) fn map_success<U>(self, f: impl FnOnce(&Context<'_>, T) -> State<U>) -> Outcome<U> {
        let Outcome {
            index,
            request,
            state,
            report,
        } = self;
        let state = match state {
            State::Success(value) => {
                let context = Context {
                    index,
                    request: &request,
                    report: &report,
                };
                f(&context, value)
            }
            State::Rejected(rejection) => State::Rejected(rejection),
            State::Failed(error) => State::Failed(error),
        };
        Outcome {
            index,
            request,
            state,
            report,
        }
    }

    /// Returns the value of a success. `None`: the request was rejected or failed.
    pub fn success(&self) -> Option<&T> {
        match &self.state {
            State::Success(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the application's rejection. `None`: the request was not rejected.
    pub fn rejection(&self) -> Option<&Rejection> {
        match &self.state {
            State::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Returns the error. `None`: the request did not fail.
    #[doc(alias = "exception")]
    pub fn error(&self) -> Option<&Error> {
        match &self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the reason why there was no further attempt.
    ///
    /// A failure has one, and so has an accepted response that the retry policy was to ask for again
    /// ([`retry_statuses`](crate::RetryPolicy::retry_statuses),
    /// [`Judgement::Retry`](crate::settings::Judgement::Retry)). `None`: nothing was left to try.
    pub fn stop_reason(&self) -> Option<StopReason> {
        let of_error = self.error().and_then(Error::stop_reason);
        of_error.or(self.report.rare().stop_reason)
    }

    /// True if the request succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self.state, State::Success(_))
    }

    /// True if the application rejected the request.
    pub fn is_rejected(&self) -> bool {
        matches!(self.state, State::Rejected(_))
    }

    /// True if the request failed; a cancelled request has failed too.
    pub fn is_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    /// True if the request was cancelled, alone or with its whole batch.
    ///
    /// [`is_not_done`](Outcome::is_not_done) tells which. A cancelled request has failed too, and is counted apart.
    pub fn is_cancelled(&self) -> bool {
        self.error()
            .is_some_and(|e| e.error_type() == ErrorType::Cancelled)
    }

    /// True if the request did not come to its end because its batch was stopped before.
    ///
    /// A program or a [`CancelToken`](crate::batch::CancelToken) cancelled the batch, its
    /// [`deadline`](crate::Outcomes::deadline) passed, too many requests failed, a sink failed, or the client was shut
    /// down. The outcome is also failed, as cancelled or by the deadline.
    ///
    /// Figures count such requests apart ([`Summary::not_done`](crate::Summary::not_done)), and the sinks of this crate
    /// do not record them, so that a resumed batch runs them.
    pub fn is_not_done(&self) -> bool {
        self.report.cut_short
    }

    /// Number of attempts. 0 if the request was never sent.
    pub fn attempts(&self) -> u32 {
        self.report.attempts
    }

    /// Returns the attempts that failed or were followed by another, oldest first.
    pub fn attempt_log(&self) -> &[Attempt] {
        &self.report.rare().log
    }

    /// Returns the status of the last response, even if the request failed. `None`: there was no response.
    pub fn status(&self) -> Option<u16> {
        self.report.head.as_ref().map(|head| head.status)
    }

    /// Returns the `Content-Encoding` that the body of the last response still has.
    ///
    /// This build does not decode it. `None`: the body has no coding, or was decoded. See
    /// [`Response::content_encoding`].
    pub fn content_encoding(&self) -> Option<String> {
        self.report.head.as_ref()?.content_encoding()
    }

    /// Returns the file that the body was written to, even if the value of the success is not the response.
    ///
    /// `None`: no file.
    pub fn saved(&self) -> Option<&Saved> {
        self.report.head.as_ref()?.saved.as_deref()
    }

    /// True if the outcome may be written down as the end of its request. A request that was cancelled, or ended
    /// because its batch did, is counted and not recorded: a resumed batch runs it.
    pub(crate) fn is_final(&self) -> bool {
        !(self.is_cancelled() || self.is_not_done())
    }

    /// Returns the host of the last attempt, or of the next attempt if there was none.
    pub(crate) fn host(&self) -> Option<Host> {
        let of_head = || self.report.head.as_ref()?.url.host();
        self.report.host.clone().or_else(of_head)
    }

    /// Returns the response of a rejection or failure, if one was kept.
    pub(crate) fn kept_response(&self) -> Option<&Response> {
        match &self.state {
            State::Success(_) => None,
            State::Rejected(rejection) => rejection.response(),
            State::Failed(error) => error.response(),
        }
    }
}

/// Returns the position in the input of a request with this number in its batch: a journal or a shard may have left
/// requests out.
fn position(request: &Request, index: u64) -> u64 {
    let page = request.page().and_then(|page| page.chain.index);
    page.or_else(|| request.index()).unwrap_or(index)
}

/// Returns the request's URL as it was written, resolved against the base URL, with its secrets.
fn written_url<'a>(request: &'a Request, report: &'a OutcomeReport) -> &'a str {
    let resolved = report.rare().written.as_deref();
    resolved.unwrap_or(request.url())
}
