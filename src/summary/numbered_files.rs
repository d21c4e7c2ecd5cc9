//! Files whose names have a number, because the names without it were taken.

use super::Summary;
use super::numbers::plural;

impl Summary {
    /// Number of saved files whose names have a number, such as `a-2.html`.
    ///
    /// They have it because the names without it were taken. A name is taken if another file of the run has it, or a file that was there before the run.
    pub fn numbered_files(&self) -> u64 {
        self.numbered_files
    }

    /// Makes the line of the closing block. Without such files there is none.
    pub(super) fn numbered_files_shown(&self) -> Option<String> {
        let files = plural(self.numbered_files, "file");
        (self.numbered_files > 0)
            .then(|| format!("  names taken {files} saved with a number (NAME-2)"))
    }
}
