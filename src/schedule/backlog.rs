//! Bound for the requests of a batch that are under way while its responses wait for a core.
//!
//! Callers work on large responses under permits, one for each core. If cores are the scarce resource, more requests
//! under way make nothing faster: their responses wait in memory, each on a thread of its own that then builds its
//! values in memory of its own. So while more responses wait than are needed to keep the cores busy, a worker that is
//! done with a request starts no request in its place; if a core had to wait after all, more requests are let through
//! from there on. A batch that waits for its servers is never held back for long, and a core never waits twice for the
//! same reason.

use std::time::{Duration, Instant};

use super::Schedule;
use crate::slab::Id;

/// Observation at the end of work on a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CpuPressure {
    /// Responses that wait for a core.
    pub(crate) waiting: usize,
    pub(crate) cores: usize,
    /// True if a core was idle for a relevant time before the work.
    pub(crate) starved: bool,
    /// Time for which the observation holds: if no further work ends by then, responses may be waiting for each other.
    pub(crate) holds_for: Duration,
}

#[derive(Debug)]
pub(super) struct Backlog {
    /// Upper bound for the requests under way.
    most: usize,
    /// Requests that were under way before the first was held back.
    before: usize,
    /// Number of responses beyond the default that may wait. Grows each time a core had nothing to do.
    spare: usize,
    /// End of the time for which the bound holds. `None`: there is no bound.
    until: Option<Instant>,
}

impl Default for Backlog {
    fn default() -> Self {
        Backlog {
            most: usize::MAX,
            before: 0,
            spare: 0,
            until: None,
        }
    }
}

impl Backlog {
    /// Upper bound for the requests under way.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// End of the time for which the bound holds. `None`: there is no bound but the others.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Updates the bound by an observation that was made while `in_flight` requests were under way.
    pub(super) fn see(&mut self, seen: CpuPressure, in_flight: usize, now: Instant) {
        if self.until.is_some_and(|until| until <= now) {
            self.lift();
        }
        let enough = seen.cores + 1 + self.spare;
        if seen.waiting > enough {
            if self.until.is_none() {
                self.before = in_flight;
            }
            self.most = self.most.min(in_flight.saturating_sub(1).max(1));
        } else if self.until.is_none() {
            return;
        } else if seen.starved {
            self.spare += seen.cores;
            self.most += self.most / 2 + 1;
            if self.most >= self.before {
                self.lift();
                return;
            }
        }
        self.until = now.checked_add(seen.holds_for);
        if self.until.is_none() {
            self.lift();
        }
    }

    /// Lifts the bound.
    pub(super) fn lift(&mut self) {
        self.most = usize::MAX;
        self.until = None;
    }
}

impl<J> Schedule<J> {
    /// Updates the bound of a batch by an observation at the end of work on the response of a job in flight.
    pub(crate) fn see_backlog(&mut self, id: Id, seen: CpuPressure, now: Instant) {
        let Some(batch_id) = self.jobs.get(id).map(|slot| slot.batch) else {
            return;
        };
        let Some(batch) = self.batches.get_mut(batch_id) else {
            return;
        };
        let before = batch.backlog.until();
        batch.backlog.see(seen, batch.in_flight, now);
        let began = before.is_none() && batch.backlog.until().is_some();
        if began && !self.batches.held_back.contains(&batch_id) {
            self.batches.held_back.push(batch_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDS: Duration = Duration::from_millis(100);

    /// Observes `waiting` responses on a single core, and returns the bound. The core counts as starved if `waiting` is
    /// 0.
    fn see(backlog: &mut Backlog, waiting: usize, in_flight: usize) -> usize {
        let seen = CpuPressure {
            waiting,
            cores: 1,
            starved: waiting == 0,
            holds_for: HOLDS,
        };
        backlog.see(seen, in_flight, Instant::now());
        backlog.most()
    }

    #[test]
    fn fewer_jobs_start_while_more_responses_wait_than_are_needed() {
        let mut backlog = Backlog::default();
        assert_eq!(see(&mut backlog, 2, 16), usize::MAX);
        assert_eq!(see(&mut backlog, 15, 16), 15);
        assert_eq!(see(&mut backlog, 14, 15), 14);
        assert_eq!(see(&mut backlog, 2, 4), 14, "as many as it takes");
        assert_eq!(see(&mut backlog, 3, 4), 3);
        assert_eq!(see(&mut backlog, 3, 1), 1, "one always may");
    }

    #[test]
    fn more_jobs_are_let_through_after_a_core_had_to_wait() {
        let mut backlog = Backlog::default();
        assert_eq!(see(&mut backlog, 5, 6), 5);
        assert_eq!(see(&mut backlog, 3, 4), 3);
        assert_eq!(see(&mut backlog, 0, 3), 5);
        assert_eq!(see(&mut backlog, 3, 5), 5, "three may wait now");
        assert_eq!(see(&mut backlog, 4, 5), 4);
        assert_eq!(see(&mut backlog, 0, 4), usize::MAX, "as many as at first");
    }

    #[test]
    fn a_reduced_limit_expires_a_while_after_the_last_report() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.until(), None);
        let before = Instant::now();
        see(&mut backlog, 9, 10);
        let first = backlog.until().unwrap();
        assert!(first >= before + HOLDS);
        see(&mut backlog, 1, 9);
        assert!(backlog.until().unwrap() >= first);
        backlog.lift();
        assert_eq!((backlog.most(), backlog.until()), (usize::MAX, None));
    }
}
