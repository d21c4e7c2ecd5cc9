//! The lines of a journal on their way to its file, and to the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sink::SinkError;
use crate::sink::growing::Growing;
use crate::sink::lines::Lines;

/// How long a record of a durable journal waits for the disk at most while others follow it.
const COMMIT: Duration = Duration::from_millis(200);

pub(super) struct Out {
    lines: Lines<Growing>,
    pub(super) durable: bool,
    /// Something was written since it was last brought to the disk.
    dirty: bool,
    committed: Instant,
    progress: Arc<Progress>,
}

/// Progress of a journal, for sinks that write only after its records.
#[derive(Debug)]
pub(super) struct Progress {
    /// Index of the outcome whose record was taken last; [`NONE`] before the first.
    last: AtomicU64,
    /// The journal was dropped, and could not write what it still had.
    lost: AtomicBool,
}

/// No index of an outcome.
const NONE: u64 = u64::MAX;

impl Progress {
    pub(super) fn has_taken(&self, index: u64) -> bool {
        self.last.load(Ordering::Acquire) == index
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

impl Out {
    pub(super) fn new(lines: Lines<Growing>) -> Out {
        Out {
            lines,
            durable: false,
            dirty: false,
            committed: Instant::now(),
            progress: Arc::new(Progress {
                last: AtomicU64::new(NONE),
                lost: AtomicBool::new(false),
            }),
        }
    }

    /// Empties a file whose records are replaced.
    pub(super) fn begin(&mut self) -> Result<(), SinkError> {
        self.lines.begin()
    }

    pub(super) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Adds the line of the outcome with this index. Where others follow without a pause, the disk has them from time to
    /// time. An error says that the line was not taken.
    pub(super) fn add(
        &mut self,
        index: u64,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), SinkError> {
        if self.durable && self.dirty && self.committed.elapsed() >= COMMIT {
            self.commit()?;
        }
        self.lines.add(write)?;
        self.dirty = true;
        self.progress.last.store(index, Ordering::Release);
        Ok(())
    }

    /// Adds the line of an outcome that none of this run's requests has.
    pub(super) fn add_aside(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        self.lines.add_aside(write)?;
        self.dirty = true;
        Ok(())
    }

    /// Number of the records taken that are in the file.
    pub(super) fn written(&self) -> u64 {
        self.lines.written()
    }

    /// Writes out what is in the buffer, and where it is durable, to the disk.
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

impl Drop for Out {
    fn drop(&mut self) {
        if !self.lines.is_untouched() && self.commit().is_err() {
            self.progress.lost.store(true, Ordering::Release);
        }
    }
}
