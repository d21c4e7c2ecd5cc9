//! End of a worker, and the orders for the thread that takes the client's outcomes.

use std::time::{Duration, Instant};

use crate::fleet::patient::LONGEST_AWAY;
use crate::host::Host;

use super::entries::{EntryAction, EntryStage};
use super::redial::Redial;
use super::{CoreLane, WorkerCore};

/// Time for the last calls after the client was cut off.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Time between two looks at the window.
const LOOKS: Duration = Duration::from_millis(250);

/// Reason for which a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CoreEnd {
    /// All entries of the run are settled.
    Complete,
    /// The run was cancelled.
    Cancelled,
    /// The worker was told to end.
    Drained,
    /// The run was removed.
    NoRun,
    /// The run was removed, and another one has its name.
    OtherRun,
    /// The engine did not take calls for ten minutes, for this reason.
    Away(String),
    /// The engine had no room for outcomes for ten minutes.
    Full,
    /// The engine refuses a step, and will refuse it again.
    Refused(String),
    /// This machine cannot save bodies, for this reason.
    Unsaved(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorkerPhase {
    Running,
    /// No entry is leased or started any more; what runs goes on.
    Ending {
        end: CoreEnd,
        /// Time at which running requests are cut off. `None`: they are waited for.
        cut_off: Option<Instant>,
        /// Time at which the client was told to cut them off: a process that is stopped tells it late. `None`: it was
        /// not told.
        was_cut_off: Option<Instant>,
    },
    /// No entry is in hand: the worker leaves its lanes, until this time at the latest.
    Leaving {
        end: CoreEnd,
        last: Instant,
    },
    Over(CoreEnd),
}

impl WorkerPhase {
    /// True unless entries are leased and started.
    pub(super) fn is_ending(&self) -> bool {
        *self != WorkerPhase::Running
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(self, WorkerPhase::Leaving { .. })
    }

    /// True if the worker ends because the run was cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        use WorkerPhase::{Ending, Leaving};
        matches!(self, Ending { end, .. } | Leaving { end, .. } if *end == CoreEnd::Cancelled)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, WorkerPhase::Over(_))
    }

    /// Time at which the phase ends at the latest. `None`: it is not known yet.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        match self {
            WorkerPhase::Ending { was_cut_off, .. } => was_cut_off.map(|at| at + LAST_CALLS),
            WorkerPhase::Leaving { last, .. } => Some(*last),
            _ => None,
        }
    }

    /// Time at which the phase is to be looked at. `None`: there is no such time.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        match self {
            WorkerPhase::Ending { cut_off, .. } => self.ends_at().or(*cut_off),
            _ => self.ends_at(),
        }
    }
}

/// Orders for the thread that takes the client's outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientOrders {
    /// True if the client is to start nothing more.
    pub(crate) drain: bool,
    /// True if running requests are to be cut off.
    pub(crate) cut_off: bool,
    /// Hosts of which requests are to be taken back from the client, with their number.
    pub(crate) give_back: Vec<(Host, usize)>,
    /// Time at which orders are to be asked for again. `None`: when the core has changed.
    pub(crate) next: Option<Instant>,
}

impl WorkerCore {
    /// Orders for the thread that takes the client's outcomes.
    pub(crate) fn orders(&mut self, now: Instant) -> ClientOrders {
        self.look_at_end(now);
        let mut orders = ClientOrders::default();
        match &mut self.phase {
            WorkerPhase::Running => {
                orders.give_back = self.hosts_in_the_way(now);
                orders.next = Some(now + LOOKS);
            }
            WorkerPhase::Ending {
                cut_off,
                was_cut_off,
                ..
            } => {
                orders.drain = true;
                orders.cut_off = cut_off.is_some_and(|at| at <= now);
                if orders.cut_off {
                    was_cut_off.get_or_insert(now);
                }
                orders.next = self.phase.wakes_at();
            }
            WorkerPhase::Leaving { .. } | WorkerPhase::Over(_) => {
                (orders.drain, orders.cut_off) = (true, true);
            }
        }
        orders
    }

