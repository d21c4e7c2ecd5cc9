//! Settings of the downloads that lines ask for.

use std::path::Path;

use super::checksums::Checksums;
use super::lines::InputLines;
use crate::request::Request;

/// Settings of the downloads of an input.
#[derive(Debug, Default)]
pub(super) struct DownloadLines {
    pub(super) resume: bool,
    skip_existing: bool,
    timestamping: bool,
    /// `None`: files are not checked.
    checksums: Option<Checksums>,
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

/// Downloads: settings for the files of [`save_in`](InputLines::save_in).
impl InputLines {
    /// True: a download that was cut goes on, as with [`Request::resume`]. Default false.
    ///
    /// Files that are there before the run are replaced, each by the body that has its name. No line gets the name of
    /// another line's unfinished file.
    pub fn resume_downloads(mut self, resume: bool) -> InputLines {
        self.downloads.resume = resume;
        self
    }

    /// True: a file that is there is not asked for, as with [`Request::skip_existing`]. Default false.
    ///
    /// A file that does not agree with the line's `sha256` or `size` is replaced.
    pub fn skip_existing(mut self, skip: bool) -> InputLines {
        self.downloads.skip_existing = skip;
        self
    }

    /// True: a file that is there is replaced by a newer one only, as with [`Request::timestamping`]. Default false.
    pub fn timestamping(mut self, timestamping: bool) -> InputLines {
        self.downloads.timestamping = timestamping;
        self
    }

    /// Gives each file the SHA-256 that it has in this list, as with [`Request::sha256`].
    ///
    /// A name in the list is the path of a file in the directory, else the last segment of a URL. A line's own `sha256`
    /// comes first. A file without an entry is saved, and counts as
    /// [unchecked](crate::Summary::unchecked).
    pub fn checksums(mut self, checksums: Checksums) -> InputLines {
        self.downloads.checksums = Some(checksums);
        self
    }
}
