//! Rejections by the application's code.

use std::ops::AddAssign;

use super::Summary;
use super::texts::{MESSAGE, cut};
use super::worst::{KEPT, RankedRow};
use crate::rejection::Rejection;

impl Summary {
    /// Numbers of rejected requests by the application's code, the most frequent first.
    ///
    /// A code that is text is without its quotes. At most 1,000 codes; the rejections with other codes count in
    /// [`rejected`](Summary::rejected) alone.
    pub fn by_code(&self) -> Vec<(String, u64)> {
        let codes = self.codes.sorted().into_iter();
        let codes = codes.filter(|(_, row)| row.count > 0);
        let shown = codes.map(|(code, row)| (code.clone(), row.count));
        shown.take(KEPT).collect()
    }
}

/// Number of rejections with one code.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CodeRow {
    pub(super) count: u64,
}

impl AddAssign<&CodeRow> for CodeRow {
    fn add_assign(&mut self, other: &CodeRow) {
        self.count += other.count;
    }
}

impl RankedRow for CodeRow {
    fn badness(&self) -> (u64, u64) {
        (self.count, 0)
    }
}

/// Returns the code of a rejection as it is shown: text without its quotes, and long text cut.
pub(super) fn code_shown(rejection: &Rejection) -> String {
    match rejection.code().as_str() {
        Some(text) => cut_code(text),
        None => cut_code(&rejection.code().to_string()),
    }
}

/// Cuts the text of a code if it is long.
pub(crate) fn cut_code(text: &str) -> String {
    cut(text, MESSAGE)
}