    /// Reason for which the worker ended. `None`: it has not ended.
    pub(crate) fn is_over(&self) -> Option<&CoreEnd> {
        match &self.phase {
            WorkerPhase::Over(end) => Some(end),
            _ => None,
        }
    }

    /// Ends the worker in order: nothing is started any more, requests that run have this time.
    pub(crate) fn drain(&mut self, grace: Duration, now: Instant) {
        self.begin_ending(CoreEnd::Drained, now.checked_add(grace), now);
    }

    /// Ends the worker in order, since this machine cannot save bodies: other workers may have room.
    pub(crate) fn cannot_save(&mut self, why: String, now: Instant) {
        let cut_off = now.checked_add(self.settings.grace);
        self.begin_ending(CoreEnd::Unsaved(why), cut_off, now);
    }

    /// Ends the worker in order, since the engine refuses to say what may start.
    pub(crate) fn limits_refused(&mut self, why: String, now: Instant) {
        self.begin_ending(CoreEnd::Refused(why), None, now);
    }

    /// Begins the end, or brings the time forward at which running requests are cut off.
    pub(super) fn begin_ending(&mut self, end: CoreEnd, cut_off: Option<Instant>, now: Instant) {
        match &mut self.phase {
            WorkerPhase::Running => {
                self.phase = WorkerPhase::Ending {
                    end,
                    cut_off,
                    was_cut_off: None,
                };
                self.lanes
                    .iter_mut()
                    .for_each(|lane| lane.begin_ending(now));
                let idle = self.entries.iter().filter(|(_, entry)| {
                    entry.stage == EntryStage::Idle && entry.action == EntryAction::Send
                });
                let idle: Vec<_> = idle.map(|(key, _)| *key).collect();
                for key in idle {
                    self.park(key, Duration::ZERO, now);
                }
            }
            WorkerPhase::Ending { cut_off: old, .. } => {
                *old = (*old).into_iter().chain(cut_off).min()
            }
            _ => {}
        }
        self.look_at_end(now);
    }

    /// Ends the worker at once.
    pub(super) fn end(&mut self, end: CoreEnd) {
        if !self.phase.is_over() {
            self.phase = WorkerPhase::Over(end);
        }
    }

    /// Goes on to the next phase if it is time.
    pub(super) fn look_at_end(&mut self, now: Instant) {
        let mut full = self.lanes.iter().filter_map(|lane| lane.full_since);
        let is_stuck = full.any(|at| now.saturating_duration_since(at) >= LONGEST_AWAY);
        let is_late = self.phase.ends_at().is_some_and(|at| at <= now);
        match self.phase.clone() {
            WorkerPhase::Running if self.is_complete() => {
                self.begin_ending(CoreEnd::Complete, None, now);
            }
            WorkerPhase::Ending { end, .. } if self.entries.is_empty() => {
                let last = now + LAST_CALLS;
                let last = self.phase.ends_at().map_or(last, |at| at.min(last));
                self.phase = WorkerPhase::Leaving { end, last };
                self.lanes
                    .iter_mut()
                    .for_each(|lane| lane.membership.begin_leaving());
            }
            WorkerPhase::Ending { .. } if is_stuck => self.end(CoreEnd::Full),
            WorkerPhase::Ending { end, .. } if is_late => self.end(end),
            WorkerPhase::Leaving { end, .. } if is_late || self.has_left() => self.end(end),
            _ => {}
        }
    }
}

impl CoreLane {
    /// Lets the times count from now on for which calls have failed, or found no room, and makes the next call at once:
    /// the end has its own time, however long there was trouble before.
    fn begin_ending(&mut self, now: Instant) {
        self.troubles = Default::default();
        self.full_since = self.full_since.map(|_| now);
        self.settle_redial = Redial::default();
        self.full_redial = Redial::default();
    }
}
