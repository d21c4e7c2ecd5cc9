//! A body as it stands in a record.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::redact;

/// How the body is written in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BodyEncoding {
    /// The bytes are valid UTF-8, and stand as text.
    Utf8,
    /// Any other bytes, in base64 (RFC 4648 §4).
    Base64,
}

/// The bytes as text if they are UTF-8, else in base64, cut at `limit` bytes.
/// The last value says whether anything is missing; `cut_before` whether something was missing already.
pub(crate) fn encode(
    bytes: &[u8],
    limit: usize,
    cut_before: bool,
) -> (Cow<'_, str>, BodyEncoding, bool) {
    let kept = &bytes[..bytes.len().min(limit)];
    let truncated = cut_before || kept.len() < bytes.len();
    match std::str::from_utf8(kept) {
        Ok(text) => (text.into(), BodyEncoding::Utf8, truncated),
        // Text cut within a character is still text.
        Err(e) if truncated && e.error_len().is_none() => {
            let text = std::str::from_utf8(&kept[..e.valid_up_to()]).unwrap_or_default();
            (text.into(), BodyEncoding::Utf8, truncated)
        }
        Err(_) => (
            STANDARD.encode(kept).into(),
            BodyEncoding::Base64,
            truncated,
        ),
    }
}

/// The bytes again. `None` where the text is no base64.
pub(crate) fn decode(text: &str, encoding: BodyEncoding) -> Option<Cow<'_, [u8]>> {
    match encoding {
        BodyEncoding::Utf8 => Some(text.as_bytes().into()),
        BodyEncoding::Base64 => STANDARD.decode(text).ok().map(Cow::Owned),
    }
}

/// Text cut to at most `limit` bytes, between characters; whether it was cut.
pub(crate) fn cut(text: Cow<'_, str>, limit: usize) -> (Cow<'_, str>, bool) {
    if text.len() <= limit {
        return (text, false);
    }
    let end = redact::beginning(&text, limit).len();
    let cut = match text {
        Cow::Borrowed(text) => text[..end].into(),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.into()
        }
    };
    (cut, true)
}
