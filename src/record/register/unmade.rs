//! Directories that could not be made, and errors that other machines may not have.

use std::io;
use std::path::Path;

use super::FileRegister;

impl FileRegister {
    /// Notes that a directory for a body could not be made, if another machine may be able to make it.
    pub(in crate::record) fn note_unmade(&self, folder: &Path, error: &io::Error) {
        if is_of_machine(error) {
            let message = format!("{} cannot be made: {error}", folder.display());
            self.lock().unmade.get_or_insert(message);
        }
    }

    /// Takes the message about such a directory. `None`: there was none.
    pub(crate) fn take_unmade(&self) -> Option<String> {
        self.lock().unmade.take()
    }
}

/// True if a file could not be written for a reason of this machine: its disk is full, read-only or broken, or a directory
/// is gone or of another user.
pub(crate) fn is_of_machine(error: &io::Error) -> bool {
    use io::ErrorKind::{
        NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };

    let kinds = [
        NotFound,
        PermissionDenied,
        QuotaExceeded,
        ReadOnlyFilesystem,
        StorageFull,
    ];
    kinds.contains(&error.kind()) || is_broken(error)
}

/// True if the device failed, for which there is no [`io::ErrorKind`].
#[cfg(unix)]
fn is_broken(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(not(unix))]
fn is_broken(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_directory_that_this_machine_cannot_make_is_told_once() {
        let register = FileRegister::new();
        register.note_unmade(Path::new("d/a"), &io::ErrorKind::AlreadyExists.into());
        assert_eq!(register.take_unmade(), None, "a fault of the name");
        for folder in ["d/b", "d/c"] {
            register.note_unmade(Path::new(folder), &io::ErrorKind::StorageFull.into());
        }
        let told = register.take_unmade();
        assert_eq!(
            told.as_deref(),
            Some("d/b cannot be made: no storage space")
        );
        assert_eq!(register.take_unmade(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_device_is_a_fault_of_the_machine_and_a_small_limit_is_not() {
        let of = |errno: rustix::io::Errno| is_of_machine(&errno.into());
        use rustix::io::Errno;
        assert!(of(Errno::IO) && of(Errno::DQUOT) && of(Errno::ROFS) && of(Errno::NOENT));
        assert!(!of(Errno::FBIG) && !of(Errno::NOTDIR) && !of(Errno::NAMETOOLONG));
    }
}
