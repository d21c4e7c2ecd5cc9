//! Results that are kept for a comparison, by key.

mod entry;
mod partitions;

use std::io;

pub(super) use entry::{BodyDigest, KeyBytes, ResultEntry};
pub(super) use partitions::{Partitions, first_entry};

use super::Report;
use super::result_line::BorrowedResult;
use crate::summary::OutcomeFacts;

/// Results of one run that are kept for a comparison.
#[derive(Debug)]
pub(super) struct KeyedResults {
    pub(super) parts: Partitions,
    pub(super) without_key: u64,
    /// Bytes of the entry that is added.
    entry: Vec<u8>,
}

impl KeyedResults {
    pub(super) fn new() -> KeyedResults {
        KeyedResults {
            parts: Partitions::new(0),
            without_key: 0,
            entry: Vec::new(),
        }
    }

    /// Keeps a result.
    pub(super) fn add(
        &mut self,
        result: &BorrowedResult<'_>,
        facts: &OutcomeFacts<'_>,
    ) -> io::Result<()> {
        match entry::write(result, facts, &mut self.entry) {
            Some(key) => self.parts.add(&key, &self.entry),
            None => {
                self.without_key += 1;
                Ok(())
            }
        }
    }
}

/// Report of one run, and its results.
pub(super) struct ComparedRun {
    pub(super) report: Report,
    pub(super) results: KeyedResults,
}
