//! The application's no: a code and a message, no failure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::response::Response;

/// Why the application said no: a code and a message, taken from the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    code: Value,
    message: String,
    #[serde(skip)]
    response: Option<Box<Kept>>,
}

/// A response beside a rejection; it plays no part in comparing rejections.
#[derive(Clone, Debug)]
struct Kept(Response);

impl PartialEq for Kept {
    fn eq(&self, _: &Kept) -> bool {
        true
    }
}

impl Rejection {
    /// A rejection with the application's code (number or text) and message.
    pub fn new(code: impl Into<Value>, message: impl Into<String>) -> Rejection {
        Rejection {
            code: code.into(),
            message: message.into(),
            response: None,
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
        self.response.as_ref().map(|kept| &kept.0)
    }

    pub(crate) fn of(mut self, response: Response) -> Rejection {
        self.response = Some(Box::new(Kept(response)));
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
