//! A layer over files in which writes are short, the disk is full at the n-th write, the n-th sync fails, and nothing is
//! written any more once the process is killed.

use std::fs::File;
use std::io::{self, Write};
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::path::PathBuf;
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
    databases: Databases,
    random: Mutex<fastrand::Rng>,
}

/// Databases of a run, which a kill leaves as they are at that moment, although their sinks go on until they are dropped.
#[derive(Debug, Default)]
struct Databases {
    paths: Mutex<Vec<PathBuf>>,
    /// Content of each file at the kill. `None`: there was no such file.
    at_kill: Mutex<Vec<(PathBuf, Option<Vec<u8>>)>>,
}

impl Databases {
    fn keep(&self) {
        let paths = self.paths.lock().unwrap();
        let files = paths.iter().flat_map(|path| {
            ["-wal", ""].map(|end| {
                let mut name = path.clone().into_os_string();
                name.push(end);
                PathBuf::from(name)
            })
        });
        let kept = files.map(|file| {
            let content = std::fs::read(&file).ok();
            (file, content)
        });
        *self.at_kill.lock().unwrap() = kept.collect();
    }

    fn restore(&self) {
        for (file, content) in self.at_kill.lock().unwrap().drain(..) {
            match content {
                Some(content) => std::fs::write(file, content).unwrap(),
                None => drop(std::fs::remove_file(file)),
            }
        }
    }
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
        self.databases.keep();
    }

    /// Adds a database that the run writes. The rows of one that comes earlier are written after those of a later one.
    #[cfg(feature = "sqlite")]
    pub(super) fn with_database(&self, path: &Path) {
        self.databases.paths.lock().unwrap().push(path.to_owned());
    }

    /// Takes back all that was written to databases after the kill. To be called when the sinks are dropped.
    pub(super) fn restore_databases(&self) {
        self.databases.restore();
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
