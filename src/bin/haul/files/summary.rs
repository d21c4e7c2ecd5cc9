//! File of `--summary-json`, opened before the run, so that a file that cannot be written is found before.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::IgnoredAny;

use super::is_file_name;
use crate::failure::CommandError;
use crate::stdout::OutputStream;

/// Destination of the summary.
pub(crate) enum SummaryFile {
    /// No summary was asked for.
    None,
    /// Standard output, or a terminal, with its name.
    Stream(PathBuf, OutputStream),
    File {
        path: PathBuf,
        file: File,
        /// True while the file was made here and has no summary: then it does not stay.
        is_new: bool,
    },
}

/// Keys of every summary.
const KEYS: [&str; 5] = ["total", "succeeded", "rejected", "failed", "wall_ms"];

/// Number of bytes that are read of a file to see if it is a summary.
const LONGEST: u64 = 64 << 20;

/// True for a summary that an earlier run wrote, or for an empty file, which it was about to write.
pub(super) fn is_summary(path: &Path) -> bool {
    let read = File::open(path).and_then(|file| {
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).map(|_| text)
    });
    let Ok(text) = read else {
        return false;
    };
    let keys = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(&text);
    text.is_empty() || keys.is_ok_and(|keys| KEYS.iter().all(|key| keys.contains_key(*key)))
}

impl SummaryFile {
    /// Opens the file and keeps its content until the summary is written.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(path: Option<&Path>) -> Result<SummaryFile, CommandError> {
        let Some(path) = path else {
            return Ok(SummaryFile::None);
        };
        if !is_file_name(path) {
            return Ok(SummaryFile::Stream("stdout".into(), OutputStream::stdout()));
        }
        if let Some(terminal) = OutputStream::terminal(path) {
            return Ok(SummaryFile::Stream(path.to_owned(), terminal));
        }
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(|e| unwritten(path, "cannot be opened for writing", &e))?;
        check_not_written(&file).map_err(|e| unwritten(path, "cannot be replaced", &e))?;
        let path = path.to_owned();
        Ok(SummaryFile::File { path, file, is_new })
    }

    /// Writes the summary in place of the old content.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&mut self, summary: &impl Serialize) -> Result<(), CommandError> {
        let text = || -> io::Result<String> { Ok(serde_json::to_string_pretty(summary)? + "\n") };
        match self {
            SummaryFile::None => Ok(()),
            SummaryFile::Stream(name, stream) => text()
                .and_then(|text| {
                    stream.write_all(text.as_bytes())?;
                    stream.flush()
                })
                .map_err(|e| unwritten(name, "cannot be written", &e)),
            SummaryFile::File { path, file, is_new } => {
                *is_new = false;
                text()
                    .and_then(|text| replace(file, text.as_bytes()))
                    .map_err(|e| unwritten(path, "cannot be written", &e))
            }
        }
    }
}

impl Drop for SummaryFile {
    fn drop(&mut self) {
        if let SummaryFile::File {
            path, is_new: true, ..
        } = self
        {
            // An empty file that is left does no harm but that it must be replaced.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Checks that no other process writes the file, as another haul does that holds the lock of its results or log. The lock
/// is not kept: at the end of its time a run opens the file once more.
pub(super) fn check_not_written(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file().then(|| file.try_lock()) {
        Some(Err(TryLockError::WouldBlock)) => {
            let reason = "another process is writing it";
            Err(io::Error::new(io::ErrorKind::WouldBlock, reason))
        }
        Some(Ok(())) => file.unlock(),
        // A file system without locks.
        Some(Err(TryLockError::Error(_))) | None => Ok(()),
    }
}

fn replace(file: &mut File, text: &[u8]) -> io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
        file.rewind()?;
    }
    file.write_all(text)
}

fn unwritten(path: &Path, what: &str, error: &io::Error) -> CommandError {
    CommandError::unwritten(format!("{}: {what}: {error}", path.display()))
}
