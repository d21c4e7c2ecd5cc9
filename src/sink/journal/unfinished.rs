//! Files that a kill left behind. A resumed run removes the unfinished ones, and recognizes a finished file without an
//! outcome as its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::saves::{BegunFiles, SaveLine};
use super::whole::whole_lines;
use super::{Journal, journal_error};
use crate::request::{continued_name, is_part_name, state_name};
use crate::sink::SinkError;

/// Files that an earlier run began and that have no outcome, each with the names of its unfinished files.
#[derive(Debug, Default)]
pub(super) struct UnfinishedSaves(HashMap<PathBuf, Vec<String>>);

impl UnfinishedSaves {
    /// Reads the journal once more for the names of the files that were begun and have no outcome.
    pub(super) fn read(journal: &Path, begun: &BegunFiles) -> Result<UnfinishedSaves, SinkError> {
        let mut unfinished = UnfinishedSaves::default();
        if begun.is_empty() {
            return Ok(unfinished);
        }
        let read = fs::File::open(journal).and_then(|file| {
            whole_lines(&file, |_, line| {
                let line = SaveLine::read(line).filter(|line| begun.has(&line.file));
                if let Some(line) = line {
                    unfinished.add(&line);
                }
                Ok(())
            })
        });
        read.map_err(|e| journal_error(journal, "cannot be read", e))?;
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
    /// Paths of the files that an earlier run began to save and that are in no record.
    ///
    /// The files were to be [saved](crate::Request::save_to) under these paths when the run was killed. The file may be
    /// missing, or it may be there and whole without its record. Its request is sent again and may replace it:
    /// [`FileRegister::resume_files`](crate::record::FileRegister::resume_files) allows that.
    pub fn unfinished_files(&self) -> impl Iterator<Item = &Path> {
        self.unfinished.0.keys().map(PathBuf::as_path)
    }

    /// Removes the part files that a kill of an earlier run left behind; returns their number.
    ///
    /// A part file is called `.NAME.<16 hex>.part`, or `NAME.part` if its download [goes on](crate::Request::resume), with
    /// `NAME.part.json` beside it. Files under their own names stay. A part file is removed only if
    /// the journal names it, its name is of this form, and it is a regular file under `folder`, links followed.
    ///
    /// # Errors
    /// When such a file cannot be removed.
    pub fn remove_unfinished(&self, folder: impl AsRef<Path>) -> Result<u64, SinkError> {
        self.remove_parts(folder.as_ref(), |_, _| true)
    }

    /// Removes the part files that no later run can go on with; returns their number.
    ///
    /// Works as [`remove_unfinished`](Journal::remove_unfinished) does, and leaves those out that are called `NAME.part`:
    /// a request with [`resume`](crate::Request::resume) goes on with them.
    ///
    /// # Errors
    /// When such a file cannot be removed.
    pub fn remove_uncontinued(&self, folder: impl AsRef<Path>) -> Result<u64, SinkError> {
        self.remove_parts(folder.as_ref(), |part, name| part != continued_name(name))
    }

    fn remove_parts(
        &self,
        folder: &Path,
        removes: impl Fn(&str, &OsStr) -> bool,
    ) -> Result<u64, SinkError> {
        // If the folder does not exist, it holds no files.
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
            let ours = |part: &&String| is_part_name(part, name) && removes(part, name);
            for part in parts.iter().filter(ours) {
                let path = directory.join(part);
                let is_file = path.symlink_metadata().is_ok_and(|about| about.is_file());
                if is_file && directory.starts_with(&folder) {
                    if *part == continued_name(name) {
                        // A description without its file is never used.
                        let _ = fs::remove_file(directory.join(state_name(part)));
                    }
                    fs::remove_file(&path)
                        .map_err(|e| journal_error(&path, "cannot be removed", e))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}
