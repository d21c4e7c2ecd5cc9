//! Pauses between calls to an engine that does not answer, or that is full, and turns of the lanes.

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

    /// True if the last call failed.
    pub(super) fn is_failing(&self) -> bool {
        self.until.is_some()
    }

    /// End of the pause. `None`: there is none.
    pub(super) fn waits_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

/// Turns of the lanes at one thread.
///
/// A lane that failed is called again after a pause of its own, so that the others go on. A call to a silent server takes
/// long: lanes that failed get no more than half of the thread's time together, as long as there are others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneTurns {
    /// Lane whose turn is next.
    next: usize,
    /// Time until which no lane that failed is called. `None`: there is none.
    others_until: Option<Instant>,
}

impl LaneTurns {
    /// Number of lanes whose turn is before this one's, of so many.
    pub(super) fn before(self, lane: usize, count: usize) -> usize {
        (lane + count - self.next) % count
    }

    /// Lanes in the order of their turns.
    pub(super) fn order(self, count: usize) -> impl Iterator<Item = usize> {
        (0..count).map(move |step| (self.next + step) % count)
    }

    /// Notes that a lane has its turn now.
    pub(super) fn take(&mut self, lane: usize, count: usize) {
        self.next = (lane + 1) % count;
    }

    /// Time until which a lane is not called. `None`: it may be called.
    pub(super) fn waits_until(self, lane: &Redial, now: Instant) -> Option<Instant> {
        let others = self.others_until.filter(|_| lane.is_failing());
        let others = others.filter(|until| *until > now);
        lane.waits_until(now).into_iter().chain(others).max()
    }

    /// Notes a call that failed. `has_others`: there are lanes that have not failed.
    pub(super) fn failed(&mut self, sent: Instant, has_others: bool, now: Instant) {
        let took = now.saturating_duration_since(sent);
        self.others_until = has_others.then(|| now + took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_that_failed_get_half_of_the_time_at_the_most() {
        let (mut turns, mut redial, begin) =
            (LaneTurns::default(), Redial::default(), Instant::now());
        let took = Duration::from_secs(10);
        redial.failed(begin + took);
        turns.failed(begin, true, begin + took);
        let waits = |lane: &Redial, at| turns.waits_until(lane, at);
        assert_eq!(waits(&redial, begin + took), Some(begin + took * 2));
        assert_eq!(waits(&redial, begin + took * 2), None);
        assert_eq!(waits(&Redial::default(), begin + took), None);
        // Without others, the pause alone counts.
        turns.failed(begin, false, begin + took);
        let until = turns.waits_until(&redial, begin + took);
        assert_eq!(until, Some(begin + took + SHORTEST));
    }
}
