//! Facts that the worker of a run and its limiters share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Facts that the worker of a run and the limiters of the run tell each other.
#[derive(Debug)]
pub(super) struct LimiterLink {
    /// Number of workers that live, as this program's worker knows it. 1 while it has none.
    workers: AtomicU32,
    /// Reason for which the server refused a question of a limiter. `None`: it refused none, or the worker knows.
    refusal: Mutex<Option<String>>,
}

impl Default for LimiterLink {
    fn default() -> LimiterLink {
        LimiterLink {
            workers: AtomicU32::new(1),
            refusal: Mutex::default(),
        }
    }
}

impl LimiterLink {
    pub(super) fn set_workers(&self, workers: u32) {
        self.workers.store(workers, Ordering::Relaxed);
    }

    pub(super) fn workers(&self) -> u32 {
        self.workers.load(Ordering::Relaxed)
    }

    /// Notes that the server refused a question, and will refuse it again.
    pub(super) fn refuse(&self, why: &str) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.get_or_insert_with(|| why.to_owned());
    }

    /// Returns the reason of a refusal, once.
    pub(super) fn take_refusal(&self) -> Option<String> {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.take()
    }
}
