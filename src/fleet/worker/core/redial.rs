//! Pauses between calls to an engine that does not answer, or that is full.

use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Pauses of one thread: 50 milliseconds, and each twice as long as the one before, up to five seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Redial {
    pause: Duration,
    until: Option<Instant>,
}

impl Redial {
    pub(super) fn failed(&mut self, now: Instant) {
        self.failed_for(LONGEST, now);
    }

    /// Notes a failure. `longest`: upper bound for the pause.
    pub(super) fn failed_for(&mut self, longest: Duration, now: Instant) {
        self.pause = (self.pause * 2).clamp(SHORTEST, LONGEST.min(longest.max(SHORTEST)));
        self.until = Some(now + self.pause);
    }

    pub(super) fn succeeded(&mut self) {
        *self = Redial::default();
    }

    /// End of the pause. `None`: there is none.
    pub(super) fn waits_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}
