//! Question before each attempt: may it be sent?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::core::{EntryKey, HandedEntry};
use super::shared::SharedCore;
use crate::request::{AnnouncedAttempt, AttemptRefusal, IntentLog, Request};

/// Entry whose request is with the client.
pub(super) struct ClientEntry {
    pub(super) key: EntryKey,
    /// Digest of the key that its record has.
    pub(super) digest: [u8; 16],
    core: Arc<SharedCore>,
    /// Number of attempts that were made before.
    pub(super) attempts: u32,
    /// True if its request must not be repeated.
    pub(super) once: bool,
    refused: AtomicBool,
}

impl ClientEntry {
    pub(super) fn new(handed: &HandedEntry, core: &Arc<SharedCore>, once: bool) -> ClientEntry {
        ClientEntry {
            key: handed.key,
            digest: handed.leased.entry.key,
            core: Arc::clone(core),
            attempts: handed.attempts,
            once,
            refused: AtomicBool::new(false),
        }
    }

    /// True if the last attempt was not permitted, and was not sent.
    pub(super) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }
}

impl IntentLog for ClientEntry {
    fn announce(&self, _: &Request, _: AnnouncedAttempt) -> Result<(), AttemptRefusal> {
        let may = self.core.may_start(self.key, Instant::now());
        if may {
            return Ok(());
        }
        self.refused.store(true, Ordering::Release);
        Err(AttemptRefusal::GivenBack)
    }
}
