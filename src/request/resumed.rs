//! What a journal knows of a request that its caller does not.

use std::io;
use std::sync::Arc;

use super::Request;

/// Beside the request from where a journal took it from the input to where its outcome is written.
#[derive(Clone)]
pub(crate) struct Resumed {
    /// Its place in the input, of which a resumed batch leaves requests out.
    pub(crate) position: u64,
    /// An earlier outcome of it was written, in whose place the new one stands.
    pub(crate) supersedes: bool,
    /// It was under way when an earlier run was cut off, and must not be repeated: it ends without being sent.
    pub(crate) interrupted: bool,
    /// Told before its first byte goes out, where it must not be repeated.
    pub(crate) intents: Option<Arc<dyn Intents>>,
}

/// Where it is written down that a request that must not be repeated is about to be sent.
pub(crate) trait Intents: Send + Sync {
    /// Returns once it is kept, so that a crash right after does not lose it.
    fn announce(&self, request: &Request) -> io::Result<()>;
}

impl Request {
    pub(crate) fn resumed(&self) -> Option<&Resumed> {
        self.resumed.as_deref()
    }

    pub(crate) fn with_resumed(mut self, resumed: Resumed) -> Request {
        self.resumed = Some(Box::new(resumed));
        self
    }
}
