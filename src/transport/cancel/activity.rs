//! Time since which an attempt waits for its host, kept where another thread can read it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Record of the attempt's waits. The worker writes it at each wait for bytes, with a time that it has read anyway;
/// another thread reads it to see if the attempt hangs. Each worker has one record and uses it for all its attempts.
#[derive(Debug)]
pub(in crate::transport) struct Activity {
    epoch: Instant,
    /// True if another thread reads `waits_since`. False: no wait is written.
    watched: AtomicBool,
    /// [`GOES_ON`], [`ANSWERED`], or nanoseconds from `epoch` to the start of the wait, plus one.
    waits_since: AtomicU64,
}

/// Value of `waits_since` while the attempt does not wait for its host.
const GOES_ON: u64 = 0;

/// Value of `waits_since` after the response head has come: later waits are not of interest.
const ANSWERED: u64 = u64::MAX;

impl Default for Activity {
    fn default() -> Activity {
        Activity {
            epoch: Instant::now(),
            watched: AtomicBool::new(false),
            waits_since: AtomicU64::new(GOES_ON),
        }
    }
}

impl Activity {
    /// Begins the next attempt. `watched`: true if other threads read its waits.
    pub(in crate::transport) fn watch(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
        self.begin();
    }

    pub(in crate::transport) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// Begins the next exchange, which has no response head yet.
    pub(in crate::transport) fn begin(&self) {
        self.waits_since.store(GOES_ON, Ordering::Relaxed);
    }

    /// Notes that the attempt waits for its host from now on.
    pub(in crate::transport) fn waits(&self, now: Instant) {
        if self.waits_since.load(Ordering::Relaxed) != ANSWERED {
            let nanos = now.saturating_duration_since(self.epoch).as_nanos() as u64;
            self.waits_since.store(nanos + 1, Ordering::Relaxed);
        }
    }

    /// Notes that bytes have gone or come, or that the worker does something else than waiting.
    pub(in crate::transport) fn goes_on(&self) {
        if self.waits_since.load(Ordering::Relaxed) != ANSWERED {
            self.waits_since.store(GOES_ON, Ordering::Relaxed);
        }
    }

    /// Notes that the response head has come.
    pub(in crate::transport) fn answered(&self) {
        self.waits_since.store(ANSWERED, Ordering::Relaxed);
    }

    /// Returns the time since which the attempt has waited for its host without a response head and without a byte.
    /// `None`: the attempt does not wait, or the head has come.
    pub(in crate::transport) fn waits_since(&self) -> Option<Instant> {
        match self.waits_since.load(Ordering::Relaxed) {
            GOES_ON | ANSWERED => None,
            nanos => self.epoch.checked_add(Duration::from_nanos(nanos - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_lasts_from_its_last_beginning_to_the_head() {
        let activity = Activity::default();
        let at = |ms| activity.epoch + Duration::from_millis(ms);
        assert_eq!(activity.waits_since(), None);
        activity.waits(at(5));
        assert_eq!(activity.waits_since(), Some(at(5)));
        activity.goes_on();
        assert_eq!(activity.waits_since(), None);
        activity.waits(at(7));
        activity.waits(at(9));
        assert_eq!(activity.waits_since(), Some(at(9)));
        activity.answered();
        activity.waits(at(11));
        activity.goes_on();
        assert_eq!(activity.waits_since(), None);
        activity.begin();
        activity.waits(activity.epoch);
        assert_eq!(activity.waits_since(), Some(activity.epoch));
    }
}
