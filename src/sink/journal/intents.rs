//! `RESULTS.journal`: requests that must not be repeated and are about to be sent, and files that are being saved.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::super::growing::{self, GrowingFile, GrowingWriter, OpenForAppend};
use super::super::lock;
use super::counts::take_one;
use super::file_version::FileVersion;
use super::saves::{BegunFiles, SaveLine, digest};
use super::whole::{FileTail, refusal, whole_lines};
use super::{Before, Shared, journal_error};
use crate::record::{Key, KeyMaker, KeyVersion, Version};
use crate::request::{AnnouncedAttempt, AttemptRefusal, IntentLog, Request};
use crate::sink::SinkError;

/// A line: the request with this key is about to be sent, or, if withdrawn, no byte of it was sent.
#[derive(Serialize, Deserialize)]
struct Intent {
    v: Version,
    key: Key,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    withdrawn: bool,
    /// Number of outcomes of this key in the results that have no intent in this file, since they are older than the
    /// file. Without it the outcome of an equal request would settle this intent.
    #[serde(default, skip_serializing_if = "is_zero")]
    older: u32,
}

impl Intent {
    fn new(key: Key, withdrawn: bool, older: u32) -> Intent {
        Intent {
            v: Version,
            key,
            withdrawn,
            older,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

pub(super) fn path_of(results: &Path) -> PathBuf {
    let mut name = OsString::from(results);
    name.push(".journal");
    name.into()
}

/// Intents of earlier runs.
#[derive(Default)]
pub(super) struct Announced {
    /// Intents without an outcome, by the key of their request.
    pub(super) open: HashMap<Key, u32>,
    /// Numbers of outcomes that are older than the intents of their key.
    pub(super) older: HashMap<Key, u32>,
    /// Version of the intents' keys. `None`: there are no intents.
    pub(super) version: Option<KeyVersion>,
    /// Files that were being saved.
    pub(super) begun: BegunFiles,
}

/// Reads the intents of earlier runs. A torn last line is cut off: its request was not sent yet. A last line that lacks
/// only its line feed counts, so that its request is not sent twice.
pub(super) fn read(path: &Path) -> Result<Announced, SinkError> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Announced::default()),
        Err(e) => return Err(journal_error(path, "cannot be opened", e)),
        Ok(file) => file,
    };
    let (announced, tail) =
        read_file(&file).map_err(|e| journal_error(path, "cannot be resumed", e))?;
    let repaired = match tail {
        FileTail::Whole => Ok(()),
        FileTail::Open(end) => end_last_line(&file, end),
        FileTail::Torn(whole) => file.set_len(whole),
    };
    repaired.map_err(|e| journal_error(path, "cannot be repaired", e))?;
    Ok(announced)
}

/// Reads the intents of a file, and tells how it ends. A last line without its line feed counts if it is whole.
pub(super) fn read_file(file: &File) -> io::Result<(Announced, FileTail)> {
    let (mut open, mut older) = (HashMap::<Key, u32>::new(), HashMap::new());
    let mut version = FileVersion::default();
    let mut begun = BegunFiles::default();
    let tail = whole_lines(file, |_, line| {
        if let Some(save) = SaveLine::read(line) {
            begun.add(&save);
            return Ok(());
        }
        let intent = serde_json::from_slice::<Intent>(line).map_err(|e| refusal(line, &e))?;
        version.check(intent.key)?;
        if intent.withdrawn {
            take_one(&mut open, intent.key);
        } else {
            *open.entry(intent.key).or_default() += 1;
            if intent.older > 0 {
                older.insert(intent.key, intent.older);
            }
        }
        Ok(())
    })?;
    let announced = Announced {
        open,
        older,
        version: version.get(),
        begun,
    };
    Ok((announced, tail))
}

fn end_last_line(mut file: &File, end: u64) -> io::Result<()> {
    file.set_len(end)?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(b"\n")
}

/// Intents of this run and open intents of earlier runs.
pub(super) struct IntentFile {
    path: PathBuf,
    opened: OpenForAppend,
    durable: AtomicBool,
    state: Mutex<IntentsState>,
    /// Number of lines known to be on the disk. A thread that waits for this lock lets the thread that holds it bring
    /// the lines of both to the disk.
    synced: Mutex<u64>,
}

