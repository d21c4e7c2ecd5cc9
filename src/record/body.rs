//! Bodies in records.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::redact;
use crate::response::Response;

/// Encoding of the body in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BodyEncoding {
    /// The body stands as text: its bytes are valid UTF-8, or were decoded from the record's `charset`.
    Utf8,
    /// Any other bytes, in base64 (RFC 4648 §4).
    Base64,
}

/// A body as a record has it.
pub(crate) struct RecordBody<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) encoding: BodyEncoding,
    /// The charset that the text was decoded from. `None`: the text has the bytes of the body.
    pub(crate) charset: Option<String>,
    /// True if a part of the body is missing.
    pub(crate) truncated: bool,
}

/// Writes the body of a response, cut at `limit` bytes: as text if it is UTF-8 or in the charset that its header names,
/// else in base64.
pub(crate) fn of_response(response: &Response, limit: usize) -> RecordBody<'_> {
    let Some(named) = response.named_text(limit) else {
        let (text, encoding, truncated) = encode(response.bytes(), limit, response.is_truncated());
        return RecordBody {
            text,
            encoding,
            charset: None,
            truncated,
        };
    };
    let (text, is_cut) = cut(named.text.into(), limit);
    RecordBody {
        text,
        encoding: BodyEncoding::Utf8,
        charset: Some(named.charset),
        truncated: is_cut || response.is_truncated() || response.bytes().len() > limit,
    }
}

/// Writes the bytes as text if they are UTF-8, else in base64, cut at `limit` bytes. The last value is true if bytes
/// are missing; `cut_before`: true if bytes were missing already.
fn encode(bytes: &[u8], limit: usize, cut_before: bool) -> (Cow<'_, str>, BodyEncoding, bool) {
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

/// Returns the bytes of a body in a record. `None`: the text is no base64.
pub(crate) fn decode(text: &str, encoding: BodyEncoding) -> Option<Cow<'_, [u8]>> {
    match encoding {
        BodyEncoding::Utf8 => Some(text.as_bytes().into()),
        BodyEncoding::Base64 => STANDARD.decode(text).ok().map(Cow::Owned),
    }
}

/// Cuts text to at most `limit` bytes, between characters. The second value is true if it was cut.
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
