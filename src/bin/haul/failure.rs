//! End of a run: its exit status, and the message of a run that failed.

use std::io::{self, Write};
use std::process::ExitCode;

use haul::redact::Escaped;

use crate::arguments::ProgramEnd;

/// Exit status of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Every request succeeded.
    Fine,
    /// At least one request failed or was rejected.
    Unsuccessful,
    /// A usage or configuration error: nothing was sent.
    Usage,
    /// Results could not be written.
    Unwritten,
    /// The run was stopped early by a limit that the caller set.
    Stopped,
    /// The run was interrupted by this signal.
    Signal(u8),
}

/// Prints the message about wrong arguments in the form of all other messages, or the text that was asked for: help and
/// version are no errors.
pub(crate) fn of_usage(told: &ProgramEnd) -> Status {
    match told {
        ProgramEnd::Wrong(text) => {
            // A message that cannot be printed is lost: there is no other place for it.
            let lines = text.lines().map(|line| format!("{}\n", Escaped(line)));
            let _ = write!(io::stderr(), "haul: {}", lines.collect::<String>());
            Status::Usage
        }
        ProgramEnd::Asked(text) => {
            let mut out = io::stdout();
            match write!(out, "{text}").and_then(|()| out.flush()) {
                Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Status::Unwritten,
                _ => Status::Fine,
            }
        }
    }
}

impl Status {
    /// Returns the number that the process exits with.
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

/// Reason why a run could not begin, or could not be finished.
#[derive(Debug)]
pub(crate) struct CommandError {
    status: Status,
    message: String,
}

impl CommandError {
    pub(crate) fn usage(message: impl Into<String>) -> CommandError {
        CommandError {
            status: Status::Usage,
            message: message.into(),
        }
    }

    pub(crate) fn unwritten(message: impl Into<String>) -> CommandError {
        CommandError {
            status: Status::Unwritten,
            message: message.into(),
        }
    }

    #[cfg(feature = "fleet")]
    pub(crate) fn stopped(message: impl Into<String>) -> CommandError {
        CommandError {
            status: Status::Stopped,
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
