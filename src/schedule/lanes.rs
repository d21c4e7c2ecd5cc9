//! Hosts and their lanes: one first-in-first-out queue for each (host, batch).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::host::Host;
use crate::retry::budget::Budget;

use super::breaker::{Breaker, Call, Pass, Permit};
use super::limits::HostLimits;
use super::rates::Rates;
use super::slots::Id;

/// What the schedule knows of a host. Gone once it is idle and back at its defaults.
#[derive(Debug)]
pub(super) struct HostState {
    pub(super) host: Host,
    /// One lane for each batch that has or had jobs here, in turn order: the front is served next.
    pub(super) lanes: VecDeque<Lane>,
    pub(super) in_flight: usize,
    /// Time from which on it has had at least one in flight, or last had. `None`: nothing was ever.
    pub(super) held_since: Option<Instant>,
    /// At most so many in flight.
    pub(super) limit: usize,
    /// A connection has been made; before, few are tried at once.
    pub(super) proven: bool,
    /// Nothing is sent before this instant: the server asked for a pause.
    pub(super) cool_until: Option<Instant>,
    pub(super) rate: Option<Rates>,
    pub(super) breaker: Option<Box<Breaker>>,
    pub(super) budget: Option<Budget>,
    /// Jobs anywhere (lanes, delayed, in flight) that name this host.
    pub(super) jobs: usize,
    /// When it is served, among the others: the earlier, the sooner.
    pub(super) turn: u64,
    /// In the ring of hosts that may have something to dispatch.
    pub(super) in_ring: bool,
    /// Its queued jobs count as parked: it can start nothing now.
    pub(super) blocked: bool,
    /// When it is looked at again.
    pub(super) wakes_at: Option<Instant>,
    /// In the list of idle hosts waiting to be back at their defaults.
    pub(super) lingers: bool,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) batch: Id,
    /// Ids of jobs; one whose job has ended is stale and skipped.
    pub(super) jobs: VecDeque<Id>,
    /// Jobs among them.
    pub(super) live: usize,
    /// The host stands in this batch's list of stalled hosts.
    pub(super) listed: bool,
}

impl HostState {
    /// `workers`: how many the client has.
    pub(super) fn new(host: Host, limits: &HostLimits, workers: usize, now: Instant) -> Self {
        HostState {
            host,
            lanes: VecDeque::new(),
            in_flight: 0,
            held_since: None,
            limit: limits.in_flight,
            proven: false,
            cool_until: None,
            rate: Rates::new(&limits.rate),
            breaker: limits
                .breaker
                .map(|settings| Box::new(Breaker::new(&settings, workers, now))),
            budget: limits.budget.map(|settings| Budget::new(&settings, now)),
            jobs: 0,
            turn: 0,
            in_ring: false,
            blocked: false,
            wakes_at: None,
            lingers: false,
        }
    }

    /// The lane of a batch, made if need be.
    pub(super) fn lane(&mut self, batch: Id) -> &mut Lane {
        let at = match self.lane_of(batch) {
            Some(at) => at,
            None => {
                self.lanes.push_back(Lane {
                    batch,
                    jobs: VecDeque::new(),
                    live: 0,
                    listed: false,
                });
                self.lanes.len() - 1
            }
        };
        &mut self.lanes[at]
    }

    pub(super) fn lane_mut(&mut self, batch: Id) -> Option<&mut Lane> {
        let at = self.lane_of(batch)?;
        self.lanes.get_mut(at)
    }

    /// Mostly there is one batch.
    fn lane_of(&self, batch: Id) -> Option<usize> {
        match self.lanes.front() {
            Some(lane) if lane.batch == batch => Some(0),
            _ => self.lanes.iter().position(|lane| lane.batch == batch),
        }
    }

    /// Whether any lane holds a job.
    pub(super) fn has_queue(&self) -> bool {
        match self.lanes.front() {
            Some(lane) if lane.live > 0 => true,
            _ => self.lanes.iter().any(|lane| lane.live > 0),
        }
    }

    /// Whether a job may start now: a place is free, it does not cool, its rate and its breaker let one through.
    pub(super) fn is_open(&self, now: Instant, slow_start: usize) -> bool {
        let limit = if self.proven {
            self.limit
        } else {
            self.limit.min(slow_start)
        };
        self.in_flight < limit && (self.is_unlimited() || self.is_open_by_time(now))
    }

