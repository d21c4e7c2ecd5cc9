//! Messages about lines that cannot be read.

use std::fmt;

use serde_json::error::Category;

/// A line that is no record, or holds no request: says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidLine {
    reason: String,
    unknown: Option<String>,
}

impl InvalidLine {
    pub(crate) fn new(reason: impl Into<String>) -> InvalidLine {
        InvalidLine {
            reason: reason.into(),
            unknown: None,
        }
    }

    pub(super) fn unknown(key: &str) -> InvalidLine {
        InvalidLine {
            reason: format!("the request has the unknown key {key:?}"),
            unknown: Some(key.to_owned()),
        }
    }

    /// The key that means nothing, where that is what is wrong.
    pub fn unknown_key(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

/// Place at which a line stops to be JSON, and the reason.
pub(super) fn not_json(error: &serde_json::Error) -> InvalidLine {
    InvalidLine::new(format!("not JSON: {}", Fault(error)))
}

/// Says where and why JSON cannot be read.
pub(super) struct Fault<'e>(pub(super) &'e serde_json::Error);

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.0.line(), self.0.column());
        let place = match line {
            0 | 1 => format!("byte {column}"),
            _ => format!("line {line}, byte {column}"),
        };
        match self.0.classify() {
            Category::Eof => write!(f, "it ends too early, at {place}"),
            Category::Syntax | Category::Io => {
                let text = self.0.to_string();
                let what = text
                    .rsplit_once(" at line ")
                    .map_or(&*text, |(what, _)| what);
                write!(f, "{what}, at {place}")
            }
            Category::Data => write!(
                f,
                "up to {place} a key is missing, or has a value that it cannot have"
            ),
        }
    }
}
