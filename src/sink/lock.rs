//! Locks that let a single process write results, and let no process replace a failure log that another one writes; and
//! a sync that makes the name of a file last.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::growing;

/// Returns options to open a results file for this process alone; [`take`] takes the lock.
pub(in crate::sink) fn options() -> OpenOptions {
    #[cfg_attr(not(windows), expect(unused_mut, reason = "only Windows adds to them"))]
    let mut options = growing::options();
    // A lock of Windows would keep readers out too. Instead, other writers are refused when they open the file.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, FILE_SHARE_READ);
    options
}

#[cfg(windows)]
const FILE_SHARE_READ: u32 = 1;

/// Keeps other processes from writing the file, for as long as it is open.
///
/// # Errors
/// When another process writes it.
#[cfg(not(windows))]
pub(in crate::sink) fn take(file: &File) -> io::Result<()> {
    taken(file.try_lock())
}

/// Keeps other processes from replacing the file, for as long as it is open; they may add to it.
///
/// # Errors
/// When another process writes it alone.
#[cfg(not(windows))]
pub(in crate::sink) fn share(file: &File) -> io::Result<()> {
    taken(file.try_lock_shared())
}

#[cfg(not(windows))]
fn taken(locked: Result<(), std::fs::TryLockError>) -> io::Result<()> {
    use std::fs::TryLockError;

    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another process is writing it",
        )),
        Err(TryLockError::Error(e)) if has_no_locks(&e) => Ok(()),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// True if the error says that the file system has no locks, as some network file systems.
#[cfg(not(windows))]
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let none = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOLCK].map(Errno::raw_os_error);
        if error
            .raw_os_error()
            .is_some_and(|code| none.contains(&code))
        {
            return true;
        }
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Does nothing: the lock was taken when the file was opened.
#[cfg(windows)]
pub(in crate::sink) fn take(_: &File) -> io::Result<()> {
    Ok(())
}

/// Does nothing: a lock of Windows would keep writers out too.
#[cfg(windows)]
pub(in crate::sink) fn share(_: &File) -> io::Result<()> {
    Ok(())
}

/// Lock of a results database: a file beside it, which is removed when the lock is given back.
///
/// The database itself is not locked: its own locks let several processes write by turns, and on some systems and
/// network file systems a lock of the file would keep SQLite out.
#[cfg(feature = "sqlite")]
pub(in crate::sink) struct LockFile {
    /// `None`: the file is closed.
    file: Option<File>,
    path: std::path::PathBuf,
}

#[cfg(feature = "sqlite")]
impl LockFile {
    /// Takes the lock of a database, by all its names: links are followed.
    ///
    /// # Errors
    /// When another process writes the database.
    pub(in crate::sink) fn beside(database: &Path) -> io::Result<LockFile> {
        let target = database.canonicalize();
        let mut path = target
            .unwrap_or_else(|_| database.to_owned())
            .into_os_string();
        path.push(".lock");
        let path = std::path::PathBuf::from(path);
        loop {
            let file = options().create(true).open(&path)?;
            take(&file)?;
            // Another process may have removed the file between the two calls, and a third made it anew.
            if is_at(&file, &path) {
                let file = Some(file);
                return Ok(LockFile { file, path });
            }
        }
    }
}

/// True if the open file is the one with this name.
#[cfg(all(feature = "sqlite", unix))]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let id = |about: std::fs::Metadata| (about.dev(), about.ino());
    let ids = (file.metadata().map(id), path.metadata().map(id));
    matches!(ids, (Ok(open), Ok(named)) if open == named)
}

/// Returns true: Windows removes no open file.
#[cfg(all(feature = "sqlite", not(unix)))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(feature = "sqlite")]
impl Drop for LockFile {
    fn drop(&mut self) {
        let file = self.file.take();
        // Windows removes no open file. Elsewhere the name goes before the lock, so that no process waits for a file
        // without a name.
        let _open = file.filter(|_| cfg!(unix));
        // A file that stays is no lock: the next process takes it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Brings the folder that a file was made in to the disk, so that the file has its name after a crash.
#[cfg(unix)]
pub(in crate::sink) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Does nothing: Windows opens no folder as a file, and keeps names in its own journal.
#[cfg(not(unix))]
pub(in crate::sink) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
