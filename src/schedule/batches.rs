//! State of a batch in the schedule: its counts, its bounds, and its jobs that ended without an attempt.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::host::Host;

use super::adaptive::AdaptedHost;
use super::backlog::Backlog;
use super::end_reason::EndReason;
use super::lanes::{CountedAs, Lane};
use super::ready::{ReadyHosts, ServiceRank, Turn};
use crate::slab::{Id, Slab};

/// Upper bound for the jobs read beyond the window, in windows.
const AHEAD_WINDOWS: usize = 16;

/// Upper bound for the bodies of jobs read beyond the window: the batch's byte budget divided by this number.
const AHEAD_BYTES: u64 = 4;

/// The bounds of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Upper bound for the jobs that are ready, in flight, or finished and not taken.
    pub(crate) window: usize,
    /// Upper bound for the jobs that cannot be dispatched now.
    pub(crate) max_parked: usize,
    /// Upper bound for the bytes of bodies that are finished and not taken.
    pub(crate) bytes: u64,
    /// Longest time for which a retry waits here; a job whose retry is due later is given back. `None`: each retry waits.
    pub(crate) max_delay: Option<Duration>,
    /// True if no caller iterates over the batch: jobs that end without an attempt are delivered by the thread that
    /// ended them.
    pub(crate) delivered: bool,
    /// True if outcomes are handed back in input order: one place in the window is kept for the oldest.
    pub(crate) ordered: bool,
}

/// Number of jobs of a batch at each place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobCounts {
    pub(crate) in_flight: usize,
    /// Jobs that are delayed, or in lanes of hosts that are blocked.
    pub(crate) delayed: usize,
    /// Jobs in lanes of hosts that are open.
    pub(crate) queued: usize,
    /// The host that keeps most jobs of the batch waiting for a time, the number of these jobs, and that time. `None`:
    /// no host does.
    pub(crate) waiting: Option<(Host, usize, Duration)>,
    /// The host with an adaptive limit that holds the most places. `None`: no host of the batch has such a limit.
    pub(crate) adapted: Option<AdaptedHost>,
    /// Time at which the last job that had been tried ended. `None`: none has.
    pub(crate) last_end: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Batch<J> {
    pub(super) bounds: Bounds,
    /// Hosts that are open and have a job of the batch in a lane.
    pub(super) hosts: ReadyHosts,
    /// Turn at which a job of the batch started last, to compare batches by.
    pub(super) turn: Turn,
    /// Jobs in lanes of hosts that are open.
    pub(super) ready: usize,
    /// Jobs in `ready` whose host is slow or unanswered.
    pub(super) spare: usize,
    /// Number of slow hosts that have, or had, jobs of the batch.
    pub(super) slow: usize,
    /// Jobs in lanes or delayed that were read beyond the window and have not been started since.
    pub(super) ahead: usize,
    /// Bytes of the bodies of the jobs in `ahead`.
    pub(super) ahead_bytes: u64,
    /// Jobs delayed, or in lanes of hosts that are blocked.
    pub(super) parked: usize,
    pub(super) in_flight: usize,
    /// Time at which the last job that had been tried ended. `None`: none has.
    pub(super) last_end: Option<Instant>,
    /// Outcomes on their way to the caller. An outcome can be taken before its completion is told, so this goes below
    /// zero for a moment, and `in_flight + finished` is always right.
    pub(super) finished: isize,
    pub(super) bytes: i64,
    /// Jobs that ended without an attempt, for the caller to take.
    pub(super) ended: VecDeque<(J, EndReason)>,
    /// All requests of an ordered batch that were not handed back, oldest first. An id without a job, or `None`, stands
    /// for a request that is over.
    pub(super) order: VecDeque<Option<Id>>,
    pub(super) deadline: Option<Instant>,
    /// Reason for which jobs of the batch end that are queued, or are to be queued again. `None`: the batch was not
    /// stopped.
    pub(super) stopped: Option<EndReason>,
    /// True if outcomes of the batch are not taken any more: the batch is removed when none of its jobs is in flight.
    pub(super) abandoned: bool,
    /// True if the caller waits for room to feed.
    pub(super) hungry: bool,
    /// Time at which the batch's caller looks for hosts that have become slow, whatever happens before. `None`: only
    /// when it is nudged.
    pub(super) looks_at: Option<Instant>,
    /// Bound for the requests under way while responses wait for a core.
    pub(super) backlog: Backlog,
}

