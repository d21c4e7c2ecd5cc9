//! How many requests of a batch are under way while its answers wait for a core.
//!
//! What callers make of large answers takes turns at the cores. Where the cores are what is short, more requests under
//! way make nothing faster: their answers wait in memory, each on a thread of its own that then builds its values in
//! memory of its own. So while more answers wait than keep the cores busy, who is done with one starts none in its place;
//! where a core had to wait after all, more are let through from there on. A batch that waits for its servers is never
//! held back for long, and its cores never twice for the same reason.

use std::time::{Duration, Instant};

use super::Schedule;
use crate::slab::Id;

/// What was seen when something had been made of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Answers that wait for a core.
    pub(crate) waiting: usize,
    pub(crate) cores: usize,
    /// A core had nothing to do before it, for a time that matters.
    pub(crate) starved: bool,
    /// For so long it holds: where nothing more is made of any answer, they may be waiting for each other.
    pub(crate) holds_for: Duration,
}

#[derive(Debug)]
pub(super) struct Backlog {
    /// So many may be under way.
    most: usize,
    /// As many were, before the first was held back.
    before: usize,
    /// How many answers more than usual may wait, since a core once had to.
    spare: usize,
    /// Until then.
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
    /// How many may be under way.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Until when, where it is not as many as the other bounds allow.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Takes in what was seen, with so many under way, that one among them. Says whether as many are under way as keep
    /// the cores busy, and no more.
    pub(super) fn see(&mut self, seen: Seen, in_flight: usize, now: Instant) -> bool {
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
            return false;
        } else if seen.starved {
            self.spare += seen.cores;
            self.most += self.most / 2 + 1;
            if self.most >= self.before {
                self.lift();
                return false;
            }
        }
        self.until = now.checked_add(seen.holds_for);
        if self.until.is_none() {
            self.lift();
        }
        self.until.is_some() && seen.waiting <= enough && !seen.starved
    }

    /// As many may be under way as the other bounds allow.
    pub(super) fn lift(&mut self) {
        self.most = usize::MAX;
        self.until = None;
    }
}

impl<J> Schedule<J> {
    /// Something was made of the answer of this job in flight. Says whether its batch is being held to no more than keep
    /// the cores busy.
    pub(crate) fn see_backlog(&mut self, id: Id, seen: Seen, now: Instant) -> bool {
        let Some(batch_id) = self.jobs.get(id).map(|slot| slot.batch) else {
            return false;
        };
        let Some(batch) = self.batches.get_mut(batch_id) else {
            return false;
        };
        let before = batch.backlog.until();
        let few = batch.backlog.see(seen, batch.in_flight, now);
        let began = before.is_none() && batch.backlog.until().is_some();
        if began && !self.batches.held_back.contains(&batch_id) {
            self.batches.held_back.push(batch_id);
        }
        few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDS: Duration = Duration::from_millis(100);

    /// None waiting: a core had to wait.
    fn see(backlog: &mut Backlog, waiting: usize, in_flight: usize) -> usize {
        let seen = Seen {
            waiting,
            cores: 1,
            starved: waiting == 0,
            holds_for: HOLDS,
        };
        let few = backlog.see(seen, in_flight, Instant::now());
        assert!(!few || backlog.most() < usize::MAX);
        backlog.most()
    }

    #[test]
    fn who_is_done_is_not_followed_while_more_wait_than_are_needed() {
        let mut backlog = Backlog::default();
        assert_eq!(see(&mut backlog, 2, 16), usize::MAX);
        assert_eq!(see(&mut backlog, 15, 16), 15);
        assert_eq!(see(&mut backlog, 14, 15), 14);
        assert_eq!(see(&mut backlog, 2, 4), 14, "as many as it takes");
        assert_eq!(see(&mut backlog, 3, 4), 3);
        assert_eq!(see(&mut backlog, 3, 1), 1, "one always may");
    }

    #[test]
    fn where_a_core_had_to_wait_more_are_let_through_and_more_may_wait() {
        let mut backlog = Backlog::default();
        assert_eq!(see(&mut backlog, 5, 6), 5);
        assert_eq!(see(&mut backlog, 3, 4), 3);
        assert_eq!(see(&mut backlog, 0, 3), 5);
        assert_eq!(see(&mut backlog, 3, 5), 5, "three may wait now");
        assert_eq!(see(&mut backlog, 4, 5), 4);
        assert_eq!(see(&mut backlog, 0, 4), usize::MAX, "as many as at first");
    }

    #[test]
    fn it_holds_for_a_time_from_when_something_was_last_seen() {
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
