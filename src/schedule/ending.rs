//! Jobs that end without an attempt, and hosts that are forgotten when they are idle.

use std::time::{Duration, Instant};

use super::end_reason::EndReason;
use super::{JobPlace, Schedule};
use crate::slab::Id;

/// Upper bound for idle hosts that are kept because they are not back at their defaults. Beyond it the longest idle
/// host is forgotten, whatever state it still has: settings that keep state for days must not take memory for every
/// host there is.
const LINGERING: usize = 1 << 16;

/// Upper bound for idle hosts that are kept only to remember that they were served, and how. Beyond it no host is kept
/// only for that.
const REMEMBERED: usize = 1 << 10;

impl<J> Schedule<J> {
    /// Hands an ended job to its batch's caller.
    pub(super) fn end(&mut self, batch: Id, job: J, why: EndReason) {
        match self.batches.get_mut(batch) {
            Some(known) if !known.bounds.delivered && !known.abandoned => {
                known.ended.push_back((job, why));
                self.nudge(batch);
            }
            _ => self.news.undelivered.push((job, why)),
        }
    }

    /// Ends a job that waits in a lane, is delayed or is held.
    pub(super) fn end_queued(&mut self, id: Id, why: EndReason, now: Instant) {
        let Some(slot) = self
            .jobs
            .get_mut(id)
            .filter(|slot| slot.place != JobPlace::InFlight)
        else {
            return;
        };
        let Some(job) = slot.job.take() else { return };
        let (batch_id, host_id, place) = (slot.batch, slot.host, slot.place);
        let ahead = slot.ahead.take();
        self.queued -= 1;
        let host = self.hosts.get(host_id);
        if let Some(batch) = self.batches.get_mut(batch_id) {
            match host {
                Some(host) if place == JobPlace::Lane => batch.remove_waiting(host.counted_as(), 1),
                _ => batch.parked -= 1,
            }
            batch.needs_ahead_no_more(ahead);
        }
        let why = match place {
            JobPlace::Held => self.tokens.held_job_ended(id, why),
            _ => why,
        };
        self.forget(id);
        let jobs = &self.jobs;
        if place == JobPlace::Delayed {
            self.timers.delayed.discard(|_, id| {
                jobs.get(id)
                    .is_some_and(|slot| slot.place == JobPlace::Delayed)
            });
        } else if place == JobPlace::Lane
            && let Some(host) = self.hosts.get_mut(host_id)
            && let Some(lane) = host.lane_mut(batch_id)
        {
            lane.forget(id, |id| jobs.get(id).is_none());
            if lane.live == 0 {
                self.rank(host_id);
            }
        }
        self.retire(host_id, now);
        self.end(batch_id, job, why);
    }

