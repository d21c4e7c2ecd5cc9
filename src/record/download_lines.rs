//! Settings of the downloads of an input, applied to its lines.

use std::path::Path;

use super::checksums::Checksums;
use crate::request::Request;

/// Settings of the downloads of an input.
#[derive(Debug, Default)]
pub(super) struct DownloadLines {
    pub(super) resume: bool,
    pub(super) skip_existing: bool,
    pub(super) timestamping: bool,
    /// `None`: files are not checked.
    pub(super) checksums: Option<Checksums>,
}

impl DownloadLines {
    /// True if a file that is there before the run is looked at, and may be replaced.
    pub(super) fn replaces(&self) -> bool {
        self.resume || self.skip_existing || self.timestamping
    }

    /// Applies the settings to a request that saves its body below `folder`.
    pub(super) fn complete(&self, mut request: Request, folder: &Path) -> Request {
        let Some(path) = request.saves_to() else {
            return request;
        };
        if let Some(checksums) = &self.checksums
            && request.download().sha256.is_none()
        {
            let path = path.strip_prefix(folder).unwrap_or(path);
            request = match checksums.of(path, request.url()) {
                Some(digest) => request.sha256_of(digest),
                None => request.unchecked(),
            };
        }
        if self.resume {
            request = request.resume(true);
        }
        if self.skip_existing {
            request = request.skip_existing(true);
        }
        if self.timestamping {
            request = request.timestamping(true);
        }
        request
    }
}
