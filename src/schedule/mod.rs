//! Schedule of the jobs of all batches: a pure state machine. Time is an argument; there is no thread, clock, socket,
//! log call or user code inside, so that millions of histories can be tested in virtual time. Time never goes back:
//! callers read the clock under the lock by which they hold the schedule.
//!
//! A job is in one place at a time: in a lane, delayed, held for a token, in flight, or ended. A waiting job is an entry in a lane or a
//! heap and holds no thread and no permit. Every change of place keeps the counts of its batch and host right in the
//! same call.
//!
//! Hosts share the workers by the places that they hold, not by turns: a host that hangs keeps each place for as long
//! as its timeout lets it, and would have all places after a few turns. `share` chooses the host that is served next,
//! `answers` finds the hosts that answer and the hosts that are slow, `batches` bounds the jobs that are read beyond
//! the window because of slow hosts. Invariants that hold after each call:
//!
//! - A batch's `ready` holds exactly the hosts with a job of the batch in a lane that are not blocked, each with its
//!   present tier and rank. [`rank`](Schedule::rank) brings it up to date after each change of a host.
//! - `ready + parked` jobs of a batch wait, and `spare` of the ready jobs wait for hosts that are slow or unanswered;
//!   `slow` is the number of slow hosts with a lane of the batch. [`change`](Schedule::change) counts anew when a host
//!   changes.
//! - A lane without jobs is kept while its host is slow and its batch open: the next jobs that are read may be for such
//!   hosts, too.
//! - `unanswered` is the sum of the places of the hosts that are not answering.
//! - A host that is not slow and has an attempt without a head under way is watched until it would be slow.

mod adaptive;
mod answers;
mod backlog;
mod batches;
mod breaker;
mod budget;
mod complete;
#[cfg(any(test, feature = "fleet"))]
mod divided;
mod end_reason;
mod ending;
mod file_checks;
mod granted;
mod hanging;
mod hedges;
mod held;
mod holding;
mod hosts;
mod lanes;
mod limits;
mod news;
mod opening;
mod places;
mod queue;
mod rate;
mod rates;
mod ready;
mod share;
mod shortage;
mod slots;
#[cfg(test)]
mod tests;
mod timers;
mod token;
mod unheard;
mod votes;

use std::num::NonZeroU32;
use std::time::Instant;

#[cfg(test)]
use crate::host::Host;

pub(crate) use crate::slab::Id;
pub(crate) use adaptive::LoadSign;
pub(crate) use answers::HostObservation;
pub(crate) use backlog::CpuPressure;
pub(crate) use batches::{Bounds, JobCounts};
pub(crate) use breaker::CallEnd;
pub(crate) use complete::Verdict;
pub(crate) use end_reason::EndReason;
pub(crate) use granted::{LimiterNews, SlotAnswer, SlotDemand};
pub(crate) use hedges::HedgeStart;
pub(crate) use held::{TokenCall, TokenNeed};
pub(crate) use holding::HostHolding;
pub(crate) use lanes::SLOW_AFTER;
pub(crate) use limits::{HostLimits, LimitRule, ScheduleSettings};
pub(crate) use token::{CALL_LIMIT, CALLS as TOKEN_CALLS};

use crate::slab::Slab;
use batches::{Batch, Batches};
use granted::WantingHosts;
use hanging::OpenCall;
use hedges::HedgeTimers;
use held::TokenGates;
use hosts::Hosts;
use news::PendingNews;
use places::PlaceCounts;
use rates::TotalRate;
use ready::TurnCounter;
use share::WorkerDemand;
use timers::TimerQueues;

pub(crate) struct Schedule<J> {
    settings: ScheduleSettings,
    /// True if some hosts have a breaker.
    has_breakers: bool,
    /// Jobs that wait or are in flight.
    jobs: Slab<JobSlot<J>>,
    /// Number of jobs that wait: in lanes or delayed.
    queued: usize,
    hosts: Hosts,
    batches: Batches<J>,
    turns: TurnCounter,
    places: PlaceCounts,
    demand: WorkerDemand,
    total: TotalRate,
    /// Cost that the next start of a job pays.
    cost_of: fn(&J) -> u32,
    timers: TimerQueues,
    tokens: TokenGates,
    wanting: WantingHosts,
    hedges: HedgeTimers,
    news: PendingNews<J>,
    rng: fastrand::Rng,
}

