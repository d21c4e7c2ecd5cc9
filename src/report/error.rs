//! Errors of reading results.

use std::io;

/// Error that ended the reading of results.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {what}: {source}")]
pub struct ReportError {
    name: String,
    what: &'static str,
    source: io::Error,
}

impl ReportError {
    pub(super) fn new(name: &str, what: &'static str, source: io::Error) -> ReportError {
        ReportError {
            name: name.to_owned(),
            what,
            source,
        }
    }

    /// Makes the error of a temporary file.
    pub(super) fn temporary(source: io::Error) -> ReportError {
        let folder = std::env::temp_dir();
        let name = folder.display().to_string();
        ReportError::new(&name, "a temporary file failed", source)
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
