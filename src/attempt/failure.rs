//! A failed attempt.

use crate::error::{Error, ErrorType};
use crate::response::Response;
use crate::timing::Phase;
use crate::transport::Unsaved;

/// A failed attempt, before it is decided what follows.
pub(crate) struct Failure {
    pub(crate) error_type: ErrorType,
    pub(crate) phase: Option<Phase>,
    pub(crate) permanent: bool,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn status(response: &Response) -> Failure {
        let status = response.status();
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|code| code.canonical_reason());
        Failure {
            error_type: ErrorType::HttpStatus,
            phase: Some(Phase::Receive),
            permanent: false,
            message: format!("{status} {}", reason.unwrap_or_default())
                .trim_end()
                .to_owned(),
            source: None,
        }
    }

    pub(crate) fn unsaved(unsaved: Unsaved) -> Failure {
        Failure {
            error_type: ErrorType::Io,
            phase: Some(Phase::Receive),
            permanent: true,
            message: unsaved.message(),
            source: Some(Box::new(unsaved.into_error())),
        }
    }

    pub(crate) fn error_without_response(&self) -> Error {
        let error = Error::new(self.error_type, self.message.clone());
        match self.phase {
            Some(phase) => error.at(phase),
            None => error,
        }
    }

    pub(crate) fn into_error(self, message: String, response: Option<Response>) -> Error {
        let error = Error::new(self.error_type, message)
            .because(self.source)
            .with_response(response);
        match self.phase {
            Some(phase) => error.at(phase),
            None => error,
        }
    }
}
