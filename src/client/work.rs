//! Attempts as the work of the executor's jobs: they meet here, so that neither side knows the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attempt::{
    AttemptEnd, AttemptPermit, AttemptScope, AttemptSubject, Clock, Compute, Engine, FetchedToken,
    HedgeRace, HedgeScope,
};
use crate::error::TokenFailure;
use crate::executor::{CpuPermits, Job, JobPermit, RunningHedge, RunningJob, TokenWork, Work};
use crate::host::Host;
use crate::schedule::TokenCall;

use super::token::SourceRequests;

/// Work of jobs: attempts made with an engine.
pub(super) struct AttemptWork {
    pub(super) engine: Arc<Engine>,
    /// Requests of token sources. `None`: there is no token source.
    pub(super) of_sources: Option<Arc<SourceRequests>>,
}

impl AttemptWork {
    /// Returns the engine for the requests of token sources, or for those of the client.
    fn engine_for(&self, source: bool) -> &Engine {
        match &self.of_sources {
            Some(of_sources) if source => &of_sources.engine,
            _ => &self.engine,
        }
    }
}

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
            deadline: running.deadline,
            waited: running.start.saturating_duration_since(*waits_since),
            processed: receiver.processes(),
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
        let engine = self.engine_for(attempts.is_for_source());
        engine.attempt(attempts, &subject, scope)
    }

    fn tokens(&self) -> Option<&dyn TokenWork> {
        self.of_sources.is_some().then_some(self)
    }

    fn hedge(&self, race: &HedgeRace, running: RunningHedge<'_>) {
        let surroundings = HedgeScope {
            cancel: running.cancel,
            clock: running.clock,
            compute: running.cpu,
            start: running.start,
        };
        let engine = self.engine_for(race.is_for_source());
        engine.hedge(race, running.attempt, surroundings);
    }
}

impl TokenWork for AttemptWork {
    fn rest(&self, host: &Host, failed: u32, clock: &Clock) -> Duration {
        self.engine.token_rest(host, failed, clock)
    }

    fn fetch(&self, call: &TokenCall) -> Result<FetchedToken, TokenFailure> {
        let Some(requests) = &self.of_sources else {
            unreachable!("calls are of sources that the client has");
        };
        let via = requests.from_now();
        self.engine.fetch_token(call, &via)
    }

    fn keep(&self, call: &TokenCall, token: FetchedToken) {
        self.engine.tokens.keep(call, token);
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

    fn withdraw_hedge(&self) {
        JobPermit::withdraw_hedge(self);
    }
}

impl Compute for CpuPermits {
    fn run(&self, size: usize, work: &mut dyn FnMut()) {
        CpuPermits::run(self, size, work);
    }
}
