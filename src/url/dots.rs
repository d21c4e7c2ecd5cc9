//! Dot segments of a path: `.` and `..`, as the URL Standard reads them.

use std::borrow::Cow;

use super::text::{authority, is_slash};

/// Returns the text of an absolute URL without the dot segments of its path (RFC 3986 §5.2.4), otherwise as written.
///
/// `%2e` is a dot, and a backslash ends a segment as a slash does (URL Standard, path state).
pub(super) fn without_dot_segments(text: &str) -> Cow<'_, str> {
    let Some(authority) = authority(text) else {
        return text.into();
    };
    let path_start = authority.end;
    let path_length = text[path_start..].find(['?', '#']);
    let path_end = path_length.map_or(text.len(), |length| path_start + length);
    let path = &text[path_start..path_end];
    if !segments(path).any(|segment| dots(&segment[1..]) > 0) {
        return text.into();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut rest = path.len();
    for segment in segments(path) {
        rest -= segment.len();
        match dots(&segment[1..]) {
            0 => {
                kept.push(segment);
                continue;
            }
            1 => {}
            _ => {
                kept.pop();
            }
        }
        if rest == 0 {
            kept.push(&segment[..1]);
        }
    }
    let (before, after) = (&text[..path_start], &text[path_end..]);
    [before, &kept.concat(), after].concat().into()
}

/// Returns the segments of a path, each with the slash in front.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let end = rest
            .get(1..)?
            .find(is_slash)
            .map_or(rest.len(), |at| at + 1);
        let (segment, others) = rest.split_at(end);
        rest = others;
        Some(segment)
    })
}

/// Returns the number of dots of a dot segment, and 0 for any other segment.
fn dots(segment: &str) -> usize {
    let (mut rest, mut count) = (segment, 0);
    while !rest.is_empty() {
        let encoded = rest.get(..3).filter(|dot| dot.eq_ignore_ascii_case("%2e"));
        let Some(after) = rest.strip_prefix(encoded.unwrap_or(".")) else {
            return 0;
        };
        (rest, count) = (after, count + 1);
    }
    if count > 2 { 0 } else { count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_are_removed_as_in_the_url_standard() {
        for (text, expected) in [
            ("http://h/a/../b", "http://h/b"),
            ("http://h/a/./b/.", "http://h/a/b/"),
            ("http://h/a/b/..", "http://h/a/"),
            ("http://h/../../x", "http://h/x"),
            ("http://h/..", "http://h/"),
            ("http://h/a//../b", "http://h/a/b"),
            ("http://h/.//b", "http://h//b"),
            ("http://h/a/%2E%2e/b/%2e", "http://h/b/"),
            ("http://h/a/.%2e?x/../y", "http://h/?x/../y"),
            ("http://h\\a\\..\\b", "http://h\\b"),
            ("http://u@h:1/a/..#f/..", "http://u@h:1/#f/.."),
        ] {
            assert_eq!(without_dot_segments(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_without_dot_segments_is_kept() {
        for text in [
            "http://h",
            "http://h/",
            "http://h/...",
            "http://h/a.b/c../..d/%2",
            "http://h/é|b c//",
            "http://h?a/../b",
            "http://h/. ./x",
        ] {
            let kept = without_dot_segments(text);
            assert!(matches!(kept, Cow::Borrowed(_)), "{text}: {kept}");
        }
    }
}
