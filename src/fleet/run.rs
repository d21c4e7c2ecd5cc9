//! A run on a server, and what can be done with it as a whole.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::dial::RunPlace;
use super::engine::{FleetEngine, RunState};
use super::error::FleetError;
use super::limiter_link::LimiterLink;
use super::settings::RunSettings;
use super::status::RunStatus;

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
    /// Requests that are under way end and get their outcomes; the queue stays.
    ///
    /// # Errors
    /// As [`status`](Run::status).
    pub fn cancel(&self) -> Result<(), FleetError> {
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

    /// Cancels the run and deletes all that the server has of it.
    ///
    /// Collectors have two seconds to notice it, and workers one lease to leave. Results that nobody collected are lost.
    ///
    /// # Errors
    /// As [`status`](Run::status).
    pub fn remove(&self) -> Result<(), FleetError> {
        // An earlier call that was interrupted may have deleted a part of the run.
        let is_there = |error: &FleetError| error.kind() != super::FleetErrorKind::NoRun;
        let was_there = match self.cancel() {
            Err(error) if is_there(&error) => return Err(error),
            cancelled => cancelled.is_ok(),
        };
        let mut engine = self.place.engine()?;
        let begun = Instant::now();
        if was_there {
            // Collectors see that the run was cancelled, and end as they do after that. Some may be at work though all
            // requests have their outcome, also if no result waits: one that took the last has still to look.
            let left = || NOTICE.checked_sub(begun.elapsed());
            while let Some(left) = left().filter(|left| !left.is_zero()) {
                thread::park_timeout(left);
            }
        }
        while begun.elapsed() < self.settings.lease {
            match self.status_by(&mut *engine) {
                Ok(status) if status.workers.is_empty() => break,
                Err(error) if is_there(&error) => return Err(error),
                Err(_) => break,
                Ok(_) => thread::park_timeout(LOOK),
            }
        }
        let removed = engine.remove();
        removed.map_err(|error| self.place.error_by(&mut *engine, error))
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
