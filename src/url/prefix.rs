//! Kept URLs: parsed already, or known to be valid and parsed when their parts are asked for.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use percent_encoding::utf8_percent_encode;

use super::{COMPONENT, LONGEST};
use crate::host::Host;
use http::Uri;
use http::uri::{Authority, PathAndQuery};

/// Absolute URL that can be sent as it is.
///
/// For most URLs of a list only the path is needed, as it is written, and their host is kept beside them: parsing such
/// a URL into parts costs more than all other work with it.
#[derive(Clone, Debug)]
pub(crate) enum Url {
    Read(Uri),
    Unread(UnparsedUrl),
    Zoned(Box<Zoned>),
}

/// URL of an IPv6 address, and the zone through which the address is reached.
#[derive(Clone, Debug)]
pub(crate) struct Zoned {
    uri: Uri,
    zone: Box<str>,
}

/// URL that is not parsed: only the place at which its path begins is known.
#[derive(Clone, Debug)]
pub(crate) struct UnparsedUrl {
    text: Arc<str>,
    path: u16,
    read: OnceLock<Box<Uri>>,
}

/// Front of the URLs of one host: their text up to the path, scheme and authority as a parsed URL has them.
///
/// A URL that begins with the front, and goes on with no character that parsing would change, needs no parsing. A test
/// with a million generated URLs compares this with the parser.
#[derive(Clone, Debug)]
pub(crate) struct UrlPrefix(Arc<str>);

impl UrlPrefix {
    /// Returns the front of a parsed URL. `None`: the URL has userinfo, which is taken out before it is sent, or a
    /// zone, which is not part of its text.
    pub(crate) fn of(url: &Url) -> Option<UrlPrefix> {
        if url.has_userinfo() || url.zone().is_some() {
            return None;
        }
        let scheme = url.uri().scheme_str()?;
        Some(UrlPrefix(format!("{scheme}://{}", url.authority()).into()))
    }

    /// Returns the beginning of a text that would be the front of a URL like those of a list.
    pub(crate) fn candidate(text: &str) -> Option<&str> {
        let scheme = match text.as_bytes().get("http".len()) {
            Some(b's') => "https://",
            _ => "http://",
        };
        let path = text.get(scheme.len()..)?.find('/')?;
        Some(&text[..scheme.len() + path])
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text of the front, as the key of a map.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// True if the parsed URL has this front. Cheaper than making the URL's front.
    pub(crate) fn is_of(&self, url: &Url) -> bool {
        let rest = || {
            let scheme = url.uri().scheme_str()?;
            let authority = self.0.strip_prefix(scheme)?.strip_prefix("://")?;
            Some(authority == url.authority())
        };
        url.zone().is_none() && rest().unwrap_or(false)
    }

    /// Returns the URL of a text that begins with this front and that parsing would not change. `None`: it begins
    /// otherwise, or has a character that needs a parser.
    pub(crate) fn known(&self, text: &Arc<str>) -> Option<Url> {
        let path = text.strip_prefix(&*self.0)?;
        if !is_sent_as_written(path) || text.len() > LONGEST {
            return None;
        }
        Some(Url::known(text, u16::try_from(self.0.len()).ok()?))
    }
}

/// True if parsing leaves a path and query as they are. Also false for some that it would leave.
fn is_sent_as_written(path: &str) -> bool {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return false;
    }
    let mut before = b'/';
    bytes.iter().enumerate().skip(1).all(|(at, &byte)| {
        let slash = std::mem::replace(&mut before, byte) == b'/';
        // After a slash, `.` or `%2e` may be a dot segment.
        let may_be_dot = slash && (byte == b'.' || bytes[at..].starts_with(b"%2"));
        SAFE[usize::from(byte)] && !may_be_dot
    })
}

