//! Register of the files of a run.
//!
//! Every path that a run reads or writes is entered with its identity, so that no file is read and written, or written
//! twice, under any of its names.

mod digests;
mod locate;
#[cfg(test)]
mod tests;
#[cfg(feature = "fleet")]
mod unmade;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use digests::Digests;
use locate::{Directories, LocatedFile};
#[cfg(feature = "fleet")]
pub(crate) use unmade::is_of_machine;

use crate::request::{continued_name, state_name};

/// Register of every file that a run reads or writes: inputs, results, failure log, bodies.
///
/// Two paths are the same file if they have the same device and inode, with links followed. A file that does not exist
/// yet is identified by its name and the canonical path of its directory; if the system has no inodes, by its canonical
/// path. Devices, pipes, terminals and other targets that are no regular file are not entered: they never clash.
///
/// Clones share one register. Give it to [`InputLines::register`](super::InputLines::register), so that the files that
/// lines name are entered too.
///
/// ```
/// use haul::record::FileRegister;
///
/// let files = FileRegister::new();
/// files.enter_read("urls.txt", "an input")?;
/// files.enter_written("run.jsonl", "the results")?;
/// let clash = files.enter_written("./run.jsonl", "the failure log").unwrap_err();
/// assert_eq!(clash.other(), "the results");
/// # Ok::<(), haul::record::FileClash>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FileRegister(Arc<Mutex<FileEntries>>);

/// Error of a file that a run would write and also uses otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileClash {
    path: PathBuf,
    other: String,
    other_path: PathBuf,
    is_read: bool,
}

impl FileClash {
    /// Name of the use that was entered first.
    pub fn other(&self) -> &str {
        &self.other
    }

    /// Path that was entered first: another name of the same file, or the same name.
    pub fn other_path(&self) -> &Path {
        &self.other_path
    }

    /// True if the use that was entered first reads the file; false if it writes the file too.
    pub fn is_read(&self) -> bool {
        self.is_read
    }
}

impl fmt::Display for FileClash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = if self.is_read { "read" } else { "written" };
        let (path, other) = (self.path.display(), &self.other);
        write!(f, "{path}: it is {used} already ({other})")
    }
}

impl std::error::Error for FileClash {}

/// Reason why a file that a line names cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RefusedFile {
    /// The run reads or writes the file for the use with this name.
    Used(String),
    /// Another line sends the file.
    Sent,
    /// The body of another line is saved to the file, or to a file in place of one of its directories.
    Saved,
    /// The path is a directory, a pipe or a device.
    NoFile,
    /// The file existed before the run.
    Exists,
}

impl fmt::Display for RefusedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefusedFile::Used(name) => write!(f, "this run uses it already ({name})"),
            RefusedFile::Sent => f.write_str("an earlier line sends it"),
            RefusedFile::Saved => f.write_str("an earlier line has the same"),
            RefusedFile::NoFile => f.write_str("it is there and no regular file"),
            RefusedFile::Exists => f.write_str("it exists"),
        }
    }
}

/// Treatment of a file that exists before a body is saved to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// Refuses the name.
    Refuse,
    /// Leaves the refusal to the worker: a resumed run reads lines that it does not send.
    Leave,
    /// Replaces the file.
    Replace,
}

#[derive(Debug)]
struct FileEntry {
    name: String,
    path: PathBuf,
    is_read: bool,
}

#[derive(Debug, Default)]
struct FileEntries {
    keys: RandomState,
    /// Files with a named use.
    named: Vec<FileEntry>,
    /// Numbers of the entries in `named`, by each of their identities.
    index: HashMap<u64, usize>,
    /// Files that lines send.
    sent: Digests,
    /// Files that bodies are saved to. There may be millions.
    saved: Digests,
    /// Saved files whose requests were given back unsent: another line may have each of them.
    given_back: HashSet<u64>,
    /// Files that an earlier run began to save and that are in no outcome.
    unfinished: Digests,
    directories: Directories,
    /// Message about the first directory for a body that could not be made for a reason of this machine.
    #[cfg(feature = "fleet")]
    unmade: Option<String>,
    /// True if each saved file also has the names of its unfinished file and of the description of that.
    keeps_parts: bool,
}

