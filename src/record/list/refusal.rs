//! Reasons why an input cannot be read at all.

use std::fmt;
use std::io;

use super::InputFormat;
use super::bounded::class_of;
use super::unread::UnreadFormat;
use crate::error::ErrorType;

/// Reason why an input cannot be read: not one of its requests was made.
///
/// The text names the format and, where they are known, line and column. The name of the file is the caller's.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct InvalidInput(InputFault);

#[derive(Debug, thiserror::Error)]
enum InputFault {
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    #[error("{}", .0.advice(None))]
    Unread(UnreadFormat),
    #[error("it is read as {format}{place}: {reason}")]
    Format {
        format: InputFormat,
        place: FaultPlace,
        reason: String,
    },
}

/// Line and column of a fault, from 1. `None`: the place is not known.
#[derive(Debug)]
struct FaultPlace(Option<(u64, u64)>);

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((line, column)) => write!(f, ", line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl InvalidInput {
    pub(super) fn unreadable(error: io::Error) -> InvalidInput {
        InvalidInput(InputFault::Unreadable(error))
    }

    pub(super) fn unread(format: UnreadFormat) -> InvalidInput {
        InvalidInput(InputFault::Unread(format))
    }

    /// Returns the reason with the commands that convert the input, for a file of this name.
    ///
    /// `file`: the name as a shell takes it.
    pub fn for_file(&self, file: &str) -> String {
        match &self.0 {
            InputFault::Unread(format) => format.advice(Some(file)),
            other => other.to_string(),
        }
    }

    /// Returns the class of the failure of a request whose response was to be such an input.
    pub fn error_type(&self) -> ErrorType {
        match &self.0 {
            InputFault::Unreadable(error) => class_of(error),
            InputFault::Unread(_) | InputFault::Format { .. } => ErrorType::Decode,
        }
    }

    /// Makes the error of an input that is not as its format demands.
    pub(super) fn of(format: InputFormat, reason: impl Into<String>) -> InvalidInput {
        InvalidInput::placed(format, None, reason.into())
    }

    /// Makes the error of a fault at this line and column, from 1.
    #[cfg_attr(not(any(feature = "csv", feature = "sitemap")), allow(dead_code))]
    pub(super) fn at(
        format: InputFormat,
        line: u64,
        column: u64,
        reason: impl Into<String>,
    ) -> InvalidInput {
        InvalidInput::placed(format, Some((line, column)), reason.into())
    }

    fn placed(format: InputFormat, place: Option<(u64, u64)>, reason: String) -> InvalidInput {
        InvalidInput(InputFault::Format {
            format,
            place: FaultPlace(place),
            reason,
        })
    }
}
