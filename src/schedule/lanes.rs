//! Hosts and their lanes: one first-in-first-out queue for each (host, batch).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::host::Host;
use crate::schedule::budget::Budget;

use super::adaptive::AdaptiveLimit;
use super::breaker::{Breaker, BreakerPermit, CallEnd, PassedCall};
use super::hedges::HeadTimes;
use super::limits::HostLimits;
use super::rates::Rates;
use super::ready::{HostTier, ServiceRank, Turn};
use super::unheard::OpenAttempts;
use super::votes::HostVotes;
use crate::slab::Id;

/// State of a host in the schedule. Removed once the host is idle and back at its defaults.
#[derive(Debug)]
pub(super) struct HostState {
    pub(super) host: Host,
    /// True for the stand-in under which jobs look at files: they send nothing, and pay no rate.
    pub(super) is_local: bool,
    /// Lanes: one for each batch that has jobs for the host.
    pub(super) lanes: Vec<Lane>,
    /// Number of places: workers that are busy with a request of the host.
    pub(super) in_flight: usize,
    /// Time from which on the host has had at least one job in flight, or last had. `None`: it never had any.
    pub(super) held_since: Option<Instant>,
    /// Upper bound for `in_flight`: the present one, if the limit adapts.
    pub(super) limit: usize,
    /// State of a limit that adapts. `None`: the limit stays.
    pub(super) adaptive: Option<Box<AdaptiveLimit>>,
    /// True if a connection to the host has been made. Before that, few attempts are made at once while other hosts
    /// have jobs ready.
    pub(super) proven: bool,
    /// True if the last attempt that ended had a response head. False for a host of which none has ended.
    pub(super) answering: bool,
    /// True if the last attempt that ended had waited for a response head for longer than [`SLOW_AFTER`].
    pub(super) late: bool,
    /// True if the host is `late`, or an attempt has been under way for longer than [`SLOW_AFTER`] and no head has come
    /// since it started.
    pub(super) slow: bool,
    pub(super) unheard: OpenAttempts,
    /// Time at which the oldest attempt without a head is looked at. `None`: the host is not watched.
    pub(super) watched_at: Option<Instant>,
    /// Time at which the last attempt ended. `None`: none has.
    pub(super) ended_at: Option<Instant>,
    /// Turn at which the host was served last, to compare hosts by.
    pub(super) turn: Turn,
    /// Time before which no job starts, since the server asked for a pause. `None`: it never asked.
    pub(super) cool_until: Option<Instant>,
    pub(super) rate: Option<Rates>,
    pub(super) breaker: Option<Box<Breaker>>,
    /// State for a limiter that gives hosts their rests. `None`: it was told nothing.
    pub(super) votes: Option<Box<HostVotes>>,
    pub(super) budget: Option<Budget>,
    /// Times to the response head, if attempts at the host may be hedged. `None`: none was.
    pub(super) head_times: Option<Box<HeadTimes>>,
    /// Jobs anywhere (lanes, delayed, in flight) that name this host, and second requests under way.
    pub(super) jobs: usize,
    /// True if the host can start no job now: its queued jobs count as parked.
    pub(super) blocked: bool,
    /// Time at which the blocked host is looked at again. `None`: no look is planned.
    pub(super) wakes_at: Option<Instant>,
    /// True if the host is in the list of idle hosts that are not back at their defaults.
    pub(super) lingers: bool,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) batch: Id,
    /// Ids of jobs in the order in which they start. An id whose job has ended is stale and skipped.
    pub(super) jobs: VecDeque<Id>,
    /// Number of ids in `jobs` that are not stale.
    pub(super) live: usize,
    /// Number of the lane's jobs that have a worker, also those whose permit was given back.
    pub(super) running: usize,
}

/// Time for which a host may let a request wait for a response head before the host is slow.
pub(crate) const SLOW_AFTER: Duration = Duration::from_secs(1);

/// Time for which an idle host is kept to remember that it was served and how, so that a host whose requests come in
/// now and then is not taken for a new one each time.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Way in which the waiting jobs of a host count in their batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CountedAs {
    /// True if the jobs count as parked: the host can start no job now.
    pub(super) blocked: bool,
    /// True if the jobs do not count in the window once a host is slow, in excess of the number of workers.
    pub(super) spare: bool,
    /// True if the host is slow.
    pub(super) slow: bool,
}

