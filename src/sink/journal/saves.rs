//! Lines of `RESULTS.journal` about files that bodies are being saved to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Shared;
use super::counts::take_one;
use crate::record::Version;
use crate::request::SaveLog;

/// A line: the body of `file` is about to be written under the name `part` beside it, or, if withdrawn, the file `part`
/// is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SaveLine<'a> {
    v: Version,
    #[serde(borrow)]
    pub(super) file: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) part: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) withdrawn: bool,
}

impl<'a> SaveLine<'a> {
    /// Parses a line of the journal. `None`: the line is not about a saved file.
    pub(super) fn read(line: &'a [u8]) -> Option<SaveLine<'a>> {
        serde_json::from_slice(line).ok()
    }

    /// Makes the line. `None`: the path is not UTF-8 and cannot be written down.
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

/// Number of unfinished files of each file that was begun, by the digest of its path. Only digests are kept: there may
/// be millions until the results say which of the files have their outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct BegunFiles(HashMap<u64, u32>);

impl BegunFiles {
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

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(&digest(path))
    }

    /// Forgets a file that has its outcome.
    pub(super) fn settle(&mut self, file: u64) {
        if !self.0.is_empty() {
            self.0.remove(&file);
        }
    }
}

/// Writes the files that are being saved into the book of a journal.
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
            // If this fails, a later run looks for the file in vain, which is no loss.
            let _ = self.0.book.withdraw_save(&line);
        }
    }
}
