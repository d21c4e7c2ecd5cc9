//! Attempts as the work of the executor's jobs: they meet here, so that neither side knows the other.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::{
    AttemptEnd, AttemptPermit, AttemptScope, AttemptSubject, Compute, Engine, HedgeRace, HedgeScope,
};
use crate::executor::{CpuPermits, Job, JobPermit, RunningHedge, RunningJob, Work};

/// Work of jobs: attempts made with an engine.
pub(super) struct AttemptWork(pub(super) Arc<Engine>);

impl Work for AttemptWork {
    fn attempt(&self, job: &mut Job, running: RunningJob<'_>) -> AttemptEnd {
        let Job {
            request,
            attempts,
            host,
            receiver,
            waits_since,
            ..
        } = job;
        let subject = AttemptSubject {
            request,
            host: host.as_ref(),
            batch_ends: receiver.deadline(),
            waited: running.start.saturating_duration_since(*waits_since),
        };
        let scope = AttemptScope {
            permit: running.permit,
            cancel: running.cancel,
            clock: running.clock,
            compute: running.cpu,
            start: running.start,
            unproven: running.unproven,
            limit: running.limit,
        };
        self.0.attempt(attempts, &subject, scope)
    }

    fn hedge(&self, race: &HedgeRace, running: RunningHedge<'_>) {
        let surroundings = HedgeScope {
            cancel: running.cancel,
            clock: running.clock,
            compute: running.cpu,
            start: running.start,
        };
        self.0.hedge(race, running.attempt, surroundings);
    }
}

impl AttemptPermit for JobPermit<'_> {
    fn release(&self) {
        JobPermit::release(self);
    }

    fn is_held(&self) -> bool {
        JobPermit::is_held(self)
    }

    fn connected(&self) {
        JobPermit::connected(self);
    }

    fn head_came(&self, at: Instant) {
        JobPermit::head_came(self, at);
    }

    fn had_company(&self) -> bool {
        JobPermit::had_company(self)
    }

    fn withdraw(&self, cost: f64) -> bool {
        JobPermit::withdraw(self, cost)
    }

    fn offer_hedge(&self, race: &Arc<HedgeRace>) {
        JobPermit::offer_hedge(self, race);
    }
}

impl Compute for CpuPermits {
    fn run(&self, size: usize, work: &mut dyn FnMut()) {
        CpuPermits::run(self, size, work);
    }
}
