//! Output of a journal: its lines on their way to the file and to the disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sink::growing::GrowingWriter;
use crate::sink::lines::LineWriter;
use crate::sink::{SinkError, SinkTarget};

/// Longest time that a record of a durable journal waits for the disk while others follow it.
const COMMIT: Duration = Duration::from_millis(200);

/// Makes the error for a file of a journal.
pub(super) fn journal_error(path: &Path, action: &'static str, source: io::Error) -> SinkError {
    SinkError::new(SinkTarget::File(path.to_owned()), action, source)
}

pub(super) struct JournalWriter {
    lines: LineWriter<GrowingWriter>,
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
    pub(super) fn new(lines: LineWriter<GrowingWriter>) -> JournalWriter {
        JournalWriter {
            lines,
            durable: false,
            dirty: false,
            committed: Instant::now(),
            progress: Arc::new(JournalProgress {
                last: AtomicU64::new(NONE),
                lost: AtomicBool::new(false),
            }),
        }
    }

    /// Empties a file whose records are replaced.
    pub(super) fn begin(&mut self) -> Result<(), SinkError> {
        self.lines.begin()
    }

    pub(super) fn progress(&self) -> &Arc<JournalProgress> {
        &self.progress
    }

    /// Adds the line of the outcome at this place in its batch. A durable journal syncs every [`COMMIT`] even if lines come
    /// without a pause. On an error the line is not taken.
    pub(super) fn add(
        &mut self,
        place: u64,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), SinkError> {
        if self.durable && self.dirty && self.committed.elapsed() >= COMMIT {
            self.commit()?;
        }
        self.lines.add(write)?;
        self.dirty = true;
        self.progress.last.store(place, Ordering::Release);
        Ok(())
    }

    /// Adds the line of an outcome that belongs to no request of this run.
    pub(super) fn add_aside(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        self.lines.add_aside(write)?;
        self.dirty = true;
        Ok(())
    }

    /// Number of taken records that are in the file.
    pub(super) fn written(&self) -> u64 {
        self.lines.written()
    }

    /// Writes out the buffered records; if the journal is durable, also to the disk.
    pub(super) fn commit(&mut self) -> Result<(), SinkError> {
        self.lines.flush()?;
        if self.durable && self.dirty {
            self.lines.sync()?;
            self.dirty = false;
            self.committed = Instant::now();
        }
        Ok(())
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        if !self.lines.is_untouched() && self.commit().is_err() {
            self.progress.lost.store(true, Ordering::Release);
        }
    }
}