/// The batches that are open.
#[derive(Debug)]
pub(super) struct Batches<J> {
    slots: Slab<Batch<J>>,
    /// Ids of all open batches.
    pub(super) open: Vec<Id>,
    /// Batches that hand their outcomes back in input order.
    pub(super) ordered: Vec<Id>,
    /// Batches with fewer requests under way for a time, since their responses wait for a core.
    pub(super) held_back: Vec<Id>,
}

impl<J> Default for Batches<J> {
    fn default() -> Self {
        Batches {
            slots: Slab::default(),
            open: Vec::new(),
            ordered: Vec::new(),
            held_back: Vec::new(),
        }
    }
}

impl<J> Batches<J> {
    #[inline]
    pub(super) fn get(&self, id: Id) -> Option<&Batch<J>> {
        self.slots.get(id)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Batch<J>> {
        self.slots.get_mut(id)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Batch<J>> {
        self.slots.values()
    }

    /// Returns the first batch from place `from` on that is past its deadline, and its place.
    pub(super) fn find_past(&self, from: usize, now: Instant) -> Option<(usize, Id)> {
        self.slots.find_from(from, |batch| batch.is_past(now))
    }

    pub(super) fn add(&mut self, batch: Batch<J>) -> Id {
        let ordered = batch.bounds.ordered;
        let id = self.slots.insert(batch);
        self.open.push(id);
        if ordered {
            self.ordered.push(id);
        }
        id
    }

    pub(super) fn remove(&mut self, batch: Id) {
        self.slots.remove(batch);
        for list in [&mut self.open, &mut self.ordered, &mut self.held_back] {
            list.retain(|id| *id != batch);
        }
    }

    /// Lifts the bound of batches without a recent observation: they start as many requests as they otherwise may.
    pub(super) fn lift_backlogs(&mut self, now: Instant) {
        let Batches {
            slots, held_back, ..
        } = self;
        held_back.retain(|id| {
            let Some(batch) = slots.get_mut(*id) else {
                return false;
            };
            match batch.backlog.until() {
                Some(until) if until > now => return true,
                Some(_) => {
                    batch.backlog.lift();
                }
                None => {}
            }
            false
        });
    }

    /// Time at which [`lift_backlogs`](Batches::lift_backlogs) will have a bound to lift. `None`: no batch is held
    /// back.
    pub(super) fn lifted_at(&self) -> Option<Instant> {
        let held_back = self.held_back.iter();
        held_back
            .filter_map(|id| self.get(*id)?.backlog.until())
            .min()
    }

    #[cfg(test)]
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        self.slots.ids()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

impl<J> Batch<J> {
    pub(super) fn new(bounds: Bounds, deadline: Option<Instant>, turn: Turn) -> Self {
        Batch {
            bounds,
            hosts: ReadyHosts::default(),
            turn,
            ready: 0,
            spare: 0,
            slow: 0,
            ahead: 0,
            ahead_bytes: 0,
            parked: 0,
            in_flight: 0,
            last_end: None,
            finished: 0,
            bytes: 0,
            ended: VecDeque::new(),
            order: VecDeque::new(),
            deadline,
            stopped: None,
            abandoned: false,
            hungry: false,
            looks_at: None,
            backlog: Backlog::default(),
        }
    }

    pub(super) fn standing(&self) -> JobCounts {
        JobCounts {
            in_flight: self.in_flight,
            delayed: self.parked,
            queued: self.ready,
            waiting: None,
            adapted: None,
            last_end: self.last_end,
        }
    }

    /// Number of further requests that may be pushed, on a client with this number of workers.
    pub(super) fn room(&self, workers: usize) -> usize {
        let parked = self.bounds.max_parked.saturating_sub(self.parked);
        let room = self.bounds.window.saturating_sub(self.unfinished());
        if room > 0 || self.slow == 0 {
            return room.min(parked);
        }
        self.room_beyond(workers).min(parked)
    }

    /// Number of requests that may be pushed beyond the window.
    ///
    /// A window full of jobs of hosts that hang would hide the healthy hosts. So once a host is slow, the jobs of slow
    /// and unanswered hosts in excess of the number of workers do not count in the window, and reading goes on until as
    /// many jobs of the other hosts are ready as there are workers.
    fn room_beyond(&self, workers: usize) -> usize {
        if self.ahead_bytes >= self.bounds.bytes / AHEAD_BYTES {
            return 0;
        }
        let uncounted = self.spare.saturating_sub(workers);
        let window = self.bounds.window.saturating_add(uncounted);
        let wanted = workers.saturating_sub(self.ready - self.spare);
        let most = self.bounds.window.saturating_mul(AHEAD_WINDOWS);
        window
            .saturating_sub(self.unfinished())
            .min(wanted)
            .min(most.saturating_sub(self.ahead))
            .min(self.bounds.max_parked.saturating_sub(uncounted))
    }

    /// Number of jobs that are ready, under way, or over and not taken.
    fn unfinished(&self) -> usize {
        self.ready + self.ended.len() + self.used()
    }

    /// Number of ready jobs. If a host of the batch is slow, jobs of slow and unanswered hosts do not count.
    pub(super) fn useful(&self) -> usize {
        match self.slow {
            0 => self.ready,
            _ => self.ready - self.spare,
        }
    }

    /// Counts a job with a body of `body` bytes as read beyond the window. Returns the number by which
    /// [`needs_ahead_no_more`](Batch::needs_ahead_no_more) takes it out of the counts when it starts or ends. `None`:
    /// the job is within the window.
    pub(super) fn reads(&mut self, body: u64) -> Option<NonZeroU32> {
        if self.unfinished() < self.bounds.window {
            return None;
        }
        let body = u32::try_from(body).unwrap_or(u32::MAX - 1);
        self.ahead += 1;
        self.ahead_bytes += u64::from(body);
        NonZeroU32::new(body.saturating_add(1))
    }

    /// Takes a job that starts or ends out of the counts of jobs read beyond the window. `None`: it was read within the
    /// window.
    pub(super) fn needs_ahead_no_more(&mut self, ahead: Option<NonZeroU32>) {
        if let Some(body) = ahead {
            self.ahead -= 1;
            self.ahead_bytes -= u64::from(body.get() - 1);
        }
    }

    /// Counts jobs that now wait in the lane of a host.
    pub(super) fn add_waiting(&mut self, host: CountedAs, jobs: usize) {
        if host.blocked {
            self.parked += jobs;
        } else {
            self.ready += jobs;
            self.spare += if host.spare { jobs } else { 0 };
        }
    }

    /// Takes jobs that no longer wait in the lane of a host out of the counts.
    pub(super) fn remove_waiting(&mut self, host: CountedAs, jobs: usize) {
        if host.blocked {
            self.parked -= jobs;
        } else {
            self.ready -= jobs;
            self.spare -= if host.spare { jobs } else { 0 };
        }
    }

    /// Counts the jobs of a lane anew, after its host has changed.
    pub(super) fn recount(&mut self, lane: &Lane, before: CountedAs, after: CountedAs) {
        self.remove_waiting(before, lane.live);
        self.add_waiting(after, lane.live);
        self.slow -= usize::from(before.slow);
        self.slow += usize::from(after.slow);
    }

    /// True if the batch's caller looks only after this instant.
    pub(super) fn looks_after(&self, at: Instant) -> bool {
        self.looks_at.is_none_or(|looks_at| looks_at > at)
    }

    /// Rank of the batch among the batches.
    pub(super) fn rank(&self) -> ServiceRank {
        ServiceRank {
            places: self.in_flight,
            turn: self.turn,
        }
    }

    /// True if the batch was neither stopped nor abandoned.
    pub(super) fn takes_more(&self) -> bool {
        self.stopped.is_none() && !self.abandoned
    }

    /// True if a job of the batch may be dispatched: a place for its outcome is left, the bodies not taken are within
    /// their budget, and not too many of its responses wait for a core. The oldest request of an ordered batch needs
    /// only the place that is kept for it: without it no outcome would ever be handed back.
    pub(super) fn may_start(&self, oldest: bool) -> bool {
        if oldest && self.bounds.ordered {
            return self.used() < self.bounds.window;
        }
        self.places() > 0
    }

    /// Number of places in the results channel that are taken or reserved.
    fn used(&self) -> usize {
        (self.in_flight as isize + self.finished).max(0) as usize
    }

    /// Number of places left for jobs other than the oldest. A window of 1 has none: a later job that took the only
    /// place could not be handed back before the oldest, which could not start.
    pub(super) fn places(&self) -> usize {
        if self.bytes >= self.bounds.bytes as i64 {
            return 0;
        }
        let kept = usize::from(self.bounds.ordered);
        let places = self.bounds.window.saturating_sub(kept + self.used());
        places.min(self.backlog.most().saturating_sub(self.in_flight))
    }

    pub(super) fn is_past(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ready + self.parked + self.in_flight == 0
    }
}
