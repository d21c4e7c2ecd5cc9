//! Errors of merging.

use std::io;
use std::path::Path;

use crate::sink::SinkError;

/// Error that ended a merge. It names the file; no output was made.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct MergeError {
    message: String,
    is_unwritten: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl MergeError {
    /// True if the output or a temporary file could not be written; false if results cannot be merged.
    pub fn is_unwritten(&self) -> bool {
        self.is_unwritten
    }

    /// Makes the error of results that cannot be merged.
    pub(super) fn refused(message: impl Into<String>) -> MergeError {
        MergeError {
            message: message.into(),
            is_unwritten: false,
            source: None,
        }
    }

    /// Makes the error of a file of results that cannot be read.
    pub(super) fn unread(path: &Path, what: &str, source: io::Error) -> MergeError {
        MergeError {
            message: format!("{}: {what}: {source}", path.display()),
            is_unwritten: false,
            source: Some(source.into()),
        }
    }

    /// Makes the error of a temporary file.
    pub(super) fn temporary(folder: &Path, source: io::Error) -> MergeError {
        MergeError {
            message: format!(
                "{}: a temporary file failed: {source} (another directory can be given)",
                folder.display()
            ),
            is_unwritten: true,
            source: Some(source.into()),
        }
    }

    /// Makes the error of the output.
    pub(super) fn unwritten(error: SinkError) -> MergeError {
        MergeError {
            message: error.to_string(),
            is_unwritten: true,
            source: Some(error.into()),
        }
    }
}