impl FileRegister {
    /// Makes an empty register.
    pub fn new() -> FileRegister {
        FileRegister::default()
    }

    /// Returns the path that identifies a file without an inode. No file is entered.
    ///
    /// The path is the file's name in the canonical path of its directory, with links followed.
    pub fn place_of(path: impl AsRef<Path>) -> PathBuf {
        Directories::default().locate(path.as_ref()).place
    }

    /// Enters a file that the run reads.
    ///
    /// `name`: name of the use in messages. A file may be read more than once.
    ///
    /// # Errors
    /// When the run writes the file.
    pub fn enter_read(
        &self,
        path: impl AsRef<Path>,
        name: impl Into<String>,
    ) -> Result<(), FileClash> {
        self.lock().enter(path.as_ref(), name.into(), true)
    }

    /// Enters a file that the run writes; `name` as in [`enter_read`](FileRegister::enter_read).
    ///
    /// # Errors
    /// When the run reads the file, or writes it already.
    pub fn enter_written(
        &self,
        path: impl AsRef<Path>,
        name: impl Into<String>,
    ) -> Result<(), FileClash> {
        self.lock().enter(path.as_ref(), name.into(), false)
    }

    /// Allows these files to be replaced, because an earlier run began to save them.
    ///
    /// That run recorded no outcome of their requests
    /// ([`Journal::unfinished_files`](crate::sink::Journal::unfinished_files)).
    pub fn resume_files<P: AsRef<Path>>(&self, paths: impl IntoIterator<Item = P>) {
        let mut entries = self.lock();
        for path in paths {
            let located = entries.directories.locate(path.as_ref());
            let digest = entries.of_place(&located.place);
            entries.unfinished.insert(digest);
        }
    }

    /// Enters, from now on, for each saved file also the names of its unfinished file and of the description of that.
    pub(super) fn keep_parts(&self) {
        self.lock().keeps_parts = true;
    }

    /// Enters a file that a line sends.
    pub(super) fn enter_sent(&self, path: &Path) -> Result<(), RefusedFile> {
        self.lock().enter_sent(path)
    }

    /// Enters a file that a body is saved to. `depth`: number of its directories that a line names. Returns true if an
    /// existing file may be replaced.
    pub(super) fn enter_saved(
        &self,
        path: &Path,
        depth: usize,
        existing: Existing,
    ) -> Result<bool, RefusedFile> {
        self.lock().enter_saved(path, depth, existing)
    }

    /// Gives the file of a request back that was not sent: the request is read and entered again.
    #[cfg(feature = "fleet")]
    pub(crate) fn give_back_saved(&self, path: &Path) {
        self.lock().give_back_saved(path);
    }

    /// True if the run reads or writes a file of this path, so that no directory can be there.
    pub(super) fn uses(&self, path: &Path) -> bool {
        self.lock().uses(path)
    }

    fn lock(&self) -> MutexGuard<'_, FileEntries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileEntries {
    fn of_place(&self, place: &Path) -> u64 {
        self.digest(place.as_os_str().as_encoded_bytes())
    }

    /// Returns the digests of the places of an unfinished file, and of its description.
    fn beside(&self, place: &Path) -> [u64; 2] {
        let part = continued_name(place.file_name().unwrap_or_default());
        let state = state_name(&part);
        [part, state].map(|name| self.of_place(&place.with_file_name(name)))
    }

    fn digest(&self, identity: impl Hash) -> u64 {
        self.keys.hash_one(identity)
    }

    /// Returns the digests of the file's identities: its place, and its inode if it has one.
    fn identities(&self, located: &LocatedFile) -> (u64, Option<u64>) {
        let inode = located.inode().map(|inode| self.digest(inode));
        (self.of_place(&located.place), inode)
    }

