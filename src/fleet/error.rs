//! Errors of a fleet: the server that cannot be used, and runs that are not there.

use crate::sink::SinkError;

use super::engine::EngineError;

/// Error of a step of a fleet: names the server, the run or the file.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FleetError(Box<FleetFault>);

#[derive(Debug, thiserror::Error)]
enum FleetFault {
    #[error("no run {run:?} at {server} (haul fleet load {run} creates it)")]
    NoRun { run: String, server: String },
    #[error("the run {0:?} was removed and created again")]
    OtherRun(String),
    #[error("{0}")]
    Away(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    UnfitFile(SinkError),
    #[error("not the input that {0} has loaded (use a new name)")]
    OtherInput(String),
    #[error(transparent)]
    Unwritten(SinkError),
    #[error("{0}")]
    Cancelled(String),
    #[error("{0}")]
    Lost(String),
}

/// Kind of a [`FleetError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetErrorKind {
    /// The server has no such run.
    NoRun,
    /// The server cannot be reached, did not answer, or is not ready.
    Away,
    /// The server cannot be used: a wrong password, a setting that loses data, keys of another program.
    Refused,
    /// The call cannot be carried out as it was made.
    ///
    /// For example a name that is no name of a run.
    Usage,
    /// The requests are not those that were loaded before.
    OtherInput,
    /// A file could not be written.
    Unwritten,
    /// The run was cancelled, or removed and created again.
    Cancelled,
    /// The server lost requests that were loaded: they are to be loaded again, from the first one on.
    Lost,
}

impl FleetError {
    /// Kind of the error.
    pub fn kind(&self) -> FleetErrorKind {
        match &*self.0 {
            FleetFault::NoRun { .. } => FleetErrorKind::NoRun,
            FleetFault::Away(_) => FleetErrorKind::Away,
            FleetFault::Refused(_) => FleetErrorKind::Refused,
            FleetFault::Usage(_) | FleetFault::UnfitFile(_) => FleetErrorKind::Usage,
            FleetFault::OtherInput(_) => FleetErrorKind::OtherInput,
            FleetFault::Unwritten(_) => FleetErrorKind::Unwritten,
            FleetFault::Cancelled(_) | FleetFault::OtherRun(_) => FleetErrorKind::Cancelled,
            FleetFault::Lost(_) => FleetErrorKind::Lost,
        }
    }

    pub(super) fn usage(message: impl Into<String>) -> FleetError {
        FleetError(Box::new(FleetFault::Usage(message.into())))
    }

    pub(super) fn other_input(run: &str) -> FleetError {
        FleetError(Box::new(FleetFault::OtherInput(run.to_owned())))
    }

    pub(super) fn cancelled(run: &str) -> FleetError {
        let message = format!("the run {run:?} was cancelled");
        FleetError(Box::new(FleetFault::Cancelled(message)))
    }

    pub(super) fn lost(run: &str) -> FleetError {
        let message = format!(
            "the server lost requests of {run} that were loaded (load the same input again: it goes on from there)"
        );
        FleetError(Box::new(FleetFault::Lost(message)))
    }

    /// Makes the error of an engine's step, with the run and the server that it was about.
    pub(super) fn of(error: EngineError, run: &str, server: &str) -> FleetError {
        FleetError(Box::new(match error {
            EngineError::NoRun => FleetFault::NoRun {
                run: run.to_owned(),
                server: server.to_owned(),
            },
            EngineError::OtherRun => FleetFault::OtherRun(run.to_owned()),
            EngineError::Away(reason) | EngineError::Busy(reason) => FleetFault::Away(reason),
            EngineError::Refused(reason) => FleetFault::Refused(reason),
        }))
    }
}

impl From<SinkError> for FleetError {
    fn from(error: SinkError) -> FleetError {
        use std::io::ErrorKind::{AlreadyExists, InvalidData, InvalidInput};

        // Another file would help.
        FleetError(Box::new(match error.kind() {
            AlreadyExists | InvalidData | InvalidInput => FleetFault::UnfitFile(error),
            _ => FleetFault::Unwritten(error),
        }))
    }
}
