//! Hosts that answer, and hosts that are slow.
//!
//! A host is *answering* if its last attempt that ended had a response head, whatever its status; else it is
//! unanswered. It is *slow* if that attempt had waited for a head for longer than a second, or if an attempt has been
//! under way for longer and no head of the host has come since it started.

use std::time::{Duration, Instant};

use super::Schedule;
use super::lanes::{HostState, SLOW_AFTER};
use crate::slab::Id;

/// End of an attempt, as far as it tells if the host answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HostObservation {
    /// A response head came after the time `waited`.
    Head { waited: Duration },
    /// No response head came in the time `waited`.
    NoHead { waited: Duration },
    /// The attempt tells nothing of its host: it failed on this side, or was cancelled before the host was slow.
    #[default]
    Nothing,
}

impl<J> Schedule<J> {
    /// Updates a host by the end of one of its attempts.
    pub(super) fn hear(&mut self, id: Id, job: Id, heard: HostObservation, now: Instant) {
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        let (answering, late) = match heard {
            HostObservation::Head { waited } => (true, waited > SLOW_AFTER),
            HostObservation::NoHead { waited } => (false, waited > SLOW_AFTER),
            HostObservation::Nothing => (host.answering, host.late),
        };
        let came = matches!(heard, HostObservation::Head { .. });
        host.proven |= came;
        host.ended_at = Some(now);
        match came {
            true => host.unheard.remove_through(job),
            false => host.unheard.remove(job),
        }
        host.late = late;
        let slow = late || (host.slow && host.waits_long(now));
        let unwatched = host.is_unwatched();
        if (answering, slow) != (host.answering, host.slow) {
            self.change(id, |host| {
                host.answering = answering;
                host.slow = slow;
            });
            self.watch_host(id);
        } else if unwatched {
            self.watch_host(id);
        }
    }

    /// Notes that the head of the response to a job in flight has come.
    pub(crate) fn head_came(&mut self, job: Id, now: Instant) {
        let Some(id) = self.jobs.get(job).map(|slot| slot.host) else {
            return;
        };
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        host.unheard.remove_through(job);
        if host.slow && !host.late && !host.waits_long(now) {
            self.change(id, |host| host.slow = false);
        }
        self.watch_host(id);
    }

    /// Finds hosts that have become slow. `heads` returns the jobs in flight whose response head has come; it is called
    /// only if a host would be slow, so that workers need not report each head.
    pub(crate) fn watch(&mut self, now: Instant, heads: impl FnOnce() -> Vec<Id>) {
        let mut suspects = Vec::new();
        while let Some((due, id)) = self.timers.watching.pop_due(now) {
            let Some(host) = self.hosts.get_mut(id) else {
                continue;
            };
            if host.watched_at != Some(due) {
                continue;
            }
            host.watched_at = None;
            match host.waits_long(now) {
                true => suspects.push(id),
                false => self.watch_host(id),
            }
        }
        if suspects.is_empty() {
            return;
        }
        for job in heads() {
            self.head_came(job, now);
        }
        for id in suspects {
            if self.hosts.get(id).is_some_and(|host| host.waits_long(now)) {
                self.change(id, |host| host.slow = true);
            }
            self.watch_host(id);
        }
    }

    /// Time at which [`watch`](Schedule::watch) may find a slow host. `None`: no host is watched.
    pub(crate) fn next_watch(&mut self) -> Option<Instant> {
        while let Some((due, id)) = self.timers.watching.first() {
            let host = self.hosts.get_mut(id);
            let watched = host.filter(|host| host.watched_at == Some(due));
            if let Some(host) = watched {
                if !host.slow && host.slow_at() == Some(due) {
                    return Some(due);
                }
                host.watched_at = None;
            }
            self.timers.watching.pop_due(due);
            self.watch_host(id);
        }
        None
    }

    /// Time at which the caller of a batch is to look again, if nothing happens before: a job or batch will be past its
    /// deadline, or a host may be slow, so that there may be room to read on. `None`: no deadline is set and no host is
    /// watched.
    pub(crate) fn next_look(&mut self, batch: Id) -> Option<Instant> {
        let watch = self.next_watch();
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.looks_at = watch;
        }
        watch.into_iter().chain(self.next_deadline()).min()
    }

    /// Has the callers that wait for room look at a host when it may have become slow.
    pub(super) fn watch_host(&mut self, id: Id) {
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        if !host.is_unwatched() {
            return;
        }
        let Some(at) = host.slow_at() else {
            return;
        };
        host.watched_at = Some(at);
        self.timers.watching.push(at, id);
        let mut late = Vec::new();
        for lane in &host.lanes {
            let batch = self.batches.get(lane.batch);
            if batch.is_some_and(|batch| batch.hungry && batch.looks_after(at)) {
                late.push(lane.batch);
            }
        }
        late.into_iter().for_each(|batch| self.nudge(batch));
    }

    /// Changes a host, and counts its waiting jobs anew, both in their batches and in the order in which hosts are
    /// served.
    pub(super) fn change(&mut self, id: Id, change: impl FnOnce(&mut HostState)) {
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        let (before, answered) = (host.counted_as(), host.answering);
        change(host);
        let after = host.counted_as();
        if answered && !host.answering {
            self.places.unanswered += host.in_flight;
        } else if host.answering && !answered {
            self.places.unanswered -= host.in_flight;
        }
        let mut hungry = Vec::new();
        for lane in &host.lanes {
            if let Some(batch) = self.batches.get_mut(lane.batch) {
                batch.recount(lane, before, after);
                if batch.hungry {
                    hungry.push(lane.batch);
                }
            }
        }
        self.rank(id);
        hungry.into_iter().for_each(|batch| self.note_room(batch));
    }
}