    fn named(&self, (place, inode): (u64, Option<u64>)) -> Option<&FileEntry> {
        let found = self.index.get(&place).or_else(|| self.index.get(&inode?));
        found.map(|number| &self.named[*number])
    }

    fn enter(&mut self, path: &Path, name: String, is_read: bool) -> Result<(), FileClash> {
        let located = self.directories.locate(path);
        if !located.is_file_or_new() {
            return Ok(());
        }
        let identities = self.identities(&located);
        match self.named(identities) {
            // The file is read once more under the same name, which is not entered again: millions of lines may name
            // few files.
            Some(other) if is_read && other.is_read && other.path == path => return Ok(()),
            Some(other) if !(is_read && other.is_read) => {
                return Err(FileClash {
                    path: path.to_owned(),
                    other: other.name.clone(),
                    other_path: other.path.clone(),
                    is_read: other.is_read,
                });
            }
            _ => {}
        }
        let number = self.named.len();
        self.named.push(FileEntry {
            name,
            path: path.to_owned(),
            is_read,
        });
        self.index.entry(identities.0).or_insert(number);
        if let Some(inode) = identities.1 {
            self.index.entry(inode).or_insert(number);
        }
        Ok(())
    }

    fn uses(&mut self, path: &Path) -> bool {
        let place = self.directories.locate(path).place;
        let place = self.of_place(&place);
        let beside = self.index.contains_key(&place) || self.sent.contains(place);
        beside || self.saved.contains(place)
    }

    fn enter_sent(&mut self, path: &Path) -> Result<(), RefusedFile> {
        let located = self.directories.locate(path);
        if !located.is_file_or_new() {
            return Ok(());
        }
        let identities = self.identities(&located);
        if let Some(other) = self.named(identities).filter(|other| !other.is_read) {
            return Err(RefusedFile::Used(other.name.clone()));
        }
        if self.saved.contains(identities.0) {
            return Err(RefusedFile::Saved);
        }
        self.sent.insert(identities.1.unwrap_or(identities.0));
        Ok(())
    }

    #[cfg(feature = "fleet")]
    fn give_back_saved(&mut self, path: &Path) {
        let place = self.directories.locate(path).place;
        let place = self.of_place(&place);
        if self.saved.contains(place) {
            self.given_back.insert(place);
        }
    }

    fn enter_saved(
        &mut self,
        path: &Path,
        depth: usize,
        existing: Existing,
    ) -> Result<bool, RefusedFile> {
        let located = self.directories.locate(path);
        let identities @ (place, inode) = self.identities(&located);
        if let Some(other) = self.named(identities) {
            return Err(RefusedFile::Used(other.name.clone()));
        }
        if self.sent.contains(place) || inode.is_some_and(|inode| self.sent.contains(inode)) {
            return Err(RefusedFile::Sent);
        }
        for directory in located.place.ancestors().skip(1).take(depth) {
            let directory = self.of_place(directory);
            if self.saved.contains(directory) || self.index.contains_key(&directory) {
                return Err(RefusedFile::Saved);
            }
        }
        let was_given_back = self.given_back.remove(&place);
        if self.saved.contains(place) && !was_given_back {
            return Err(RefusedFile::Saved);
        }
        if !located.is_file_or_new() {
            return Err(RefusedFile::NoFile);
        }
        let is_there = located.about.is_some() || located.is_link;
        let is_own = || !located.is_link && self.unfinished.contains(place);
        let replace = existing == Existing::Replace || (is_there && is_own());
        if is_there && !replace && existing == Existing::Refuse {
            return Err(RefusedFile::Exists);
        }
        if self.keeps_parts && !was_given_back {
            let beside = self.beside(&located.place);
            let taken = |place: &u64| self.saved.contains(*place) || self.index.contains_key(place);
            if beside.iter().any(taken) {
                return Err(RefusedFile::Saved);
            }
            for place in beside {
                self.saved.insert(place);
            }
        }
        self.saved.insert(place);
        Ok(replace)
    }
}
