//! Files that were not downloaded, and files that were not checked.

use super::Summary;
use crate::outcome::Outcome;

impl Summary {
    /// Number of requests whose file was there already, so that it was not downloaded.
    ///
    /// They are among the [succeeded](Summary::succeeded).
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Number of files that were saved and had no entry in the list of checksums.
    ///
    /// See [`InputLines::checksums`](crate::record::InputLines::checksums).
    pub fn unchecked(&self) -> u64 {
        self.unchecked
    }

    /// Counts the outcome if its file was skipped or saved without a check.
    pub(super) fn record_download<T>(&mut self, outcome: &Outcome<T>) {
        self.skipped += u64::from(outcome.is_skipped());
        self.unchecked += u64::from(is_unchecked(outcome));
    }

    /// Makes the line of the closing block. Without such files there is none.
    pub(super) fn downloads_shown(&self) -> Option<String> {
        let counts = [(self.skipped, "skipped"), (self.unchecked, "unchecked")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let shown: Vec<String> = counts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!shown.is_empty()).then(|| format!("  files       {}", shown.join(", ")))
    }
}

/// True if the file was saved and had no entry in the list of checksums.
pub(super) fn is_unchecked<T>(outcome: &Outcome<T>) -> bool {
    outcome.saved().is_some() && outcome.request().download().unchecked
}
