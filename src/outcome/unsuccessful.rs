//! The error type for an outcome that is not a success.

use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;
use crate::rejection::Rejection;

/// Rejection or failure of an outcome, as an error.
///
/// Returned by [`Outcome::into_result`](crate::Outcome::into_result).
///
/// The text begins with the method and the URL of the request, secrets masked, so that it is enough when it is printed
/// far from the request:
///
/// ```
/// let client = haul::Client::new();
/// let unsuccessful = client.get("ftp://ada:secret@example.com/list").into_result().unwrap_err();
/// assert!(unsuccessful.to_string().starts_with("GET ftp://***@example.com/list: "));
/// ```
///
/// A value made of an [`Error`] by hand has only the text of the error.
///
/// Exhaustive: these are the states of an outcome except success, and there will be no others, see
/// [`State`](crate::State).
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)]
pub enum Unsuccessful {
    /// The application rejected the request.
    Rejected(Rejection),
    /// The request failed.
    Failed(Error),
}

impl From<Error> for Unsuccessful {
    fn from(error: Error) -> Self {
        Unsuccessful::Failed(error)
    }
}

impl fmt::Display for Unsuccessful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = match self {
            Unsuccessful::Rejected(rejection) => rejection.request(),
            Unsuccessful::Failed(error) => error.request(),
        };
        if let Some(request) = request {
            write!(f, "{request}: ")?;
        }
        match self {
            Unsuccessful::Rejected(rejection) => write!(f, "rejected: {rejection}"),
            Unsuccessful::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl StdError for Unsuccessful {
    /// Returns the cause of the failure: the failure itself is part of the text already.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Unsuccessful::Rejected(_) => None,
            Unsuccessful::Failed(error) => error.source(),
        }
    }
}
