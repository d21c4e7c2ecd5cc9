//! Outcomes of requests that were sent before they are handed in.

use std::sync::{Mutex, PoisonError};

use super::{Outcome, OutcomeReport, State};
use crate::error::{Error, ErrorType, StopReason};
use crate::request::Request;
use crate::response::Response;

/// Outcome that a request has before it is handed in. Clones of the request share it.
struct KnownOutcome {
    is_success: bool,
    /// `None`: the outcome was handed out.
    parts: Mutex<Option<(State<Response>, Box<OutcomeReport>)>>,
}

impl Request {
    /// Gives the request its outcome: a batch hands it out, and sends nothing.
    ///
    /// This is for a request that had to be sent before others of its input could be known, such as the one for a
    /// [list](crate::Client::fetch_input). State, attempts, times and traffic are those of `outcome`; place, tag and id
    /// are those of this request.
    ///
    /// [`Journal::remaining`](crate::Journal::remaining) leaves out a request that comes with a success, unless its file
    /// has an outcome of the request that is none: then the success takes the place of that one. The outcome is handed
    /// out once; a clone that is handed in later fails with class [`InvalidRequest`](ErrorType::InvalidRequest).
    ///
    /// ```
    /// # let client = haul::Client::new();
    /// use haul::Request;
    ///
    /// let known = client.get("ftp://example.com/");
    /// let request = Request::get("ftp://example.com/").id("list").with_outcome(known);
    /// let outcome = client.as_completed([request]).next().unwrap();
    /// assert_eq!((outcome.id(), outcome.is_failed()), (Some("list"), true));
    /// ```
    pub fn with_outcome(self, outcome: Outcome) -> Request {
        let is_success = outcome.is_success();
        let parts = Mutex::new(Some((outcome.state, outcome.report)));
        self.extension(KnownOutcome { is_success, parts })
    }

    /// True if the request was [given its outcome](Request::with_outcome).
    pub fn has_outcome(&self) -> bool {
        self.extension_value::<KnownOutcome>().is_some()
    }

    /// True if the request was [given its outcome](Request::with_outcome), and it is a success.
    pub fn has_succeeded(&self) -> bool {
        let known = self.extension_value::<KnownOutcome>();
        known.is_some_and(|known| known.is_success)
    }

    /// Takes the outcome that the request was given.
    pub(crate) fn take_outcome(&self) -> (State<Response>, Box<OutcomeReport>) {
        let taken = self.extension_value::<KnownOutcome>().and_then(|known| {
            let mut parts = known.parts.lock().unwrap_or_else(PoisonError::into_inner);
            parts.take()
        });
        taken.unwrap_or_else(|| {
            let reason = "its outcome was handed out before";
            let error = Error::new(ErrorType::InvalidRequest, reason);
            (State::Failed(error), Box::default())
        })
    }
}

impl Outcome {
    /// Makes a success a failure that was found in the body of its response. A rejection or failure stays.
    pub(crate) fn into_failure(self, class: ErrorType, message: String) -> Outcome {
        self.map_success(|_, response| {
            let error = Error::new(class, message)
                .with_response(Some(response))
                .stopped(StopReason::NotRetryable);
            State::Failed(match class.usual_phase() {
                Some(phase) => error.at(phase),
                None => error,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorType;
    use crate::outcome::Outcome;
    use crate::request::Request;

    #[test]
    fn a_request_tells_if_its_outcome_is_a_success() {
        let request = || Request::get("http://h/");
        assert!(!request().has_outcome());
        let done = request().with_outcome(Outcome::builder("http://h/").build());
        assert!(done.has_outcome() && done.has_succeeded());
        let failed = Outcome::builder("http://h/").fail(ErrorType::Connect, "refused");
        let failed = request().with_outcome(failed.build());
        assert!(failed.has_outcome() && !failed.has_succeeded());
    }

    #[test]
    fn an_outcome_is_taken_once() {
        let failed = Outcome::builder("http://h/").fail(ErrorType::Connect, "refused");
        let request = Request::get("http://h/").with_outcome(failed.build());
        let class = |request: &Request| match request.take_outcome().0 {
            super::State::Failed(error) => Some(error.error_type()),
            _ => None,
        };
        assert_eq!(class(&request.clone()), Some(ErrorType::Connect));
        assert_eq!(class(&request), Some(ErrorType::InvalidRequest));
    }

    #[test]
    fn a_failure_found_in_a_body_keeps_the_response() {
        let done = Outcome::builder("http://h/").build();
        let failed = done.into_failure(ErrorType::Decode, "no list".to_owned());
        let error = failed.error().unwrap();
        assert_eq!(
            (error.error_type(), error.message()),
            (ErrorType::Decode, "no list")
        );
        assert_eq!((failed.status(), failed.attempts()), (Some(200), 1));
        assert!(error.response().is_some());
    }
}
