//! Relative URLs resolved as text (RFC 3986 §5.2), before any parser changes what was written.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::redact::Redaction;

/// A base URL as it was written. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    text: Arc<str>,
}

impl BaseUrl {
    pub(crate) fn new(text: &str) -> BaseUrl {
        let text = text.trim().split('#').next().unwrap_or_default();
        BaseUrl { text: text.into() }
    }

    /// The URL as written if it is absolute, else resolved against the base.
    pub(super) fn resolved<'a>(&self, url: &'a str) -> Cow<'a, str> {
        let reference = url.trim();
        if has_scheme(reference) {
            return url.into();
        }
        let base = &*self.text;
        let scheme_end = base.find("://").map_or(0, |at| at + 1);
        if reference.starts_with("//") {
            return format!("{}{reference}", &base[..scheme_end]).into();
        }
        let after = (scheme_end + 2).min(base.len());
        let path_at = base[after..]
            .find(['/', '?'])
            .map_or(base.len(), |at| after + at);
        let (authority, rest) = base.split_at(path_at);
        let base_path = rest.split('?').next().unwrap_or_default();
        let at = reference.find(['?', '#']).unwrap_or(reference.len());
        let (path, tail) = reference.split_at(at);
        let path = match path.as_bytes() {
            // A reference without a query has the base's.
            [] if !tail.starts_with('?') => return format!("{base}{tail}").into(),
            [] => base_path.to_owned(),
            [b'/', ..] => without_dots(path),
            _ => {
                let parent = base_path.rfind('/').map_or("/", |at| &base_path[..=at]);
                without_dots(&format!("{parent}{path}"))
            }
        };
        format!("{authority}{path}{tail}").into()
    }
}

/// Shown without credentials.
impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Redaction::USUAL.shown(&self.text))
    }
}

/// Returns true if the text begins with `scheme:` (RFC 3986 §3.1).
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// A path that begins with `/`, without the segments `.` and `..` (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment == ".." {
            kept.pop();
        }
        if !matches!(segment, "." | "..") {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_as_in_rfc_3986_section_5_4() {
        let base = BaseUrl::new("http://a/b/c/d;p?q");
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g?y/./x#s/../t", "http://a/b/c/g?y/./x#s/../t"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g:h", "g:h"),
            ("https://other/x", "https://other/x"),
            ("x?a=http://b", "http://a/b/c/x?a=http://b"),
            (" g ", "http://a/b/c/g"),
        ] {
            assert_eq!(base.resolved(reference), expected, "{reference}");
        }
    }

    #[test]
    fn characters_stay_as_they_were_written() {
        let base = BaseUrl::new("HTTP://Host:80/ä|b/");
        assert_eq!(base.resolved("ü |%7e"), "HTTP://Host:80/ä|b/ü |%7e");
        assert_eq!(base.resolved("/a\\b"), "HTTP://Host:80/a\\b");
    }

    #[test]
    fn a_base_without_a_path_has_the_root() {
        for (base, expected) in [
            ("http://h", "http://h/a"),
            ("http://h?x", "http://h/a"),
            ("http://h#x", "http://h/a"),
            (" http://h/ ", "http://h/a"),
        ] {
            assert_eq!(BaseUrl::new(base).resolved("a"), expected, "{base}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let shown = format!("{:?}", BaseUrl::new("http://u:sesame@h/"));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
