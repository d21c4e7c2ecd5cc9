//! Permit of a running job, on the side of its worker.

use std::sync::Arc;
use std::time::Instant;

use crate::schedule::{Id, SLOW_AFTER};
use crate::transport::CancelSlot;

use super::current_worker;
use super::shared::Executor;

/// Permit of the job that the calling worker runs. It is released when it is dropped, unless it was handed back with the
/// job's verdict.
pub(crate) struct JobPermit<'a> {
    executor: &'a Arc<Executor>,
    job: Id,
    slot: &'a CancelSlot,
    start: Instant,
    /// Number of permits that had been given back when the job started.
    given_back: u32,
}

impl<'a> JobPermit<'a> {
    /// Has the calling worker hold the permit of this job.
    pub(super) fn take(
        executor: &'a Arc<Executor>,
        job: Id,
        slot: &'a CancelSlot,
        start: Instant,
        given_back: u32,
    ) -> JobPermit<'a> {
        current_worker::hold_permit(job);
        JobPermit {
            executor,
            job,
            slot,
            start,
            given_back,
        }
    }

    /// Gives the permit back, so that another job can run. Later calls do nothing.
    pub(crate) fn release(&self) {
        current_worker::release_permit();
    }

    /// Returns true until the permit is given back.
    pub(crate) fn is_held(&self) -> bool {
        current_worker::holds_permit()
    }

    /// Hands the permit back with the verdict on the job: the schedule takes both at once.
    pub(super) fn hand_back(self) {
        current_worker::forget_permit();
    }

    /// Tells the schedule that a connection to the host stands.
    pub(crate) fn connected(&self) {
        self.executor.connected(self.job);
    }

    /// Tells that the head of the response came at this time.
    pub(crate) fn head_came(&self, at: Instant) {
        self.slot.note_head();
        if at.saturating_duration_since(self.start) > SLOW_AFTER {
            self.executor.late_head_came(self.job);
        }
    }

    /// Returns true if another attempt was under way since this one began.
    pub(crate) fn had_company(&self) -> bool {
        self.executor.had_company(self.job, self.given_back)
    }

    /// Takes this many retries from the host's retry budget. False if there are not so many.
    pub(crate) fn withdraw(&self, cost: f64) -> bool {
        self.executor.withdraw(self.job, cost)
    }
}

impl Drop for JobPermit<'_> {
    fn drop(&mut self) {
        current_worker::release_permit();
    }
}