struct IntentsState {
    /// The file, opened for the first intent, since most batches have none. `None`: it is not open yet.
    file: Option<Arc<dyn GrowingFile>>,
    /// True if the file may belong to results that are replaced.
    is_replaced: bool,
    /// Intents without an outcome.
    open: HashMap<Key, u32>,
    /// Intents of an earlier run whose request is sent again: the old intent stays valid.
    reopened: HashMap<Key, u32>,
    /// Files that are being saved, or were being saved and have no outcome.
    begun: BegunFiles,
    /// Requests that were not sent, since no intent could be written.
    unannounced: HashMap<Key, u32>,
    /// First error while intents were written. `None`: all were written.
    failure: Option<io::Error>,
    /// True if the file ends with a part of a line that could not be cut off.
    torn: bool,
    written: u64,
}

impl IntentFile {
    pub(super) fn new(
        path: PathBuf,
        open: HashMap<Key, u32>,
        begun: BegunFiles,
        opened: OpenForAppend,
        before: Before,
    ) -> IntentFile {
        IntentFile {
            path,
            opened,
            durable: AtomicBool::new(false),
            state: Mutex::new(IntentsState {
                file: None,
                is_replaced: before == Before::IsReplaced,
                open,
                reopened: HashMap::new(),
                begun,
                unannounced: HashMap::new(),
                failure: None,
                torn: false,
                written: 0,
            }),
            synced: Mutex::new(0),
        }
    }

