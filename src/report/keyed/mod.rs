//! Results that are kept for a comparison, by key.

mod entry;

use std::io;

pub(super) use entry::{ResultEntry, ResultEntryForm};

use super::Report;
use super::result_line::BorrowedResult;
use crate::spill::Partitions;
use crate::summary::OutcomeFacts;

/// Results of one run that are kept for a comparison.
#[derive(Debug)]
pub(super) struct KeyedResults {
    pub(super) parts: Partitions<ResultEntryForm>,
    pub(super) without_key: u64,
    /// Bytes of the entry that is added.
    entry: Vec<u8>,
}

impl KeyedResults {
    pub(super) fn new() -> KeyedResults {
        KeyedResults {
            parts: Partitions::new(&std::env::temp_dir()),
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
            Some(()) => self.parts.add(&self.entry),
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
