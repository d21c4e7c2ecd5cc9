//! Parts of a URL's text, found by the rules of the URL Standard, so that an invalid URL can be shown and judged too.

use std::borrow::Cow;
use std::ops::Range;

/// Returns the text as the URL Standard reads it: without control characters and blanks around it, and without tabs and
/// line breaks inside.
pub(crate) fn cleaned(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let dropped = ['\t', '\n', '\r'];
    match text.contains(dropped) {
        true => text.replace(dropped, "").into(),
        false => text.into(),
    }
}

/// Returns the position, from 1, in a text of the character at this position of its [cleaned] form.
pub(super) fn uncleaned(text: &str, position: u64) -> u64 {
    let start = text.len() - text.trim_start_matches(|c: char| c <= ' ').len();
    let kept = text
        .bytes()
        .enumerate()
        .skip(start)
        .filter(|(_, byte)| !matches!(byte, b'\t' | b'\n' | b'\r'));
    let mut places = kept.map(|(at, _)| at as u64 + 1);
    let index = usize::try_from(position - 1).unwrap_or(usize::MAX);
    // Position behind the last character.
    places
        .nth(index)
        .unwrap_or(text.trim_end_matches(|c: char| c <= ' ').len() as u64 + 1)
}

/// Splits a text into its scheme and the text after the colon. `None`: it begins with no scheme (RFC 3986 §3.1).
pub(super) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    valid.then_some((scheme, rest))
}

/// Returns the reference without its scheme if it is relative to a base of this scheme. `None`: it is absolute.
pub(super) fn relative<'t>(text: &'t str, base: &str) -> Option<&'t str> {
    match split_scheme(text) {
        None => Some(text),
        // A reference with the base's own scheme and without two slashes is relative all the same.
        Some((own, rest)) if own.eq_ignore_ascii_case(base) && !names_host(rest) => Some(rest),
        Some(_) => None,
    }
}

/// True if a host follows: the text begins with two slashes.
pub(super) fn names_host(relative: &str) -> bool {
    relative.starts_with(is_slash) && relative[1..].starts_with(is_slash)
}

/// Returns the range of userinfo, host and port in a [cleaned](cleaned) text. `None`: the URL is relative to a host, or
/// of a kind that has none.
pub(crate) fn authority(text: &str) -> Option<Range<usize>> {
    let (slashes, kind) = match split_scheme(text) {
        Some((scheme, rest)) => (rest, SchemeKind::of(scheme)),
        None if names_host(text) => (text, SchemeKind::Special),
        None => return None,
    };
    let rest = match kind {
        // The standard accepts any number of slashes of either kind, and none too.
        SchemeKind::Special => slashes.trim_start_matches(is_slash),
        SchemeKind::Other => slashes.strip_prefix("//")?,
    };
    let start = text.len() - rest.len();
    let ends = |c: char| matches!(c, '/' | '?' | '#') || (c == '\\' && kind == SchemeKind::Special);
    let length = rest.find(ends).unwrap_or(rest.len());
    Some(start..start + length)
}

/// Splits an authority without userinfo into the host, in brackets if it is an IPv6 address, and the port. `None`: no
/// port, not even an empty one.
pub(super) fn split_port(place: &str) -> (&str, Option<&str>) {
    let end = match place.rfind(']') {
        Some(bracket) => bracket + 1,
        None => place.find(':').unwrap_or(place.len()),
    };
    let (host, port) = place.split_at(end);
    (host, port.strip_prefix(':'))
}

/// Returns the text after the userinfo of an authority.
pub(super) fn without_userinfo(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place)
}

/// Kind of a scheme, by which the standard reads a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SchemeKind {
    /// Schemes of the web, in which a backslash is a slash and the host follows any number of slashes.
    Special,
    Other,
}

impl SchemeKind {
    fn of(scheme: &str) -> SchemeKind {
        let special = ["http", "https", "ws", "wss", "ftp"];
        match special.iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
            true => SchemeKind::Special,
            false => SchemeKind::Other,
        }
    }
}

pub(super) fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_and_line_breaks_inside_are_no_part_of_a_url() {
        assert_eq!(cleaned(" \u{1}http://h/a b\n"), "http://h/a b");
        assert_eq!(cleaned("ht\ntp:/\t/h\r/"), "http://h/");
        assert!(matches!(cleaned("http://h/"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_authority_stands_where_the_standard_sees_it() {
        for (text, expected) in [
            ("http://u:p@h:1/a@b", Some("u:p@h:1")),
            ("http:u@h", Some("u@h")),
            ("HTTPS:\\\\u@h\\x@y", Some("u@h")),
            ("http:////h?a", Some("h")),
            ("//h#a", Some("h")),
            ("\\/h/", Some("h")),
            ("redis://u@h\\x/", Some("u@h\\x")),
            ("/a//b", None),
            ("a@b", None),
            ("mailto:a@b", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(
                authority(text).map(|place| &text[place]),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_port_is_told_from_the_colons_of_an_address() {
        for (place, expected) in [
            ("h", ("h", None)),
            ("h:", ("h", Some(""))),
            ("h:80", ("h", Some("80"))),
            ("[::1]", ("[::1]", None)),
            ("[::1]:80", ("[::1]", Some("80"))),
        ] {
            assert_eq!(split_port(place), expected);
        }
    }
}
