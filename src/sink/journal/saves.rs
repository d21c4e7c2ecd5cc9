//! Files that bodies are being saved to, in `RESULTS.journal`: so that a resumed run removes what a kill left unfinished,
//! and knows a file that came to its name without an outcome for its own.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::seen::{take_one, whole_lines};
use super::{Journal, Shared, wrong};
use crate::record::Version;
use crate::request::{SaveLog, is_part_name};
use crate::sink::SinkError;

/// A line: the body of `file` is about to be written under the name `part` beside it, or, withdrawn, that file is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SaveLine<'a> {
    v: Version,
    #[serde(borrow)]
    file: Cow<'a, str>,
    #[serde(borrow)]
    part: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    withdrawn: bool,
}

impl<'a> SaveLine<'a> {
    /// The line of a journal. `None`: it is another line.
    pub(super) fn read(line: &'a [u8]) -> Option<SaveLine<'a>> {
        serde_json::from_slice(line).ok()
    }

    /// `None`: the path is no UTF-8 and cannot be written down.
    fn of(path: &'a Path, part: &'a OsStr, withdrawn: bool) -> Option<SaveLine<'a>> {
        Some(SaveLine {
            v: Version,
            file: path.to_str()?.into(),
            part: part.to_str()?.into(),
            withdrawn,
        })
    }
}

/// Digest of the path of a saved file, as requests and records name it.
pub(super) fn digest(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Files that were begun, by the digest of their path, and how many unfinished files each may have: there may be
/// millions until the results say which of them have their outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun(HashMap<u64, u32>);

impl Begun {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, line: &SaveLine<'_>) {
        let file = digest(&line.file);
        if line.withdrawn {
            take_one(&mut self.0, file);
        } else {
            *self.0.entry(file).or_default() += 1;
        }
    }

    /// The file has its outcome.
    pub(super) fn settle(&mut self, file: u64) {
        if !self.0.is_empty() {
            self.0.remove(&file);
        }
    }
}

/// Files that an earlier run began and has no outcome of, each with the names of its unfinished files.
#[derive(Debug, Default)]
pub(super) struct Unfinished(HashMap<PathBuf, Vec<String>>);

impl Unfinished {
    /// Reads the journal once more, for the names of the files that are begun and have no outcome.
    pub(super) fn read(journal: &Path, begun: &Begun) -> Result<Unfinished, SinkError> {
        let mut unfinished = Unfinished::default();
        if begun.is_empty() {
            return Ok(unfinished);
        }
        let read = fs::File::open(journal).and_then(|file| {
            whole_lines(&file, |line| {
                let line =
                    SaveLine::read(line).filter(|line| begun.0.contains_key(&digest(&line.file)));
                if let Some(line) = line {
                    unfinished.add(&line);
                }
                Ok(())
            })
        });
        read.map_err(|e| wrong(journal, "cannot be read", e))?;
        Ok(unfinished)
    }

    fn add(&mut self, line: &SaveLine<'_>) {
        let parts = self.0.entry(PathBuf::from(&*line.file)).or_default();
        match line.withdrawn {
            true => parts.retain(|part| *part != line.part),
            false => parts.push(line.part.clone().into_owned()),
        }
    }
}

impl Journal {
    /// Paths of the files that an earlier run began to [save](crate::Request::save_to) and of which no outcome tells, as
    /// its requests named them. A kill leaves them: a file there is whole, but nothing says so. Such a file may be
    /// replaced: see [`FileRegister::resume_files`](crate::record::FileRegister::resume_files).
    pub fn unfinished_files(&self) -> impl Iterator<Item = &Path> {
        self.unfinished.0.keys().map(PathBuf::as_path)
    }

    /// Removes the unfinished files (`.NAME.<16 hex>.part`) that a kill of an earlier run left behind; returns how many
    /// they are. A file is removed only if the journal names it, its name is of this form, and it is a regular file
    /// under `folder`, links followed.
    ///
    /// # Errors
    /// When such a file cannot be removed.
    pub fn remove_unfinished(&self, folder: impl AsRef<Path>) -> Result<u64, SinkError> {
        // Without it there is nothing under it.
        let Ok(folder) = fs::canonicalize(folder) else {
            return Ok(0);
        };
        let mut removed = 0;
        for (file, parts) in &self.unfinished.0 {
            let Some(name) = file.file_name() else {
                continue;
            };
            let directory = match file.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            let Ok(directory) = fs::canonicalize(directory) else {
                continue;
            };
            for part in parts.iter().filter(|part| is_part_name(part, name)) {
                let path = directory.join(part);
                let is_file = path.symlink_metadata().is_ok_and(|about| about.is_file());
                if is_file && directory.starts_with(&folder) {
                    fs::remove_file(&path).map_err(|e| wrong(&path, "cannot be removed", e))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// Writes down in the book of a journal which files are being saved.
pub(super) struct SaveAnnouncer(pub(super) Arc<Shared>);

impl SaveLog for SaveAnnouncer {
    fn begin(&self, path: &Path, part: &OsStr) -> io::Result<()> {
        match SaveLine::of(path, part, false) {
            Some(line) => self.0.book.announce_save(&line),
            None => Ok(()),
        }
    }

    fn give_up(&self, path: &Path, part: &OsStr) {
        if let Some(line) = SaveLine::of(path, part, true) {
            // A file that is looked for in vain later is no loss.
            let _ = self.0.book.withdraw_save(&line);
        }
    }
}