struct JobSlot<J> {
    /// The job itself. `None`: the job is in flight, and its worker has it.
    job: Option<J>,
    batch: Id,
    host: Id,
    deadline: Option<Instant>,
    /// The attempt under way, if the host has a breaker that let it through.
    call: Option<Box<OpenCall>>,
    place: JobPlace,
    /// True if the job's deadline is an entry of [`deadlines`](TimerQueues::deadlines).
    timed: bool,
    /// True if the job has been started before.
    tried: bool,
    /// True if the job is in flight and its permit has been given back.
    released: bool,
    /// Bytes of the job's body plus 1, if the job waits and was read beyond the window. `None`: it was read within the
    /// window, or has started or ended since.
    ahead: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobPlace {
    Lane,
    Delayed,
    /// Out of its lane until the token that it needs is there.
    Held,
    InFlight,
}

/// A job to run now.
#[derive(Debug)]
pub(crate) struct Start<J> {
    pub(crate) id: Id,
    pub(crate) batch: Id,
    pub(crate) job: J,
    /// True if no connection to the job's host has been made yet: [`Schedule::connected`] wants to be told of the
    /// first.
    pub(crate) unproven: bool,
    /// Number of permits given back before the job's start, for [`Schedule::had_company`].
    pub(crate) given_back: u32,
    /// True if the job's host has a breaker: [`Schedule::count_hanging`] asks since when the attempt waits for the
    /// host.
    pub(crate) watched: bool,
    /// Time after which no attempt of the job begins, if its turn came before. `None`: its first turn is now, or it has no
    /// time limit.
    pub(crate) deadline: Option<Instant>,
    /// Present limit of the host's places, if it adapts: [`Schedule::adapt`] wants to be told of the attempt's end.
    /// `None`: the limit stays.
    pub(crate) limit: Option<NonZeroU32>,
}

impl<J> Schedule<J> {
    pub(crate) fn new(settings: ScheduleSettings) -> Self {
        Schedule {
            has_breakers: settings.has_breakers(),
            total: TotalRate::new(&settings.rate, &settings.rate_cost, settings.host.granted),
            wanting: WantingHosts::new(settings.host.granted, settings.shared_rests),
            rng: fastrand::Rng::with_seed(settings.seed),
            settings,
            cost_of: |_| 1,
            jobs: Slab::default(),
            queued: 0,
            hosts: Hosts::default(),
            batches: Batches::default(),
            turns: TurnCounter::default(),
            places: PlaceCounts::default(),
            demand: WorkerDemand::default(),
            timers: TimerQueues::default(),
            tokens: TokenGates::default(),
            hedges: HedgeTimers::default(),
            news: PendingNews::default(),
        }
    }

    /// Sets the function that returns the cost that the next start of a job pays. Default: each start pays 1.
    pub(crate) fn with_costs(mut self, cost_of: fn(&J) -> u32) -> Self {
        self.cost_of = cost_of;
        self
    }

    /// Opens a batch.
    pub(crate) fn open(&mut self, bounds: Bounds, deadline: Option<Instant>) -> Id {
        let turn = self.turns.arrive();
        self.batches.add(Batch::new(bounds, deadline, turn))
    }

    /// [`push_for`](Schedule::push_for), by the host's name.
    #[cfg(test)]
    pub(crate) fn push(&mut self, batch: Id, host: &Host, job: J, now: Instant) -> Id {
        let host = self.host(host, now);
        self.push_for(batch, host, job, 0, now)
    }

    /// Adds a job at the back of its lane, for a host that was [looked up](Schedule::host) just now; `body` is the
    /// number of bytes of its body that are kept in memory. The caller keeps within [`room`](Schedule::room). If the
    /// batch was stopped meanwhile, the job ends at once.
    pub(crate) fn push_for(&mut self, batch: Id, host: Id, job: J, body: u64, now: Instant) -> Id {
        let ahead = self
            .batches
            .get_mut(batch)
            .and_then(|batch| batch.reads(body));
        let id = self.jobs.insert(JobSlot {
            job: Some(job),
            batch,
            host,
            deadline: None,
            call: None,
            place: JobPlace::Lane,
            timed: false,
            tried: false,
            released: false,
            ahead,
        });
        if let Some(known) = self.batches.get_mut(batch)
            && known.bounds.ordered
        {
            known.order.push_back(Some(id));
        }
        if let Some(host) = self.hosts.get_mut(host) {
            host.jobs += 1;
        }
        self.queued += 1;
        self.enqueue(id, now, queue::LaneEnd::Back);
        self.end_if_stopped(id, now);
        id
    }

