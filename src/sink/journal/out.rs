//! Output of a journal: its records on their way to the file and to the disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::record::{Layout, Record};
use crate::sink::database::OutcomeTable;
use crate::sink::growing::GrowingWriter;
use crate::sink::lines::LineWriter;
use crate::sink::{SinkError, SinkTarget};
use crate::summary::Summary;

/// Longest time that a record of a durable journal waits for the disk while others follow it.
const COMMIT: Duration = Duration::from_millis(200);

/// Makes the error for a file of a journal.
pub(super) fn journal_error(path: &Path, action: &'static str, source: io::Error) -> SinkError {
    SinkError::new(SinkTarget::File(path.to_owned()), action, source)
}

/// Target of a journal's records.
pub(super) enum JournalTarget {
    Lines(Box<LineWriter<GrowingWriter>>),
    Database(OutcomeTable),
}

pub(super) struct JournalWriter {
    to: JournalTarget,
    layout: Layout,
    pub(super) durable: bool,
    /// True if bytes were written since the last sync to the disk.
    dirty: bool,
    committed: Instant,
    progress: Arc<JournalProgress>,
}

/// Progress of a journal, for sinks that write only after its records.
#[derive(Debug)]
pub(super) struct JournalProgress {
    /// Place in its batch of the outcome whose record was taken last; [`NONE`] before the first. The pages of a list
    /// share the index that is shown, and each has its own place.
    last: AtomicU64,
    /// True if the journal was dropped and could not write its buffered records.
    lost: AtomicBool,
}

/// Value that is no place of an outcome.
const NONE: u64 = u64::MAX;

impl JournalProgress {
    pub(super) fn has_taken(&self, place: u64) -> bool {
        self.last.load(Ordering::Acquire) == place
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

impl JournalWriter {
    pub(super) fn new(to: JournalTarget, layout: Layout) -> JournalWriter {
        JournalWriter {
            to,
            layout,
            durable: false,
            dirty: false,
            committed: Instant::now(),
            progress: Arc::new(JournalProgress {
                last: AtomicU64::new(NONE),
                lost: AtomicBool::new(false),
            }),
        }
    }

    /// Empties results that are replaced. `arguments`: the run's command or task, for a database.
    pub(super) fn begin(&mut self, arguments: Option<&str>) -> Result<(), SinkError> {
        match &mut self.to {
            JournalTarget::Lines(lines) => lines.begin(),
            JournalTarget::Database(table) => table.begin(self.durable, arguments),
        }
    }

    pub(super) fn progress(&self) -> &Arc<JournalProgress> {
        &self.progress
    }

    /// Adds the record of the outcome at this place in its batch, to a file by `write`. A durable journal syncs every
    /// [`COMMIT`] even if records come without a pause. `failure`: makes the line of a failure log for the outcome. On an
    /// error the record is not taken.
    pub(super) fn add<'f>(
        &mut self,
        place: u64,
        record: &Record<'_>,
        write: impl FnOnce(&mut Vec<u8>),
        failure: impl FnOnce() -> Option<Record<'f>>,
    ) -> Result<(), SinkError> {
        match &mut self.to {
            JournalTarget::Lines(lines) => {
                if self.durable && self.dirty && self.committed.elapsed() >= COMMIT {
                    sync(lines)?;
                    self.committed = Instant::now();
                }
                lines.add(write)?;
            }
            JournalTarget::Database(table) => table.add(record, failure().as_ref(), true)?,
        }
        self.dirty = true;
        self.progress.last.store(place, Ordering::Release);
        Ok(())
    }

    /// Adds the record of an outcome that belongs to no request of this run.
    pub(super) fn add_aside(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        let layout = &self.layout;
        match &mut self.to {
            JournalTarget::Lines(lines) => {
                lines.add_aside(|lines| layout.write_record(record, lines))?;
            }
            JournalTarget::Database(table) => table.add(record, None, false)?,
        }
        self.dirty = true;
        Ok(())
    }

    /// Number of taken records that are in the file.
    pub(super) fn written(&self) -> u64 {
        match &self.to {
            JournalTarget::Lines(lines) => lines.written(),
            JournalTarget::Database(table) => table.written(),
        }
    }

    /// Writes out the buffered records; if the journal is durable, also to the disk.
    pub(super) fn commit(&mut self) -> Result<(), SinkError> {
        match &mut self.to {
            JournalTarget::Lines(lines) if self.durable && self.dirty => {
                sync(lines)?;
                self.dirty = false;
                self.committed = Instant::now();
                Ok(())
            }
            JournalTarget::Lines(lines) => lines.flush(),
            JournalTarget::Database(table) => table.commit(),
        }
    }

    /// Notes that the last record is of a request that must not be repeated.
    pub(super) fn urge(&mut self) {
        if let JournalTarget::Database(table) = &mut self.to {
            table.urge();
        }
    }

    /// Writes out the buffered records before a wait; to a database soon after.
    pub(super) fn idle(&mut self) -> Result<(), SinkError> {
        match &mut self.to {
            JournalTarget::Lines(_) => self.commit(),
            JournalTarget::Database(table) => table.commit_soon(),
        }
    }

    /// Writes out the buffered records, and in a database the figures of the run.
    pub(super) fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        match &mut self.to {
            JournalTarget::Lines(_) => self.commit(),
            JournalTarget::Database(table) => table.finish(summary),
        }
    }

    /// True if results that are to be replaced are as they were, and no record was added.
    fn is_untouched(&self) -> bool {
        match &self.to {
            JournalTarget::Lines(lines) => lines.is_untouched(),
            JournalTarget::Database(table) => table.is_untouched(),
        }
    }
}

/// Writes out the buffered lines and brings them to the disk.
fn sync(lines: &mut LineWriter<GrowingWriter>) -> Result<(), SinkError> {
    lines.flush()?;
    lines.sync()
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        if !self.is_untouched() && self.commit().is_err() {
            self.progress.lost.store(true, Ordering::Release);
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
impl JournalWriter {
    /// Returns the table of a database.
    pub(super) fn table(&mut self) -> Option<&mut OutcomeTable> {
        match &mut self.to {
            JournalTarget::Lines(_) => None,
            JournalTarget::Database(table) => Some(table),
        }
    }
}
