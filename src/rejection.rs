//! The application's no: a code and a message, no failure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::response::Response;

/// Why the application said no: a code and a message, taken from the body.
///
/// Two are equal if code and message are, whatever was kept of the response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a rejection counts where `reject_if` returns it"]
pub struct Rejection {
    code: Value,
    message: String,
    #[serde(skip)]
    response: Option<Box<Response>>,
    /// Method and URL of the request, if that is told with the rejection.
    #[serde(skip)]
    request: Option<Box<str>>,
}

impl PartialEq for Rejection {
    fn eq(&self, other: &Rejection) -> bool {
        (&self.code, &self.message) == (&other.code, &other.message)
    }
}

impl Rejection {
    /// A rejection with the application's code (number or text) and message.
    pub fn new(code: impl Into<Value>, message: impl Into<String>) -> Rejection {
        Rejection {
            code: code.into(),
            message: message.into(),
            response: None,
            request: None,
        }
    }

    /// The application's code.
    pub fn code(&self) -> &Value {
        &self.code
    }

    /// The application's message; may be empty.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The response that was rejected.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_deref()
    }

    /// Adds the method and the URL of the request.
    pub(crate) fn to(mut self, request: String) -> Rejection {
        self.request = Some(request.into());
        self
    }

    /// Method and URL of the request.
    pub(crate) fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    pub(crate) fn of(mut self, response: Response) -> Rejection {
        self.response = Some(Box::new(response));
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Value::String(code) => write!(f, "{code}")?,
            code => write!(f, "{code}")?,
        }
        if !self.message.is_empty() {
            write!(f, " {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}
