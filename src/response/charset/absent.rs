//! Text without the feature `charset`: UTF-8.

use std::borrow::Cow;

use super::without_mark;

/// Charset other than UTF-8. There is none without the feature.
pub(super) enum Charset {}

impl Charset {
    pub(super) fn other_than_utf8(_: &str) -> Option<Charset> {
        None
    }

    pub(super) fn decode(&self, _: &[u8], _: bool) -> Option<String> {
        match *self {}
    }
}

/// Returns the body as UTF-8. Invalid bytes become U+FFFD.
pub(crate) fn lossy<'a>(body: &'a [u8], _: Option<&str>) -> Cow<'a, str> {
    String::from_utf8_lossy(without_mark(body))
}
