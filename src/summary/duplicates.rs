//! Requests that were left out because an equal one came before.

use super::Summary;
use super::numbers::plural;

impl Summary {
    /// Number of requests that were left out because an equal one came before.
    ///
    /// A batch that is [`unique`](crate::Outcomes::unique) leaves them out. They have no outcome, and are not among the
    /// [`total`](Summary::total).
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Counts requests that were left out because an equal one came before.
    pub fn add_duplicates(&mut self, duplicates: u64) {
        self.duplicates += duplicates;
    }

    /// Makes the line of the closing block. Without duplicates there is none.
    pub(super) fn duplicates_shown(&self) -> Option<String> {
        let left_out = plural(self.duplicates, "request");
        (self.duplicates > 0).then(|| format!("  duplicates  {left_out} left out"))
    }
}
