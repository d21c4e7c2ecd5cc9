//! File to which a server writes each change (AOF), as it tells of it.

/// File to which the server of a run writes each change (AOF).
///
/// From it the run comes back after a restart. In a cluster, the files of all primaries together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendFile {
    /// Size in bytes.
    pub bytes: u64,
    /// True if the last write failed: the server takes no changes until one succeeds.
    pub write_failed: bool,
    /// True if the last attempt to write the file anew, shorter, failed: it grows until one succeeds.
    pub rewrite_failed: bool,
}

impl AppendFile {
    /// Makes the facts of two servers' files together: the worse state of each.
    pub(super) fn join(self, other: AppendFile) -> AppendFile {
        AppendFile {
            bytes: self.bytes + other.bytes,
            write_failed: self.write_failed || other.write_failed,
            rewrite_failed: self.rewrite_failed || other.rewrite_failed,
        }
    }
}
