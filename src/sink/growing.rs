//! Files that grow at their end and are cut there.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

/// A file that lines are added to. Tests put a failing file in the place of [`File`].
pub(super) trait GrowingFile: Send + Sync {
    /// Adds some of these bytes, and returns their number.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Length in bytes. `None`: the file is no regular file, and cannot be cut.
    fn length(&self) -> io::Result<Option<u64>>;

    /// Cuts the file to a length; later writes go on from its new end.
    fn cut(&self, to: u64) -> io::Result<()>;

    /// Brings the written bytes to the disk.
    fn sync(&self) -> io::Result<()>;
}

impl GrowingFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self).write(bytes)
    }

    fn length(&self) -> io::Result<Option<u64>> {
        let about = self.metadata()?;
        Ok(about.is_file().then_some(about.len()))
    }

    fn cut(&self, to: u64) -> io::Result<()> {
        cut(self, to)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Function that gives a file opened for appending its layer of writes. Tests give one in which writes fail.
pub(super) type OpenForAppend = Arc<dyn Fn(File) -> Arc<dyn GrowingFile> + Send + Sync>;

/// Returns the function that adds no layer: files are written directly.
pub(super) fn as_they_are() -> OpenForAppend {
    Arc::new(|file| Arc::new(file))
}

/// A growing file as a writer.
pub(super) struct GrowingWriter(pub(super) Arc<dyn GrowingFile>);

impl Write for GrowingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns options to open a file that lines are added to and cut from.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true);
    // Windows cuts no file that was opened only to be appended to.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::access_mode(&mut options, GENERIC_READ | GENERIC_WRITE);
    options
}

#[cfg(windows)]
const GENERIC_READ: u32 = 0x8000_0000;
#[cfg(windows)]
const GENERIC_WRITE: u32 = 0x4000_0000;

/// Cuts the file to a length; later writes go on from its new end.
///
/// # Errors
/// When the system refuses.
pub(super) fn cut(file: &File, to: u64) -> io::Result<()> {
    file.set_len(to)?;
    go_to_end(file)
}

/// Moves to the end of the file if it is not opened for appending, which is so on Windows: the next write then adds to
/// it.
///
/// # Errors
/// When the file has no end, like a pipe.
pub(super) fn go_to_end(mut file: &File) -> io::Result<()> {
    if cfg!(windows) {
        file.seek(SeekFrom::End(0))?;
    }
    Ok(())
}
