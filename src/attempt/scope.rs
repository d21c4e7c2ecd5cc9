//! Context of an attempt, handed down by the worker: permit, cancellation, clock and CPU permits.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use crate::transport::{CancelSlot, Clock};

use super::race::HedgeRace;

/// Permit of a running job, which also tells the schedule what the attempt observes.
pub(crate) trait AttemptPermit {
    /// Gives the permit back, so that another job can run. Called before the caller's code runs; later calls do
    /// nothing.
    fn release(&self);

    /// Returns true until the permit is given back.
    fn is_held(&self) -> bool;

    /// Tells the schedule that a connection to the host stands.
    fn connected(&self);

    /// Tells the schedule that the head of the response came at this time.
    fn head_came(&self, at: Instant);

    /// Returns true if another attempt was under way since this one began, which may leave room for it when it ends.
    fn had_company(&self) -> bool;

    /// Takes this many retries from the host's retry budget. Returns false if the budget has fewer.
    fn withdraw(&self, cost: f64) -> bool;

    /// Has a second request sent if the answer to this attempt is slow to come.
    fn offer_hedge(&self, race: &Arc<HedgeRace>);

    /// Takes the offer of a second request back. Does nothing if the request was sent, or if there is no offer.
    fn withdraw_hedge(&self);
}

/// Permits for CPU work on large bodies.
pub(crate) trait Compute {
    /// Runs `work` on a body of `size` bytes, once, when it gets a permit.
    fn run(&self, size: usize, work: &mut dyn FnMut());
}

/// Context of one attempt.
#[derive(Clone, Copy)]
pub(crate) struct AttemptScope<'a> {
    pub(crate) permit: &'a dyn AttemptPermit,
    /// Slot through which another thread can end the attempt.
    pub(crate) cancel: &'a Arc<CancelSlot>,
    pub(crate) clock: &'a Clock,
    pub(crate) compute: &'a dyn Compute,
    /// Start of the attempt.
    pub(crate) start: Instant,
    /// True if no connection to the host is known to have stood, so that the schedule waits to hear of one.
    pub(crate) unproven: bool,
    /// Present limit of the host's places, if it adapts, so that the schedule waits to hear of the host's load. `None`:
    /// the limit stays.
    pub(crate) limit: Option<NonZeroU32>,
}

impl AttemptScope<'_> {
    /// Runs `work` on a body of `size` bytes when it gets a permit, and returns the result of `work`.
    pub(crate) fn compute<R>(&self, size: usize, work: impl FnOnce() -> R) -> R {
        let (mut work, mut result) = (Some(work), None);
        self.compute.run(size, &mut || {
            if let Some(work) = work.take() {
                result = Some(work());
            }
        });
        match (result, work) {
            (Some(result), _) => result,
            (None, Some(work)) => work(),
            (None, None) => unreachable!("work that was taken has returned"),
        }
    }
}
