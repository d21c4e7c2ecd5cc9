//! A layer over files in which writes are short, the disk is full at the n-th write, the n-th sync fails, and nothing is
//! written any more once the process is killed.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::sink::growing::{GrowingFile, OpenForAppend};

/// Faults of a run, counted over all its files together.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Number of the first write that finds the disk full, from 1. 0: no write does.
    pub(super) full_at: u64,
    /// Number of writes that find the disk full.
    pub(super) full_for: u64,
    /// Number of the first sync that fails, from 1. 0: no sync does.
    pub(super) unsynced_at: u64,
    /// True if cutting a file fails while the disk is full.
    pub(super) uncut: bool,
    /// True if writes take only a part of the bytes they are given.
    pub(super) short: bool,
    writes: AtomicU64,
    syncs: AtomicU64,
    killed: AtomicBool,
    random: Mutex<fastrand::Rng>,
}

impl Faults {
    /// Makes a disk that is full from the write `full_at` on, for `full_for` writes.
    pub(super) fn full(full_at: u64, full_for: u64) -> Faults {
        Faults {
            full_at,
            full_for,
            ..Faults::default()
        }
    }

    pub(super) fn random(seed: u64) -> Faults {
        let mut random = fastrand::Rng::with_seed(seed);
        Faults {
            full_at: if random.bool() { random.u64(1..60) } else { 0 },
            full_for: *random.choice(&[1, 2, 5, u64::MAX]).unwrap(),
            unsynced_at: if random.u8(..3) == 0 {
                random.u64(1..20)
            } else {
                0
            },
            uncut: random.u8(..4) == 0,
            short: random.bool(),
            random: Mutex::new(random),
            ..Faults::default()
        }
    }

    /// True if a write or a sync may fail.
    #[cfg(feature = "sqlite")]
    pub(super) fn any(&self) -> bool {
        self.full_at > 0
    }

    /// Keeps later writes from reaching a file, as after a kill.
    pub(super) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
    }

    fn is_full(&self, write: u64) -> bool {
        self.full_at > 0 && write >= self.full_at && write - self.full_at < self.full_for
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        if self.killed.load(Ordering::Acquire) {
            return Err(io::Error::other("the process is killed"));
        }
        let write = self.writes.fetch_add(1, Ordering::AcqRel) + 1;
        let mut random = self.random.lock().unwrap();
        // The last write before the disk is full has room for a part of a line.
        let before_full = self.is_full(write + 1) && !self.is_full(write);
        let taken = match self.short || before_full {
            true => random.usize(1..=bytes.len()),
            false => bytes.len(),
        };
        match self.is_full(write) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => (&mut &*file).write(&bytes[..taken]),
        }
    }

    fn cut(&self, file: &File, to: u64) -> io::Result<()> {
        let full = self.is_full(self.writes.load(Ordering::Acquire));
        if self.killed.load(Ordering::Acquire) || self.uncut && full {
            return Err(io::Error::other("cannot be cut"));
        }
        file.cut(to)
    }

    fn sync(&self) -> io::Result<()> {
        let sync = self.syncs.fetch_add(1, Ordering::AcqRel) + 1;
        // No test cuts the power: nothing has to reach the disk.
        match sync == self.unsynced_at {
            true => Err(io::Error::other("input/output error")),
            false => Ok(()),
        }
    }
}

/// A file under the layer.
pub(super) struct Faulty {
    file: File,
    faults: Arc<Faults>,
}

impl Faulty {
    pub(super) fn new(file: File, faults: &Arc<Faults>) -> Faulty {
        Faulty {
            file,
            faults: Arc::clone(faults),
        }
    }

    /// All files that a sink opens are under the layer.
    pub(super) fn opened(faults: &Arc<Faults>) -> OpenForAppend {
        let faults = Arc::clone(faults);
        Arc::new(move |file| Arc::new(Faulty::new(file, &faults)))
    }
}

impl GrowingFile for Faulty {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        self.faults.write(&self.file, bytes)
    }

    fn length(&self) -> io::Result<Option<u64>> {
        self.file.length()
    }

    fn cut(&self, to: u64) -> io::Result<()> {
        self.faults.cut(&self.file, to)
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.sync()
    }
}

impl Write for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
