//! What runs when: a pure state machine. Time is an argument; there is no thread, clock, socket, log call or user code
//! inside, so that millions of histories can be tested in virtual time. Time never goes back: whoever calls reads the
//! clock under the lock that it holds the schedule by.
//!
//! A job is in one place at a time: in a lane, delayed, in flight, or ended. One that waits is an entry in a lane or a
//! heap and holds nothing. Every change of place keeps the counts of its batch and host right in the same call.
//!
//! Hosts share the workers by the places that they hold, not by turns: a host that hangs keeps each place for as long as
//! its timeout lets it, and would have them all after a few turns. `share` says which host is served next, `answers`
//! which hosts answer and which are slow, `batches` how far is read ahead of slow ones. What has to be true after each
//! call:
//!
//! - A batch's `ready` holds exactly the hosts with a job of the batch in a lane that are not blocked, each with its
//!   present tier and rank. [`rank`](Schedule::rank) brings it up to date after each change of a host.
//! - Of a batch, `ready + parked` jobs wait, `spare` of the ready ones for hosts that are slow or unanswered; `slow` is
//!   the number of slow hosts with a lane of it. [`change`](Schedule::change) counts anew when a host changes.
//! - A lane without jobs is kept while its host is slow and its batch open: what is read next may be for such hosts, too.
//! - `unanswered` is the sum of the places of the hosts that are not answering.
//! - A host that is not slow and has an attempt without a head under way is watched until it would be slow.

mod answers;
mod backlog;
mod batches;
mod breaker;
mod budget;
mod complete;
mod delayed;
mod ending;
mod hanging;
mod holding;
mod hosts;
mod lanes;
mod limits;
mod queue;
mod rate;
mod rates;
mod ready;
mod share;
mod shortage;
#[cfg(test)]
mod tests;
mod unheard;

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::time::Instant;

use crate::host::Host;

pub(crate) use crate::slab::Id;
pub(crate) use answers::Heard;
pub(crate) use backlog::Seen;
pub(crate) use batches::{Bounds, Ended, Standing};
pub(crate) use breaker::Call;
pub(crate) use complete::Verdict;
pub(crate) use holding::Holding;
pub(crate) use lanes::SLOW_AFTER;
pub(crate) use limits::{HostLimits, LimitRule, Settings};

use crate::slab::Slab;
use batches::Batch;
use delayed::Timers;
use hanging::OpenCall;
use lanes::HostState;
use rates::Rates;
use ready::Turns;
use shortage::Shortage;

pub(crate) struct Schedule<J> {
    settings: Settings,
    /// Some hosts have a breaker.
    has_breakers: bool,
    jobs: Slab<Slot<J>>,
    hosts: Slab<HostState>,
    by_host: HashMap<Host, Id>,
    /// The one asked for last: lists are mostly sorted by host.
    last_host: Option<(Host, Id)>,
    batches: Slab<Batch<J>>,
    /// Every batch there is.
    open: Vec<Id>,
    ordered: Vec<Id>,
    /// Batches of which fewer are under way for a time, since their answers wait for a core.
    backlogged: Vec<Id>,
    turns: Turns,
    /// Places that hosts hold which are not answering.
    unanswered: usize,
    /// Number of permits that were given back, beginning at 0 again after the largest.
    given_back: u32,
    /// Answering hosts that ran out of ready work, and when, the last one at the back: their demand outlasts a gap.
    gaps: VecDeque<(Instant, Id)>,
    /// Workers are kept free for answering hosts until then.
    kept_free_until: Option<Instant>,
    /// The rates over all hosts.
    rate: Option<Rates>,
    /// The rate over all hosts lets the next job through then, and not now.
    paced_until: Option<Instant>,
    /// Retries by the time they are due.
    delayed: Timers,
    /// Hosts by the time at which they open.
    waking: Timers,
    /// Attempts under a breaker, by the time at which they are looked at: they may hang.
    looks: Timers,
    /// Jobs by their deadline.
    deadlines: Timers,
    /// Hosts by the time at which they may have become slow.
    watching: Timers,
    /// Idle hosts that are not back at their defaults.
    lingering: VecDeque<Id>,
    in_flight: usize,
    /// Limit that this machine sets on what is in flight at once. `None`: as many as the settings do.
    shortage: Option<Shortage>,
    queued: usize,
    /// Batches whose caller should look again: there is room, or something ended.
    nudges: Vec<Id>,
    /// Ended jobs of batches nobody iterates over.
    undelivered: Vec<(J, Ended)>,
    rng: fastrand::Rng,
}