    /// Adds a job that cannot be sent: it ends at once, without an attempt.
    pub(crate) fn push_ended(&mut self, batch: Id, job: J, why: EndReason) {
        if let Some(known) = self.batches.get_mut(batch)
            && known.bounds.ordered
        {
            known.order.push_back(None);
        }
        self.end(batch, job, why);
    }

    /// Number of further requests of the batch that may be pushed.
    pub(crate) fn room(&self, batch: Id) -> usize {
        let batch = self.batches.get(batch).filter(|batch| batch.takes_more());
        batch.map_or(0, |batch| batch.room(self.settings.in_flight))
    }

    /// Number of the batch's jobs that wait only for a worker. If a host of the batch is slow, only jobs of hosts that
    /// answer and are not slow count.
    pub(crate) fn ready(&self, batch: Id) -> usize {
        self.batches.get(batch).map_or(0, Batch::useful)
    }

    /// Returns the number of jobs of the batch at each place. `None`: the batch is not known.
    pub(crate) fn standing(&self, batch: Id, now: Instant) -> Option<JobCounts> {
        let mut standing = self.batches.get(batch)?.standing();
        standing.waiting = self.waiting(batch, now);
        standing.adapted = self.adapted(batch);
        Some(standing)
    }

    /// True if the batch takes no more requests, now or later.
    pub(crate) fn is_over(&self, batch: Id) -> bool {
        !self.batches.get(batch).is_some_and(Batch::takes_more)
    }

    /// Reason for which queued jobs of the batch end. `None`: the batch was not stopped, or is not known.
    pub(crate) fn stopped(&self, batch: Id) -> Option<&EndReason> {
        self.batches.get(batch)?.stopped.as_ref()
    }

    /// Starts the next job and returns it. `None`: no job may start now.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Start<J>> {
        let id = self.next(now)?;
        self.start(id, now)
    }

    /// True if [`poll`](Schedule::poll) would return a job, or [`token_call`](Schedule::token_call) a call.
    pub(crate) fn is_dispatchable(&mut self, now: Instant) -> bool {
        self.next(now).is_some() || self.tokens.is_call_due(now)
    }

    /// Time from which on [`poll`](Schedule::poll) may return more than it last did, if nothing else happens before.
    /// `None`: time alone changes nothing.
    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        let times = [
            self.timers.delayed.next(),
            self.timers.waking.next(),
            self.timers.looks.next(),
            self.hedges.next(),
            self.total.paced_until,
            self.demand.kept_free_until,
            self.grows_at(),
            self.tokens.next_wakeup(),
            self.wanting.total_waits_until,
        ];
        times
            .into_iter()
            .flatten()
            .chain(self.batches.lifted_at())
            .min()
    }

    /// Ends the queued jobs of a batch whose outcomes are not taken any more. Returns the jobs that ended without an
    /// attempt, to be dropped outside any lock.
    #[must_use = "what comes back is dropped outside the lock"]
    pub(crate) fn abandon(&mut self, batch: Id, now: Instant) -> Vec<(J, EndReason)> {
        self.end_batch(batch, &EndReason::Cancelled, now);
        let Some(known) = self.batches.get_mut(batch) else {
            return Vec::new();
        };
        known.abandoned = true;
        known.stopped.get_or_insert(EndReason::Cancelled);
        let ended = std::mem::take(&mut known.ended);
        self.close_if_over(batch);
        ended.into()
    }

    /// Notes that the caller has taken `count` outcomes, which kept `bytes`.
    pub(crate) fn taken(&mut self, batch: Id, count: usize, bytes: u64) {
        let Some(known) = self.batches.get_mut(batch) else {
            return;
        };
        known.finished -= count as isize;
        known.bytes -= bytes as i64;
        self.note_room(batch);
    }

    /// Notes that the caller has handed back the `count` oldest outcomes of an ordered batch.
    pub(crate) fn handed_back(&mut self, batch: Id, count: usize) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.order.drain(..count.min(batch.order.len()));
        }
    }

    /// Takes a job of the batch that ended without an attempt. `None`: there is none.
    pub(crate) fn take_ended(&mut self, batch: Id) -> Option<(J, EndReason)> {
        let ended = self.batches.get_mut(batch)?.ended.pop_front()?;
        self.note_room(batch);
        Some(ended)
    }

    /// Calls `look` with each job that waits.
    pub(crate) fn for_each_queued(&self, look: impl FnMut(&J)) {
        let waiting = self.jobs.values().filter_map(|slot| slot.job.as_ref());
        waiting.for_each(look);
    }

    /// Number of jobs that wait: in lanes or delayed.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Number of attempts under way that hold a permit.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> usize {
        self.places.in_flight
    }
}
