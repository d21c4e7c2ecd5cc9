//! Errors of reading results.

use std::io;

#[cfg(feature = "sqlite")]
use crate::sink::SinkError;

/// Error that ended the reading of results. It names the file.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReportError {
    message: String,
    is_temporary: bool,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl ReportError {
    /// True if a temporary file failed, not the results.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// Makes the error of a reader.
    pub(super) fn unread(name: &str, source: io::Error) -> ReportError {
        ReportError {
            is_temporary: false,
            message: format!("{name}: cannot be read to its end: {source}"),
            source: source.into(),
        }
    }

    /// Makes the error of a temporary file.
    pub(super) fn temporary(source: io::Error) -> ReportError {
        let folder = std::env::temp_dir();
        ReportError {
            is_temporary: true,
            message: format!("{}: a temporary file failed: {source}", folder.display()),
            source: source.into(),
        }
    }

    /// Makes the error of a comparison of results that were not kept for it.
    pub(super) fn not_comparable() -> ReportError {
        let message = "the results were not read for a comparison (ReportReader::comparable)";
        ReportError {
            message: message.to_owned(),
            is_temporary: false,
            source: message.into(),
        }
    }

    /// Makes the error of a database.
    #[cfg(feature = "sqlite")]
    pub(super) fn database(source: SinkError) -> ReportError {
        ReportError {
            is_temporary: false,
            message: source.to_string(),
            source: source.into(),
        }
    }
}

/// Line that is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadLine {
    /// Name of the file, as it was given.
    pub source: String,
    /// Number of the line, from 1.
    pub line: u64,
    /// Reason why the line is no result.
    pub reason: String,
}
