//! Counts of saved files: not downloaded, not checked, and saved under a name with a number.

use super::Summary;
use super::numbers::plural;
use crate::outcome::Outcome;

/// Facts of the file that a request saves its body to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SavedFileFacts {
    /// True if the file was there already and was not downloaded.
    pub(crate) skipped: bool,
    /// True if the list of checksums has no entry for the file.
    pub(crate) unchecked: bool,
    /// True if the name of the file has a number, because the name without it was taken.
    pub(crate) numbered: bool,
}

impl SavedFileFacts {
    pub(super) fn of<T>(outcome: &Outcome<T>) -> SavedFileFacts {
        let saved = outcome.saved();
        SavedFileFacts {
            skipped: outcome.is_skipped(),
            unchecked: saved.is_some() && outcome.request().download().unchecked,
            numbered: saved.is_some_and(|saved| saved.numbered),
        }
    }
}

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

    /// Number of saved files whose names have a number, such as `a-2.html`.
    ///
    /// The names without it were taken, by another file of the run or by a file that was there before the run.
    pub fn numbered_files(&self) -> u64 {
        self.numbered_files
    }

    pub(super) fn count_file(&mut self, file: SavedFileFacts) {
        self.skipped += u64::from(file.skipped);
        self.unchecked += u64::from(file.unchecked);
        self.numbered_files += u64::from(file.numbered);
    }

    /// Takes a file back that was counted.
    pub(super) fn uncount_file(&mut self, file: SavedFileFacts) {
        let lower = |count: &mut u64, by: bool| *count = count.saturating_sub(u64::from(by));
        lower(&mut self.skipped, file.skipped);
        lower(&mut self.unchecked, file.unchecked);
        lower(&mut self.numbered_files, file.numbered);
    }

    /// Makes the lines of the closing block. Without such files there are none.
    pub(super) fn saved_files_shown(&self) -> Vec<String> {
        let counts = [(self.skipped, "skipped"), (self.unchecked, "unchecked")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let shown: Vec<String> = counts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let files = (!shown.is_empty()).then(|| format!("  files       {}", shown.join(", ")));
        let numbered = (self.numbered_files > 0).then(|| {
            let files = plural(self.numbered_files, "file");
            format!("  names taken {files} saved with a number (NAME-2)")
        });
        numbered.into_iter().chain(files).collect()
    }
}
