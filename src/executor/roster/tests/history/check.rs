//! Checks of facts that hold whenever the lock is free.

use std::time::Instant;

use crate::executor::roster::{Demand, IdleRole};

use super::world::{WorkerState, World};

impl World {
    pub(super) fn is_over(&self) -> bool {
        self.closing && self.ready == 0 && self.delayed.is_empty()
    }

    pub(super) fn can_dispatch(&self) -> bool {
        let is_due = self.delayed.iter().any(|at| *at <= self.now);
        self.permits > 0 && (self.ready > 0 || is_due)
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        let later = self.delayed.iter().filter(|at| **at > self.now);
        later.min().copied()
    }

    pub(super) fn demand(&self) -> Demand {
        match self.can_dispatch() {
            true => Demand::Now,
            false => self.next_wakeup().map_or(Demand::None, Demand::At),
        }
    }

    /// Number of workers that wait in this role.
    pub(super) fn idle(&self, wanted: IdleRole) -> usize {
        self.count(|worker| matches!(worker, WorkerState::Idle { role, .. } if role == wanted))
    }

    fn count(&self, which: impl Fn(WorkerState) -> bool) -> usize {
        self.workers.iter().filter(|worker| which(**worker)).count()
    }

    fn blocked(&self) -> usize {
        self.count(|worker| worker == WorkerState::Blocked)
    }

    fn is_idle(worker: WorkerState) -> bool {
        matches!(worker, WorkerState::Idle { .. })
    }

    /// True for a while after the system has refused a thread.
    pub(super) fn is_paused(&self) -> bool {
        self.pause.is_some_and(|until| until > self.now)
    }

    /// Returns true if the limit allows one more worker. During a pause every live worker has to be blocked.
    fn may_start(&self, paused: bool) -> bool {
        let (live, blocked) = (self.workers.len(), self.blocked());
        live < self.limit + blocked && (!paused || live == blocked)
    }

    /// Checks that a worker may be started now.
    pub(super) fn check_start(&self) {
        let is_needless = |worker| {
            let comes = matches!(
                worker,
                WorkerState::Starting { .. } | WorkerState::Returning
            );
            comes || World::is_idle(worker)
        };
        assert_eq!(self.count(is_needless), 0, "a needless start: {self:?}");
        assert!(
            self.may_start(self.is_paused()),
            "a start beyond the limit: {self:?}"
        );
    }

    pub(super) fn check(&self) {
        self.check_counts();
        self.check_demand();
    }

    /// Checks that the roster's counts match the workers.
    fn check_counts(&self) {
        let roster = &self.roster;
        let starting = self.count(|worker| matches!(worker, WorkerState::Starting { .. }));
        assert_eq!(roster.live, self.workers.len(), "{self:?}");
        assert_eq!(roster.starting, starting, "{self:?}");
        assert_eq!(roster.blocked, self.blocked(), "{self:?}");
        assert_eq!(roster.following, self.idle(IdleRole::Follower), "{self:?}");
        // The equality implies that there is at most one leader.
        let leading = usize::from(roster.leading);
        assert_eq!(leading, self.idle(IdleRole::Leader), "{self:?}");
        let surplus = self.workers.len() > self.limit + self.blocked();
        assert_eq!(roster.has_surplus(), surplus, "{self:?}");
        assert_eq!(roster.called, self.called, "{self:?}");
        let notified = |worker| matches!(worker, WorkerState::Idle { notified: true, .. });
        assert!(!self.called || self.count(notified) > 0, "{self:?}");
    }

    /// Checks that some worker comes for the demand, or that none may. At the end all idle workers come.
    fn check_demand(&self) {
        if self.is_over() {
            let asleep = |worker| matches!(worker, WorkerState::Idle { notified, .. } if !notified);
            assert_eq!(self.count(asleep), 0, "not told of the end: {self:?}");
        }
        let comes = |worker| match worker {
            WorkerState::Starting { .. } | WorkerState::Returning => true,
            WorkerState::Idle {
                until, notified, ..
            } => notified || until.is_some_and(|until| until <= self.now),
            WorkerState::Busy { .. } | WorkerState::Blocked => false,
        };
        let waits_until = |wakeup| {
            let in_time = |worker| match worker {
                WorkerState::Idle { until, .. } => until.is_some_and(|until| until <= wakeup),
                _ => false,
            };
            self.count(in_time) > 0
        };
        let is_served = match self.demand() {
            Demand::None | Demand::Over => true,
            Demand::Now => false,
            Demand::At(wakeup) => waits_until(wakeup),
        };
        let none_may = self.count(World::is_idle) == 0 && !self.may_start(self.was_paused);
        assert!(
            is_served || self.count(comes) > 0 || none_may,
            "no worker comes: {self:?}"
        );
    }
}
