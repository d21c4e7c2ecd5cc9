//! How a run ends: the status it exits with, and what is said of a run that could not be.

use std::io::{self, Write};
use std::process::ExitCode;

use haul::redact::Escaped;

use crate::arguments::Told;

/// What the process exits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Every request succeeded.
    Fine,
    /// At least one failed or was rejected.
    Unsuccessful,
    /// A usage or configuration error: nothing was sent.
    Usage,
    /// Results could not be written.
    Unwritten,
    /// Stopped early by a limit the caller set.
    Stopped,
    /// Interrupted by this signal.
    Signal(u8),
}

/// Says what is wrong with the arguments, in the words of all other messages. Help and version are no errors.
pub(crate) fn of_usage(told: &Told) -> Status {
    match told {
        Told::Wrong(text) => {
            // A message that cannot be printed is lost: there is no other place for it.
            let lines = text.lines().map(|line| format!("{}\n", Escaped(line)));
            let _ = write!(io::stderr(), "haul: {}", lines.collect::<String>());
            Status::Usage
        }
        Told::Asked(text) => {
            let mut out = io::stdout();
            match write!(out, "{text}").and_then(|()| out.flush()) {
                Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Status::Unwritten,
                _ => Status::Fine,
            }
        }
    }
}

impl Status {
    /// The number that the process exits with.
    pub(crate) fn number(self) -> u8 {
        match self {
            Status::Fine => 0,
            Status::Unsuccessful => 1,
            Status::Usage => 2,
            Status::Unwritten => 3,
            Status::Stopped => 4,
            Status::Signal(number) => 128 + number,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.number())
    }
}

/// Why a run could not be, or not to its end.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure {
            status: Status::Usage,
            message: message.into(),
        }
    }

    pub(crate) fn unwritten(message: impl Into<String>) -> Failure {
        Failure {
            status: Status::Unwritten,
            message: message.into(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}
