//! Settings of the downloads that lines ask for.

use super::checksums::Checksums;
use super::lines::InputLines;

/// Downloads: settings for the files of [`save_in`](InputLines::save_in).
impl InputLines {
    /// True: a download that was cut goes on. Default false.
    ///
    /// As with [`Request::resume`](crate::Request::resume).
    ///
    /// Files that are there before the run are replaced, each by the body that has its name. No line gets the name of
    /// another line's unfinished file.
    pub fn resume_downloads(mut self, resume: bool) -> InputLines {
        self.downloads.resume = resume;
        self
    }

    /// True: a file that is there is not asked for. Default false.
    ///
    /// As with [`Request::skip_existing`](crate::Request::skip_existing).
    /// A file that does not agree with the line's `sha256` or `size` is replaced.
    pub fn skip_existing(mut self, skip: bool) -> InputLines {
        self.downloads.skip_existing = skip;
        self
    }

    /// True: a file that is there is replaced by a newer one only. Default false.
    ///
    /// As with [`Request::timestamping`](crate::Request::timestamping).
    pub fn timestamping(mut self, timestamping: bool) -> InputLines {
        self.downloads.timestamping = timestamping;
        self
    }

    /// Gives each file the SHA-256 that it has in this list.
    ///
    /// As with [`Request::sha256`](crate::Request::sha256).
    ///
    /// A name in the list is the path of a file in the directory, else the last segment of a URL. A line's own `sha256`
    /// comes first. A file without an entry is saved, and counts as
    /// [unchecked](crate::Summary::unchecked).
    pub fn checksums(mut self, checksums: Checksums) -> InputLines {
        self.downloads.checksums = Some(checksums);
        self
    }
}
