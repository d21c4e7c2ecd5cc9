//! Charsets by their labels in the Encoding Standard.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8};

use super::parameter;

/// Charset other than UTF-8.
pub(super) struct Charset(&'static Encoding);

impl Charset {
    /// Returns the charset of this name. `None`: it is UTF-8, or not known.
    pub(super) fn other_than_utf8(name: &str) -> Option<Charset> {
        let encoding = Encoding::for_label(name.as_bytes())?;
        (encoding != UTF_8).then_some(Charset(encoding))
    }

    /// Returns the bytes as text, without a byte order mark. `None`: they are not of this charset. `is_whole`: true if
    /// they may not end within a character.
    pub(super) fn decode(&self, bytes: &[u8], is_whole: bool) -> Option<String> {
        let mut decoder = self.0.new_decoder();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len())?;
        let mut text = String::with_capacity(room);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, is_whole);
        text.shrink_to_fit();
        (result == DecoderResult::InputEmpty).then_some(text)
    }
}

/// Returns the body as text, by the charset of its `Content-Type`, else by a byte order mark, else as UTF-8. Bytes that
/// cannot be decoded become U+FFFD.
pub(crate) fn lossy<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let named = content_type.and_then(parameter);
    let encoding = named.and_then(|name| Encoding::for_label(name.as_bytes()));
    encoding.unwrap_or(UTF_8).decode(body).0
}
