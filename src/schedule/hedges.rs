//! Second requests for answers that are slow to come: when they are due, and the places that they take.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::Schedule;
use super::breaker::{CallEnd, PassedCall};
use super::timers::TimerQueue;
use crate::slab::Id;

/// Number of attempts whose times are kept for each host.
const KEPT: usize = 1_000;

/// Number of attempts from which on a host's times say how long an answer takes.
const ENOUGH: usize = 20;

/// Times from the start of an attempt to the response head, of the last attempts at a host.
#[derive(Debug, Default)]
pub(super) struct HeadTimes {
    /// Times in the order in which they came.
    last: VecDeque<Duration>,
    /// Times in `last`, the shortest first.
    sorted: Vec<Duration>,
}

impl HeadTimes {
    fn note(&mut self, time: Duration) {
        if self.last.len() == KEPT
            && let Some(oldest) = self.last.pop_front()
            && let Ok(at) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(at);
        }
        self.last.push_back(time);
        let at = self.sorted.partition_point(|known| *known <= time);
        self.sorted.insert(at, time);
    }

    /// Returns the time that 95 % of the attempts did not exceed. `None`: too few are known.
    fn p95(&self) -> Option<Duration> {
        let count = self.sorted.len();
        let rank = (count * 95).div_ceil(100);
        let time = self.sorted.get(rank.checked_sub(1)?)?;
        (count >= ENOUGH).then_some(*time)
    }
}

/// Attempts for which a second request is due at a time.
#[derive(Debug, Default)]
pub(super) struct HedgeTimers {
    pub(super) queue: TimerQueue,
    /// Time at which the second request of a job's present attempt is due, and its cost.
    pub(super) due: HashMap<Id, (Instant, u32)>,
}

impl HedgeTimers {
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.next()
    }

    fn add(&mut self, job: Id, at: Instant, cost: u32) {
        self.remove(job);
        self.due.insert(job, (at, cost));
        self.queue.push(at, job);
    }

    fn remove(&mut self, job: Id) {
        if self.due.remove(&job).is_some() {
            let due = &self.due;
            self.queue
                .discard(|at, id| due.get(&id).is_some_and(|(due, _)| *due == at));
        }
    }

    fn pop_due(&mut self, now: Instant) -> Option<(Id, u32)> {
        while let Some((at, job)) = self.queue.pop_due(now) {
            if let Some((due, cost)) = self.due.get(&job).copied()
                && due == at
            {
                self.due.remove(&job);
                return Some((job, cost));
            }
        }
        None
    }
}

/// A second request to send now.
#[derive(Debug)]
pub(crate) struct HedgeStart {
    /// Job in flight that the request is for.
    pub(crate) job: Id,
    pub(super) host: Id,
    pass: Option<PassedCall>,
}

impl<J> Schedule<J> {
    /// Has a second request for a job in flight, whose attempt began at `start`, come due when the answer takes longer
    /// than 95 % of the answers of its host. False: too few answers of the host are known. `cost`: cost that the
    /// request pays.
    pub(crate) fn offer_hedge(&mut self, job: Id, start: Instant, cost: u32) -> bool {
        let host = self.jobs.get(job).map(|slot| slot.host);
        let host = host.and_then(|host| self.hosts.get(host));
        let times = host.and_then(|host| host.head_times.as_ref());
        let p95 = times.and_then(|times| times.p95());
        let due = p95.and_then(|p95| start.checked_add(p95));
        if let Some(due) = due {
            self.hedges.add(job, due, cost);
        }
        due.is_some()
    }

    /// Takes back the offer of a second request, since the answer to the first is coming.
    pub(crate) fn withdraw_hedge(&mut self, job: Id) {
        self.hedges.remove(job);
    }

    /// Notes the end of an attempt that might have been hedged. `waited`: time to the response head. `None`: no head
    /// came. Called before [`complete`](Schedule::complete).
    pub(crate) fn end_hedged(&mut self, job: Id, waited: Option<Duration>) {
        self.hedges.remove(job);
        let host = self.jobs.get(job).map(|slot| slot.host);
        let host = host.and_then(|host| self.hosts.get_mut(host));
        if let (Some(host), Some(waited)) = (host, waited) {
            host.head_times.get_or_insert_default().note(waited);
        }
    }

    /// Starts the next second request that is due and has a place, a permit of its rates and a token of the retry
    /// budget at once. Requests that are due and lack one of them are not sent. `None`: none is sent now.
    pub(crate) fn poll_hedge(&mut self, now: Instant) -> Option<HedgeStart> {
        self.hedges.next().filter(|at| *at <= now)?;
        while let Some((job, cost)) = self.hedges.pop_due(now) {
            if let Some(start) = self.start_hedge(job, cost, now) {
                return Some(start);
            }
        }
        None
    }

    fn start_hedge(&mut self, job: Id, cost: u32, now: Instant) -> Option<HedgeStart> {
        let slot = self.jobs.get(job)?;
        let host = slot.host;
        // A batch that is being stopped starts nothing more.
        if self
            .batches
            .get(slot.batch)
            .is_none_or(|batch| batch.stopped.is_some())
        {
            return None;
        }
        if self.is_full(now) || !self.hosts.get(host)?.is_open(now) {
            return None;
        }
        if !self.may_have_worker(host, now) || !self.total.allows(|| cost, now) {
            return None;
        }
        let state = self.hosts.get_mut(host)?;
        let budget = state.budget.as_mut();
        if !budget.is_none_or(|budget| budget.withdraw(1.0, now)) {
            return None;
        }
        let pass = state.started(false, now);
        // The host stays known until the request has ended, even if its job ends before.
        state.jobs += 1;
        let open = state.is_open(now);
        self.places.take(state.answering);
        self.total.take(|| cost, now);
        match open {
            true => self.rank(host),
            false => self.block(host, now),
        }
        Some(HedgeStart { job, host, pass })
    }

    /// Takes the permit of a second request back.
    pub(crate) fn end_hedge(&mut self, hedge: HedgeStart, now: Instant) {
        let HedgeStart { host, pass, .. } = hedge;
        if let Some(state) = self.hosts.get_mut(host) {
            state.in_flight -= 1;
            state.jobs -= 1;
            self.places.give_back(state.answering);
            state.record(pass, CallEnd::Ignored, now, &mut self.rng);
        }
        self.unblock(host, now);
        self.rank(host);
        self.retire(host, now);
    }
}
