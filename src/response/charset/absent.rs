//! Without the feature `charset`: text is UTF-8.

use std::borrow::Cow;

use super::without_mark;

/// There is none.
pub(super) enum Charset {}

impl Charset {
    pub(super) fn other_than_utf8(_: &str) -> Option<Charset> {
        None
    }

    pub(super) fn decode(&self, _: &[u8], _: bool) -> Option<String> {
        match *self {}
    }
}

/// The body as UTF-8. What is none becomes U+FFFD.
pub(crate) fn lossy<'a>(body: &'a [u8], _: Option<&str>) -> Cow<'a, str> {
    String::from_utf8_lossy(without_mark(body))
}
