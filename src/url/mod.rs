//! URLs as people write them, parsed by the crate `url` (the WHATWG URL Standard) into what is sent.

mod base;
#[cfg(test)]
mod differential;
mod dots;
mod mistake;
mod name;
mod text;
mod unread;
mod zone;

use std::borrow::Cow;
use std::fmt::Write as _;

use ::url::{ParseError, Position};
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use http::Uri;
use http::uri::PathAndQuery;

pub(crate) use base::Base;
pub(crate) use mistake::Mistake;
pub(crate) use name::host_name;
pub(crate) use text::{authority, cleaned};
pub(crate) use unread::{Front, Url};

/// Characters of a query component that are sent as they are: RFC 3986's unreserved ones. All others are encoded.
const COMPONENT: &AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Upper bound for the length of a URL in bytes, as it is sent: the most that a [`Uri`] holds.
const LONGEST: usize = u16::MAX as usize - 1;

/// Parses an absolute `http` or `https` URL as browsers do. A fragment is dropped; the zone of an IPv6 address is kept
/// apart. The error says what is wrong, and shows nothing of the URL.
pub(crate) fn parse(text: &str) -> Result<Url, Mistake> {
    parse_under(None, text)
}

/// Returns true if a text is a URL that can be sent, or a reference that becomes one under a base.
pub(crate) fn is_readable(text: &str) -> bool {
    let base = ::url::Url::parse("http://localhost/").ok();
    parse_under(base.as_ref(), text).is_ok()
}

/// Parses a URL that may be relative to a base.
fn parse_under(base: Option<&::url::Url>, text: &str) -> Result<Url, Mistake> {
    parse_cleaned(base, &cleaned(text)).map_err(|mistake| Mistake {
        position: mistake.position.map(|at| text::uncleaned(text, at)),
        ..mistake
    })
}

/// Parses a [cleaned] URL.
fn parse_cleaned(base: Option<&::url::Url>, text: &str) -> Result<Url, Mistake> {
    if base.is_none() || text::split_scheme(text).is_some() {
        check_scheme(text)?;
    }
    let relative = base.and_then(|base| text::relative(text, base.scheme()));
    let zone = match relative.is_none_or(text::names_host) {
        true => zone::take_off(text)?,
        false => None,
    };
    let (text, zone) = match zone {
        Some((text, zone)) => (Cow::from(text), Some(zone)),
        None => (text.into(), None),
    };
    let text = &*text;
    let parsed = ::url::Url::options().base_url(base).parse(text);
    let url = parsed.map_err(|error| wrong(error, text))?;
    if url.port() == Some(0) {
        return Err(wrong(ParseError::InvalidPort, text));
    }
    let end = url[..Position::AfterQuery].len();
    if end > LONGEST {
        return Err(too_long());
    }
    let mut sent = String::from(url);
    sent.truncate(end);
    // The URL Standard allows a few characters in names of hosts that RFC 3986 and the `http` crate do not.
    let uri = Uri::try_from(sent).map_err(|_| wrong(ParseError::InvalidDomainCharacter, text))?;
    let url = Url::from(uri);
    Ok(match zone {
        Some(zone) => url.in_zone(&zone),
        None => url,
    })
}

/// Refuses a [cleaned] text that begins with no scheme, or another one than `http` and `https`.
fn check_scheme(text: &str) -> Result<(), Mistake> {
    if text.is_empty() {
        return Err("the URL is empty".into());
    }
    let none = || Err(Mistake::new("the URL has no scheme (http:// or https://)").at(0));
    let Some((scheme, rest)) = text::split_scheme(text) else {
        return none();
    };
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return Ok(());
    }
    // `localhost:8080/x` and `user:password@host` begin as URLs of a scheme do, and are none.
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = place.starts_with(|c: char| c.is_ascii_digit()) || scheme.contains('.');
    let is_user = place.contains('@') && !scheme.eq_ignore_ascii_case("mailto");
    if is_host || is_user {
        return none();
    }
    Err(Mistake::new("the scheme of the URL is not supported (http or https)").at(0))
}

