//! Lines that are no record, or hold no request.

use serde::Deserialize;

use super::wire::Version;

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

    /// Why a line could not be read: another version before all else, since its other keys may be anything.
    pub(super) fn unreadable(line: &str, error: &serde_json::Error) -> InvalidLine {
        #[derive(Deserialize)]
        struct Versioned {
            v: u64,
        }
        let other = serde_json::from_str::<Versioned>(line)
            .ok()
            .and_then(|line| Version::refusal(line.v));
        InvalidLine::new(other.unwrap_or_else(|| format!("not a record: {error}")))
    }
}
