//! One process at a time, and a name that lasts: where the platform offers it.

use std::fs::File;
use std::io;
use std::path::Path;

/// Keeps other processes from writing the file, for as long as it is open.
#[cfg(unix)]
pub(super) fn take(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};

    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another process is writing it",
        )),
        // Some network file systems have no locks.
        Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOLCK) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(unix))]
pub(super) fn take(_: &File) -> io::Result<()> {
    Ok(())
}

/// Brings the folder a file was made in to the disk, so that the file has its name after a crash.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
