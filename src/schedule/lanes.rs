//! Hosts and their lanes: one first-in-first-out queue for each (host, batch).

use std::collections::VecDeque;
use std::time::Instant;

use crate::host::Host;
use crate::retry::budget::Budget;

use super::slots::Id;

/// What the schedule knows of a host. Gone once it is idle and back at its defaults.
#[derive(Debug)]
pub(super) struct HostState {
    pub(super) host: Host,
    /// One lane for each batch that has or had jobs here, in turn order: the front is served next.
    pub(super) lanes: VecDeque<Lane>,
    pub(super) in_flight: usize,
    /// At most so many in flight.
    pub(super) limit: usize,
    /// A connection has been made; before, few are tried at once.
    pub(super) proven: bool,
    /// Nothing is sent before this instant: the server asked for a pause.
    pub(super) cool_until: Option<Instant>,
    pub(super) budget: Option<Budget>,
    /// Jobs anywhere (lanes, delayed, in flight) that name this host.
    pub(super) jobs: usize,
    /// In the ring of hosts that may have something to dispatch.
    pub(super) in_ring: bool,
    /// Its queued jobs count as parked: it can start nothing now.
    pub(super) blocked: bool,
    /// In the list of idle hosts waiting to be back at their defaults.
    pub(super) lingers: bool,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) batch: Id,
    /// Ids of jobs; one whose job is no longer ready is stale and skipped.
    pub(super) jobs: VecDeque<Id>,
    /// Ready jobs among them.
    pub(super) live: usize,
    /// The host stands in this batch's list of stalled hosts.
    pub(super) listed: bool,
}

impl HostState {
    pub(super) fn new(host: Host, limit: usize, budget: Option<Budget>) -> Self {
        HostState {
            host,
            lanes: VecDeque::new(),
            in_flight: 0,
            limit,
            proven: false,
            cool_until: None,
            budget,
            jobs: 0,
            in_ring: false,
            blocked: false,
            lingers: false,
        }
    }

    /// The lane of a batch, made if need be.
    pub(super) fn lane(&mut self, batch: Id) -> &mut Lane {
        let at = match self.lanes.iter().position(|lane| lane.batch == batch) {
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
        self.lanes.iter_mut().find(|lane| lane.batch == batch)
    }

    /// Whether any lane holds a ready job.
    pub(super) fn has_queue(&self) -> bool {
        self.lanes.iter().any(|lane| lane.live > 0)
    }

    /// Whether a job may start now: a place is free and it does not cool.
    pub(super) fn is_open(&self, now: Instant, slow_start: usize) -> bool {
        let limit = if self.proven {
            self.limit
        } else {
            self.limit.min(slow_start)
        };
        self.in_flight < limit && self.cool_until.is_none_or(|until| until <= now)
    }

    /// Idle and as if never seen: can be forgotten.
    pub(super) fn is_default(&self, now: Instant) -> bool {
        self.jobs == 0
            && !self.in_ring
            && self.cool_until.is_none_or(|until| until <= now)
            && self
                .budget
                .as_ref()
                .is_none_or(|budget| budget.is_full(now))
    }
}
