//! A URL as it is kept: read already, or known to be one and read where somebody asks.

use std::sync::{Arc, OnceLock};

use super::{may_be_sent, parse};
use crate::http::Uri;
use crate::http::uri::{Authority, PathAndQuery};

/// An absolute URL that can be sent as it is.
///
/// Of most, in a list, nothing is wanted but the path as it is written, and whose it is stands beside it: reading such
/// one into parts costs more than all else that is done with it.
#[derive(Clone, Debug)]
pub(crate) enum Url {
    Read(Uri),
    Unread(Unread),
}

/// A URL of which only it is known where its path begins.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    text: Arc<str>,
    path: u16,
    read: OnceLock<Box<Uri>>,
}

/// What URLs of one host have in common, as one of them writes it: all before the path.
#[derive(Debug)]
pub(crate) struct Front(Box<str>);

impl Front {
    /// None where it holds a password, which is taken out of a URL before that is sent.
    pub(crate) fn of(uri: &Uri) -> Option<Front> {
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
        let front = || format!("{scheme}://{authority}").into();
        (!has_userinfo(authority)).then(|| Front(front()))
    }

    /// Whether the URL has the same host and writes it in the same way, which is quicker to see than whether it has.
    pub(crate) fn is_of(&self, uri: &Uri) -> bool {
        let rest = || {
            let authority = self
                .0
                .strip_prefix(uri.scheme_str()?)?
                .strip_prefix("://")?;
            Some(authority == uri.authority()?.as_str())
        };
        rest().unwrap_or(false)
    }

    /// A URL that has the same front, and a path and query that are sent as they are. `None` where it differs in more, or
    /// has something in it that takes a closer look.
    pub(crate) fn known(&self, text: &Arc<str>) -> Option<Url> {
        let path = text.strip_prefix(&*self.0)?;
        let as_given = path.starts_with('/') && path.bytes().all(|b| may_be_sent(b) && b != b'#');
        if !as_given || text.len() >= LONGEST {
            return None;
        }
        Some(Url::known(text, u16::try_from(self.0.len()).ok()?))
    }
}

/// What is as long cannot be a [`Uri`].
const LONGEST: usize = u16::MAX as usize;

impl Url {
    /// What [`Front::known`] gave for this text once, where its path begins there.
    pub(crate) fn known(text: &Arc<str>, path: u16) -> Url {
        Url::Unread(Unread {
            text: Arc::clone(text),
            path,
            read: OnceLock::new(),
        })
    }

    /// Where its path begins in the text of one that is unread.
    pub(crate) fn path(&self) -> Option<u16> {
        match self {
            Url::Read(_) => None,
            Url::Unread(url) => Some(url.path),
        }
    }

    /// Its parts.
    pub(crate) fn uri(&self) -> &Uri {
        match self {
            Url::Read(uri) => uri,
            Url::Unread(url) => url.read.get_or_init(|| {
                let read = parse(&url.text);
                debug_assert!(read.is_ok(), "{}: {read:?}", url.text);
                Box::new(read.unwrap_or_default())
            }),
        }
    }

    /// Host and port as it writes them, and what may stand before them.
    pub(crate) fn authority(&self) -> &str {
        match self {
            Url::Read(uri) => uri.authority().map_or("", Authority::as_str),
            Url::Unread(url) => {
                let front = &url.text[..usize::from(url.path)];
                // Of a scheme, all that is there is the colon and two slashes.
                let scheme = front.bytes().take_while(|&b| b != b':').count();
                front.get(scheme + "://".len()..).unwrap_or_default()
            }
        }
    }

    /// Its path and query as they are sent.
    pub(crate) fn path_and_query(&self) -> &str {
        match self {
            Url::Read(uri) => uri.path_and_query().map_or("/", PathAndQuery::as_str),
            Url::Unread(url) => &url.text[usize::from(url.path)..],
        }
    }

    pub(crate) fn has_userinfo(&self) -> bool {
        match self {
            Url::Read(_) => has_userinfo(self.authority()),
            Url::Unread(_) => false,
        }
    }

    /// Whether, as text, it is this: found out without making the text, since mostly it is.
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
        }
    }
}

impl From<Uri> for Url {
    fn from(uri: Uri) -> Url {
        Url::Read(uri)
    }
}

/// Few have it, and looking backwards for it costs more than looking whether it is there.
fn has_userinfo(authority: &str) -> bool {
    authority.as_bytes().contains(&b'@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(of: &str) -> Front {
        Front::of(&parse(of).unwrap()).unwrap()
    }

    #[test]
    fn a_url_beside_another_is_what_it_is_alone() {
        let long = format!("http://h:81/{}", "a".repeat(LONGEST));
        let alike = [
            "http://h:81/",
            "http://h:81/a?b=c%20d",
            "http://h:81//x?y/",
            "http://h:81/@?a=b@c",
            &long[..LONGEST - 1],
        ];
        let not = [
            "http://h:81",
            "http://h:81?a",
            "http://h:81/a b",
            "http://h:81/a#b",
            "http://h:81/ä",
            "http://h:810/a",
            "http://h:81.b/a",
            "http://h/a",
            "https://h:81/a",
            "HTTP://h:81/a",
            " http://h:81/a",
            "http://u@h:81/a",
            "/a",
            &long[..LONGEST],
        ];
        let front = front("http://h:81/first?of=all");
        for text in alike {
            let (known, read) = (front.known(&text.into()).unwrap(), parse(text).unwrap());
            assert!(matches!(known, Url::Unread(_)));
            let read = Url::from(read);
            assert_eq!(known.authority(), read.authority(), "{text}");
            assert_eq!(known.path_and_query(), read.path_and_query(), "{text}");
            assert_eq!(known.uri(), read.uri(), "{text}");
            assert!(known.is_written(text) && read.is_written(text), "{text}");
        }
        for text in not {
            assert!(front.known(&text.into()).is_none(), "{text}");
        }
        assert!(parse(&long[..LONGEST]).is_err());
    }

    #[test]
    fn every_byte_that_is_sent_as_given_can_be_read() {
        let front = front("http://h");
        for byte in (0..=127).map(char::from) {
            for text in [format!("http://h/a{byte}b"), format!("http://h/?{byte}")] {
                if let Some(known) = front.known(&text.as_str().into()) {
                    assert_eq!(known.uri().to_string(), text);
                }
            }
        }
    }

    #[test]
    fn a_front_is_of_the_urls_that_write_it_alike() {
        let front = front("http://h:81/a");
        let is_of = |text: &str| front.is_of(&parse(text).unwrap());
        assert!(is_of("http://h:81/b?c"));
        let others = [
            "http://h/",
            "https://h:81/",
            "http://H:81/",
            "http://u@h:81/",
        ];
        assert!(!others.into_iter().any(is_of));
        assert!(Front::of(&parse("http://u:p@h/").unwrap()).is_none());
    }

    #[test]
    fn what_is_written_otherwise_is_told_apart() {
        let url = Url::from(parse("HTTP://h/a b").unwrap());
        assert!(url.is_written("http://h/a%20b"));
        assert!(!url.is_written("HTTP://h/a b") && !url.is_written("http://h/a%20b/c"));
        assert!(Url::from(parse("http://u@h/").unwrap()).has_userinfo());
    }
}
