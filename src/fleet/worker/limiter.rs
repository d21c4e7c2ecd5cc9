//! Starts that the workers of a run share, granted by the server.

use std::fmt;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::engine::{EngineError, FleetEngine};
use super::super::error::FleetError;
use super::super::run::Run;
use super::core::SlotKeeper;
use super::node;
use crate::host::Host;
use crate::redact::escape::log_line;
use crate::settings::{Limiter, PermittedStarts, WantedStarts};

/// Limiter of a run: rates of a client hold for all workers of the run together.
///
/// Made by [`Run::limiter`](super::super::Run::limiter), for the client of a [`Worker`](super::Worker) of the same run.
/// While the server does not answer, a worker uses the starts that it was granted, then its part of the rate for the length
/// of a lease, and then none. Where rates for several windows hold together, it starts none beyond those that it was
/// granted.
pub struct FleetLimiter {
    /// Engine with a connection of its own, and the starts that it granted.
    state: Mutex<(Box<dyn FleetEngine>, SlotKeeper)>,
    /// Number of workers that live.
    workers: Arc<AtomicU32>,
    /// Name under which this client votes.
    voter: String,
}

impl FleetLimiter {
    fn new(run: &Run) -> Result<FleetLimiter, FleetError> {
        let slots = SlotKeeper::new(run.settings.lease, Instant::now());
        Ok(FleetLimiter {
            state: Mutex::new((run.place.engine()?, slots)),
            workers: Arc::clone(&run.workers),
            voter: format!("{}:{}:{:016x}", node(), process::id(), fastrand::u64(..)),
        })
    }

    /// Takes a step that no start waits for. One that fails is not repeated: the next one says the same, or more.
    fn tell<T>(&self, step: impl FnOnce(&mut dyn FleetEngine) -> Result<T, EngineError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = step(&mut *state.0) {
            log_line!(
                Debug,
                "the other workers were not told how a host fares: {error}"
            );
        }
    }
}

impl Run {
    /// Makes the limiter for the client of a worker: rates hold for all workers of the run together.
    ///
    /// # Errors
    /// When no connection can be prepared.
    pub fn limiter(&self) -> Result<Arc<FleetLimiter>, FleetError> {
        FleetLimiter::new(self).map(Arc::new)
    }
}

impl Limiter for FleetLimiter {
    fn permit(&self, wanted: &WantedStarts) -> PermittedStarts {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (engine, slots) = &mut *state;
        let sent = Instant::now();
        let call = slots.call(wanted, sent);
        match engine.permit(wanted.host.as_ref(), &call) {
            Ok(reply) => slots.answered(wanted, reply, sent, Instant::now()),
            Err(error) => {
                log_line!(Warn, "no slots from the server: {error}");
                let workers = self.workers.load(Ordering::Relaxed);
                slots.unanswered(wanted, workers, Instant::now())
            }
        }
    }

    fn pause(&self, host: &Host, pause: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = state.0.cool(host, pause) {
            log_line!(Warn, "the other workers were not told of a pause: {error}");
        }
    }

    fn gives_rests(&self) -> bool {
        true
    }

    fn judge(&self, host: &Host, failing: bool, rest: Duration) {
        self.tell(|engine| engine.vote(host, &self.voter, failing, rest));
    }

    fn trial_ended(&self, host: &Host, succeeded: bool) {
        self.tell(|engine| engine.probe(host, succeeded));
    }
}

impl fmt::Debug for FleetLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetLimiter")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
