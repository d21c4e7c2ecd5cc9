//! Rejections by the application: a code and a message, not a failure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::response::Response;

/// Rejection by the application: a code and a message, taken from the body.
///
/// Two rejections are equal if code and message are, whatever was kept of the response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a rejection counts where `reject_if` returns it"]
pub struct Rejection {
    code: Value,
    message: String,
    #[serde(skip)]
    response: Option<Box<Response>>,
    /// Method and URL of the request. `None`: they are not told with the rejection.
    #[serde(skip)]
    request: Option<Box<str>>,
}

impl PartialEq for Rejection {
    fn eq(&self, other: &Rejection) -> bool {
        (&self.code, &self.message) == (&other.code, &other.message)
    }
}

impl Rejection {
    /// Makes a rejection with the application's code (number or text) and message.
    pub fn new(code: impl Into<Value>, message: impl Into<String>) -> Rejection {
        Rejection {
            code: code.into(),
            message: message.into(),
            response: None,
            request: None,
        }
    }

    /// Reads the rejection that is [shown](fmt::Display) as this text. A code that is text ends at its first blank.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_text(text: &str) -> Rejection {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let (code, rest) = match values.next() {
            // Text is shown without its quotes.
            Some(Ok(code)) if !code.is_string() && ends_word(&text[values.byte_offset()..]) => {
                (code, &text[values.byte_offset()..])
            }
            _ => {
                let (code, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
                (code.into(), rest)
            }
        };
        Rejection::new(code, rest.strip_prefix(' ').unwrap_or(rest))
    }

    /// Returns the application's code.
    pub fn code(&self) -> &Value {
        &self.code
    }

    /// Returns the application's message; may be empty.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the response that was rejected. `None`: it was not kept.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_deref()
    }

    /// Adds the method and the URL of the request.
    pub(crate) fn to(mut self, request: String) -> Rejection {
        self.request = Some(request.into());
        self
    }

    /// Returns method and URL of the request. `None`: they are not told with the rejection.
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

#[cfg(feature = "sqlite")]
fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rejection_is_read_from_the_text_that_it_is_shown_as() {
        for (code, message) in [
            (json!(4001), "余额不足"),
            (json!(-1.5), "two  blanks"),
            (json!("E12"), "no"),
            (json!("E12"), ""),
            (json!("4o1"), "no"),
            (json!(true), ""),
            (json!(null), "null"),
            (json!({"a": [1, "b c"]}), "no"),
        ] {
            let rejection = Rejection::new(code, message);
            assert_eq!(Rejection::of_text(&rejection.to_string()), rejection);
        }
        // A code that is text and looks like a number is read as a number, and a code with a blank ends at the blank.
        for code in ["17", "not found", ""] {
            let shown = Rejection::new(code, "no").to_string();
            assert_eq!(Rejection::of_text(&shown).to_string(), shown);
        }
    }
}
