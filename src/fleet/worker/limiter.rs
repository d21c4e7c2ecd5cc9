//! Starts that the workers of a run share, granted by the server.

use std::collections::BTreeMap;
use std::fmt;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::engine::{EngineError, FleetEngine};
use super::super::error::FleetError;
use super::super::limiter_link::LimiterLink;
use super::super::run::Run;
use super::core::SlotKeeper;
use super::node;
use super::silence::ServerSilence;
use crate::host::Host;
use crate::redact::escape::log_line;
use crate::settings::{Limiter, PermittedStarts, WantedStarts};

/// Number of pauses that are told before a question at the most.
const MOST_PAUSES: usize = 10;

/// Longest time until the server answers a question. Starts wait for it.
const LONGEST_QUESTION: Duration = Duration::from_millis(500);

/// Limiter of a run: rates of a client hold for all workers of the run together.
///
/// Made by [`Run::limiter`](super::super::Run::limiter), for the client of a [`Worker`](super::Worker) of the same run.
/// While the server does not answer, a worker uses the starts that it was granted, then its part of the rate for the length
/// of a lease, and then none. Where rates for several windows hold together, it starts none beyond those that it was
/// granted. A start waits for half a second at the most until the server answers, and once it has not, the next ones are
/// granted without it: it is asked again at times.
pub struct FleetLimiter {
    state: Mutex<LimiterState>,
    link: Arc<LimiterLink>,
    /// Name under which this client votes.
    voter: String,
}

/// State of a limiter, under a lock.
struct LimiterState {
    /// Engine with a connection of its own.
    engine: Box<dyn FleetEngine>,
    /// Starts that it granted.
    slots: SlotKeeper,
    silence: ServerSilence,
    /// Ends of pauses that the engine was not told of.
    untold: BTreeMap<Host, Instant>,
    link: Arc<LimiterLink>,
}

impl LimiterState {
    /// Takes a step, unless the server has just been silent. `None`: it was left out.
    fn ask<T>(
        &mut self,
        step: impl FnOnce(&mut dyn FleetEngine) -> Result<T, EngineError>,
    ) -> Option<Result<T, EngineError>> {
        let sent = Instant::now();
        if self.silence.leaves_out(sent) {
            return None;
        }
        let answer = step(&mut *self.engine);
        match &answer {
            Ok(_) => self.silence.was_answered(),
            Err(EngineError::Refused(why)) => {
                self.link.refuse(why);
                self.silence.was_unanswered(sent, Instant::now());
            }
            Err(_) => self.silence.was_unanswered(sent, Instant::now()),
        }
        Some(answer)
    }

    /// Tells of some of the pauses that an earlier call could not tell of.
    fn tell_of_pauses(&mut self) {
        let now = Instant::now();
        self.untold.retain(|_, until| *until > now);
        for _ in 0..MOST_PAUSES {
            if self.silence.leaves_out(Instant::now()) {
                return;
            }
            let Some((host, until)) = self.untold.pop_first() else {
                return;
            };
            let sent = Instant::now();
            match self
                .engine
                .cool(&host, until.saturating_duration_since(sent))
            {
                Ok(()) => {}
                Err(EngineError::Refused(why)) => self.link.refuse(&why),
                Err(error) => {
                    // A server that is not ready for this may still answer a question.
                    if let EngineError::Away(_) = error {
                        self.silence.was_unanswered(sent, Instant::now());
                    }
                    self.untold.insert(host, until);
                    return;
                }
            }
        }
    }
}

impl FleetLimiter {
    fn new(run: &Run) -> Result<FleetLimiter, FleetError> {
        let slots = SlotKeeper::new(run.settings.lease, Instant::now());
        Ok(FleetLimiter {
            state: Mutex::new(LimiterState {
                engine: run.place.quick_engine(LONGEST_QUESTION)?,
                slots,
                silence: ServerSilence::default(),
                untold: BTreeMap::new(),
                link: Arc::clone(&run.link),
            }),
            link: Arc::clone(&run.link),
            voter: format!("{}:{}:{:016x}", node(), process::id(), fastrand::u64(..)),
        })
    }

    /// Takes a step that no start waits for. One that fails is not repeated: the next one says the same, or more.
    fn tell<T>(&self, step: impl FnOnce(&mut dyn FleetEngine) -> Result<T, EngineError>) {
        if let Some(Err(error)) = self.state().ask(step) {
            log_line!(
                Debug,
                "the other workers were not told how a host fares: {error}"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, LimiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut state = self.state();
        // Before the question: its answer counts from the time of the question.
        state.tell_of_pauses();
        let sent = Instant::now();
        let call = state.slots.call(wanted, sent);
        let answer = state.ask(|engine| engine.permit(wanted.host.as_ref(), &call));
        if let Some(Ok(reply)) = answer {
            return state.slots.answered(wanted, reply, sent, Instant::now());
        }
        if let Some(Err(error)) = answer {
            log_line!(Warn, "no slots from the server: {error}");
        }
        let workers = self.link.workers();
        state.slots.unanswered(wanted, workers, Instant::now())
    }

    fn pause(&self, host: &Host, pause: Duration) {
        let mut state = self.state();
        let told = state.ask(|engine| engine.cool(host, pause));
        if let Some(Err(error)) = &told {
            log_line!(Warn, "the other workers were not told of a pause: {error}");
        }
        let until = Instant::now().checked_add(pause);
        if let (None | Some(Err(_)), Some(until)) = (told, until) {
            let end = state.untold.entry(host.clone()).or_insert(until);
            *end = until.max(*end);
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
            .field("workers", &self.link.workers())
            .finish_non_exhaustive()
    }
}