impl HostState {
    /// Returns the state of a new host. `workers`: number of workers of the client.
    pub(super) fn new(
        host: Host,
        limits: &HostLimits,
        turn: Turn,
        workers: usize,
        now: Instant,
    ) -> Self {
        let adaptive = limits
            .in_flight
            .adaptive()
            .map(|bounds| Box::new(AdaptiveLimit::new(bounds)));
        HostState {
            host,
            is_local: false,
            lanes: Vec::new(),
            in_flight: 0,
            held_since: None,
            limit: adaptive
                .as_ref()
                .map_or(limits.in_flight.most(), |adaptive| adaptive.limit()),
            adaptive,
            proven: false,
            answering: false,
            late: false,
            slow: false,
            unheard: OpenAttempts::default(),
            watched_at: None,
            ended_at: None,
            turn,
            cool_until: None,
            rate: match limits.granted {
                true => Some(Rates::granted(&limits.rate)),
                false => Rates::new(&limits.rate),
            },
            breaker: limits
                .breaker
                .map(|settings| Box::new(Breaker::new(&settings, workers, now))),
            votes: None,
            budget: limits.budget.map(|settings| Budget::new(&settings, now)),
            head_times: None,
            jobs: 0,
            blocked: false,
            wakes_at: None,
            lingers: false,
        }
    }

    /// Returns how the waiting jobs of the host count.
    pub(super) fn counted_as(&self) -> CountedAs {
        CountedAs {
            blocked: self.blocked,
            spare: self.slow || !self.answering,
            slow: self.slow,
        }
    }

    /// Returns the tier of the host. `slow_start`: number of places that a host without a connection may hold.
    pub(super) fn tier(&self, slow_start: usize) -> HostTier {
        if self.answering {
            HostTier::Answering
        } else if self.proven || self.in_flight < slow_start {
            HostTier::Unanswered
        } else {
            HostTier::Unconnected
        }
    }

    pub(super) fn rank(&self) -> ServiceRank {
        ServiceRank {
            places: self.in_flight,
            turn: self.turn,
        }
    }

    pub(super) fn lane_mut(&mut self, batch: Id) -> Option<&mut Lane> {
        let at = self.lane_of(batch)?;
        self.lanes.get_mut(at)
    }

    /// Returns the index of the lane of a batch. The first lane is tried first: mostly there is one batch.
    fn lane_of(&self, batch: Id) -> Option<usize> {
        match self.lanes.first() {
            Some(lane) if lane.batch == batch => Some(0),
            _ => self.lanes.iter().position(|lane| lane.batch == batch),
        }
    }

    /// True if any lane holds a job.
    pub(super) fn has_queue(&self) -> bool {
        match self.lanes.first() {
            Some(lane) if lane.live > 0 => true,
            _ => self.lanes.iter().any(|lane| lane.live > 0),
        }
    }