struct Slot<J> {
    /// The job itself, but while it is in flight: then its worker has it.
    job: Option<J>,
    batch: Id,
    host: Id,
    deadline: Option<Instant>,
    /// The attempt under way, where the host has a breaker that let it through.
    call: Option<Box<OpenCall>>,
    place: Place,
    /// Its deadline stands among those to be looked at.
    timed: bool,
    /// An attempt has been made.
    tried: bool,
    /// In flight without a permit.
    released: bool,
    /// Set for a job that waits and was read beyond the window: the bytes of its body and 1.
    ahead: Option<NonZeroU32>,
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
    /// Number of permits given back before its start, for [`Schedule::had_company`].
    pub(crate) given_back: u32,
    /// True if its host has a breaker: [`Schedule::count_hanging`] asks since when the attempt waits for the host.
    pub(crate) watched: bool,
}

impl<J> Schedule<J> {
    pub(crate) fn new(settings: Settings) -> Self {
        Schedule {
            has_breakers: settings.has_breakers(),
            rate: Rates::new(&settings.rate),
            rng: fastrand::Rng::with_seed(settings.seed),
            settings,
            jobs: Slab::default(),
            hosts: Slab::default(),
            by_host: HashMap::new(),
            last_host: None,
            batches: Slab::default(),
            ordered: Vec::new(),
            open: Vec::new(),
            backlogged: Vec::new(),
            turns: Turns::default(),
            unanswered: 0,
            given_back: 0,
            gaps: VecDeque::new(),
            kept_free_until: None,
            paced_until: None,
            delayed: Timers::default(),
            waking: Timers::default(),
            looks: Timers::default(),
            deadlines: Timers::default(),
            watching: Timers::default(),
            lingering: VecDeque::new(),
            in_flight: 0,
            shortage: None,
            queued: 0,
            nudges: Vec::new(),
            undelivered: Vec::new(),
        }
    }

    /// Opens a batch.
    pub(crate) fn open(&mut self, bounds: Bounds, deadline: Option<Instant>) -> Id {
        let turn = self.turns.arrive();
        let id = self.batches.insert(Batch::new(bounds, deadline, turn));
        self.open.push(id);
        if bounds.ordered {
            self.ordered.push(id);
        }
        id
    }

    /// [`push_for`](Schedule::push_for), by the host's name.
    #[cfg(test)]
    pub(crate) fn push(&mut self, batch: Id, host: &Host, job: J, now: Instant) -> Id {
        let host = self.host(host, now);
        self.push_for(batch, host, job, 0, now)
    }

