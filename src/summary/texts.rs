//! Texts that are kept of requests, cut to a bounded length.

use crate::redact;

/// Longest message that is kept, in bytes.
pub(super) const MESSAGE: usize = 120;

/// Longest URL that is kept, in bytes.
pub(super) const URL: usize = 400;

/// Cuts a text that is longer than `most` bytes.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}…", redact::beginning(text, most))
}
