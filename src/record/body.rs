//! Bodies in records.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::redact;
use crate::request::Tag;
use crate::response::{Response, find_written};

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

/// Form of the bodies in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyMode {
    /// Text where the body is text, else base64.
    #[default]
    Auto,
    /// JSON in the record itself, under `json`; other bodies as with [`Auto`](BodyMode::Auto).
    ///
    /// A body is JSON if its `Content-Type` is (`application/json`, `text/json` or `+json`), it parses, and nothing of
    /// it was cut.
    ///
    /// The JSON is as it was written, with its digits, escapes and the order of its keys, but without white space
    /// between them. What RFC 8259 permits is JSON, also if no [`Value`](serde_json::Value) can hold it: the number
    /// 1e999, half a surrogate pair, more than 128 levels.
    Json,
    /// Text always: bytes that are no text are U+FFFD.
    Text,
    /// Base64 always.
    Base64,
}

/// A body as a record has it.
pub(crate) enum RecordBody<'a> {
    Json {
        json: Tag,
        /// The charset that the JSON was decoded from. `None`: it is UTF-8.
        charset: Option<String>,
    },
    Text(TextBody<'a>),
}

/// A body that a record has as text or in base64.
pub(crate) struct TextBody<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) encoding: BodyEncoding,
    /// The charset that the text was decoded from. `None`: the text has the bytes of the body.
    pub(crate) charset: Option<String>,
    /// True if a part of the body is missing.
    pub(crate) truncated: bool,
}

/// Writes the body of a response in this form, cut at `limit` bytes. A body that is still coded is always in base64.
pub(crate) fn of_response(response: &Response, limit: usize, mode: BodyMode) -> RecordBody<'_> {
    if mode == BodyMode::Base64 || response.head().undecoded {
        return RecordBody::Text(in_base64(response, limit));
    }
    match mode {
        BodyMode::Json => match json(response, limit) {
            Some((json, charset)) => RecordBody::Json { json, charset },
            None => RecordBody::Text(text_or_base64(response, limit)),
        },
        BodyMode::Text => RecordBody::Text(text(response, limit)),
        _ => RecordBody::Text(text_or_base64(response, limit)),
    }
}

/// Returns the body as JSON, with the charset that it was decoded from. `None`: it is no whole JSON.
fn json(response: &Response, limit: usize) -> Option<(Tag, Option<String>)> {
    let whole = !response.is_truncated() && response.bytes().len() <= limit;
    if !whole || !response.content_type().is_some_and(is_json) {
        return None;
    }
    let text = response.json_text().ok()?;
    find_written(&text, &[]).ok()?;
    let json = serde_json::from_str(&compact(&text)).ok()?;
    let named = response.named_text(limit);
    Some((Tag::written(json), named.map(|named| named.charset)))
}

/// True if content of this type is one JSON value.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || kind == "text/json" || kind.ends_with("+json")
}

/// Returns JSON without the white space between its tokens, so that it stands on one line.
pub(super) fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |c: &char| {
        let literal = std::mem::take(&mut escaped);
        match c {
            '"' if !literal => quoted = !quoted,
            '\\' if quoted && !literal => escaped = true,
            ' ' | '\t' | '\n' | '\r' => return quoted,
            _ => {}
        }
        true
    };
    json.chars().filter(keep).collect()
}

fn in_base64(response: &Response, limit: usize) -> TextBody<'_> {
    let bytes = response.bytes();
    let kept = &bytes[..bytes.len().min(limit)];
    TextBody {
        text: STANDARD.encode(kept).into(),
        encoding: BodyEncoding::Base64,
        charset: None,
        truncated: kept.len() < bytes.len() || response.is_truncated(),
    }
}

/// Writes the body as text, whatever its bytes are.
fn text(response: &Response, limit: usize) -> TextBody<'_> {
    let (text, is_cut) = cut(response.text(), limit);
    TextBody {
        text,
        encoding: BodyEncoding::Utf8,
        charset: response.named_text(limit).map(|named| named.charset),
        truncated: is_cut || response.is_truncated(),
    }
}

/// Writes the body as text if it is UTF-8 or in the charset that its header names, else in base64.
fn text_or_base64(response: &Response, limit: usize) -> TextBody<'_> {
    let Some(named) = response.named_text(limit) else {
        let (text, encoding, truncated) = encode(response.bytes(), limit, response.is_truncated());
        return TextBody {
            text,
            encoding,
            charset: None,
            truncated,
        };
    };
    let (text, is_cut) = cut(named.text.into(), limit);
    TextBody {
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
