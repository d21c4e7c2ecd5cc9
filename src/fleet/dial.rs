//! Connections to the shared state of runs, made when they are needed.

use std::sync::Arc;
use std::time::Duration;

use super::engine::{EngineError, FleetEngine, RunFacts};
use super::error::FleetError;
use super::run_name;
use super::settings::RunSettings;

/// Server that holds runs. Each engine that it gives has a connection of its own.
pub(super) trait Dial: Send + Sync {
    /// Makes an engine for a run. The connection is made by its first step. `id`: the run that it is bound to; empty: the
    /// run that has the name. `longest`: upper bound for the time until the connection is made, and for the time until a
    /// reply comes.
    fn engine(
        &self,
        run: &str,
        id: &str,
        longest: Option<Duration>,
    ) -> Result<Box<dyn FleetEngine>, EngineError>;

    /// Looks at the server. `durable`: it must be able to say when changes are on its disk.
    fn check(&self, durable: bool) -> Result<(), EngineError>;

    /// Name of the server in messages, without a password.
    fn shown(&self) -> String;
}

/// Run of a server, by its name.
#[derive(Clone)]
pub(super) struct RunPlace {
    server: Arc<dyn Dial>,
    pub(super) run: Arc<str>,
    /// Text by which the run differs from others of its name. Empty: it is not known.
    id: Arc<str>,
}

impl RunPlace {
    pub(super) fn new(server: Arc<dyn Dial>, run: &str) -> Result<RunPlace, FleetError> {
        run_name::check(run).map_err(FleetError::usage)?;
        Ok(RunPlace {
            server,
            run: run.into(),
            id: "".into(),
        })
    }

    /// Returns the place of this run, and of no other that is created under its name later.
    pub(super) fn of_run(self, id: &str) -> RunPlace {
        RunPlace {
            id: id.into(),
            ..self
        }
    }

    /// Makes an engine with a connection of its own.
    pub(super) fn engine(&self) -> Result<Box<dyn FleetEngine>, FleetError> {
        let engine = self.server.engine(&self.run, &self.id, None);
        engine.map_err(|error| self.error(error))
    }

    /// Makes an engine whose steps fail when no reply comes within this time.
    pub(super) fn quick_engine(
        &self,
        longest: Duration,
    ) -> Result<Box<dyn FleetEngine>, FleetError> {
        let engine = self.server.engine(&self.run, &self.id, Some(longest));
        engine.map_err(|error| self.error(error))
    }

    /// Settings of the run.
    pub(super) fn settings(&self, facts: &RunFacts) -> Result<RunSettings, FleetError> {
        RunSettings::of(facts, &self.run, &self.server.shown())
    }

    /// Makes the error of the engine's last step, with its reason.
    pub(super) fn error_by(&self, engine: &mut dyn FleetEngine, error: EngineError) -> FleetError {
        self.error(error).caused_by(engine.take_cause())
    }

    /// Makes the error of a step of this run.
    pub(super) fn error(&self, error: EngineError) -> FleetError {
        let server = self.server.shown();
        match error {
            EngineError::NoRun if !self.id.is_empty() => FleetError::gone(&self.run, &server),
            error => FleetError::of(error, &self.run, &server),
        }
    }
}
