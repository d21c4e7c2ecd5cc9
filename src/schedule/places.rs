//! Places that are taken: workers that are busy with a request.

use super::shortage::Shortage;

/// Places over all hosts.
#[derive(Debug, Default)]
pub(super) struct PlaceCounts {
    /// Attempts under way that hold a permit.
    pub(super) in_flight: usize,
    /// Attempts in `in_flight` whose host is not answering.
    pub(super) unanswered: usize,
    /// Number of permits that were given back. Wraps to 0 after `u32::MAX`.
    pub(super) given_back: u32,
    /// Limit that this machine sets on attempts in flight. `None`: only the settings limit them.
    pub(super) shortage: Option<Shortage>,
}

impl PlaceCounts {
    /// Counts a worker that begins with a request of a host.
    #[inline]
    pub(super) fn take(&mut self, answering: bool) {
        self.in_flight += 1;
        self.unanswered += usize::from(!answering);
    }

    /// Counts a permit of a host that comes back.
    #[inline]
    pub(super) fn give_back(&mut self, answering: bool) {
        self.in_flight -= 1;
        self.unanswered -= usize::from(!answering);
        self.given_back = self.given_back.wrapping_add(1);
    }
}