    /// Ends every queued job whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some((due, id)) = self.timers.deadlines.pop_due(now) {
            let Some(slot) = self.jobs.get_mut(id) else {
                continue;
            };
            if slot.timed && slot.deadline == Some(due) {
                slot.timed = false;
                self.end_queued(id, EndReason::Deadline, now);
            }
        }
        let mut from = 0;
        while let Some((at, batch)) = self.batches.find_past(from, now) {
            self.end_batch(batch, &EndReason::Deadline, now);
            from = at + 1;
        }
    }

    /// Time at which [`expire`](Schedule::expire) will have a job to end, or at which an attempt is to be looked at,
    /// which may end jobs that wait for its host. A batch without queued jobs ends at its deadline too: its caller may
    /// wait for a request that is slow to come. `None`: no deadline is set and no attempt is watched.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let batches = self.batches.values().filter_map(|batch| batch.deadline);
        let times = [self.timers.deadlines.next(), self.timers.looks.next()];
        batches.chain(times.into_iter().flatten()).min()
    }

    /// Ends the queued jobs of a batch. `None`: of all batches.
    pub(crate) fn end_queued_of(&mut self, batch: Option<Id>, why: &EndReason, now: Instant) {
        match batch {
            Some(batch) => self.end_batch(batch, why, now),
            None => {
                let all = self.batches.open.clone();
                all.into_iter()
                    .for_each(|batch| self.end_batch(batch, why, now));
            }
        }
    }

    /// Ends the queued jobs of a batch. Also stops the batch, so that jobs that would be queued again end too, unless
    /// its jobs are delivered without a caller or `why` is `NoWorker`.
    pub(super) fn end_batch(&mut self, batch: Id, why: &EndReason, now: Instant) {
        let Some(known) = self.batches.get_mut(batch) else {
            return;
        };
        known.deadline = None;
        // For want of a worker each job fails by itself, also jobs that are yet to come.
        if !known.bounds.delivered && !matches!(why, EndReason::NoWorker(_)) {
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
                    .is_some_and(|slot| slot.batch == batch && slot.place != JobPlace::InFlight)
            })
            .collect();
        // Indices are reused: only the order of the lanes tells the age of jobs. For one batch, the order of ids is
        // close to it.
        queued.sort_unstable();
        for id in queued {
            self.end_queued(id, why.clone(), now);
        }
    }

    /// Ends a job that is queued, or queued again, after its batch was stopped, for the same reason.
    pub(super) fn end_if_stopped(&mut self, id: Id, now: Instant) {
        let Some(slot) = self.jobs.get(id) else {
            return;
        };
        let why = match self.batches.get(slot.batch) {
            Some(batch) => batch.stopped.clone(),
            None => Some(EndReason::Cancelled),
        };
        if let Some(why) = why {
            self.end_queued(id, why, now);
        }
    }

    /// Cancels a job that waits. False: the job is in flight or over.
    pub(crate) fn cancel(&mut self, id: Id, now: Instant) -> bool {
        let waits = self
            .jobs
            .get(id)
            .is_some_and(|slot| slot.place != JobPlace::InFlight);
        if waits {
            self.end_queued(id, EndReason::Cancelled, now);
        }
        waits
    }

    /// Sets the instant at which the batch ends.
    pub(crate) fn set_deadline(&mut self, batch: Id, deadline: Instant) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.deadline = Some(deadline);
        }
    }

    /// Ends a job that was to start at `at`, since its host's breaker is open.
    pub(super) fn end_refused(&mut self, id: Id, at: Instant, now: Instant) {
        let remaining = self.refused_for(id, now);
        self.end_queued(id, self.end_of_refused(remaining, at, now), now);
    }

    /// Time for which the breaker of the job's host still refuses the job. Zero: it does not refuse it.
    pub(super) fn refused_for(&self, id: Id, at: Instant) -> Duration {
        let Some(slot) = self.jobs.get(id) else {
            return Duration::ZERO;
        };
        let host = self.hosts.get(slot.host);
        host.map(|host| host.refuses_for(at, slot.deadline))
            .unwrap_or_default()
    }

    /// Ends the jobs in the lanes of a host whose breaker is open, unless they can wait for its end. Delayed jobs stay,
    /// since they may find the breaker closed again.
    pub(super) fn refuse(&mut self, host: Id, now: Instant) {
        let Some(state) = self.hosts.get(host) else {
            return;
        };
        if !state.is_refusing(now) || !state.has_queue() {
            return;
        }
        let rests = state.opens_at(now).is_some_and(|at| at > now);
        let blocked = state.blocked;
        let lanes = state.lanes.iter().flat_map(|lane| &lane.jobs);
        let waiting: Vec<Id> = lanes.copied().collect();
        for id in waiting {
            if !self.refused_for(id, now).is_zero() {
                self.end_refused(id, now, now);
            }
        }
        match rests {
            true if blocked => self.wake_when_open(host, now),
            true => self.block(host, now),
            false => {}
        }
    }

    /// Frees the slot of a job that is over, and takes it out of the count of its host.
    pub(super) fn forget(&mut self, id: Id) {
        let Some(slot) = self.jobs.remove(id) else {
            return;
        };
        self.tokens.forget(id);
        if let Some(host) = self.hosts.get_mut(slot.host) {
            host.jobs -= 1;
        }
        if slot.timed {
            self.drop_deadline();
        }
    }

    /// Counts one more entry of the deadlines as stale.
    pub(super) fn drop_deadline(&mut self) {
        let jobs = &self.jobs;
        self.timers.deadlines.discard(|due, id| {
            jobs.get(id)
                .is_some_and(|slot| slot.timed && slot.deadline == Some(due))
        });
    }

    /// Forgets the host if it is idle and back at its defaults. An idle host that is not back at its defaults is looked
    /// at again later, when other hosts go idle: a timer of its own would wake an idle client.
    pub(super) fn retire(&mut self, host: Id, now: Instant) {
        let Some(state) = self.hosts.get_mut(host).filter(|state| state.jobs == 0) else {
            return;
        };
        if state.is_default(now, true) {
            self.remove_host(host);
        } else if !state.lingers {
            state.lingers = true;
            state.unheard = Default::default();
            match state.slow {
                true => state
                    .lanes
                    .iter_mut()
                    .for_each(|lane| lane.jobs = Default::default()),
                false => state.lanes = Vec::new(),
            }
            self.hosts.lingering.push_back(host);
        }
        // Two old hosts are looked at for each new one, so that hosts go faster than they come.
        for _ in 0..2 {
            let count = self.hosts.lingering.len();
            let Some(old) = self.hosts.lingering.pop_front() else {
                return;
            };
            let (crowded, remember) = (count > LINGERING, count <= REMEMBERED);
            let Some(state) = self.hosts.get_mut(old) else {
                continue;
            };
            if state.is_default(now, remember) || (crowded && state.jobs == 0) {
                self.remove_host(old);
            } else if state.jobs == 0 {
                self.hosts.lingering.push_back(old);
            } else {
                state.lingers = false;
            }
        }
    }

    fn remove_host(&mut self, host: Id) {
        let Some(state) = self.hosts.remove(host) else {
            return;
        };
        for lane in state.lanes.iter().filter(|_| state.slow) {
            if let Some(batch) = self.batches.get_mut(lane.batch) {
                batch.slow -= 1;
            }
        }
        if state.watched_at.is_some() {
            let hosts = &self.hosts;
            self.timers
                .watching
                .discard(|due, id| hosts.get(id).is_some_and(|h| h.watched_at == Some(due)));
        }
    }

    pub(super) fn close_if_over(&mut self, batch: Id) {
        if self
            .batches
            .get(batch)
            .is_some_and(|batch| batch.abandoned && batch.is_idle())
        {
            self.batches.remove(batch);
        }
    }
}
