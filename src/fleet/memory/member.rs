//! Member of a lane.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) struct LaneMember {
    pub(super) last_beat: Duration,
    /// First beat of those that are unbroken.
    pub(super) unbroken_since: Duration,
}

impl LaneMember {
    /// True if the last beat is not longer ago than two thirds of a lease, and the clock was not set back since.
    pub(super) fn is_unbroken(&self, now: Duration, lease: Duration) -> bool {
        let gap = now.checked_sub(self.last_beat);
        gap.is_some_and(|gap| gap * 3 <= lease * 2)
    }
}
