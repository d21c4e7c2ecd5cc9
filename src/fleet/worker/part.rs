//! Part of a worker in the limits that all workers share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::client::Client;

/// Facts that the worker of a run and the limiters of the run tell each other.
#[derive(Debug)]
pub(in crate::fleet) struct LimiterLink {
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

/// Part of the limits that falls to this worker. With its end, the client has all of them again.
pub(super) struct WorkerPart<'w> {
    pub(super) client: &'w Client,
    pub(super) link: &'w LimiterLink,
}

impl WorkerPart<'_> {
    /// Sets the number of workers that live.
    pub(super) fn divide_by(&self, workers: u32) {
        self.client.divide_places(workers);
        self.link.workers.store(workers, Ordering::Relaxed);
    }
}

impl Drop for WorkerPart<'_> {
    fn drop(&mut self) {
        self.divide_by(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_divided_by_the_workers_until_the_worker_ends() {
        let client = Client::builder().build().expect("a client");
        let link = LimiterLink::default();
        let part = WorkerPart {
            client: &client,
            link: &link,
        };
        part.divide_by(3);
        let divided = || (link.workers(), client.places_divided_by());
        assert_eq!(divided(), (3, 3));
        part.divide_by(2);
        assert_eq!(divided(), (2, 2));
        drop(part);
        assert_eq!(divided(), (1, 1));
    }
}
