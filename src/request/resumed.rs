//! Facts that a journal knows of a request and its caller does not.

use std::io;
use std::sync::Arc;

use super::Request;

/// Facts from a journal, kept with the request from its input to the writing of its outcome.
#[derive(Clone, Default)]
pub(crate) struct JournalFacts {
    /// True if an earlier outcome of the request was written, which the new one replaces.
    pub(crate) supersedes: bool,
    /// True if the request was under way when an earlier run was cut off, and must not be repeated: it ends without
    /// being sent.
    pub(crate) interrupted: bool,
    /// True if the programs that were sending the request ended too often: it ends without being sent.
    pub(crate) given_up: bool,
    /// Number of attempts that were made before the request was handed in.
    pub(crate) attempts: u32,
    /// Log that is told before the first byte of an attempt is sent. `None`: no log.
    pub(crate) intents: Option<Arc<dyn IntentLog>>,
}

/// Attempt that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnnouncedAttempt {
    /// True if its request must not be repeated.
    pub(crate) once: bool,
    /// True if no attempt of the request was announced before.
    pub(crate) is_first: bool,
}

#[cfg(test)]
impl AnnouncedAttempt {
    /// First attempt of a request that must not be repeated.
    pub(crate) const FIRST_WRITE: AnnouncedAttempt = AnnouncedAttempt {
        once: true,
        is_first: true,
    };
}

/// Reason for which an attempt must not begin.
#[derive(Debug)]
pub(crate) enum AttemptRefusal {
    /// The attempt could not be written down first.
    Unwritten(io::Error),
    /// The request belongs to another program by now: it is given back, and is not done.
    #[cfg_attr(
        not(feature = "fleet"),
        expect(dead_code, reason = "only workers of a fleet give requests back so")
    )]
    GivenBack,
}

impl From<io::Error> for AttemptRefusal {
    fn from(error: io::Error) -> AttemptRefusal {
        AttemptRefusal::Unwritten(error)
    }
}

/// Log of requests that are about to be sent.
pub(crate) trait IntentLog: Send + Sync {
    /// Returns when the attempt is on record as far as it needs to be, so that a crash right after does not lose that.
    ///
    /// # Errors
    /// When the attempt must not begin.
    fn announce(&self, request: &Request, attempt: AnnouncedAttempt) -> Result<(), AttemptRefusal>;
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
