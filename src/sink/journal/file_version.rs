//! Version of the keys of a results file.

use crate::record::{Key, KeyVersion};

/// Version of the keys of a file, which is that of its first key.
#[derive(Clone, Copy, Default)]
pub(super) struct FileVersion(Option<KeyVersion>);

impl FileVersion {
    /// Checks that a further key is of the same version. The error is the reason why the line is refused.
    pub(super) fn check(&mut self, key: Key) -> Result<(), String> {
        let (first, own) = (*self.0.get_or_insert(key.version()), key.version());
        if first == own {
            return Ok(());
        }
        Err(format!(
            "its key is of version {}, and the keys before it are of version {} (two results files in one?)",
            own.number(),
            first.number()
        ))
    }

    /// Returns the version. `None`: the file has no keys.
    pub(super) fn get(self) -> Option<KeyVersion> {
        self.0
    }
}
