//! Counts of a batch that intakes feed.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::batch::unique::UniqueRequests;

/// Counts that the intakes of a batch share with the end that takes its outcomes.
pub(in super::super) struct Arrivals {
    /// Number of accepted requests. Raised under the executor's lock, in the order in which requests enter the
    /// schedule.
    accepted: AtomicU64,
    /// Number of intakes that have not been dropped.
    intakes: AtomicUsize,
    /// True if requests that equal an earlier one are left out.
    unique: AtomicBool,
    /// Requests accepted so far while `unique` is true.
    seen: Mutex<UniqueRequests>,
}

impl Arrivals {
    /// Creates the counts of a batch with one intake.
    pub(in super::super) fn new() -> Arc<Arrivals> {
        Arc::new(Arrivals {
            accepted: AtomicU64::new(0),
            intakes: AtomicUsize::new(1),
            unique: AtomicBool::new(false),
            seen: Mutex::default(),
        })
    }

    /// Sets if requests that equal an earlier one are left out.
    pub(super) fn set_unique(&self, unique: bool) {
        self.unique.store(unique, Ordering::Release);
    }

    /// Returns the requests accepted so far, if equal ones are to be left out.
    pub(in super::super) fn seen(&self) -> Option<MutexGuard<'_, UniqueRequests>> {
        let unique = self.unique.load(Ordering::Acquire);
        unique.then(|| self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the number of requests accepted so far.
    pub(in super::super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    /// Counts a request as accepted and returns its number. Called under the executor's lock.
    pub(in super::super) fn next_number(&self) -> u64 {
        self.accepted.fetch_add(1, Ordering::AcqRel)
    }

    /// Counts a further intake.
    pub(in super::super) fn open_intake(&self) {
        self.intakes.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts an intake as dropped. Returns true if it was the last one.
    pub(in super::super) fn close_intake(&self) -> bool {
        self.intakes.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Returns true if all intakes were dropped.
    pub(super) fn is_closed(&self) -> bool {
        self.intakes.load(Ordering::Acquire) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intakes_are_exhausted_once_the_last_one_is_dropped() {
        let arrivals = Arrivals::new();
        arrivals.open_intake();
        assert_eq!((arrivals.next_number(), arrivals.next_number()), (0, 1));
        assert!(!arrivals.close_intake());
        assert!(!arrivals.is_closed());
        assert!(arrivals.close_intake());
        assert!(arrivals.is_closed());
        assert_eq!(arrivals.accepted(), 2);
    }
}
