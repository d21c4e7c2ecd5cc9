//! Outcomes made by hand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::Value;

use super::{Attempt, Outcome, OutcomeReport, State};
use crate::error::{Error, ErrorType, StopReason};
use crate::rejection::Rejection;
use crate::request::Request;
use crate::response::Response;
use crate::settings::StatusSet;
use crate::timing::Phase;
use crate::url;

/// Builder of an [`Outcome`] for a test of code that takes outcomes.
///
/// ```
/// use haul::{ErrorType, Outcome, Phase, Request, Response};
///
/// let found = Outcome::builder(Request::get("http://h/items/1").id("pen"))
///     .response(Response::builder(200).body("{}").build())
///     .build();
/// assert_eq!((found.id(), found.status()), (Some("pen"), Some(200)));
///
/// let late = Outcome::builder("http://h/items/2")
///     .fail(ErrorType::Timeout, "h did not answer within 30s")
///     .phase(Phase::Wait)
///     .build();
/// assert_eq!(late.error().unwrap().phase(), Some(Phase::Wait));
///
/// let refused = Outcome::builder("http://h/items/3").reject(4001, "no credit").build();
/// assert!(refused.is_rejected());
/// ```
///
/// The last call of [`fail`](OutcomeBuilder::fail) or [`reject`](OutcomeBuilder::reject) decides the state. Without one
/// the outcome is what a client with default settings makes of the response: a success, or a failure of class
/// [`HttpStatus`](ErrorType::HttpStatus) if its status is not accepted. Without a response too it is a success with an
/// empty response of status 200.
#[derive(Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct OutcomeBuilder {
    request: Request,
    index: u64,
    response: Option<Response>,
    verdict: Option<BuiltVerdict>,
    phase: Option<Phase>,
    stop_reason: Option<StopReason>,
    attempts: Option<u32>,
    started: Option<SystemTime>,
    elapsed: Duration,
}

/// State that was asked for.
#[derive(Debug)]
enum BuiltVerdict {
    Failed(ErrorType, String),
    Rejected(Rejection),
}

impl Outcome {
    /// Starts an outcome of this request, for a test.
    pub fn builder(request: impl Into<Request>) -> OutcomeBuilder {
        OutcomeBuilder {
            request: request.into(),
            index: 0,
            response: None,
            verdict: None,
            phase: None,
            stop_reason: None,
            attempts: None,
            started: None,
            elapsed: Duration::ZERO,
        }
    }
}

impl OutcomeBuilder {
    /// Sets the position in the input. Default 0.
    pub fn index(mut self, index: u64) -> Self {
        self.index = index;
        self
    }

    /// Sets the response. A failure or rejection keeps it, as one of a client does.
    pub fn response(mut self, response: Response) -> Self {
        self.response = Some(response);
        self
    }

    /// Makes the outcome a failure of this class.
    ///
    /// Its phase is the one in which a transport usually fails with the class, unless [`phase`](OutcomeBuilder::phase)
    /// sets it.
    pub fn fail(mut self, class: ErrorType, message: impl Into<String>) -> Self {
        self.verdict = Some(BuiltVerdict::Failed(class, message.into()));
        self
    }

    /// Makes the outcome a rejection by the application, with this code and message.
    pub fn reject(mut self, code: impl Into<Value>, message: impl Into<String>) -> Self {
        self.verdict = Some(BuiltVerdict::Rejected(Rejection::new(code, message)));
        self
    }

    /// Sets the phase of a failure.
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// Sets the reason why a failure was not tried again. Default: none.
    pub fn stop_reason(mut self, reason: StopReason) -> Self {
        self.stop_reason = Some(reason);
        self
    }

    /// Sets the number of attempts. Default 1, and 0 for a failure of a class for which nothing is sent.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets the start of the last attempt. Default: none.
    pub fn started(mut self, started: SystemTime) -> Self {
        self.started = Some(started);
        self
    }

    /// Sets the time that the last attempt took, which is also the whole time of the request.
    ///
    /// Default: zero.
    pub fn elapsed(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// Builds the outcome.
    pub fn build(self) -> Outcome {
        let OutcomeBuilder {
            request,
            index,
            response,
            verdict,
            phase,
            stop_reason,
            attempts,
            started,
            elapsed,
        } = self;
        let url = url::parse(request.url()).ok();
        let response = response.map(|response| response.answered_by(|| url.clone()));
        let head = response
            .as_ref()
            .map(|response| Arc::clone(response.head()));
        let size = response
            .as_ref()
            .map_or(0, |response| response.bytes().len());
        let state = match (verdict, response) {
            (Some(BuiltVerdict::Failed(class, message)), response) => {
                State::Failed(failure(class, message, phase, stop_reason).with_response(response))
            }
            (Some(BuiltVerdict::Rejected(rejection)), response) => {
                State::Rejected(match response {
                    Some(response) => rejection.of(response),
                    None => rejection,
                })
            }
            (None, Some(response)) if !is_accepted(&request, response.status()) => {
                let message = status_text(response.status());
                let error = failure(ErrorType::HttpStatus, message, phase, stop_reason);
                State::Failed(error.with_response(Some(response)))
            }
            (None, response) => {
                let answered = |response: Response| response.answered_by(|| url.clone());
                let response = response.unwrap_or_else(|| answered(Response::builder(200).build()));
                State::Success(response)
            }
        };
        let head = match &state {
            State::Success(response) => Some(Arc::clone(response.head())),
            _ => head,
        };
        let attempts = attempts.unwrap_or_else(|| match &state {
            State::Failed(error) => u32::from(is_sent(error.error_type())),
            _ => 1,
        });
        let mut report = Box::new(OutcomeReport {
            attempts,
            elapsed: elapsed.into(),
            total: elapsed.into(),
            host: url.and_then(|url| url.host()),
            size: size as u64,
            head,
            ..OutcomeReport::default()
        });
        if let Some(started) = started {
            report.started = started.into();
        }
        if let State::Failed(error) = &state
            && attempts > 0
        {
            report.rare_mut().log = vec![Attempt {
                error_type: error.error_type(),
                phase: error.phase(),
                status: error.status(),
                elapsed,
                delay: None,
            }];
        }
        Outcome {
            index,
            request: Arc::new(request),
            state,
            report,
        }
    }
}

fn failure(
    class: ErrorType,
    message: String,
    phase: Option<Phase>,
    stop_reason: Option<StopReason>,
) -> Error {
    let mut error = Error::new(class, message);
    if let Some(phase) = phase.or(class.usual_phase()) {
        error = error.at(phase);
    }
    match stop_reason {
        Some(reason) => error.stopped(reason),
        None => error,
    }
}

/// Returns true if a client with default settings accepts this status of a response to the request.
fn is_accepted(request: &Request, status: u16) -> bool {
    let own = request
        .options()
        .and_then(|options| options.accept.as_ref());
    own.map_or_else(
        || StatusSet::usual().contains(status),
        |own| own.contains(status),
    )
}

fn status_text(status: u16) -> String {
    let name = StatusCode::from_u16(status).ok();
    let name = name.and_then(|status| status.canonical_reason());
    name.map_or_else(|| status.to_string(), |name| format!("{status} {name}"))
}

/// Returns true if a request was sent that failed with this class.
fn is_sent(class: ErrorType) -> bool {
    !matches!(
        class,
        ErrorType::InvalidRequest
            | ErrorType::BreakerOpen
            | ErrorType::Deadline
            | ErrorType::Cancelled
            | ErrorType::Sign
            | ErrorType::AddressDenied
    )
}
