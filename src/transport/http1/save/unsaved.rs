//! Bodies that could not be saved, with what helps.

use std::io;
use std::path::{Path, PathBuf};

/// Error of a body that could not be saved.
#[derive(Debug)]
pub(crate) struct Unsaved {
    path: PathBuf,
    /// Unfinished file that stays, and that a later attempt goes on from. `None`: none stays.
    kept: Option<PathBuf>,
    pub(in crate::transport) error: io::Error,
}

impl Unsaved {
    pub(super) fn new(path: &Path, error: io::Error) -> Unsaved {
        Unsaved {
            path: path.to_owned(),
            kept: None,
            error,
        }
    }

    /// Adds the unfinished file that stays.
    pub(super) fn keeping(self, part: PathBuf) -> Unsaved {
        Unsaved {
            kept: Some(part),
            ..self
        }
    }

    pub(crate) fn message(&self) -> String {
        let mut message = format!("cannot save to {}: {}", self.path.display(), self.error);
        let kept = self.kept.as_ref();
        let kept = kept.map(|part| format!("what has come stays in {}", part.display()));
        let told: Vec<String> = remedy(&self.error)
            .map(str::to_owned)
            .into_iter()
            .chain(kept)
            .collect();
        if !told.is_empty() {
            message += &format!("; {}", told.join("; "));
        }
        message
    }

    pub(crate) fn into_error(self) -> io::Error {
        self.error
    }
}

/// Says what helps against an error. `None`: the error says enough.
fn remedy(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::StorageFull => "free space on that disk, or save elsewhere",
        io::ErrorKind::QuotaExceeded => {
            "the quota of this user is used up: free space, or save elsewhere"
        }
        io::ErrorKind::FileTooLarge => {
            "the file system, or the limit of this process (ulimit -f), allows no larger file"
        }
        io::ErrorKind::ReadOnlyFilesystem => "that disk is read-only: save elsewhere",
        io::ErrorKind::PermissionDenied => {
            "this user may not write there: change the permissions, or remove the file"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_path_the_remedy_and_what_stays() {
        let message = |kind: io::ErrorKind| Unsaved::new(Path::new("d/f"), kind.into()).message();
        assert_eq!(
            message(io::ErrorKind::StorageFull),
            "cannot save to d/f: no storage space; free space on that disk, or save elsewhere"
        );
        assert!(message(io::ErrorKind::PermissionDenied).ends_with("or remove the file"));
        assert_eq!(
            message(io::ErrorKind::NotFound),
            "cannot save to d/f: entity not found"
        );
        let unsaved = Unsaved::new(Path::new("d/f"), io::ErrorKind::StorageFull.into());
        let kept = unsaved.keeping("d/f.part".into()).message();
        assert!(
            kept.ends_with("; what has come stays in d/f.part"),
            "{kept}"
        );
    }
}