    /// Adds a job for a host that was [asked for](Schedule::host) just now at the back of its lane; `body` is how many
    /// bytes of a body it keeps in memory. The caller minds [`room`](Schedule::room). In a batch that was stopped
    /// meanwhile it ends at once.
    pub(crate) fn push_for(&mut self, batch: Id, host: Id, job: J, body: u64, now: Instant) -> Id {
        let ahead = self
            .batches
            .get_mut(batch)
            .and_then(|batch| batch.reads(body));
        let id = self.jobs.insert(Slot {
            job: Some(job),
            batch,
            host,
            deadline: None,
            call: None,
            place: Place::Lane,
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
        self.enqueue(id, now, queue::End::Back);
        self.end_if_stopped(id, now);
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
        batch.map_or(0, |batch| batch.room(self.settings.in_flight))
    }

    /// Number of the batch's jobs that wait for nothing but a worker; where a host is slow, only those of hosts that answer at once.
    pub(crate) fn ready(&self, batch: Id) -> usize {
        self.batches.get(batch).map_or(0, Batch::useful)
    }

    /// Where the jobs of the batch are.
    pub(crate) fn standing(&self, batch: Id, now: Instant) -> Option<Standing> {
        let mut standing = self.batches.get(batch)?.standing();
        standing.waiting = self.waiting(batch, now);
        Some(standing)
    }

    /// Whether the batch takes no more requests, now or later.
    pub(crate) fn is_over(&self, batch: Id) -> bool {
        !self.batches.get(batch).is_some_and(Batch::takes_more)
    }

    /// Why what is queued of the batch ends, where it does.
    pub(crate) fn stopped(&self, batch: Id) -> Option<&Ended> {
        self.batches.get(batch)?.stopped.as_ref()
    }

    /// Asks for a nudge as soon as there is room.
    pub(crate) fn want_room(&mut self, batch: Id) {
        if let Some(known) = self.batches.get_mut(batch) {
            known.hungry = true;
            self.note_room(batch);
        }
        let watch = self.next_watch();
        let known = self.batches.get(batch);
        if watch.is_some_and(|watch| known.is_some_and(|batch| batch.looks_after(watch))) {
            self.nudge(batch);
        }
    }

    /// The next job to run, if one may start now.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Start<J>> {
        let id = self.next(now)?;
        self.start(id, now)
    }

    /// Whether [`poll`](Schedule::poll) would give a job.
    pub(crate) fn is_dispatchable(&mut self, now: Instant) -> bool {
        self.next(now).is_some()
    }

    /// When [`poll`](Schedule::poll) may give more than it last did, if nothing else happens before.
    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        let backlogs = self.backlogged.iter();
        let lifted = backlogs.filter_map(|id| self.batches.get(*id)?.backlog.until());
        let times = [
            self.delayed.next(),
            self.waking.next(),
            self.looks.next(),
            self.paced_until,
            self.kept_free_until,
            self.grows_at(),
        ];
        times.into_iter().flatten().chain(lifted).min()
    }

    /// Nobody takes outcomes of this batch any more. Gives back what was queued, to be dropped outside any lock.
    #[must_use = "what comes back is dropped outside the lock"]
    pub(crate) fn abandon(&mut self, batch: Id, now: Instant) -> Vec<(J, Ended)> {
        self.end_batch(batch, &Ended::Cancelled, now);
        let Some(known) = self.batches.get_mut(batch) else {
            return Vec::new();
        };
        known.abandoned = true;
        known.stopped.get_or_insert(Ended::Cancelled);
        let ended = std::mem::take(&mut known.ended);
        self.close_if_over(batch);
        ended.into()
    }

    /// The caller has taken outcomes: `count` of them, keeping `bytes`.
    pub(crate) fn taken(&mut self, batch: Id, count: usize, bytes: u64) {
        let Some(known) = self.batches.get_mut(batch) else {
            return;
        };
        known.finished -= count as isize;
        known.bytes -= bytes as i64;
        self.note_room(batch);
    }

    /// The caller has handed back this many of an ordered batch, oldest first.
    pub(crate) fn handed_back(&mut self, batch: Id, count: usize) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.order.drain(..count.min(batch.order.len()));
        }
    }

    /// A job of the batch that ended without an attempt.
    pub(crate) fn take_ended(&mut self, batch: Id) -> Option<(J, Ended)> {
        let ended = self.batches.get_mut(batch)?.ended.pop_front()?;
        self.note_room(batch);
        Some(ended)
    }

    /// Looks at each job that waits.
    pub(crate) fn for_each_queued(&self, look: impl FnMut(&J)) {
        let waiting = self.jobs.values().filter_map(|slot| slot.job.as_ref());
        waiting.for_each(look);
    }

    /// Jobs that wait: in lanes or delayed.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Attempts under way.
    #[cfg(test)]
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
}
