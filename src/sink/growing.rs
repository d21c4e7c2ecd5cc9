//! Files that grow at their end and are cut there.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};

/// Returns options to open a file that is added to, and cut.
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

/// Cuts the file, and goes on from its new end.
///
/// # Errors
/// When the system refuses.
pub(super) fn cut(file: &File, to: u64) -> io::Result<()> {
    file.set_len(to)?;
    go_to_end(file)
}

/// Has the next write add to the file where it is not opened to be appended to: on Windows.
///
/// # Errors
/// When it has no end, like a pipe.
pub(super) fn go_to_end(mut file: &File) -> io::Result<()> {
    if cfg!(windows) {
        file.seek(SeekFrom::End(0))?;
    }
    Ok(())
}
