//! What ends without an attempt, and what is forgotten when it is over.

use std::time::{Duration, Instant};

use super::batches::Ended;
use super::{JobPlace, Schedule};
use crate::slab::Id;

/// Idle hosts that are kept because they are not back at their defaults. Beyond these the longest idle is forgotten,
/// whatever it still knew: settings that let it know something for days must not take memory for every host there is.
const LINGERING: usize = 1 << 16;

/// Idle hosts that are kept only because it is remembered that they were served, and how. Beyond these none is.
const REMEMBERED: usize = 1 << 10;

impl<J> Schedule<J> {
    /// Hands an ended job to its batch's caller.
    pub(super) fn end(&mut self, batch: Id, job: J, why: Ended) {
        match self.batches.get_mut(batch) {
            Some(known) if !known.bounds.delivered && !known.abandoned => {
                known.ended.push_back((job, why));
                self.nudge(batch);
            }
            _ => self.news.undelivered.push((job, why)),
        }
    }

    /// Ends a job that waits in a lane or is delayed.
    pub(super) fn end_queued(&mut self, id: Id, why: Ended, now: Instant) {
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
        self.forget(id);
        let jobs = &self.jobs;
        if place == JobPlace::Delayed {
            self.timers.delayed.discard(|_, id| {
                jobs.get(id)
                    .is_some_and(|slot| slot.place == JobPlace::Delayed)
            });
        } else if let Some(host) = self.hosts.get_mut(host_id)
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
                self.end_queued(id, Ended::Deadline, now);
            }
        }
        let mut from = 0;
        while let Some((at, batch)) = self.batches.find_past(from, now) {
            self.end_batch(batch, &Ended::Deadline, now);
            from = at + 1;
        }
    }

    /// When [`expire`](Schedule::expire) will have something to end, or an attempt is to be looked at, which may end
    /// what waits for its host. A batch ends at its deadline with nothing queued too: its caller may wait for a request
    /// that is slow to come.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let batches = self.batches.values().filter_map(|batch| batch.deadline);
        let times = [self.timers.deadlines.next(), self.timers.looks.next()];
        batches.chain(times.into_iter().flatten()).min()
    }

    /// Ends what is queued of a batch, or of all batches.
    pub(crate) fn end_queued_of(&mut self, batch: Option<Id>, why: &Ended, now: Instant) {
        match batch {
            Some(batch) => self.end_batch(batch, why, now),
            None => {
                let all = self.batches.open.clone();
                all.into_iter()
                    .for_each(|batch| self.end_batch(batch, why, now));
            }
        }
    }

    /// Ends all that is queued of a batch, and all that would be queued again.
    pub(super) fn end_batch(&mut self, batch: Id, why: &Ended, now: Instant) {
        let Some(known) = self.batches.get_mut(batch) else {
            return;
        };
        known.deadline = None;
        // For want of a worker each fails by itself, those that are yet to come too.
        if !known.bounds.delivered && !matches!(why, Ended::NoWorker(_)) {
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
        // Places are reused: age is told by the order of the lanes only, which for one batch is close to this.
        queued.sort_unstable();
        for id in queued {
            self.end_queued(id, why.clone(), now);
        }
    }

    /// A job that comes, or comes back, to a batch which was stopped meanwhile ends for the same reason.
    pub(super) fn end_if_stopped(&mut self, id: Id, now: Instant) {
        let Some(slot) = self.jobs.get(id) else {
            return;
        };
        let why = match self.batches.get(slot.batch) {
            Some(batch) => batch.stopped.clone(),
            None => Some(Ended::Cancelled),
        };
        if let Some(why) = why {
            self.end_queued(id, why, now);
        }
    }

    /// Cancels one job that waits. False where it is in flight or over.
    pub(crate) fn cancel(&mut self, id: Id, now: Instant) -> bool {
        let waits = self
            .jobs
            .get(id)
            .is_some_and(|slot| slot.place != JobPlace::InFlight);
        if waits {
            self.end_queued(id, Ended::Cancelled, now);
        }
        waits
    }

    /// The batch ends at this instant.
    pub(crate) fn set_deadline(&mut self, batch: Id, deadline: Instant) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.deadline = Some(deadline);
        }
    }

    /// Ends a job whose host's breaker is open.
    pub(super) fn end_refused(&mut self, id: Id, now: Instant) {
        let remaining = self.refused_for(id, now);
        self.end_queued(id, Ended::BreakerOpen { remaining }, now);
    }

    /// How much longer its host's breaker refuses this job; zero = it does not.
    pub(super) fn refused_for(&self, id: Id, at: Instant) -> Duration {
        let Some(slot) = self.jobs.get(id) else {
            return Duration::ZERO;
        };
        let host = self.hosts.get(slot.host);
        host.map(|host| host.refuses_for(at, slot.deadline))
            .unwrap_or_default()
    }

    /// Ends what waits in the lanes of a host whose breaker is open, unless it is to wait. What is delayed may find it
    /// closed again.
    pub(super) fn refuse(&mut self, host: Id, now: Instant) {
        let Some(state) = self.hosts.get(host) else {
            return;
        };
        if !state.is_refusing(now) || !state.has_queue() {
            return;
        }
        let rests = state.opens_at().is_some_and(|at| at > now);
        let blocked = state.blocked;
        let lanes = state.lanes.iter().flat_map(|lane| &lane.jobs);
        let waiting: Vec<Id> = lanes.copied().collect();
        for id in waiting {
            if !self.refused_for(id, now).is_zero() {
                self.end_refused(id, now);
            }
        }
        match rests {
            true if blocked => self.wake_when_open(host, now),
            true => self.block(host, now),
            false => {}
        }
    }

    /// The job is over: its slot is free, and its host has one job less.
    pub(super) fn forget(&mut self, id: Id) {
        let Some(slot) = self.jobs.remove(id) else {
            return;
        };
        if let Some(host) = self.hosts.get_mut(slot.host) {
            host.jobs -= 1;
        }
        if slot.timed {
            self.drop_deadline();
        }
    }

    /// A deadline among those to be looked at no longer stands.
    pub(super) fn drop_deadline(&mut self) {
        let jobs = &self.jobs;
        self.timers.deadlines.discard(|due, id| {
            jobs.get(id)
                .is_some_and(|slot| slot.timed && slot.deadline == Some(due))
        });
    }

    /// Forgets the host if it is idle and back at its defaults; one that is idle only is looked at again later, when
    /// other hosts go idle: a timer of its own would wake an idle client.
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
        // Two for one, so that they go faster than they come.
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
