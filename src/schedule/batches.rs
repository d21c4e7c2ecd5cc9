//! What the schedule knows of a batch: its counts, its bounds, and what of it ended without an attempt.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::host::Host;
use crate::url::Mistake;

use super::backlog::Backlog;
use super::lanes::{CountedAs, Lane};
use super::ready::{Rank, Ready, Turn};
use crate::slab::{Id, Slab};

/// At most so many windows of jobs are read beyond the window.
const AHEAD_WINDOWS: usize = 16;

/// And bodies of this part of the byte budget.
const AHEAD_BYTES: u64 = 4;

/// The bounds of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Ready + in flight + finished and not taken.
    pub(crate) window: usize,
    /// Jobs that cannot be dispatched now.
    pub(crate) max_parked: usize,
    /// Bytes of bodies finished and not taken.
    pub(crate) bytes: u64,
    /// Nobody iterates: what ends without an attempt is delivered by whoever ended it.
    pub(crate) delivered: bool,
    /// Outcomes are handed back in input order: one place in the window is kept for the oldest.
    pub(crate) ordered: bool,
}

/// Where the jobs of a batch are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) in_flight: usize,
    /// Delayed, or in lanes of hosts that are blocked.
    pub(crate) delayed: usize,
    /// In lanes of hosts that are open.
    pub(crate) queued: usize,
    /// The host that keeps most of them waiting for a time, how many, and for how long.
    pub(crate) waiting: Option<(Host, usize, Duration)>,
    /// When a job that had been tried last ended. `None`: none has.
    pub(crate) last_end: Option<Instant>,
}

/// Why a job ended without (another) attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The request was never fit to be sent, because of this mistake.
    Invalid(Mistake),
    /// It was under way when an earlier run was cut off, and must not be repeated.
    Interrupted,
    Cancelled,
    Deadline,
    /// Its host's circuit breaker lets nothing through, for so long.
    BreakerOpen {
        remaining: Duration,
    },
    /// No thread could be started for it; says why.
    NoWorker(String),
}

#[derive(Debug)]
pub(super) struct Batch<J> {
    pub(super) bounds: Bounds,
    /// Hosts that are open and have a job of it in a lane.
    pub(super) hosts: Ready,
    /// When a job of it started last, among the batches.
    pub(super) turn: Turn,
    /// Jobs in lanes of hosts that are open.
    pub(super) ready: usize,
    /// Jobs in `ready` whose host is slow or unanswered.
    pub(super) spare: usize,
    /// Slow hosts that have, or had, jobs of it.
    pub(super) slow: usize,
    /// Jobs in lanes or delayed that were read beyond the window and have not been started since.
    pub(super) ahead: usize,
    /// Bytes of their bodies.
    pub(super) ahead_bytes: u64,
    /// Jobs delayed, or in lanes of hosts that are blocked.
    pub(super) parked: usize,
    pub(super) in_flight: usize,
    /// When a job that had been tried last ended. `None`: none has.
    pub(super) last_end: Option<Instant>,
    /// Outcomes on their way to the caller. An outcome can be taken before its completion is told, so this goes below
    /// zero for a moment, and `in_flight + finished` is always right.
    pub(super) finished: isize,
    pub(super) bytes: i64,
    /// Ended without an attempt, for the caller to take.
    pub(super) ended: VecDeque<(J, Ended)>,
    /// All requests of an ordered batch that were not handed back, oldest first; an id that finds no job, or none at
    /// all, stands for one that is over.
    pub(super) order: VecDeque<Option<Id>>,
    pub(super) deadline: Option<Instant>,
    /// Everything of it that is queued, or comes back to be, ends for this reason.
    pub(super) stopped: Option<Ended>,
    /// Nobody takes its outcomes any more; it goes when nothing of it is in flight.
    pub(super) abandoned: bool,
    /// The caller waits for room to feed.
    pub(super) hungry: bool,
    /// When its caller looks again, whatever happens, for hosts that have become slow. `None`: only when it is nudged.
    pub(super) looks_at: Option<Instant>,
    /// How many may be under way while answers wait for a core.
    pub(super) backlog: Backlog,
}

