//! A run on a server, and what can be done with it as a whole.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::dial::RunPlace;
use super::engine::{EngineError, FleetEngine, RunState};
use super::error::FleetError;
use super::limiter_link::LimiterLink;
use super::settings::RunSettings;
use super::status::{RunPhase, RunStatus};

/// Time between two looks at a run that is being removed.
const LOOK: Duration = Duration::from_millis(200);

/// Time in which every collector that lives looks at the state of a run.
const NOTICE: Duration = Duration::from_secs(2);

/// Run of a [`Fleet`](super::Fleet): a queue of requests that any number of workers send.
#[derive(Clone)]
pub struct Run {
    pub(super) place: RunPlace,
    pub(super) settings: RunSettings,
    pub(super) link: Arc<LimiterLink>,
}

impl Run {
    pub(super) fn new(place: RunPlace, settings: RunSettings) -> Run {
        Run {
            place,
            settings,
            link: Arc::default(),
        }
    }

    /// Name of the run.
    pub fn name(&self) -> &str {
        &self.place.run
    }

    /// Settings that the run was created with.
    pub fn settings(&self) -> &RunSettings {
        &self.settings
    }

    /// State and figures of the run now.
    ///
    /// # Errors
    /// When the run is not there, or the server does not answer.
    pub fn status(&self) -> Result<RunStatus, FleetError> {
        self.status_by(&mut *self.place.engine()?)
    }

    pub(super) fn status_by(&self, engine: &mut dyn FleetEngine) -> Result<RunStatus, FleetError> {
        let read = |engine: &mut dyn FleetEngine| {
            let facts = engine.facts()?;
            let lanes = 0..facts.lanes;
            let lanes: Result<Vec<_>, _> = lanes.map(|lane| engine.figures(lane)).collect();
            let (lanes, waits) = (lanes?, engine.waiting_hosts()?);
            Ok(RunStatus::of(&facts, &lanes, waits, &engine.server_use()?))
        };
        read(engine).map_err(|error| self.place.error_by(engine, error))
    }

    /// Hands out no further requests until the run is resumed. Requests that are under way end.
    ///
    /// # Errors
    /// [`Cancelled`](super::FleetErrorKind::Cancelled) if the run was cancelled; otherwise as [`status`](Run::status).
    pub fn pause(&self) -> Result<(), FleetError> {
        self.set(RunState::Paused)
    }

    /// Hands out requests again.
    ///
    /// # Errors
    /// As [`pause`](Run::pause).
    pub fn resume(&self) -> Result<(), FleetError> {
        // The engine knows whether all of the input is loaded.
        self.set(RunState::Running)
    }

    /// Hands out no requests any more.
    ///
    /// Requests that are under way end and get their outcomes; the queue stays. A run that is over stays over.
    ///
    /// # Errors
    /// As [`status`](Run::status).
    pub fn cancel(&self) -> Result<(), FleetError> {
        let is_over = |status: RunStatus| status.phase == RunPhase::Over;
        if self.status().is_ok_and(is_over) {
            return Ok(());
        }
        match self.set(RunState::Cancelled) {
            Err(error) if error.kind() == super::FleetErrorKind::Cancelled => Ok(()),
            done => done,
        }
    }

    fn set(&self, state: RunState) -> Result<(), FleetError> {
        let mut engine = self.place.engine()?;
        match engine.set_state(state) {
            Ok(true) => Ok(()),
            Ok(false) => Err(FleetError::cancelled(self.name())),
            Err(error) => Err(self.place.error_by(&mut *engine, error)),
        }
    }

    /// Cancels the run and deletes all that the server has of it, also if it lost a part.
    ///
    /// Collectors have two seconds to notice it, and workers one lease to leave: a worker that was silent for a lease is not
    /// waited for. Results that nobody collected are lost.
    ///
    /// # Errors
    /// As [`status`](Run::status).
    pub fn remove(&self) -> Result<(), FleetError> {
        let mut engine = self.place.engine()?;
        let removed = self.remove_by(&mut *engine);
        removed.map_err(|error| self.place.error_by(&mut *engine, error))
    }

    fn remove_by(&self, engine: &mut dyn FleetEngine) -> Result<(), EngineError> {
        // An earlier call that was interrupted may have deleted a part of the run, or the server may have lost one.
        let was_there = left_out_if_lost(engine.facts())?.is_some();
        left_out_if_lost(engine.set_state(RunState::Cancelled))?;
        let begun = Instant::now();
        if was_there {
            // Collectors see that the run was cancelled, and end as they do after that. Some may be at work though all
            // requests have their outcome, also if no result waits: one that took the last has still to look.
            let left = || NOTICE.checked_sub(begun.elapsed());
            while let Some(left) = left().filter(|left| !left.is_zero()) {
                thread::park_timeout(left);
            }
        }
        let lease = self.settings.lease;
        while begun.elapsed() < lease && self.has_workers(engine)? {
            thread::park_timeout(LOOK);
        }
        engine.remove()
    }

    /// Returns true if a worker told within a lease that it lives. Lanes that are lost are left out.
    fn has_workers(&self, engine: &mut dyn FleetEngine) -> Result<bool, EngineError> {
        let lease = self.settings.lease;
        for lane in 0..self.settings.lanes {
            let figures = left_out_if_lost(engine.figures(lane))?.unwrap_or_default();
            if figures.workers.iter().any(|(_, silent)| *silent <= lease) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns the answer of a step. `None`: what it is about is not there, or damaged.
fn left_out_if_lost<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(EngineError::NoRun | EngineError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("name", &self.name())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
