//! Places that are taken: workers that are busy with a request.

use super::shortage::Shortage;

/// Places over all hosts.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Attempts under way that hold a permit.
    pub(super) in_flight: usize,
    /// Of those, the ones whose host is not answering.
    pub(super) unanswered: usize,
    /// Number of permits that were given back, beginning at 0 again after the largest.
    pub(super) given_back: u32,
    /// Limit that this machine sets on what is in flight at once. `None`: as many as the settings do.
    pub(super) shortage: Option<Shortage>,
}

impl Places {
    /// A worker begins with a request of a host.
    #[inline]
    pub(super) fn take(&mut self, answering: bool) {
        self.in_flight += 1;
        self.unanswered += usize::from(!answering);
    }

    /// A permit of a host comes back.
    #[inline]
    pub(super) fn give_back(&mut self, answering: bool) {
        self.in_flight -= 1;
        self.unanswered -= usize::from(!answering);
        self.given_back = self.given_back.wrapping_add(1);
    }
}
