//! What the schedule knows of a batch: its counts, its bounds, and what of it ended without an attempt.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::host::Host;

use super::backlog::Backlog;
use super::slots::Id;

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
    /// It was never fit to be sent; says why.
    Invalid(String),
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
    /// Jobs in lanes of hosts that are open.
    pub(super) ready: usize,
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
    /// Hosts that were left out of the ring because this batch may start nothing.
    pub(super) stalled: VecDeque<Id>,
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
    /// How many may be under way while answers wait for a core.
    pub(super) backlog: Backlog,
}

impl<J> Batch<J> {
    pub(super) fn new(bounds: Bounds, deadline: Option<Instant>) -> Self {
        Batch {
            bounds,
            ready: 0,
            parked: 0,
            in_flight: 0,
            last_end: None,
            finished: 0,
            bytes: 0,
            ended: VecDeque::new(),
            stalled: VecDeque::new(),
            order: VecDeque::new(),
            deadline,
            stopped: None,
            abandoned: false,
            hungry: false,
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

    /// How many further requests may be pushed.
    pub(super) fn room(&self) -> usize {
        let unfinished = self.ready + self.ended.len() + self.used();
        let parked = self.bounds.max_parked.saturating_sub(self.parked);
        self.bounds.window.saturating_sub(unfinished).min(parked)
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
