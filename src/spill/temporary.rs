//! Temporary files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// File without a name, or with one that is removed when the file is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    file: File,
    /// Path to remove. `None`: the name is gone already.
    path: Option<PathBuf>,
}

impl TemporaryFile {
    /// Makes a file in the system's directory for temporary files.
    pub(crate) fn new() -> io::Result<TemporaryFile> {
        TemporaryFile::new_in(&std::env::temp_dir())
    }

    /// Makes a file in a directory.
    pub(crate) fn new_in(folder: &Path) -> io::Result<TemporaryFile> {
        let path = folder.join(format!("haul-{:032x}", fastrand::u128(..)));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        // A file that is open can lose its name on Unix: then no kill leaves it behind.
        let path = match cfg!(unix) && fs::remove_file(&path).is_ok() {
            true => None,
            false => Some(path),
        };
        Ok(TemporaryFile { file, path })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Read for TemporaryFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // A temporary file that is left is no failure.
            let _ = fs::remove_file(path);
        }
    }
}
