//! Facts that a journal knows of a request and its caller does not.

use std::io;
use std::sync::Arc;

use super::Request;

/// Facts from a journal, kept with the request from its input to the writing of its outcome.
#[derive(Clone)]
pub(crate) struct JournalFacts {
    /// True if an earlier outcome of the request was written, which the new one replaces.
    pub(crate) supersedes: bool,
    /// True if the request was under way when an earlier run was cut off, and must not be repeated: it ends without
    /// being sent.
    pub(crate) interrupted: bool,
    /// Log that is told before the first byte of a request that must not be repeated is sent. `None`: no log.
    pub(crate) intents: Option<Arc<dyn IntentLog>>,
}

/// Log of requests that must not be repeated and are about to be sent.
pub(crate) trait IntentLog: Send + Sync {
    /// Returns when the request is on record, so that a crash right after does not lose it.
    fn announce(&self, request: &Request) -> io::Result<()>;
}

impl Request {
    pub(crate) fn resumed(&self) -> Option<&JournalFacts> {
        self.resumed.as_deref()
    }

    /// Returns the request as one that a journal knows nothing of, and that the batch counts.
    pub(crate) fn without_resumed(mut self) -> Request {
        (self.resumed, self.number) = (None, None);
        self
    }

    pub(crate) fn with_resumed(mut self, resumed: JournalFacts) -> Request {
        self.resumed = Some(Box::new(resumed));
        self
    }
}
