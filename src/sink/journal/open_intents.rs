//! Requests that a run was about to send when it was cut off, for readers of its results.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;

use super::counts::take_one;
use super::intents;
use super::out::journal_error;
use super::scan::ResultLine;
use crate::record::Key;
use crate::sink::SinkError;

/// Intents beside a results file that have no outcome in it.
#[derive(Default)]
pub(in crate::sink) struct OpenIntents {
    open: HashMap<Key, u32>,
    /// Numbers of outcomes that are older than the intents of their key.
    older: HashMap<Key, u32>,
}

impl OpenIntents {
    /// Reads the intents beside a results file. Nothing is changed.
    ///
    /// # Errors
    /// When the file of intents cannot be read.
    pub(in crate::sink) fn beside(results: &Path) -> Result<OpenIntents, SinkError> {
        let path = intents::path_of(results);
        let read = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(OpenIntents::default());
            }
            opened => opened.and_then(|file| intents::read_file(&file)),
        };
        let (announced, _) = read.map_err(|e| journal_error(&path, "cannot be read", e))?;
        Ok(OpenIntents {
            open: announced.open,
            older: announced.older,
        })
    }

    /// Takes a line of the results, in their order, as a run that goes on does.
    pub(in crate::sink) fn settle(&mut self, line: &ResultLine) {
        let settles = line.interrupted || line.sent;
        if settles && !take_one(&mut self.older, line.key) {
            take_one(&mut self.open, line.key);
        }
    }

    /// Number of requests without an outcome.
    pub(in crate::sink) fn count(&self) -> u64 {
        self.open.values().map(|count| u64::from(*count)).sum()
    }
}