/// The batches that are open.
#[derive(Debug)]
pub(super) struct Batches<J> {
    slots: Slab<Batch<J>>,
    /// All of them.
    pub(super) open: Vec<Id>,
    /// Batches that hand their outcomes back in input order.
    pub(super) ordered: Vec<Id>,
    /// Batches of which fewer are under way for a time, since their answers wait for a core.
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

    /// The first batch from place `from` on that is past its deadline, and its place.
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

    /// Batches of which nothing was seen for long start as many as they otherwise may.
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

    /// When [`lift_backlogs`](Batches::lift_backlogs) will have something to lift. `None`: no batch is held back.
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
            hosts: Ready::default(),
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

    pub(super) fn standing(&self) -> Standing {
        Standing {
            in_flight: self.in_flight,
            delayed: self.parked,
            queued: self.ready,
            waiting: None,
            last_end: self.last_end,
        }
    }

    /// Number of further requests that may be pushed, by the number of workers.
    pub(super) fn room(&self, workers: usize) -> usize {
        let parked = self.bounds.max_parked.saturating_sub(self.parked);
        let room = self.bounds.window.saturating_sub(self.unfinished());
        if room > 0 || self.slow == 0 {
            return room.min(parked);
        }
        self.room_beyond(workers).min(parked)
    }

    /// Number of requests that may be pushed beyond the window. A window full of jobs of hosts that hang would hide the healthy ones: so
    /// once a host is slow, the jobs of slow and unanswered hosts, beyond as many as there are workers, do not count in
    /// it, and reading goes on until as many jobs of the other hosts are ready as there are workers.
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

    /// Ready, under way, or over and not taken.
    fn unfinished(&self) -> usize {
        self.ready + self.ended.len() + self.used()
    }

    /// Jobs that keep a worker busy which other hosts do not need.
    pub(super) fn useful(&self) -> usize {
        match self.slow {
            0 => self.ready,
            _ => self.ready - self.spare,
        }
    }

    /// A job with a body of so many bytes is added. If it is read beyond the window it counts as such, by the number
    /// that is returned, until it [starts or ends](Batch::needs_ahead_no_more).
    pub(super) fn reads(&mut self, body: u64) -> Option<NonZeroU32> {
        if self.unfinished() < self.bounds.window {
            return None;
        }
        let body = u32::try_from(body).unwrap_or(u32::MAX - 1);
        self.ahead += 1;
        self.ahead_bytes += u64::from(body);
        NonZeroU32::new(body.saturating_add(1))
    }

    /// A job that was read beyond the window starts or ends.
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

    /// The jobs of a lane count otherwise, since its host has changed.
    pub(super) fn recount(&mut self, lane: &Lane, before: CountedAs, after: CountedAs) {
        self.remove_waiting(before, lane.live);
        self.add_waiting(after, lane.live);
        self.slow -= usize::from(before.slow);
        self.slow += usize::from(after.slow);
    }

    /// Returns true if the batch's caller looks only after this instant.
    pub(super) fn looks_after(&self, at: Instant) -> bool {
        self.looks_at.is_none_or(|looks_at| looks_at > at)
    }

    /// Rank of the batch among the batches.
    pub(super) fn rank(&self) -> Rank {
        Rank {
            places: self.in_flight,
            turn: self.turn,
        }
    }

    /// It was neither stopped nor abandoned.
    pub(super) fn takes_more(&self) -> bool {
        self.stopped.is_none() && !self.abandoned
    }

    /// Whether a job of it may be dispatched: a place for its outcome is left, the bodies not taken are within their
    /// budget, and not too many of its answers wait for a core. The oldest request of an ordered batch needs only the
    /// place that is kept for it: without it nothing would ever be handed back.
    pub(super) fn may_start(&self, oldest: bool) -> bool {
        if oldest && self.bounds.ordered {
            return self.used() < self.bounds.window;
        }
        self.places() > 0
    }

    /// Places in the results channel that are taken or spoken for.
    fn used(&self) -> usize {
        (self.in_flight as isize + self.finished).max(0) as usize
    }

    /// Places left for jobs other than the oldest. A window of 1 leaves them none: a later one that took the only place
    /// could not be handed back before the oldest, which could not start.
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
