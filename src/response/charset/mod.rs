//! Bytes of a body as text: UTF-8, or the charset that a `Content-Type` names (feature `charset`).

use std::borrow::Cow;

#[cfg(feature = "charset")]
mod by_encoding_rs;
#[cfg(feature = "charset")]
use by_encoding_rs::Charset;
#[cfg(feature = "charset")]
pub(crate) use by_encoding_rs::lossy;

#[cfg(not(feature = "charset"))]
mod absent;
#[cfg(not(feature = "charset"))]
use absent::Charset;
#[cfg(not(feature = "charset"))]
pub(crate) use absent::lossy;

/// Text that was decoded from a charset other than UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedText {
    pub(crate) text: String,
    /// Charset as the `Content-Type` names it, in lower case.
    pub(crate) charset: String,
}

/// Returns the body as text without a byte order mark, by the charset of its `Content-Type`, else as UTF-8. The error
/// names the charset that the body is not in.
pub(super) fn strict<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
) -> Result<Cow<'a, str>, String> {
    let Some((name, charset)) = other_than_utf8(content_type) else {
        let text = std::str::from_utf8(without_mark(body));
        return text.map(Cow::Borrowed).map_err(|e| {
            let at = body.len() - without_mark(body).len() + e.valid_up_to() + 1;
            format!(
                "it is not UTF-8 at byte {at}, and its header names no other charset that is known"
            )
        });
    };
    let decoded = charset.decode(body, true);
    decoded
        .map(Cow::Owned)
        .ok_or_else(|| format!("it is not in the charset {name} that its header names"))
}

/// Returns the beginning of a body as text, if its `Content-Type` is a kind of text and names a charset other than
/// UTF-8 in which the body is. `is_whole`: true if the body is not cut, so it may not end within a character.
pub(super) fn named(
    beginning: &[u8],
    content_type: Option<&str>,
    is_whole: bool,
) -> Option<NamedText> {
    let (name, charset) = other_than_utf8(content_type)?;
    let kind = content_type?.split(';').next()?;
    if !is_text(kind.trim()) {
        return None;
    }
    Some(NamedText {
        text: charset.decode(beginning, is_whole)?,
        charset: name.to_ascii_lowercase(),
    })
}

/// Returns the charset that a `Content-Type` names, with its name. `None`: it names none, UTF-8, or an unknown one.
fn other_than_utf8(content_type: Option<&str>) -> Option<(&str, Charset)> {
    let name = parameter(content_type?)?;
    Some((name, Charset::other_than_utf8(name)?))
}

/// Returns the `charset` parameter of a `Content-Type` (RFC 9110 §8.3.1), quoted or not.
fn parameter(content_type: &str) -> Option<&str> {
    parameters(content_type).skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// Returns the parts between semicolons. A semicolon in quotes separates nothing.
fn parameters(content_type: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    content_type.split(move |c| {
        let literal = std::mem::take(&mut escaped);
        match c {
            '"' if !literal => quoted = !quoted,
            '\\' if quoted && !literal => escaped = true,
            _ => {}
        }
        c == ';' && !quoted
    })
}

/// True unless content of this kind is bytes, whatever charset a server names for it.
fn is_text(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let main = kind.split('/').next().unwrap_or_default();
    let bytes = ["image", "audio", "video", "font"].contains(&main) && !kind.ends_with("+xml");
    !bytes && kind != "application/octet-stream"
}

/// Removes a byte order mark, which a text may begin with and which is ignored (RFC 8259 §8.1).
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_charset_is_strict_utf8_after_a_byte_order_mark() {
        for kind in [
            None,
            Some("application/json"),
            Some("text/plain; charset=UTF-8"),
        ] {
            assert_eq!(strict("é余".as_bytes(), kind).unwrap(), "é余");
            assert_eq!(strict(b"\xef\xbb\xbf{}", kind).unwrap(), "{}");
            assert_eq!(strict(b"", kind).unwrap(), "");
            let reason = strict(b"\xef\xbb\xbfab\xe9\"", kind).unwrap_err();
            assert!(reason.starts_with("it is not UTF-8 at byte 6"), "{reason}");
            for bytes in [
                &b"\xc0\x80"[..],
                b"\xed\xa0\x80",
                b"\xf4\x90\x80\x80",
                b"a\xe4\xb8",
            ] {
                assert!(strict(bytes, kind).is_err(), "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_charset_that_nobody_knows_counts_as_none() {
        for kind in [
            "a/b; charset=nonsense",
            "a/b; charset",
            "a/b; charset=",
            "charset=gbk",
        ] {
            assert!(strict(b"\xd3\xe0", Some(kind)).is_err(), "{kind}");
            assert_eq!(named(b"\xd3\xe0", Some(kind), true), None, "{kind}");
        }
    }

    #[test]
    fn a_charset_within_quotes_is_no_parameter() {
        let kind = Some("text/plain; x=\"a; charset=gbk\"");
        assert_eq!(strict("é".as_bytes(), kind).unwrap(), "é");
        assert_eq!(named("é".as_bytes(), kind, true), None);
    }

    #[cfg(feature = "charset")]
    #[test]
    fn text_is_decoded_from_the_charset_that_is_named() {
        for (kind, bytes, text) in [
            ("a/b; charset=gbk", &b"\xd3\xe0\xb6\xee"[..], "余额"),
            ("a/b;CHARSET=\"Shift_JIS\"; x=y", b"\x8e\x9a", "字"),
            ("a/b; x=y; charset='koi8-r'", b"\xc1", "а"),
            ("a/b; charset=iso-8859-1", b"\xe9", "é"),
            ("a/b; charset=utf-16le", b"\xff\xfe{\0}\0", "{}"),
            ("a/b; x=\"; charset=gbk\"; charset=koi8-r", b"\xc1", "а"),
            ("a/b; x=\"\\\"; charset=gbk\"; charset=koi8-r", b"\xc1", "а"),
        ] {
            assert_eq!(strict(bytes, Some(kind)).unwrap(), text, "{kind}");
        }
        let reason = strict(b"\xff", Some("a/b; charset=Big5")).unwrap_err();
        assert_eq!(
            reason,
            "it is not in the charset Big5 that its header names"
        );
    }

    #[cfg(feature = "charset")]
    #[test]
    fn content_that_is_bytes_is_not_decoded_whatever_its_charset() {
        for kind in [
            "image/png",
            "AUDIO/ogg",
            "font/woff2",
            "application/octet-stream",
        ] {
            let kind = format!("{kind}; charset=iso-8859-1");
            assert_eq!(named(b"\xe9", Some(&kind), true), None, "{kind}");
        }
        for kind in ["image/svg+xml", "application/json", "text/html", "x/y"] {
            let kind = format!("{kind}; charset=ISO-8859-1");
            let named = named(b"\xe9", Some(&kind), true).unwrap();
            assert_eq!(
                (&*named.text, &*named.charset),
                ("é", "iso-8859-1"),
                "{kind}"
            );
        }
    }

    #[cfg(feature = "charset")]
    #[test]
    fn text_may_end_within_a_character_only_if_it_was_cut() {
        let (bytes, kind) = (b"\xd3\xe0\xb6", Some("text/plain; charset=gbk"));
        assert_eq!(named(bytes, kind, false).unwrap().text, "余");
        assert_eq!(named(bytes, kind, true), None);
    }
}