/// Characters that parsing changes in neither path nor query, dot segments aside.
const SAFE: [bool; 256] = {
    let mut safe = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        safe[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!$%&()*+,-./:;=?@[]_|~";
    let mut at = 0;
    while at < marks.len() {
        safe[marks[at] as usize] = true;
        at += 1;
    }
    safe
};

impl Url {
    /// Makes the URL that [`UrlPrefix::known`] returned for this text earlier. `path`: place at which its path begins.
    pub(crate) fn known(text: &Arc<str>, path: u16) -> Url {
        Url::Unread(UnparsedUrl {
            text: Arc::clone(text),
            path,
            read: OnceLock::new(),
        })
    }

    /// Returns the place at which the path begins in the text of an unread URL, or in this text if the URL is written
    /// so.
    pub(crate) fn path_in(&self, text: &str) -> Option<u16> {
        match self {
            Url::Unread(url) => Some(url.path),
            _ if self.has_userinfo() || !self.is_written(text) => None,
            _ => u16::try_from(text.len() - self.path_and_query().len()).ok(),
        }
    }

    /// Returns this URL, reached through a zone.
    pub(crate) fn in_zone(self, zone: &str) -> Url {
        Url::Zoned(Box::new(Zoned {
            uri: self.uri().clone(),
            zone: zone.into(),
        }))
    }

    /// Makes a URL of other parts that is reached through the zone of this URL.
    pub(crate) fn with_uri(&self, uri: Uri) -> Url {
        let url = Url::Read(uri);
        match self.zone() {
            Some(zone) => url.in_zone(zone),
            None => url,
        }
    }

    /// Returns the zone of an IPv6 address. `None`: the URL has none.
    pub(crate) fn zone(&self) -> Option<&str> {
        match self {
            Url::Zoned(url) => Some(&url.zone),
            Url::Read(_) | Url::Unread(_) => None,
        }
    }

    /// Returns the host, zone included.
    pub(crate) fn host(&self) -> Option<Host> {
        Host::in_zone(self.uri(), self.zone())
    }

    /// Returns the parts of the URL, and parses them if that was not done before.
    pub(crate) fn uri(&self) -> &Uri {
        match self {
            Url::Read(uri) => uri,
            Url::Unread(url) => url.read.get_or_init(|| {
                let read = Uri::try_from(&*url.text);
                debug_assert!(read.is_ok(), "{}: {read:?}", url.text);
                Box::new(read.unwrap_or_default())
            }),
            Url::Zoned(url) => &url.uri,
        }
    }

    /// Returns host and port as the URL writes them, and userinfo if there is some.
    pub(crate) fn authority(&self) -> &str {
        match self {
            Url::Read(_) | Url::Zoned(_) => self.uri().authority().map_or("", Authority::as_str),
            Url::Unread(url) => {
                let front = &url.text[..usize::from(url.path)];
                // After the scheme, only the colon and two slashes are in front of the authority.
                let scheme = front.bytes().take_while(|&b| b != b':').count();
                front.get(scheme + "://".len()..).unwrap_or_default()
            }
        }
    }

    /// Returns the authority in the form that parses to this URL, zone included.
    pub(super) fn authority_with_zone(&self) -> Cow<'_, str> {
        let authority = self.authority();
        match (self.zone(), authority.rfind(']')) {
            (Some(zone), Some(end)) => {
                let zone = utf8_percent_encode(zone, COMPONENT);
                format!("{}%25{zone}{}", &authority[..end], &authority[end..]).into()
            }
            _ => authority.into(),
        }
    }

    /// Returns path and query as they are sent.
    pub(crate) fn path_and_query(&self) -> &str {
        match self {
            Url::Read(_) | Url::Zoned(_) => {
                let path = self.uri().path_and_query();
                path.map_or("/", PathAndQuery::as_str)
            }
            Url::Unread(url) => &url.text[usize::from(url.path)..],
        }
    }

    pub(crate) fn has_userinfo(&self) -> bool {
        match self {
            Url::Read(_) | Url::Zoned(_) => has_userinfo(self.authority()),
            Url::Unread(_) => false,
        }
    }

    /// True if the URL is written as this text. Compares the parts in place, without making the text of the URL.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        match self {
            Url::Read(uri) => {
                let rest = || {
                    let rest = text.strip_prefix(uri.scheme_str()?)?.strip_prefix("://")?;
                    rest.strip_prefix(self.authority())
                };
                rest() == Some(self.path_and_query())
            }
            Url::Unread(url) => *url.text == *text,
            // No text of the URL alone has its zone.
            Url::Zoned(_) => false,
        }
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Url) -> bool {
        self.uri() == other.uri() && self.zone() == other.zone()
    }
}

impl Eq for Url {}

impl From<Uri> for Url {
    fn from(uri: Uri) -> Url {
        Url::Read(uri)
    }
}

