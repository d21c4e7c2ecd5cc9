//! What runs when: a pure state machine. Time is an argument; there is no thread, clock, socket, log call or user code
//! inside, so that millions of histories can be tested in virtual time. Time never goes back: whoever calls reads the
//! clock under the lock that it holds the schedule by.
//!
//! A job is in one place at a time: in a lane, delayed, in flight, or ended. One that waits is an entry in a lane or a
//! heap and holds nothing. Every change of place keeps the counts of its batch and host right in the same call.

mod batches;
mod breaker;
mod delayed;
mod ending;
mod lanes;
mod queue;
mod rate;
mod slots;

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crate::host::Host;
use crate::policy::RetryBudget;
use crate::retry::budget::Budget;

pub(crate) use batches::{Bounds, Ended};
pub(crate) use slots::Id;

use batches::Batch;
use delayed::Timers;
use lanes::HostState;
use slots::Slots;

/// Limits over all batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Attempts at once, in all.
    pub(crate) in_flight: usize,
    /// Attempts at once to one host.
    pub(crate) per_host: usize,
    /// Attempts at once to a host no connection has been made to yet.
    pub(crate) slow_start: usize,
    /// The allowance for retries each host starts with.
    pub(crate) budget: Option<RetryBudget>,
}

pub(crate) struct Schedule<J> {
    settings: Settings,
    jobs: Slots<Slot<J>>,
    hosts: Slots<HostState>,
    by_host: HashMap<Host, Id>,
    batches: Slots<Batch<J>>,
    ordered: Vec<Id>,
    /// Hosts that may have something to dispatch, in turn order.
    ring: VecDeque<Id>,
    /// Retries by the time they are due.
    delayed: Timers,
    /// Hosts by the time they have cooled.
    cooling: Timers,
    /// Jobs by their deadline.
    deadlines: Timers,
    /// Idle hosts that are not back at their defaults.
    lingering: VecDeque<Id>,
    in_flight: usize,
    queued: usize,
    /// Batches whose caller should look again: there is room, or something ended.
    nudges: Vec<Id>,
    /// Ended jobs of batches nobody iterates over.
    undelivered: Vec<(J, Ended)>,
}

struct Slot<J> {
    /// The job itself, but while it is in flight: then its worker has it.
    job: Option<J>,
    batch: Id,
    host: Id,
    place: Place,
    deadline: Option<Instant>,
    /// An attempt has been made.
    tried: bool,
    /// In flight without a permit.
    released: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Lane,
    Delayed,
    InFlight,
}

/// A job to run now.
#[derive(Debug)]
pub(crate) struct Start<J> {
    pub(crate) id: Id,
    pub(crate) batch: Id,
    pub(crate) job: J,
    /// No connection to its host has been made yet: [`Schedule::connected`] wants to be told of the first.
    pub(crate) unproven: bool,
}

/// What an attempt leads to.
#[derive(Debug)]
pub(crate) enum Verdict<J> {
    /// An outcome is on its way, keeping this many bytes until it is taken. `cool`: as below.
    Done { bytes: u64, cool: Option<Instant> },
    /// Again, not before `at`, and not after `deadline`. `cool`: nothing is sent to the whole host before then.
    Retry {
        job: J,
        at: Instant,
        deadline: Option<Instant>,
        cool: Option<Instant>,
    },
    /// On to another host, not before `at`: ahead of what waits there, if that is now.
    Redirect {
        job: J,
        host: Host,
        at: Instant,
        deadline: Option<Instant>,
    },
}

impl<J> Schedule<J> {
    pub(crate) fn new(settings: Settings) -> Self {
        Schedule {
            settings,
            jobs: Slots::default(),
            hosts: Slots::default(),
            by_host: HashMap::new(),
            batches: Slots::default(),
            ordered: Vec::new(),
            ring: VecDeque::new(),
            delayed: Timers::default(),
            cooling: Timers::default(),
            deadlines: Timers::default(),
            lingering: VecDeque::new(),
            in_flight: 0,
            queued: 0,
            nudges: Vec::new(),
            undelivered: Vec::new(),
        }
    }

    /// Opens a batch.
    pub(crate) fn open(&mut self, bounds: Bounds, deadline: Option<Instant>) -> Id {
        let id = self.batches.insert(Batch::new(bounds, deadline));
        if bounds.ordered {
            self.ordered.push(id);
        }
        id
    }

    /// Adds a job at the back of its lane. The caller minds [`room`](Schedule::room).
    pub(crate) fn push(&mut self, batch: Id, host: &Host, job: J, now: Instant) -> Id {
        let host = self.host(host, now);
        let slot = Slot {
            job: Some(job),
            batch,
            host,
            place: Place::Lane,
            deadline: None,
            tried: false,
            released: false,
        };
        let id = self.jobs.insert(slot);
        if let Some(batch) = self.batches.get_mut(batch)
            && batch.bounds.ordered
        {
            batch.order.push_back(Some(id));
        }
        if let Some(host) = self.hosts.get_mut(host) {
            host.jobs += 1;
        }
        self.queued += 1;
        self.enqueue(id, now, queue::End::Back);
        id
    }

