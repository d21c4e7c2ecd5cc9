//! State of a download between the exchanges of its request.

use crate::transport::HashedPart;

/// Number of bytes that an attempt must add to a file so that it takes no retry.
const ADVANCE: u64 = 64 * 1024;

/// State of a download between its exchanges.
#[derive(Default)]
pub(super) struct Download {
    /// URL of the first exchange, with secrets masked.
    pub(super) url: String,
    /// Unfinished file as this request read or left it last. `None`: it has done neither.
    pub(super) left: Option<HashedPart>,
    /// True if the log knows the unfinished file by this request.
    pub(super) is_logged: bool,
    /// Largest size of the file so far.
    pub(super) best: u64,
    /// True if the last attempt has added so much that it takes no retry.
    pub(super) advanced: bool,
    /// True if the next exchange asks for the whole file.
    pub(super) anew: bool,
    /// True if the file that is there is the one that the request expects. `None`: it was not looked at.
    pub(super) agrees: Option<bool>,
    /// True if the last exchange asked for a file only if it is newer.
    pub(super) is_conditional: bool,
}

impl Download {
    /// Begins the download of this URL, in which secrets are masked.
    pub(super) fn of(url: String) -> Download {
        Download {
            url,
            ..Download::default()
        }
    }

    /// Notes the file that a broken exchange leaves. `None`: it has removed the file.
    pub(super) fn note(&mut self, left: Option<HashedPart>) {
        let size = left.as_ref().map_or(0, |part| part.size);
        // Compared with the largest size, so that a download that starts over again and again comes to an end.
        self.advanced = size >= self.best.saturating_add(ADVANCE);
        self.best = self.best.max(size);
        self.is_logged = left.is_some();
        self.left = left;
    }

    /// Forgets the unfinished file, since it is whole or gone.
    pub(super) fn forget(&mut self) {
        self.left = None;
        self.is_logged = false;
    }
}