/// True if the authority has userinfo. Few have any, and searching backwards for it costs more than testing whether it
/// is there.
fn has_userinfo(authority: &str) -> bool {
    authority.as_bytes().contains(&b'@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse;

    fn front(of: &str) -> UrlPrefix {
        UrlPrefix::of(&parse(of).unwrap()).unwrap()
    }

    #[test]
    fn a_url_beside_another_is_what_it_is_alone() {
        let long = format!("http://h:81/{}", "a".repeat(LONGEST));
        let alike = [
            "http://h:81/",
            "http://h:81/a?b=c%20d",
            "http://h:81//x?y/",
            "http://h:81/@?a=b@c",
            "http://h:81/a|b[1]/100%?%2e/~",
            &long[..LONGEST],
        ];
        let not = [
            "http://h:81",
            "http://h:81?a",
            "http://h:81/a b",
            "http://h:81/a#b",
            "http://h:81/ä",
            "http://h:81/a\tb",
            "http://h:81/a\\b",
            "http://h:81/{a}",
            "http://h:81/?'",
            "http://h:81/.",
            "http://h:81/a/..",
            "http://h:81/%2e/a",
            "http://h:81/a/%2E%2e",
            "http://h:810/a",
            "http://h:81.b/a",
            "http://h/a",
            "https://h:81/a",
            "HTTP://h:81/a",
            " http://h:81/a",
            "http://u@h:81/a",
            "/a",
            &long[..LONGEST + 1],
        ];
        let front = front("http://h:81/first?of=all");
        for text in alike {
            let (known, read) = (front.known(&text.into()).unwrap(), parse(text).unwrap());
            assert!(matches!(known, Url::Unread(_)));
            assert_eq!(known.authority(), read.authority(), "{text}");
            assert_eq!(known.path_and_query(), read.path_and_query(), "{text}");
            assert_eq!(known, read, "{text}");
            assert!(known.is_written(text) && read.is_written(text), "{text}");
            assert_eq!(known.path_in(text), read.path_in(text), "{text}");
        }
        for text in not {
            assert!(front.known(&text.into()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_front_is_of_the_urls_that_write_it_alike() {
        let front = front("http://h:81/a");
        let is_of = |text: &str| front.is_of(&parse(text).unwrap());
        assert!(is_of("http://h:81/b?c") && is_of("HTTP://H:81/b?c"));
        let others = ["http://h/", "https://h:81/", "http://u@h:81/"];
        assert!(!others.into_iter().any(is_of));
        for text in ["http://u:p@h/", "http://[fe80::1%25eth0]/"] {
            assert!(UrlPrefix::of(&parse(text).unwrap()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_candidate_ends_where_the_path_begins() {
        for (text, expected) in [
            ("http://h:81/a/b", Some("http://h:81")),
            ("https://h/", Some("https://h")),
            ("http://h", None),
            ("é/a", None),
            ("", None),
        ] {
            assert_eq!(UrlPrefix::candidate(text), expected, "{text}");
        }
    }

    #[test]
    fn a_zone_tells_urls_and_hosts_apart() {
        let [one, two] =
            ["http://[fe80::1%25a]/", "http://[fe80::1%25B]/"].map(|u| parse(u).unwrap());
        assert_ne!(one, two);
        assert_eq!(two.host().unwrap().name(), "[fe80::1%B]");
        assert_eq!(one.uri(), "http://[fe80::1]/");
        assert_eq!(one.with_uri(two.uri().clone()).zone(), Some("a"));
        assert!(!one.is_written("http://[fe80::1]/"));
        assert!(
            front("http://[fe80::1]/")
                .known(&"http://[fe80::1%25a]/".into())
                .is_none()
        );
        assert!(!front("http://[fe80::1]/").is_of(&one));
    }

    #[test]
    fn a_url_knows_if_it_is_written_in_another_way() {
        let url = parse("HTTP://h/a b").unwrap();
        assert!(url.is_written("http://h/a%20b"));
        assert!(!url.is_written("HTTP://h/a b") && !url.is_written("http://h/a%20b/c"));
        assert_eq!(url.path_in("HTTP://h/a b"), None);
        assert!(parse("http://u@h/").unwrap().has_userinfo());
    }
}
