//! The lines of a journal on their way to its file, and to the disk.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::sink::SinkError;
use crate::sink::lines::Lines;

/// How long a record of a durable journal waits for the disk at most while others follow it.
const COMMIT: Duration = Duration::from_millis(200);

pub(super) struct Out {
    lines: Lines<File>,
    pub(super) durable: bool,
    /// Something was written since it was last brought to the disk.
    dirty: bool,
    committed: Instant,
}

impl Out {
    pub(super) fn new(lines: Lines<File>) -> Out {
        Out {
            lines,
            durable: false,
            dirty: false,
            committed: Instant::now(),
        }
    }

    /// Adds a line. Where others follow without a pause, the disk has them from time to time.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        self.lines.add(write)?;
        self.dirty = true;
        if self.durable && self.committed.elapsed() >= COMMIT {
            self.commit()?;
        }
        Ok(())
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