    /// True if a job may start now: the host's limit is not reached, it does not cool, and its rates and its breaker
    /// let a job through.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.in_flight < self.limit && (self.is_unlimited() || self.is_open_by_time(now))
    }

    /// True if the host has no limit but that of places, as most hosts.
    fn is_unlimited(&self) -> bool {
        self.cool_until.is_none() && self.rate.is_none() && self.breaker.is_none()
    }

    fn is_open_by_time(&self, now: Instant) -> bool {
        self.opens_at(now).is_none_or(|at| at <= now)
            && !self.lacks_slot(now)
            && self.breaker.as_ref().is_none_or(|b| b.allows(now))
    }

    /// True if the host's starts are granted from outside, and no slot is left.
    pub(super) fn lacks_slot(&self, now: Instant) -> bool {
        self.rate.as_ref().is_some_and(|rate| rate.lacks_slot(now))
    }

    /// Number of jobs in the host's lanes.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.live).sum()
    }

    /// Number of further places that the host may take, if this number is free over all hosts.
    pub(super) fn free_places(&self, of_all: usize) -> usize {
        of_all.min(self.limit.saturating_sub(self.in_flight))
    }

    /// Time at which time alone lets a job through again. `None`: time does not hold jobs back.
    pub(super) fn opens_at(&self, now: Instant) -> Option<Instant> {
        let rate = self.rate.as_ref().and_then(|rate| rate.opens_at(now));
        let rests = self.breaker.as_ref().and_then(|b| b.rests_until());
        self.cool_until.max(rate).max(rests)
    }

    /// Counts the start of a job. Returns the pass of its breaker. `None`: the host has no breaker, or it refuses.
    pub(super) fn started(&mut self, first: bool, now: Instant) -> Option<PassedCall> {
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
            BreakerPermit::Granted(pass) => Some(pass),
            BreakerPermit::Refused { .. } => None,
        }
    }

    /// Notes the job that took the start on trial, if the last start was one.
    pub(super) fn note_trial(&mut self, job: Id) {
        let slots = self.rate.as_mut().and_then(Rates::slots_mut);
        if slots.is_some_and(|slots| std::mem::take(&mut slots.trial_began)) {
            self.votes.get_or_insert_default().trial = Some(job);
        }
    }

    /// True if the host may become slow, and is not watched.
    pub(super) fn is_unwatched(&self) -> bool {
        !self.slow && self.watched_at.is_none() && self.unheard.since().is_some()
    }

    /// Time at which the host becomes slow, unless a head comes or the attempt ends. `None`: no attempt waits for a
    /// head.
    pub(super) fn slow_at(&self) -> Option<Instant> {
        self.unheard.since()?.checked_add(SLOW_AFTER)
    }

    /// True if an attempt has been under way for longer than [`SLOW_AFTER`] and no head has come since it started.
    pub(super) fn waits_long(&self, now: Instant) -> bool {
        self.slow_at().is_some_and(|at| at <= now)
    }

    /// True if the host's breaker let this call through on trial.
    pub(super) fn is_trial(&self, pass: &PassedCall) -> bool {
        self.breaker.as_ref().is_some_and(|b| b.is_trial(pass))
    }

    /// Records the end of a call that the host's breaker let through.
    pub(super) fn record(
        &mut self,
        pass: Option<PassedCall>,
        call: CallEnd,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) {
        if let (Some(breaker), Some(pass)) = (&mut self.breaker, pass) {
            breaker.record(pass, call, now, &mut || rng.f64());
        }
    }

    /// True if the end of this call will count for the host's breaker.
    pub(super) fn still_counts(&self, pass: &PassedCall) -> bool {
        self.breaker.as_ref().is_some_and(|b| b.is_current(pass))
    }

    /// Counts a call under way as failed until it ends.
    pub(super) fn count_hanging(
        &mut self,
        pass: &mut PassedCall,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) {
        if let Some(breaker) = &mut self.breaker {
            breaker.count_hanging(pass, now, &mut || rng.f64());
        }
    }

    /// True if the host's breaker is open.
    pub(super) fn is_refusing(&self, now: Instant) -> bool {
        self.breaker
            .as_ref()
            .is_some_and(|breaker| !breaker.remaining(now).is_zero())
    }

    /// Time for which the breaker still refuses a call with this deadline. Zero: it does not refuse, or the call can
    /// wait.
    pub(super) fn refuses_for(&self, now: Instant, deadline: Option<Instant>) -> Duration {
        self.breaker
            .as_ref()
            .map(|breaker| breaker.refuses_for(now, deadline))
            .unwrap_or_default()
    }

    /// True if the host is idle and as if never seen, so that it can be forgotten. `remember`: false also for a host
    /// that was served lately.
    pub(super) fn is_default(&self, now: Instant, remember: bool) -> bool {
        let lately = |at: Instant| now.saturating_duration_since(at) < REMEMBERED;
        self.jobs == 0
            && !(remember && self.ended_at.is_some_and(lately))
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
    pub(super) fn new(batch: Id) -> Lane {
        Lane {
            batch,
            jobs: VecDeque::new(),
            live: 0,
            running: 0,
        }
    }

    /// Takes a job out of the lane: from the front as a rule.
    pub(super) fn leave(&mut self, id: Id) {
        self.live -= 1;
        if self.jobs.front() == Some(&id) {
            self.jobs.pop_front();
        } else if let Some(at) = self.jobs.iter().position(|job| *job == id) {
            self.jobs.remove(at);
        }
    }

    /// Notes that a job ended while it waited in the lane. Its id is stale, and is dropped when it comes to the front,
    /// or together with other stale ids.
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
