//! What ends without an attempt, and what is forgotten when it is over.

use std::time::Instant;

use super::batches::Ended;
use super::queue::leave_lane;
use super::slots::Id;
use super::{Place, Schedule};

impl<J> Schedule<J> {
    /// Hands an ended job to its batch's caller.
    pub(super) fn end(&mut self, batch: Id, job: J, why: Ended) {
        match self.batches.get_mut(batch) {
            Some(known) if !known.bounds.delivered => {
                known.ended.push_back((job, why));
                self.nudges.push(batch);
            }
            _ => self.undelivered.push((job, why)),
        }
    }

    /// Ends a job that waits in a lane or is delayed.
    pub(super) fn end_queued(&mut self, id: Id, why: Ended, now: Instant) {
        let Some(slot) = self
            .jobs
            .get_mut(id)
            .filter(|slot| slot.place != Place::InFlight)
        else {
            return;
        };
        let Some(job) = slot.job.take() else { return };
        let (batch_id, host_id, place) = (slot.batch, slot.host, slot.place);
        self.queued -= 1;
        let host = self.hosts.get_mut(host_id);
        let parked = place == Place::Delayed || host.as_ref().is_some_and(|host| host.blocked);
        if place == Place::Lane
            && let Some(host) = host
        {
            leave_lane(host, batch_id, id);
        }
        if let Some(batch) = self.batches.get_mut(batch_id) {
            if parked {
                batch.parked -= 1;
            } else {
                batch.ready -= 1;
            }
        }
        self.forget(id);
        self.retire(host_id, now);
        self.end(batch_id, job, why);
    }

    /// Ends all that is queued of a batch, and all that would be queued again.
    pub(super) fn end_batch(&mut self, batch: Id, why: &Ended, now: Instant) {
        let Some(known) = self.batches.get_mut(batch) else {
            return;
        };
        known.deadline = None;
        if !known.bounds.delivered {
            known.stopped.get_or_insert_with(|| why.clone());
        }
        if known.ready + known.parked == 0 {
            return;
        }
        let mut queued: Vec<Id> = self
            .jobs
            .ids()
            .filter(|id| {
                self.jobs
                    .get(*id)
                    .is_some_and(|slot| slot.batch == batch && slot.place != Place::InFlight)
            })
            .collect();
        // Places are reused: age is told by the order of the lanes only, which for one batch is close to this.
        queued.sort_unstable();
        for id in queued {
            self.end_queued(id, why.clone(), now);
        }
    }

    /// The job is over: its slot is free, and its host has one job less.
    pub(super) fn forget(&mut self, id: Id) {
        if let Some(slot) = self.jobs.remove(id)
            && let Some(host) = self.hosts.get_mut(slot.host)
        {
            host.jobs -= 1;
        }
    }

    /// Forgets the host if it is idle and back at its defaults; one that is idle only is looked at again later, when
    /// other hosts go idle: a timer of its own would wake an idle client.
    pub(super) fn retire(&mut self, host: Id, now: Instant) {
        let Some(state) = self
            .hosts
            .get_mut(host)
            .filter(|state| state.jobs == 0 && !state.in_ring)
        else {
            return;
        };
        if state.is_default(now) {
            self.remove_host(host);
        } else if !state.lingers {
            state.lingers = true;
            self.lingering.push_back(host);
        }
        for _ in 0..2 {
            let Some(old) = self.lingering.pop_front() else {
                return;
            };
            let Some(state) = self.hosts.get_mut(old) else {
                continue;
            };
            if state.is_default(now) {
                self.remove_host(old);
            } else if state.jobs == 0 {
                self.lingering.push_back(old);
            } else {
                state.lingers = false;
            }
        }
    }

    fn remove_host(&mut self, host: Id) {
        if let Some(state) = self.hosts.remove(host) {
            self.by_host.remove(&state.host);
        }
    }

    pub(super) fn close_if_over(&mut self, batch: Id) {
        if self
            .batches
            .get(batch)
            .is_some_and(|batch| batch.abandoned && batch.is_idle())
        {
            self.batches.remove(batch);
            self.ordered.retain(|id| *id != batch);
        }
    }
}