    /// Whether nothing but a place is asked for, as of most hosts.
    fn is_unlimited(&self) -> bool {
        self.cool_until.is_none() && self.rate.is_none() && self.breaker.is_none()
    }

    fn is_open_by_time(&self, now: Instant) -> bool {
        self.opens_at().is_none_or(|at| at <= now)
            && self.breaker.as_ref().is_none_or(|b| b.allows(now))
    }

    /// When time alone lets a job through again.
    pub(super) fn opens_at(&self) -> Option<Instant> {
        let rate = self.rate.as_ref().and_then(Rates::opens_at);
        let rests = self.breaker.as_ref().and_then(|b| b.rests_until());
        self.cool_until.max(rate).max(rests)
    }

    /// Counts a start.
    pub(super) fn started(&mut self, first: bool, now: Instant) -> Option<Pass> {
        if self.in_flight == 0 {
            self.held_since = Some(now);
        }
        self.in_flight += 1;
        if let Some(rate) = &mut self.rate {
            rate.take(now);
        }
        if first && let Some(budget) = &mut self.budget {
            budget.first_attempt(now);
        }
        match self.breaker.as_mut()?.permit(now) {
            Permit::Granted(pass) => Some(pass),
            Permit::Refused { .. } => None,
        }
    }

    /// Whether its breaker let this call through on trial.
    pub(super) fn is_trial(&self, pass: &Pass) -> bool {
        self.breaker.as_ref().is_some_and(|b| b.is_trial(pass))
    }

    /// How a call ended that its breaker let through.
    pub(super) fn record(
        &mut self,
        pass: Option<Pass>,
        call: Call,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) {
        if call == Call::Success {
            self.proven = true;
        }
        if let (Some(breaker), Some(pass)) = (&mut self.breaker, pass) {
            breaker.record(pass, call, now, &mut || rng.f64());
        }
    }

    /// True if the end of this call will count for the host's breaker.
    pub(super) fn still_counts(&self, pass: &Pass) -> bool {
        self.breaker.as_ref().is_some_and(|b| b.is_current(pass))
    }

    /// Counts a call under way as failed until it ends.
    pub(super) fn count_hanging(&mut self, pass: &mut Pass, now: Instant, rng: &mut fastrand::Rng) {
        if let Some(breaker) = &mut self.breaker {
            breaker.count_hanging(pass, now, &mut || rng.f64());
        }
    }

    /// Whether its breaker is open.
    pub(super) fn is_refusing(&self, now: Instant) -> bool {
        self.breaker
            .as_ref()
            .is_some_and(|breaker| !breaker.remaining(now).is_zero())
    }

    /// How much longer its breaker refuses a call with this deadline; zero = it does not, or the call can wait.
    pub(super) fn refuses_for(&self, now: Instant, deadline: Option<Instant>) -> Duration {
        self.breaker
            .as_ref()
            .map(|breaker| breaker.refuses_for(now, deadline))
            .unwrap_or_default()
    }

    /// Idle and as if never seen: can be forgotten.
    pub(super) fn is_default(&self, now: Instant) -> bool {
        self.jobs == 0
            && !self.in_ring
            && self.cool_until.is_none_or(|until| until <= now)
            && self.rate.as_ref().is_none_or(|rate| rate.is_idle(now))
            && self.breaker.as_ref().is_none_or(|b| b.is_idle(now))
            && self
                .budget
                .as_ref()
                .is_none_or(|budget| budget.is_full(now))
    }
}

impl Lane {
    /// A job leaves: from the front as a rule.
    pub(super) fn leave(&mut self, id: Id) {
        self.live -= 1;
        if self.jobs.front() == Some(&id) {
            self.jobs.pop_front();
        } else if let Some(at) = self.jobs.iter().position(|job| *job == id) {
            self.jobs.remove(at);
        }
    }

    /// A job has ended where it stood: its id will find nothing any more, and is dropped when it comes to the front, or
    /// with others like it.
    pub(super) fn forget(&mut self, id: Id, ended: impl Fn(Id) -> bool) {
        self.live -= 1;
        if self.live == 0 {
            self.jobs.clear();
        } else if self.jobs.front() == Some(&id) {
            self.jobs.pop_front();
        } else if self.jobs.len() > 2 * self.live + 64 {
            self.jobs.retain(|job| *job != id && !ended(*job));
        }
    }
}
