//! Causes: what outcomes that ended alike have in common.

use std::fmt;

use serde_json::Value;

use super::{Outcome, State};
use crate::error::{Error, ErrorType};
use crate::redact::escape::Escaped;
use crate::rejection::Rejection;
use crate::timing::Phase;

/// Cause of an outcome, by which outcomes are grouped.
///
/// Success, the code of a rejection, or the class of a failure with its status or its phase.
///
/// A 401 and a 404 are two causes, and so are a timeout while connecting and one while waiting for the response. The
/// host, the message and the number of attempts play no part.
///
/// ```
/// use std::collections::BTreeMap;
///
/// # let client = haul::Client::new();
/// # let urls = ["ftp://example.com/1", "ftp://example.com/2"];
/// let mut counts = BTreeMap::new();
/// for outcome in client.as_completed(urls) {
///     *counts.entry(outcome.cause()).or_insert(0) += 1;
/// }
/// for (cause, count) in counts {
///     println!("{count:6}  {cause}"); // "37  http_status 404", "9  timeout (connect)", "3  rejected 4001"
///     # assert_eq!((cause.to_string(), count), ("invalid_request".to_owned(), 2));
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cause(CauseKind);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum CauseKind {
    Success,
    /// JSON text of the code.
    Rejected(Box<str>),
    Failed {
        error_type: ErrorType,
        /// Status, if that is the failure.
        status: Option<u16>,
        /// Phase. `None`: not known, or the status is the failure.
        phase: Option<Phase>,
    },
}

impl<T> Outcome<T> {
    /// Returns the cause by which outcomes are grouped. Equal for outcomes that ended alike.
    pub fn cause(&self) -> Cause {
        match self.state() {
            State::Success(_) => Cause(CauseKind::Success),
            State::Rejected(rejection) => Cause::of_rejection(rejection),
            State::Failed(error) => Cause::of_error(error),
        }
    }
}

impl Cause {
    fn of_rejection(rejection: &Rejection) -> Cause {
        Cause(CauseKind::Rejected(rejection.code().to_string().into()))
    }

    fn of_error(error: &Error) -> Cause {
        let by_status = error.error_type() == ErrorType::HttpStatus;
        Cause(CauseKind::Failed {
            error_type: error.error_type(),
            status: error.status().filter(|_| by_status),
            phase: error.phase().filter(|_| !by_status),
        })
    }

    /// True if the outcome is a success.
    pub fn is_success(&self) -> bool {
        self.0 == CauseKind::Success
    }

    /// Returns the class of the failure. `None`: the outcome is a success or a rejection.
    pub fn error_type(&self) -> Option<ErrorType> {
        match self.0 {
            CauseKind::Failed { error_type, .. } => Some(error_type),
            _ => None,
        }
    }

    /// Returns the status that was not accepted. `None`: the cause is another.
    pub fn status(&self) -> Option<u16> {
        match self.0 {
            CauseKind::Failed { status, .. } => status,
            _ => None,
        }
    }

    /// Returns the phase of the failure. `None`: it is not known, or the cause is a status or no failure.
    pub fn phase(&self) -> Option<Phase> {
        match self.0 {
            CauseKind::Failed { phase, .. } => phase,
            _ => None,
        }
    }

    /// Returns the code of the rejection. `None`: the outcome was not rejected.
    pub fn code(&self) -> Option<Value> {
        match &self.0 {
            CauseKind::Rejected(code) => serde_json::from_str(code).ok(),
            _ => None,
        }
    }
}

/// `success`, `rejected 4001`, `http_status 404`, `timeout (connect)`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            CauseKind::Success => f.write_str("success"),
            CauseKind::Rejected(code) => match self.code() {
                Some(Value::String(code)) => write!(f, "rejected {}", Escaped(code)),
                _ => write!(f, "rejected {}", Escaped(code)),
            },
            CauseKind::Failed {
                error_type,
                status,
                phase,
            } => {
                write!(f, "{error_type}")?;
                if let Some(status) = status {
                    write!(f, " {status}")?;
                }
                match phase {
                    Some(phase) => write!(f, " ({phase})"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Response;

    fn failed(class: ErrorType, phase: Phase) -> Cause {
        let outcome = Outcome::builder("http://h/").fail(class, "m").phase(phase);
        outcome.build().cause()
    }

    fn status(status: u16) -> Cause {
        let response = Response::builder(status).build();
        Outcome::builder("http://h/")
            .response(response)
            .build()
            .cause()
    }

    fn rejected(code: impl Into<Value>) -> Cause {
        Outcome::builder("http://h/")
            .reject(code, "m")
            .build()
            .cause()
    }

    #[test]
    fn statuses_phases_and_codes_are_causes_of_their_own() {
        let causes = [
            (status(200), "success"),
            (rejected(17), "rejected 17"),
            (rejected("E17"), "rejected E17"),
            (
                failed(ErrorType::Timeout, Phase::Connect),
                "timeout (connect)",
            ),
            (failed(ErrorType::Timeout, Phase::Wait), "timeout (wait)"),
            (status(401), "http_status 401"),
            (status(404), "http_status 404"),
        ];
        for (cause, shown) in &causes {
            assert_eq!(cause.to_string(), *shown);
            assert_eq!(causes.iter().filter(|(other, _)| other == cause).count(), 1);
        }
        assert!(rejected(17) != rejected("17"));
        assert!(causes[..3].iter().all(|(cause, _)| cause < &causes[3].0));
    }

    #[test]
    fn host_message_and_attempts_play_no_part() {
        let other = Outcome::builder("http://other/").fail(ErrorType::Timeout, "another");
        let other = other.phase(Phase::Wait).attempts(3).build();
        assert_eq!(other.cause(), failed(ErrorType::Timeout, Phase::Wait));
    }

    #[test]
    fn the_parts_can_be_asked_for() {
        assert_eq!(rejected("E17").code(), Some("E17".into()));
        assert_eq!(status(404).status(), Some(404));
        assert_eq!(status(404).error_type(), Some(ErrorType::HttpStatus));
        let timeout = failed(ErrorType::Timeout, Phase::Tls);
        assert_eq!(
            (timeout.phase(), timeout.status()),
            (Some(Phase::Tls), None)
        );
        assert!(status(200).is_success() && !timeout.is_success());
    }
}
