//! Permit of a running job, on the side of its worker.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use crate::attempt::HedgeRace;
use crate::schedule::{Id, SLOW_AFTER};
use crate::transport::CancelSlot;

use super::current_worker;

/// Part of the schedule that the permit of a running job calls.
pub(super) trait RunningJobs {
    /// Tells the schedule that a connection to the host of this job stands.
    fn connected(&self, job: Id);

    /// Tells the schedule that the response head of this job came so late that its host may count as slow.
    fn late_head_came(&self, job: Id);

    /// Returns true if another attempt was under way beside this job's at some time since `given_back` permits had been
    /// given back.
    fn had_company(&self, job: Id, given_back: u32) -> bool;

    /// Takes `cost` retries from the budget of this job's host. Returns false if the budget has fewer.
    fn withdraw(&self, job: Id, cost: f64) -> bool;

    /// Tells the schedule that no second request is needed for this job any more.
    fn withdraw_hedge(&self, job: Id);

    /// Has a second request sent for this job, whose attempt began at `start`, if its answer is slow to come. `cost`:
    /// cost of each attempt of the job.
    fn offer_hedge(&self, job: Id, start: Instant, cost: u32, race: &Arc<HedgeRace>);
}

/// Permit of the job that the calling worker runs. It is released when it is dropped, unless it was handed back with
/// the job's verdict.
pub(crate) struct JobPermit<'a> {
    jobs: &'a dyn RunningJobs,
    job: Id,
    slot: &'a CancelSlot,
    /// Start of the attempt.
    start: Cell<Instant>,
    /// Cost of the attempt, if costs are limited.
    cost: Cell<u32>,
    /// Number of permits that had been given back when the job started.
    given_back: u32,
    /// True if a second request was offered.
    hedged: Cell<bool>,
    /// True if a second request was offered, and the offer was not taken back.
    hedge_offered: Cell<bool>,
}

impl<'a> JobPermit<'a> {
    /// Makes the calling worker hold the permit of this job.
    pub(super) fn take(
        jobs: &'a dyn RunningJobs,
        job: Id,
        slot: &'a CancelSlot,
        now: Instant,
        given_back: u32,
    ) -> JobPermit<'a> {
        current_worker::hold_permit(job);
        JobPermit {
            jobs,
            job,
            slot,
            start: Cell::new(now),
            cost: Cell::new(1),
            given_back,
            hedged: Cell::new(false),
            hedge_offered: Cell::new(false),
        }
    }

    /// Sets the time at which the attempt begins, and its cost.
    pub(super) fn begin(&self, start: Instant, cost: u32) {
        self.start.set(start);
        self.cost.set(cost);
    }

    /// Gives the permit back, so that another job can run. Later calls do nothing.
    pub(crate) fn release(&self) {
        current_worker::release_permit();
    }

    /// Returns true until the permit is given back.
    pub(crate) fn is_held(&self) -> bool {
        current_worker::holds_permit()
    }

    /// Hands back the permit with the verdict on the job: the schedule takes both at once.
    pub(super) fn hand_back(self) {
        current_worker::forget_permit();
    }

    /// Tells the schedule that a connection to the host stands.
    pub(crate) fn connected(&self) {
        self.jobs.connected(self.job);
    }

    /// Tells the schedule when the head of the response came.
    pub(crate) fn head_came(&self, at: Instant) {
        self.slot.note_head();
        self.withdraw_hedge();
        if at.saturating_duration_since(self.start.get()) > SLOW_AFTER {
            self.jobs.late_head_came(self.job);
        }
    }

    /// Returns true if another attempt was under way since this one began.
    pub(crate) fn had_company(&self) -> bool {
        self.jobs.had_company(self.job, self.given_back)
    }

    /// Has a second request sent if the answer to this attempt is slow to come.
    pub(crate) fn offer_hedge(&self, race: &Arc<HedgeRace>) {
        self.hedged.set(true);
        self.hedge_offered.set(true);
        let (start, cost) = (self.start.get(), self.cost.get());
        self.jobs.offer_hedge(self.job, start, cost, race);
    }

    /// Takes the offer of a second request back, if there is one.
    pub(crate) fn withdraw_hedge(&self) {
        if self.hedge_offered.replace(false) {
            self.jobs.withdraw_hedge(self.job);
        }
    }

    /// Returns true if a second request was offered.
    pub(super) fn is_hedged(&self) -> bool {
        self.hedged.get()
    }

    /// Takes this many retries from the host's retry budget. Returns false if the budget has fewer.
    pub(crate) fn withdraw(&self, cost: f64) -> bool {
        self.jobs.withdraw(self.job, cost)
    }
}

impl Drop for JobPermit<'_> {
    fn drop(&mut self) {
        current_worker::release_permit();
    }
}