    pub(super) fn set_durable(&self, durable: bool) {
        self.durable.store(durable, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, IntentsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the file if it belongs to results that are replaced.
    pub(super) fn begin(&self) -> Result<(), SinkError> {
        let mut state = self.state();
        let removed = self.remove_replaced(&mut state);
        removed.map_err(|e| journal_error(&self.path, "cannot be removed", e))
    }

    fn remove_replaced(&self, state: &mut IntentsState) -> io::Result<()> {
        if state.is_replaced {
            remove(&self.path)?;
            state.is_replaced = false;
        }
        Ok(())
    }

    /// Notes that a request that was cut off is sent again.
    pub(super) fn reopen(&self, key: Key) {
        *self.state().reopened.entry(key).or_default() += 1;
    }

    fn announce(&self, key: Key, older: u32) -> io::Result<()> {
        let announced = self.write_intent(key, older);
        if let Err(error) = &announced {
            let mut state = self.state();
            *state.unannounced.entry(key).or_default() += 1;
            state.failure.get_or_insert_with(|| copy_of(error));
        }
        announced
    }

    /// Returns the reason why the outcome of a request with this key is not to be written: no intent could be written,
    /// so the request was not sent, and a later run sends it. `None`: the outcome is to be written.
    pub(super) fn refusal(&self, key: Key) -> Option<SinkError> {
        let mut state = self.state();
        if !take_one(&mut state.unannounced, key) {
            return None;
        }
        let failure = state.failure.as_ref().map(copy_of);
        let reason = failure.unwrap_or_else(|| io::ErrorKind::Other.into());
        Some(journal_error(&self.path, "cannot be written", reason))
    }

    fn write_intent(&self, key: Key, older: u32) -> io::Result<()> {
        let mut state = self.state();
        if take_one(&mut state.reopened, key) {
            return Ok(());
        }
        let (file, number) = self.append(&mut state, &Intent::new(key, false, older))?;
        *state.open.entry(key).or_default() += 1;
        drop(state);
        self.sync_if_durable(&*file, number).inspect_err(|_| {
            // If the withdrawal fails too, the intent stays, and the request ends as interrupted: it is not sent twice.
            let _ = self.withdraw(key);
        })
    }

    /// Notes that a file is about to be made.
    pub(super) fn announce_save(&self, line: &SaveLine<'_>) -> io::Result<()> {
        let mut state = self.state();
        let (file, number) = self.append(&mut state, line)?;
        state.begun.add(line);
        drop(state);
        self.sync_if_durable(&*file, number)
    }

    /// Notes that a file is gone without an outcome.
    pub(super) fn withdraw_save(&self, line: &SaveLine<'_>) -> io::Result<()> {
        let mut state = self.state();
        state.begun.add(line);
        self.append(&mut state, line).map(drop)
    }

    /// Opens the file before a request needs it: with the last descriptors gone it could not be opened while a response
    /// waits. The first line that is written returns the error, if there is one.
    pub(super) fn make_ready(&self) {
        let _ = self.file(&mut self.state());
    }

    fn file(&self, state: &mut IntentsState) -> io::Result<Arc<dyn GrowingFile>> {
        if let Some(file) = &state.file {
            return Ok(Arc::clone(file));
        }
        self.remove_replaced(state)?;
        let opened = growing::options().create(true).open(&self.path)?;
        growing::go_to_end(&opened)?;
        if self.durable.load(Ordering::Relaxed) {
            lock::sync_folder(&self.path)?;
        }
        Ok(Arc::clone(state.file.insert((self.opened)(opened))))
    }

    /// Adds a line. Returns the file and the number of lines written to it.
    fn append(
        &self,
        state: &mut IntentsState,
        line: &impl Serialize,
    ) -> io::Result<(Arc<dyn GrowingFile>, u64)> {
        if state.torn {
            return Err(io::Error::other("an earlier line is torn"));
        }
        let file = self.file(state)?;
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        let end = file.length()?;
        if let Err(e) = GrowingWriter(Arc::clone(&file)).write_all(&line) {
            // The part that was written is cut off, so that the next line does not join it.
            state.torn = end.is_some_and(|end| file.cut(end).is_err());
            return Err(e);
        }
        state.written += 1;
        Ok((file, state.written))
    }

    fn sync_if_durable(&self, file: &dyn GrowingFile, number: u64) -> io::Result<()> {
        if !self.durable.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced < number {
            let written = self.state().written;
            file.sync()?;
            *synced = written;
        }
        Ok(())
    }

    /// Forgets the intent of a request whose outcome was written.
    pub(super) fn settle(&self, key: Key) {
        take_one(&mut self.state().open, key);
    }

    /// Forgets the saved file of a request whose outcome was written.
    pub(super) fn settle_save(&self, path: &Path) {
        if let Some(path) = path.to_str() {
            self.state().begun.settle(digest(path));
        }
    }

    /// Withdraws the intent of a request of which no byte was sent and no outcome is written.
    pub(super) fn withdraw(&self, key: Key) -> Result<(), SinkError> {
        let mut state = self.state();
        if !take_one(&mut state.open, key) {
            return Ok(());
        }
        self.append(&mut state, &Intent::new(key, true, 0))
            .map(drop)
            .map_err(|e| journal_error(&self.path, "cannot be written", e))
    }

    /// Removes the file if every intent and every saved file has its outcome in the results.
    pub(super) fn close(&self) -> Result<(), SinkError> {
        let mut state = self.state();
        if !state.open.is_empty() || !state.begun.is_empty() {
            return Ok(());
        }
        state.file = None;
        remove(&self.path).map_err(|e| journal_error(&self.path, "cannot be removed", e))
    }
}

/// Removes a file if it exists.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Copies an error. An error of the system keeps its code, and so its kind.
fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Writes the intents of requests into the book of a journal, by the journal's keys.
pub(super) struct IntentWriter {
    pub(super) shared: Arc<Shared>,
    pub(super) keys: KeyMaker,
}

impl IntentLog for IntentWriter {
    fn announce(&self, request: &Request, attempt: AnnouncedAttempt) -> Result<(), AttemptRefusal> {
        if !attempt.once || !attempt.is_first {
            return Ok(());
        }
        let book = &self.shared.book;
        let key = self.keys.of(request);
        let older = {
            let seen = self.shared.seen.lock();
            seen.unwrap_or_else(PoisonError::into_inner).older(key)
        };
        let announced = book.announce(key, older);
        announced
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", book.path.display())).into())
    }
}
