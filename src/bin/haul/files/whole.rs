//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use haul::record::FileRegister;

use super::summary::check_not_written;
use super::{is_file_name, is_stream, writable};
use crate::failure::CommandError;
use crate::stdout;

/// Texts of which one is near the beginning of every report that haul writes as a page or as JUnit XML.
const SIGNS: [&str; 2] = [
    "<meta name=\"generator\" content=\"haul ",
    "<testsuite name=\"haul\"",
];

/// Number of bytes of a file that are searched for these texts.
const BEGINNING: u64 = 1024;

/// True for a report that an earlier run wrote, or for an empty file.
pub(super) fn is_report(path: &Path) -> bool {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text);
    read.is_ok() && (text.is_empty() || SIGNS.iter().any(|sign| text.contains(sign)))
}

/// Checks that the file can be written, without a change to it.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn check(path: &Path) -> Result<(), CommandError> {
    match is_file_name(path) {
        true => writable::check(path),
        false => Ok(()),
    }
}

/// Writes the file in place of the one that is there. `-` is standard output; a pipe or a device is written directly.
///
/// # Errors
/// When the file cannot be written. What was there before stays then.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), CommandError> {
    if !is_file_name(path) {
        return stdout::print(content);
    }
    let written = match is_stream(path) {
        true => OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut stream| stream.write_all(content)),
        false => replace(path, content),
    };
    written
        .map_err(|e| CommandError::unwritten(format!("{}: cannot be written: {e}", path.display())))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::open(path)?;
    file.write_all(content)?;
    file.finish()
}

/// File that is written under another name, and gets its own when it is whole. Dropped before, it is removed.
pub(crate) struct WholeFile {
    file: File,
    temporary: PathBuf,
    /// `None`: the file has its name.
    path: Option<PathBuf>,
}

impl WholeFile {
    /// Opens a file that will replace the one that is there. Links are followed.
    ///
    /// # Errors
    /// When the file cannot be made, or another process writes the one that is there.
    pub(crate) fn open(path: &Path) -> io::Result<WholeFile> {
        if let Ok(file) = File::open(path) {
            check_not_written(&file)?;
        }
        let path = FileRegister::place_of(path);
        let temporary = beside(&path);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).open(&temporary)?;
        Ok(WholeFile {
            file,
            temporary,
            path: Some(path),
        })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the file cannot be written to its end. The one that was there before stays then.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        // Some file systems tell only now that they are full.
        self.file.sync_all()?;
        if let Some(path) = &self.path {
            if let Ok(about) = path.metadata() {
                fs::set_permissions(&self.temporary, about.permissions())?;
            }
            fs::rename(&self.temporary, path)?;
        }
        self.path = None;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.path.is_some() {
            // The error that is told is the first one.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Returns a new name in the folder of a file.
fn beside(path: &Path) -> PathBuf {
    path.with_file_name(format!(".haul-{:016x}", fastrand::u64(..)))
}
