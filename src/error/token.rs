//! Failure of a token source.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Failure to fetch a token, shared by all requests that waited for it.
#[derive(Clone)]
pub(crate) struct TokenFailure {
    pub(super) message: Arc<str>,
    /// Error that the source of the token returned. `None`: the source has not returned.
    pub(super) source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TokenFailure {
    pub(crate) fn new(message: impl Into<Arc<str>>) -> TokenFailure {
        TokenFailure {
            message: message.into(),
            source: None,
        }
    }

    /// Adds the error that the source of the token returned.
    pub(crate) fn because(mut self, source: Box<dyn StdError + Send + Sync>) -> TokenFailure {
        self.source = Some(source.into());
        self
    }
}

impl PartialEq for TokenFailure {
    fn eq(&self, other: &TokenFailure) -> bool {
        self.message == other.message
    }
}

impl Eq for TokenFailure {}

impl fmt::Debug for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenFailure").field(&self.message).finish()
    }
}

impl fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
