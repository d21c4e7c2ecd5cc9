//! Masking of secrets: what Debug, log lines, error texts and records may show.

use std::fmt;

use crate::http::{HeaderMap, HeaderName, HeaderValue, Uri};

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// Whether a header's value is a secret: credentials, cookies, and names that say so (`X-Api-Key`, `X-Auth-Token`).
pub(crate) fn is_secret(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "set-cookie"
            | "set-cookie2"
            | "www-authenticate"
    ) || [
        "api-key",
        "apikey",
        "token",
        "secret",
        "password",
        "signature",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// A URI as text, its userinfo masked.
pub(crate) fn uri(uri: &Uri) -> String {
    url(&uri.to_string())
}

/// A URL as text, its userinfo masked (RFC 3986 §3.2.1), whether or not it is valid otherwise.
pub(crate) fn url(text: &str) -> String {
    match userinfo(text) {
        Some((from, to)) => format!("{}{MASK}{}", &text[..from], &text[to..]),
        None => text.to_owned(),
    }
}

/// A URL without its userinfo, if it has one.
pub(crate) fn without_userinfo(text: &str) -> Option<String> {
    userinfo(text).map(|(from, to)| format!("{}{}", &text[..from], &text[to + 1..]))
}

/// Where the userinfo begins, and the `@` after it.
fn userinfo(text: &str) -> Option<(usize, usize)> {
    // Without a scheme it takes that of what it is resolved against.
    let start = match text.strip_prefix("//") {
        Some(_) => 2,
        None => text.find("://")? + 3,
    };
    let end = text[start..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |at| start + at);
    let at = text[start..end].rfind('@')?;
    Some((start, start + at))
}

/// The beginning of a text: at most so many bytes, cut between characters.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A header's value as text: masked where it is a secret, and where it is a URL (`Location`), its userinfo.
pub(crate) fn header(name: &HeaderName, value: &HeaderValue) -> String {
    if is_secret(name) || value.is_sensitive() {
        MASK.to_owned()
    } else {
        url(&String::from_utf8_lossy(value.as_bytes()))
    }
}

/// Headers for `Debug`, secret values masked.
pub(crate) struct Headers<'a>(pub(crate) &'a HeaderMap);

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.0
                    .iter()
                    .map(|(name, value)| (name, header(name, value))),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_is_masked_and_nothing_else() {
        assert_eq!(url("http://u:p@h/a@b"), "http://***@h/a@b");
        assert_eq!(url("http://h/a@b?x=@"), "http://h/a@b?x=@");
        assert_eq!(url("http://u:p@q@h"), "http://***@h");
        assert_eq!(url("//u:p@h/a@b"), "//***@h/a@b");
        assert_eq!(url("mailto:a@b"), "mailto:a@b");
        assert_eq!(
            without_userinfo("http://u:p@h/a@b").as_deref(),
            Some("http://h/a@b")
        );
        assert_eq!(without_userinfo("http://h/a@b"), None);
        assert_eq!(
            url("http://u:p w@h:x/ not a url"),
            "http://***@h:x/ not a url"
        );
    }

    #[test]
    fn a_beginning_ends_between_characters() {
        for (most, expected) in [(0, ""), (1, "a"), (3, "a"), (4, "a余"), (9, "a余b")] {
            assert_eq!(beginning("a余b", most), expected);
        }
    }

    #[test]
    fn names_that_say_secret_are_secret() {
        for name in [
            "authorization",
            "cookie",
            "x-api-key",
            "x-auth-token",
            "x-amz-security-token",
        ] {
            assert!(is_secret(&HeaderName::from_static(name)), "{name}");
        }
        assert!(!is_secret(&HeaderName::from_static("content-type")));
    }
}
