//! Errors of a fleet: the server that cannot be used, and runs that are not there.

use std::fmt;

use crate::sink::SinkError;

use super::engine::{EngineError, ErrorCause};

/// Error of a step of a fleet: names the server, the run or the file.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FleetError(Box<FleetFault>);

/// Setting of a run that cannot hold, by its method of [`RunSettings`](super::RunSettings).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SettingFault {
    pub(super) name: &'static str,
    /// Value and reason: `0 (at least 1 is needed)`.
    pub(super) text: String,
}

impl SettingFault {
    pub(super) fn new(name: &'static str, text: impl Into<String>) -> SettingFault {
        let text = text.into();
        SettingFault { name, text }
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.text)
    }
}

#[derive(Debug, thiserror::Error)]
enum FleetFault {
    #[error("no run {run:?} at {server} (haul fleet load {run} creates it)")]
    NoRun { run: String, server: String },
    #[error(
        "the run {run:?} was at {server} and is gone: it was removed, or the server lost its data (haul fleet load {run} INPUT --resume --results FILE... loads what has no outcome in the files of its results)"
    )]
    Gone { run: String, server: String },
    #[error("{message}")]
    Away {
        message: String,
        source: Option<ErrorCause>,
    },
    #[error("{message}")]
    Refused {
        message: String,
        source: Option<ErrorCause>,
    },
    #[error("{message}")]
    Usage {
        message: String,
        source: Option<ErrorCause>,
    },
    #[error("the run {0:?} was removed and created again")]
    OtherRun(String),
    #[error("{0}")]
    WrongSetting(SettingFault),
    #[error("the run {run:?} was created with other options: {} (use the same ones, or a new name)", list(.settings))]
    OtherSettings {
        run: String,
        settings: Vec<SettingFault>,
    },
    #[error(transparent)]
    UnfitFile(SinkError),
    #[error("not the input that {0} has loaded (use a new name)")]
    OtherInput(String),
    #[error(transparent)]
    Unwritten(SinkError),
    #[error("{0}")]
    Unsaved(String),
    #[error("{0}")]
    Cancelled(String),
    #[error("{0}")]
    Lost(String),
}

fn list(settings: &[SettingFault]) -> String {
    let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
    settings.join("; ")
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
    /// The run has other settings: see [`FleetError::settings`].
    OtherSettings,
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
            FleetFault::NoRun { .. } | FleetFault::Gone { .. } => FleetErrorKind::NoRun,
            FleetFault::Away { .. } => FleetErrorKind::Away,
            FleetFault::Refused { .. } => FleetErrorKind::Refused,
            FleetFault::Usage { .. } | FleetFault::WrongSetting(_) | FleetFault::UnfitFile(_) => {
                FleetErrorKind::Usage
            }
            FleetFault::OtherSettings { .. } => FleetErrorKind::OtherSettings,
            FleetFault::OtherInput(_) => FleetErrorKind::OtherInput,
            FleetFault::Unwritten(_) | FleetFault::Unsaved(_) => FleetErrorKind::Unwritten,
            FleetFault::Cancelled(_) | FleetFault::OtherRun(_) => FleetErrorKind::Cancelled,
            FleetFault::Lost(_) => FleetErrorKind::Lost,
        }
    }

    /// Settings that are the reason of the error.
    ///
    /// Each comes by its method of [`RunSettings`](super::RunSettings), with its value and the reason.
    ///
    /// ```no_run
    /// use haul::fleet::{Fleet, RunSettings};
    ///
    /// let fleet = Fleet::connect("redis://127.0.0.1:6379/0")?;
    /// let error = fleet.create("r1", RunSettings::new().lanes(0)).unwrap_err();
    /// let settings: Vec<_> = error.settings().collect();
    /// assert_eq!(settings, [("lanes", "0 (1 to 1024 are possible)")]);
    /// # Ok::<(), haul::fleet::FleetError>(())
    /// ```
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let settings = match &*self.0 {
            FleetFault::WrongSetting(setting) => std::slice::from_ref(setting),
            FleetFault::OtherSettings { settings, .. } => settings,
            _ => &[],
        };
        settings
            .iter()
            .map(|setting| (setting.name, &*setting.text))
    }

    pub(super) fn usage(message: impl Into<String>) -> FleetError {
        FleetError(Box::new(FleetFault::Usage {
            message: message.into(),
            source: None,
        }))
    }

    pub(super) fn refused(message: impl Into<String>) -> FleetError {
        FleetError(Box::new(FleetFault::Refused {
            message: message.into(),
            source: None,
        }))
    }

    pub(super) fn other_settings(run: &str, settings: Vec<SettingFault>) -> FleetError {
        let run = run.to_owned();
        FleetError(Box::new(FleetFault::OtherSettings { run, settings }))
    }

    /// Adds the error that is the reason of this one.
    pub(super) fn caused_by(mut self, cause: Option<impl Into<ErrorCause>>) -> FleetError {
        if let FleetFault::Away { source, .. }
        | FleetFault::Refused { source, .. }
        | FleetFault::Usage { source, .. } = &mut *self.0
        {
            *source = cause.map(Into::into);
        }
        self
    }

    pub(super) fn other_input(run: &str) -> FleetError {
        FleetError(Box::new(FleetFault::OtherInput(run.to_owned())))
    }

    pub(super) fn cancelled(run: &str) -> FleetError {
        let message = format!("the run {run:?} was cancelled");
        FleetError(Box::new(FleetFault::Cancelled(message)))
    }

    /// Makes the error of a worker whose machine cannot save bodies.
    pub(super) fn unsaved(run: &str, why: &str) -> FleetError {
        let message =
            format!("{run}: {why} (this worker ends: what it has not sent goes to other workers)");
        FleetError(Box::new(FleetFault::Unsaved(message)))
    }

    pub(super) fn lost(run: &str) -> FleetError {
        let message = format!(
            "the server lost requests of {run} that were loaded (load the same input again: it goes on from there)"
        );
        FleetError(Box::new(FleetFault::Lost(message)))
    }

    /// Makes the error about a run that was there before.
    pub(super) fn gone(run: &str, server: &str) -> FleetError {
        FleetError(Box::new(FleetFault::Gone {
            run: run.to_owned(),
            server: server.to_owned(),
        }))
    }

    /// Makes the error of an engine's step, with the run and the server that it was about.
    pub(super) fn of(error: EngineError, run: &str, server: &str) -> FleetError {
        FleetError(Box::new(match error {
            EngineError::NoRun => FleetFault::NoRun {
                run: run.to_owned(),
                server: server.to_owned(),
            },
            EngineError::OtherRun => FleetFault::OtherRun(run.to_owned()),
            EngineError::Away(message) | EngineError::Busy(message) => FleetFault::Away {
                message,
                source: None,
            },
            EngineError::Refused(message) => FleetFault::Refused {
                message,
                source: None,
            },
        }))
    }
}

impl From<SettingFault> for FleetError {
    fn from(fault: SettingFault) -> FleetError {
        FleetError(Box::new(FleetFault::WrongSetting(fault)))
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