/// Finds the mistake in a [cleaned] text that is no URL.
fn wrong(error: ParseError, text: &str) -> Mistake {
    let place = authority(text).unwrap_or(text.len()..text.len());
    let authority = &text[place.clone()];
    let host_and_port = text::without_userinfo(authority);
    let start = place.end - host_and_port.len();
    let (host, port) = text::split_port(host_and_port);
    let behind = start + host.len();
    let is_followed = port.is_none() && !host_and_port[host.len()..].is_empty();
    match error {
        ParseError::EmptyHost => no_host().at(start),
        _ if is_followed => {
            Mistake::new("text stands between the ] of an IPv6 address and the path (a port after a colon is expected)")
                .at(behind)
        }
        // A port that is no number may be a part of a password.
        ParseError::InvalidPort => {
            Mistake::new("the port is no number between 1 and 65535").at(behind + 1)
        }
        ParseError::Overflow => too_long(),
        error => wrong_host(error, host, start),
    }
}

/// Finds the mistake in a name that is no host's, which begins at `start`.
fn wrong_host(error: ParseError, host: &str, start: usize) -> Mistake {
    if host.is_empty() {
        return no_host().at(start);
    }
    match error {
        ParseError::InvalidIpv4Address => {
            Mistake::new("the host ends in a number and is no IPv4 address").at(start)
        }
        ParseError::InvalidIpv6Address => Mistake::new("the host is no IPv6 address").at(start),
        _ => match host.char_indices().find(|(_, c)| is_forbidden(*c)) {
            Some((at, c)) => {
                Mistake::new(format!("the host holds {c:?}, which no name of a host has"))
                    .at(start + at)
            }
            None => Mistake::new("the host is no valid name (international names follow UTS 46)")
                .at(start),
        },
    }
}

/// True for an ASCII character that no name of a host may hold.
fn is_forbidden(c: char) -> bool {
    c.is_ascii_control() || " \"#%/:<>?@[\\]^`{|}".contains(c)
}

fn no_host() -> Mistake {
    Mistake::new("the URL has no host")
}

fn too_long() -> Mistake {
    Mistake::new(format!("the URL is longer than {LONGEST} bytes"))
}

/// Whether the query has a parameter of this name, whatever its case.
pub(crate) fn has_parameter(uri: &Uri, name: &str) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .any(|found| {
            let found = percent_decode_str(found).decode_utf8_lossy();
            found.eq_ignore_ascii_case(name)
        })
}

/// Adds query parameters, in the form that [`form`] gives them, after those that the URL has.
pub(crate) fn with_query(url: &Url, added: &str) -> Result<Url, Mistake> {
    if added.is_empty() {
        return Ok(url.clone());
    }
    let uri = url.uri();
    let text = written_with_query(url.path_and_query(), added);
    let mut parts = uri.clone().into_parts();
    // Both halves can be sent, so only their length can be wrong.
    parts.path_and_query = Some(PathAndQuery::try_from(text).map_err(|_| too_long())?);
    let uri = Uri::from_parts(parts).map_err(|_| too_long())?;
    match uri.to_string().len() {
        0..=LONGEST => Ok(url.with_uri(uri)),
        _ => Err(too_long()),
    }
}

/// The text of a URL with query parameters after those it has, and before its fragment.
pub(crate) fn written_with_query(text: &str, added: &str) -> String {
    let (front, fragment) = text.split_at(text.find('#').unwrap_or(text.len()));
    let between = match front.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{front}{between}{added}{fragment}")
}

