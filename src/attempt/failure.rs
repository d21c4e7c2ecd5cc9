//! A failed attempt.

use crate::error::{Error, ErrorType};
use crate::response::Response;
use crate::settings::Judgement;
use crate::timing::Phase;
use crate::transport::Unsaved;

/// Reason why an attempt failed.
pub(super) struct AttemptFailure {
    pub(super) error_type: ErrorType,
    pub(super) phase: Option<Phase>,
    pub(super) permanent: bool,
    pub(super) message: String,
    pub(super) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A failed attempt with all facts that decide what follows.
pub(super) struct FailedAttempt {
    pub(super) failure: AttemptFailure,
    /// Response as far as it came. `None`: no head came.
    pub(super) response: Option<Response>,
    /// Judgement of the caller's hook. `None`: the policy decides.
    pub(super) judgement: Option<Judgement>,
}

impl AttemptFailure {
    pub(super) fn status(response: &Response) -> AttemptFailure {
        let status = response.status();
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|code| code.canonical_reason());
        AttemptFailure {
            error_type: ErrorType::HttpStatus,
            phase: Some(Phase::Receive),
            permanent: false,
            message: format!("{status} {}", reason.unwrap_or_default())
                .trim_end()
                .to_owned(),
            source: None,
        }
    }

    /// Makes the failure of a saved body that is not the expected one.
    pub(super) fn checksum(difference: String) -> AttemptFailure {
        AttemptFailure {
            error_type: ErrorType::Checksum,
            phase: Some(Phase::Receive),
            permanent: false,
            message: difference,
            source: None,
        }
    }

    pub(super) fn unsaved(unsaved: Unsaved) -> AttemptFailure {
        AttemptFailure {
            error_type: ErrorType::Io,
            phase: Some(Phase::Receive),
            permanent: true,
            message: unsaved.message(),
            source: Some(Box::new(unsaved.into_error())),
        }
    }

    pub(super) fn error_without_response(&self) -> Error {
        let error = Error::new(self.error_type, self.message.clone());
        match self.phase {
            Some(phase) => error.at(phase),
            None => error,
        }
    }

    pub(super) fn into_error(self, message: String, response: Option<Response>) -> Error {
        let error = Error::new(self.error_type, message)
            .because(self.source)
            .with_response(response);
        match self.phase {
            Some(phase) => error.at(phase),
            None => error,
        }
    }
}
