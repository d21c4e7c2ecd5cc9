//! Where a request was read.

use std::fmt;
use std::sync::Arc;

use super::Request;

/// A line of a source.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    source: Arc<str>,
    line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)
    }
}

impl Request {
    /// What stands for a request that could not be read: its outcome is failed, of class
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest), for this reason. So a bad line ends no batch.
    pub fn unreadable(text: impl Into<String>, reason: impl Into<String>) -> Request {
        Request::get(text).spoiled(reason.into())
    }

    /// Says where it was read: a line, from 1, of a file or whatever the source is called. Where it turns out not to be
    /// fit to be sent, its outcome (of class [`InvalidRequest`](crate::ErrorType::InvalidRequest)) begins with that.
    ///
    /// ```
    /// # let client = haul::Client::new();
    /// let outcome = client.send(haul::Request::get("nowhere").read_at("urls.txt", 17));
    /// assert!(outcome.error().unwrap().message().starts_with("urls.txt:17: "));
    /// ```
    pub fn read_at(mut self, source: impl Into<Arc<str>>, line: u64) -> Request {
        self.place = Some(Place {
            source: source.into(),
            line,
        });
        self
    }

    /// Where it was read, where somebody said so.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}