/// `a=1&b=2`, percent-encoded: a query, or an `application/x-www-form-urlencoded` body.
pub(crate) fn form<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in params {
        if !text.is_empty() {
            text.push('&');
        }
        let _ = write!(
            text,
            "{}={}",
            utf8_percent_encode(name, COMPONENT),
            utf8_percent_encode(value, COMPONENT)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> String {
        parse(text).unwrap().uri().to_string()
    }

    #[test]
    fn a_url_is_sent_as_browsers_send_it() {
        for (written, expected) in [
            // Escapes.
            ("http://h/a b?q=ü\"<>", "http://h/a%20b?q=%C3%BC%22%3C%3E"),
            ("http://h/a|b[c]'~?a[]=b|c", "http://h/a|b[c]'~?a[]=b|c"),
            ("http://h/{a}`?{a}`", "http://h/%7Ba%7D%60?{a}`"),
            ("http://h/?q='a'", "http://h/?q=%27a%27"),
            (
                "http://h/%7Euser/%2f?sig=a%2Fb",
                "http://h/%7Euser/%2f?sig=a%2Fb",
            ),
            ("http://h/100%?5%", "http://h/100%?5%"),
            ("http://h/\u{7f}\u{1}x", "http://h/%7F%01x"),
            ("http://h/😀", "http://h/%F0%9F%98%80"),
            ("http://h/?a\\b^c", "http://h/?a\\b^c"),
            // Fragments are not sent.
            ("HTTP://h?x=1#frag", "http://h/?x=1"),
            ("http://h/#a?b", "http://h/"),
            ("http://h/?", "http://h/?"),
            // Blanks around, tabs and line breaks inside.
            ("  https://h  ", "https://h/"),
            ("ht\ttp://h\n/a\r\nb", "http://h/ab"),
            // Slashes.
            ("http:\\\\h\\a\\b?c\\d", "http://h/a/b?c\\d"),
            ("http:h/a", "http://h/a"),
            ("http:///h//a", "http://h//a"),
            // Dot segments.
            ("http://h/a/../b/./c/..", "http://h/b/"),
            ("http://h/../../a", "http://h/a"),
            ("http://h/a/%2E%2e/b/%2e", "http://h/b/"),
            ("http://h/?a/../b", "http://h/?a/../b"),
            // Ports.
            ("http://h:/x", "http://h/x"),
            ("http://h:80/", "http://h/"),
            ("https://h:0443/", "https://h/"),
            ("https://h:80/", "https://h:80/"),
            ("http://h:00081/", "http://h:81/"),
            // Hosts.
            ("http://bücher.example/", "http://xn--bcher-kva.example/"),
            ("http://BÜCHER.Example", "http://xn--bcher-kva.example/"),
            (
                "http://xn--bcher-kva.example/",
                "http://xn--bcher-kva.example/",
            ),
            ("http://ＥＸＡＭＰＬＥ。com/", "http://example.com/"),
            ("http://Example.COM./", "http://example.com./"),
            ("http://ex%61mple.com/", "http://example.com/"),
            (
                "http://b%C3%BCcher.example/",
                "http://xn--bcher-kva.example/",
            ),
            ("http://a_b.example/", "http://a_b.example/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("http://0177.0.0.01./", "http://127.0.0.1/"),
            ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),
            ("http://[0:0::0001]:80/", "http://[::1]/"),
            ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
            ("http://[fe80::1%25eth0]:81/a", "http://[fe80::1]:81/a"),
            // Userinfo.
            ("http://u:p@q@h/", "http://u:p%40q@h/"),
            ("http://ü:@h/", "http://%C3%BC@h/"),
            ("http://@h/", "http://h/"),
            ("http://h\\@evil/", "http://h/@evil/"),
        ] {
            assert_eq!(sent(written), expected, "{written:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named() {
        for (url, part) in [
            ("", "the URL is empty"),
            (" \t\n", "the URL is empty"),
            ("example.com", "no scheme"),
            ("example.com:80/x", "no scheme"),
            ("localhost:8080", "no scheme"),
            ("user:secret@example.com/", "no scheme"),
            ("//example.com/", "no scheme"),
            ("://x", "no scheme"),
            ("ftp://h/", "the scheme of the URL is not supported"),
            ("mailto:a@b", "scheme of the URL"),
            ("javascript:alert(1)", "scheme of the URL"),
            ("file:///etc/passwd", "scheme of the URL"),
            ("http://", "no host"),
            ("http://?x", "no host"),
            ("http://:80/", "no host"),
            ("http://u:secret@/", "no host"),
            ("http://u:secret@:80/", "no host"),
            ("http://h:99999/", "no number between 1 and 65535"),
            ("http://h:0/", "no number between 1 and 65535"),
            (
                "http://[::1]x/",
                "text stands between the ] of an IPv6 address",
            ),
            ("http://h:-1/", "no number between 1 and 65535"),
            ("http://h:8o/", "no number between 1 and 65535"),
            ("http://u:secret#@h/", "no number between 1 and 65535"),
            ("http://h h/", "the host holds ' '"),
            ("http://u:secret@a<b/", "the host holds '<'"),
            ("http://a%00b/", "the host holds '%'"),
            ("http://a|b/", "'|'"),
            ("http://a`b/", "'`'"),
            ("http://{host}/", "'{'"),
            ("http://xn--a/", "the host is no valid name"),
            ("http://\u{ad}/", "host"),
            ("http://1.2.3.256/", "the host ends in a number"),
            ("http://1.2.3.4.5/", "no IPv4 address"),
            ("http://a.0x/", "no IPv4 address"),
            ("http://[::g]/", "the host is no IPv6 address"),
            ("http://[::1/", "no IPv6 address"),
            ("http://[127.0.0.1%25eth0]/", "no IPv6 address"),
            ("http://[fe80::1%25]eth0/", "text stands between the ]"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let host = format!("http://{}\u{0}/", "ä".repeat(10_000));
        assert!(parse(&host).unwrap_err().reason.len() < 300);
    }

    #[test]
    fn a_mistake_is_found_in_the_text_as_it_was_written() {
        for (url, position) in [
            ("example.com", Some(1)),
            ("  example.com", Some(3)),
            ("http://a b/", Some(9)),
            ("http://h:99999/", Some(10)),
            ("http://u:p@h:x/", Some(14)),
            (" ht\ttp://h:x", Some(12)),
            ("http://h\n:x", Some(11)),
            ("http://[::1]x/", Some(13)),
            ("http:///", Some(9)),
            ("", None),
        ] {
            assert_eq!(parse(url).unwrap_err().position, position, "{url:?}");
        }
    }

    #[test]
    fn a_url_of_the_greatest_length_is_sent_and_no_longer_one() {
        let url = |length| format!("http://h/{}", "a".repeat(length - "http://h/".len()));
        assert_eq!(sent(&url(LONGEST)).len(), LONGEST);
        let error = parse(&url(LONGEST + 1)).unwrap_err();
        assert_eq!(error.reason, "the URL is longer than 65534 bytes");
        let escaped = format!("http://h/{}", "ü".repeat(LONGEST / 4));
        assert_eq!(parse(&escaped).unwrap_err(), error);
        let longest = parse(&url(LONGEST)).unwrap();
        assert_eq!(with_query(&longest, "a=b").unwrap_err(), error);
    }

    #[test]
    fn every_character_can_be_sent_in_a_path_and_a_query() {
        for c in (0..=0x2ff).filter_map(char::from_u32) {
            for url in [format!("http://h/a{c}b"), format!("http://h/?a{c}b")] {
                assert!(parse(&url).is_ok(), "{url:?}");
            }
        }
    }

    #[test]
    fn query_parameters_are_added_after_those_the_url_has() {
        for (url, expected) in [
            ("http://h/p?a=1", "http://h/p?a=1&q=x%20y%26z"),
            ("http://h/p?a='|'#f", "http://h/p?a=%27|%27&q=x%20y%26z"),
            ("http://h/ü?", "http://h/%C3%BC?q=x%20y%26z"),
            ("http://h", "http://h/?q=x%20y%26z"),
        ] {
            let url = parse(url).unwrap();
            let with = with_query(&url, &form([("q", "x y&z")])).unwrap();
            assert_eq!(with.uri().to_string(), expected);
            assert_eq!(with_query(&url, "").unwrap(), url);
        }
        let zoned = parse("http://[fe80::1%25eth0]/").unwrap();
        let with = with_query(&zoned, "a=b").unwrap();
        assert_eq!(with.zone(), Some("eth0"));
        assert_eq!(written_with_query("/a#b?", "c=d"), "/a?c=d#b?");
    }
}
