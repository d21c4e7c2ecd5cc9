//! Headers of a response, made a map only if the caller asks for one.
//!
//! For most responses the caller does not ask. A map of eight headers is ten pieces of memory and a kilobyte, more than
//! all the rest of an outcome, and outcomes wait for their caller by the thousand; the lines they came in are one piece
//! of two hundred bytes.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use memchr::memchr;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};

#[derive(Clone, Default)]
pub(crate) struct Headers {
    lines: Box<[u8]>,
    /// True if there is a `Retry-After` among the lines.
    asks_to_wait: bool,
    map: OnceLock<Box<HeaderMap>>,
}

impl Headers {
    /// Keeps the lines of a head, without the first and with or without the empty one at the end, which a parser has
    /// found to be valid (RFC 9112 §5, without folded ones). An invalid line is left out of the map. `asks_to_wait`:
    /// true if there is a `Retry-After` among the lines; the parser says it, because it is asked of every response.
    pub(crate) fn of_lines(lines: &[u8], asks_to_wait: bool) -> Headers {
        Headers {
            lines: lines.into(),
            asks_to_wait,
            map: OnceLock::new(),
        }
    }

    /// Returns the first value of this name, without making a map.
    pub(crate) fn first(&self, name: &HeaderName) -> Option<&[u8]> {
        if let Some(map) = self.map.get() {
            return map.get(name).map(HeaderValue::as_bytes);
        }
        let name = name.as_str().as_bytes();
        let mut rest = &self.lines[..];
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            // Most lines are ruled out by one byte.
            if line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name)
            {
                return Some(line[name.len() + 1..].trim_ascii());
            }
            rest = after.get(1..).unwrap_or_default();
        }
        None
    }

    /// Returns the first `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<&[u8]> {
        let asks = self.asks_to_wait || self.map.get().is_some();
        asks.then(|| self.first(&RETRY_AFTER))?
    }

    /// Changes the map, which replaces the lines from then on.
    pub(crate) fn change<R>(&mut self, change: impl FnOnce(&mut HeaderMap) -> R) -> R {
        let made = || map_of(&self.lines);
        let mut map = self.map.take().unwrap_or_else(made);
        let result = change(&mut map);
        self.map = OnceLock::from(map);
        result
    }
}

fn map_of(lines: &[u8]) -> Box<HeaderMap> {
    let lines = split(lines).filter_map(|(name, value)| {
        Some((
            HeaderName::from_bytes(name).ok()?,
            HeaderValue::from_bytes(value).ok()?,
        ))
    });
    let mut map = Box::<HeaderMap>::default();
    for (name, value) in lines {
        // A map has room for 32,768 names. A client need not understand a server that sends more.
        if map.try_append(name, value).is_err() {
            break;
        }
    }
    map
}

/// Returns name and value of each line.
fn split(lines: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines.split(|&b| b == b'\n').filter_map(|line| {
        let colon = line.iter().position(|&b| b == b':')?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
}

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        self.map.get_or_init(|| map_of(&self.lines))
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Headers {
        if map.is_empty() {
            return Headers::default();
        }
        Headers {
            lines: Box::default(),
            asks_to_wait: false,
            map: OnceLock::from(Box::new(map)),
        }
    }
}

/// Shows the number of lines alone: values may be secret.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::SET_COOKIE;

    const LINES: &[u8] =
        b"Content-Type: text/html \r\nSet-Cookie:a=1:2\r\nX-Empty:\r\nset-cookie:\tb=2\n\
        x-latin: \xe9\r\n\r\n";

    #[test]
    fn lines_and_the_map_made_of_them_say_the_same() {
        let headers = Headers::of_lines(LINES, false);
        let names = [
            "content-type",
            "set-cookie",
            "x-empty",
            "x-latin",
            "retry-after",
            "content",
        ];
        let first = |name| headers.first(&HeaderName::from_static(name));
        let asked = || names.map(|name| first(name).map(<[u8]>::to_vec));
        let before = asked();
        let texts: [Option<&[u8]>; 6] = [
            Some(b"text/html"),
            Some(b"a=1:2"),
            Some(b""),
            Some(b"\xe9"),
            None,
            None,
        ];
        assert_eq!(before, texts.map(|text| text.map(<[u8]>::to_vec)));
        let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1:2", "b=2"]);
        assert_eq!(headers.len(), 5);
        assert_eq!(asked(), before);
    }

    #[test]
    fn a_retry_after_is_looked_for_where_the_parser_saw_one_or_there_is_a_map() {
        let lines = b"Server: a\r\nRETRY-after: 7\r\nRetry-After: 8\r\n\r\n";
        let asks = Headers::of_lines(lines, true);
        assert_eq!(asks.retry_after(), Some(&b"7"[..]));
        assert_eq!(asks.len(), 3);
        assert_eq!(asks.retry_after(), Some(&b"7"[..]));
        assert_eq!(Headers::of_lines(LINES, false).retry_after(), None);
        let map: HeaderMap = [(RETRY_AFTER, HeaderValue::from_static("9"))]
            .into_iter()
            .collect();
        assert_eq!(Headers::from(map).retry_after(), Some(&b"9"[..]));
    }

    #[test]
    fn more_names_than_a_map_holds_do_no_harm() {
        let lines: String = (0..40_000).map(|n| format!("x-{n}: v\r\n")).collect();
        let headers = Headers::of_lines(lines.as_bytes(), false);
        assert!(headers.len() > 10_000);
        assert_eq!(
            headers.first(&HeaderName::from_static("x-0")),
            Some(&b"v"[..])
        );
    }

    #[test]
    fn a_changed_map_takes_the_place_of_the_lines() {
        let mut headers = Headers::of_lines(LINES, false);
        let removed = headers.change(|map| map.remove(SET_COOKIE));
        assert_eq!(removed.unwrap(), "a=1:2");
        assert_eq!(headers.first(&SET_COOKIE), None);
        assert_eq!(headers.clone().len(), 3);
    }
}