    /// Adds a job that cannot be sent: it has ended before it began.
    pub(crate) fn push_ended(&mut self, batch: Id, job: J, why: Ended) {
        if let Some(known) = self.batches.get_mut(batch)
            && known.bounds.ordered
        {
            known.order.push_back(None);
        }
        self.end(batch, job, why);
    }

    /// How many further requests of the batch may be pushed.
    pub(crate) fn room(&self, batch: Id) -> usize {
        let batch = self.batches.get(batch).filter(|batch| batch.takes_more());
        batch.map_or(0, Batch::room)
    }

    /// Whether the batch takes no more requests, now or later.
    pub(crate) fn is_over(&self, batch: Id) -> bool {
        !self.batches.get(batch).is_some_and(Batch::takes_more)
    }

    /// Asks for a nudge as soon as there is room.
    pub(crate) fn want_room(&mut self, batch: Id) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.hungry = true;
        }
    }

    /// The next job to run, if one may start now.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Start<J>> {
        self.settle(now);
        if self.in_flight >= self.settings.in_flight {
            return None;
        }
        let id = match self.oldest_in_need(now) {
            Some(id) => id,
            None => self.front(now)?,
        };
        self.start(id, now)
    }

    /// Whether [`poll`](Schedule::poll) would give a job.
    pub(crate) fn is_dispatchable(&mut self, now: Instant) -> bool {
        self.settle(now);
        self.in_flight < self.settings.in_flight
            && (self.oldest_in_need(now).is_some() || self.front(now).is_some())
    }

    /// Takes a job's permit back and does what its attempt led to. Gives the job back if nobody wants it any more, to
    /// be dropped outside any lock.
    #[must_use = "what comes back is dropped outside the lock"]
    pub(crate) fn complete(&mut self, id: Id, verdict: Verdict<J>, now: Instant) -> Option<J> {
        let slot = self.jobs.get_mut(id)?;
        let (batch, host) = (slot.batch, slot.host);
        if !std::mem::replace(&mut slot.released, false) {
            self.free_permit(host);
        }
        let abandoned = match self.batches.get_mut(batch) {
            Some(batch) => {
                batch.in_flight -= 1;
                batch.abandoned
            }
            None => true,
        };
        if let Verdict::Retry {
            cool: Some(until), ..
        }
        | Verdict::Done {
            cool: Some(until), ..
        } = &verdict
        {
            self.cool(host, *until);
        }
        let back = match verdict {
            Verdict::Done { bytes, .. } => {
                if let Some(batch) = self.batches.get_mut(batch) {
                    batch.finished += 1;
                    batch.bytes += bytes as i64;
                }
                self.forget(id);
                None
            }
            Verdict::Retry { job, .. } | Verdict::Redirect { job, .. } if abandoned => {
                self.forget(id);
                Some(job)
            }
            Verdict::Retry {
                job, at, deadline, ..
            } => {
                self.delay(id, job, at, deadline);
                None
            }
            Verdict::Redirect {
                job,
                host,
                at,
                deadline,
            } => {
                let to = self.host(&host, now);
                self.move_to(id, to);
                if at > now {
                    self.delay(id, job, at, deadline);
                } else {
                    self.go_first(id, job, deadline, now);
                }
                None
            }
        };
        self.unblock(host, now);
        self.retire(host, now);
        self.close_if_over(batch);
        back
    }

    /// Takes the permit of a job in flight back before it is complete. It still counts in its batch.
    pub(crate) fn release(&mut self, id: Id, now: Instant) {
        let Some(slot) = self.jobs.get_mut(id).filter(|s| s.place == Place::InFlight) else {
            return;
        };
        if std::mem::replace(&mut slot.released, true) {
            return;
        }
        let host = slot.host;
        self.free_permit(host);
        self.unblock(host, now);
    }

    fn free_permit(&mut self, host: Id) {
        self.in_flight -= 1;
        if let Some(host) = self.hosts.get_mut(host) {
            host.in_flight -= 1;
        }
    }

    /// Takes tokens from the host's retry budget for a retry of this job in flight. False: the budget is spent.
    pub(crate) fn withdraw(&mut self, id: Id, cost: f64, now: Instant) -> bool {
        let host = self
            .jobs
            .get(id)
            .map(|slot| slot.host)
            .and_then(|host| self.hosts.get_mut(host));
        host.and_then(|host| host.budget.as_mut())
            .is_none_or(|budget| budget.withdraw(cost, now))
    }

    /// A connection to the host of this job in flight stands: more may be tried at once.
    pub(crate) fn connected(&mut self, id: Id, now: Instant) {
        let Some(host) = self.jobs.get(id).map(|slot| slot.host) else {
            return;
        };
        if let Some(state) = self.hosts.get_mut(host) {
            state.proven = true;
        }
        self.unblock(host, now);
    }

    /// The caller has taken outcomes: `count` of them, keeping `bytes`.
    pub(crate) fn taken(&mut self, batch: Id, count: usize, bytes: u64) {
        let Some(known) = self.batches.get_mut(batch) else {
            return;
        };
        known.finished -= count as isize;
        known.bytes -= bytes as i64;
        self.restart(batch);
    }

    /// The caller has handed back this many of an ordered batch, oldest first.
    pub(crate) fn handed_back(&mut self, batch: Id, count: usize) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.order.drain(..count.min(batch.order.len()));
        }
    }

    /// A job of the batch that ended without an attempt.
    pub(crate) fn take_ended(&mut self, batch: Id) -> Option<(J, Ended)> {
        self.batches.get_mut(batch)?.ended.pop_front()
    }

    /// Ends every queued job whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(id) = self.deadlines.pop_due(now) {
            let due = self.jobs.get(id).is_some_and(|s| {
                s.place != Place::InFlight && s.deadline.is_some_and(|d| d <= now)
            });
            if due {
                self.end_queued(id, Ended::Deadline, now);
            }
        }
        let over: Vec<Id> = self
            .batches
            .ids()
            .filter(|id| {
                self.batches
                    .get(*id)
                    .and_then(|b| b.deadline)
                    .is_some_and(|d| d <= now)
            })
            .collect();
        for batch in over {
            self.end_batch(batch, &Ended::Deadline, now);
        }
    }

    /// Ends what is queued of a batch, or of all batches.
    pub(crate) fn end_queued_of(&mut self, batch: Option<Id>, why: &Ended, now: Instant) {
        match batch {
            Some(batch) => self.end_batch(batch, why, now),
            None => {
                let all: Vec<Id> = self.batches.ids().collect();
                all.into_iter()
                    .for_each(|batch| self.end_batch(batch, why, now));
            }
        }
    }

    /// Cancels one job that waits. False where it is in flight or over.
    pub(crate) fn cancel(&mut self, id: Id, now: Instant) -> bool {
        let queued = self
            .jobs
            .get(id)
            .is_some_and(|slot| slot.place != Place::InFlight);
        if queued {
            self.end_queued(id, Ended::Cancelled, now);
        }
        queued
    }

    /// The batch ends at this instant.
    pub(crate) fn set_deadline(&mut self, batch: Id, deadline: Instant) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.deadline = Some(deadline);
        }
    }

    /// Looks at each job that waits.
    pub(crate) fn for_each_queued(&self, mut look: impl FnMut(&J)) {
        for id in self.jobs.ids() {
            if let Some(job) = self.jobs.get(id).and_then(|slot| slot.job.as_ref()) {
                look(job);
            }
        }
    }

    /// Nobody takes outcomes of this batch any more. Gives back what was queued, to be dropped outside any lock.
    #[must_use = "what comes back is dropped outside the lock"]
    pub(crate) fn abandon(&mut self, batch: Id, now: Instant) -> Vec<(J, Ended)> {
        self.end_batch(batch, &Ended::Cancelled, now);
        let Some(known) = self.batches.get_mut(batch) else {
            return Vec::new();
        };
        known.abandoned = true;
        let ended = std::mem::take(&mut known.ended);
        self.close_if_over(batch);
        ended.into()
    }

    /// When [`poll`](Schedule::poll) may give more than it does now, if nothing else happens before.
    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        [self.delayed.next(), self.cooling.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// When [`expire`](Schedule::expire) will have something to end.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let batches = self.batches.ids().filter_map(|id| {
            let batch = self.batches.get(id)?;
            batch.deadline.filter(|_| batch.ready + batch.parked > 0)
        });
        batches.chain(self.deadlines.next()).min()
    }

    /// Jobs that wait: in lanes or delayed.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Attempts under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The batches whose caller should look again.
    pub(crate) fn nudges(&mut self) -> std::vec::Drain<'_, Id> {
        self.nudges.drain(..)
    }

    /// Whether a caller should look again, or ended jobs are to be delivered.
    pub(crate) fn has_news(&self) -> bool {
        !self.nudges.is_empty() || !self.undelivered.is_empty()
    }

    /// Ended jobs of batches without an iterator: whoever holds the schedule delivers them, outside the lock.
    pub(crate) fn undelivered(&mut self) -> Vec<(J, Ended)> {
        std::mem::take(&mut self.undelivered)
    }

    fn host(&mut self, host: &Host, now: Instant) -> Id {
        if let Some(id) = self.by_host.get(host) {
            return *id;
        }
        let budget = self
            .settings
            .budget
            .as_ref()
            .map(|budget| Budget::new(budget, now));
        let id = self
            .hosts
            .insert(HostState::new(host.clone(), self.settings.per_host, budget));
        self.by_host.insert(host.clone(), id);
        id
    }
}
