//! Spellings of one URL.

use super::Url;
use super::text::without_userinfo;

/// Returns the text that all spellings of a URL share (RFC 3986 §6.2.2), without userinfo.
///
/// A parsed URL has its host in lower case, and no default port, dot segments or fragment. Here an escape that is not
/// needed becomes its character, and the digits of other escapes are in upper case. What servers tell apart stays: the
/// order of parameters, a slash at the end, an empty query, an escaped character that is reserved.
pub(crate) fn same_spelling(url: &Url) -> String {
    let scheme = url.uri().scheme_str().unwrap_or_default();
    let authority = url.authority_with_zone();
    let place = without_userinfo(&authority);
    let mut text = format!("{scheme}://{place}");
    let mut rest = url.path_and_query();
    while let Some(at) = rest.find('%') {
        text += &rest[..at];
        rest = &rest[at..];
        let escape = rest.get(..3);
        let byte = escape.and_then(|escape| u8::from_str_radix(&escape[1..], 16).ok());
        let (shown, length) = match byte {
            Some(byte) if is_unreserved(byte) => (char::from(byte).to_string(), 3),
            Some(byte) => (format!("%{byte:02X}"), 3),
            None => ("%".to_owned(), 1),
        };
        text += &shown;
        rest = &rest[length..];
    }
    text + rest
}

/// True for a character that needs no escape (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse;

    fn same(one: &str, other: &str) -> bool {
        let spelled = |text| same_spelling(&parse(text).unwrap());
        spelled(one) == spelled(other)
    }

    #[test]
    fn spellings_of_one_url_are_the_same() {
        let url = "http://host/a/~b?c=d-e&f=%2F";
        for other in [
            "HTTP://HOST/a/~b?c=d-e&f=%2F",
            "http://host:80/a/~b?c=d-e&f=%2F",
            "http://host/x/../a/./~b?c=d-e&f=%2F",
            "http://host/a/%7Eb?c=d-e&f=%2F",
            "http://host/%61/%7eb?%63=d%2De&f=%2f",
            "http://host/a/~b?c=d-e&f=%2F#top",
            "http://user:password@host/a/~b?c=d-e&f=%2F",
            "http://h%6Fst/a/~b?c=d-e&f=%2F",
        ] {
            assert!(same(url, other), "{other}");
        }
        assert!(same("http://h", "http://h/"));
        assert!(same("http://h/\u{e9}", "http://h/%c3%a9"));
        assert!(same("https://h:443/", "https://h/"));
    }

    #[test]
    fn urls_that_servers_tell_apart_differ() {
        for (one, other) in [
            ("http://h/a", "http://h/a/"),
            ("http://h/a", "http://h/A"),
            ("http://h/a", "https://h/a"),
            ("http://h/a", "http://h:8080/a"),
            ("http://h/a", "http://h./a"),
            ("http://h/a?b=1&c=2", "http://h/a?c=2&b=1"),
            ("http://h/a", "http://h/a?"),
            ("http://h/a/b", "http://h/a%2Fb"),
            ("http://h/?a=b%26c", "http://h/?a=b&c"),
            ("http://h/?a=b%2Bc", "http://h/?a=b+c"),
            ("http://h/?a=b%20c", "http://h/?a=b+c"),
            ("http://h/a//b", "http://h/a/b"),
            ("http://h/%2541", "http://h/%41"),
            ("http://h/?a=%zz", "http://h/?a=%ZZ"),
            ("http://[::1]/", "http://[::2]/"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
