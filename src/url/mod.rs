//! URLs as people write them, parsed by the crate `url` (the WHATWG URL Standard) into the form that is sent.

mod base;
#[cfg(test)]
mod differential;
mod dots;
mod mistake;
mod name;
mod prefix;
mod spelling;
mod text;
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
pub(crate) use prefix::{Url, UrlPrefix};
pub(crate) use spelling::same_spelling;
pub(crate) use text::{authority, cleaned};

/// Characters of a query component that are sent as they are: RFC 3986's unreserved ones. All others are encoded.
const COMPONENT: &AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Upper bound for the length of a URL in bytes, as it is sent: the most that a [`Uri`] holds.
const LONGEST: usize = u16::MAX as usize - 1;

/// Parses an absolute `http` or `https` URL as browsers do. A fragment is dropped; the zone of an IPv6 address is kept
/// apart. The error says what is wrong, and shows no part of the URL.
pub(crate) fn parse(text: &str) -> Result<Url, Mistake> {
    parse_under(None, text)
}

/// True if a text is a URL that can be sent, or a reference that becomes one under a base.
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
    let url = parsed.map_err(|error| mistake_of(error, text))?;
    if url.port() == Some(0) {
        return Err(mistake_of(ParseError::InvalidPort, text));
    }
    let end = url[..Position::AfterQuery].len();
    if end > LONGEST {
        return Err(too_long());
    }
    let mut sent = String::from(url);
    sent.truncate(end);
    // The URL Standard allows a few characters in names of hosts that RFC 3986 and the `http` crate do not.
    let uri =
        Uri::try_from(sent).map_err(|_| mistake_of(ParseError::InvalidDomainCharacter, text))?;
    let url = Url::from(uri);
    Ok(match zone {
        Some(zone) => url.in_zone(&zone),
        None => url,
    })
}

/// Refuses a [cleaned] text that begins with no scheme, or with another scheme than `http` and `https`.
fn check_scheme(text: &str) -> Result<(), Mistake> {
    if text.is_empty() {
        return Err("the URL is empty".into());
    }
    if let Some(reason) = enclosed(text) {
        return Err(Mistake::new(reason).at(0));
    }
    let none = || Err(Mistake::new("the URL has no scheme (http:// or https://)").at(0));
    let Some((scheme, rest)) = text::split_scheme(text) else {
        return none();
    };
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return Ok(());
    }
    if is_host_and_port(scheme, rest) {
        return none();
    }
    Err(Mistake::new("the scheme of the URL is not supported (http or https)").at(0))
}

/// Returns the mistake of a URL in brackets or quotes. `None`: it is in neither.
fn enclosed(text: &str) -> Option<&'static str> {
    Some(match text.chars().next()? {
        '<' => "the URL stands in angle brackets (remove the < and the >)",
        '"' | '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' => {
            "the URL stands in quotation marks (remove them)"
        }
        '(' => "the URL stands in parentheses (remove them)",
        '[' if text.contains("://") => "the URL stands in brackets (remove them)",
        _ => return None,
    })
}

/// True for the parts, around the first colon, of a text like `localhost:8080/x` or `user:password@host`, which begins
/// like a URL of a scheme and is none.
fn is_host_and_port(before: &str, rest: &str) -> bool {
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = place.starts_with(|c: char| c.is_ascii_digit()) || before.contains('.');
    let is_user = place.contains('@') && !before.eq_ignore_ascii_case("mailto");
    is_host || is_user
}

/// Returns the text from its host on, of a URL that has no scheme. `None`: it has one, or does not begin with a host.
pub(crate) fn bare(text: &str) -> Option<&str> {
    let text = text.trim_matches(|c: char| c <= ' ');
    if let Some((before, rest)) = text::split_scheme(text)
        && !is_host_and_port(before, rest)
    {
        return None;
    }
    let rest = text.strip_prefix("//").unwrap_or(text);
    let is_host = rest.starts_with(|c: char| !"/\\?#.".contains(c)) && enclosed(rest).is_none();
    is_host.then_some(rest)
}

/// Finds the mistake in a [cleaned] text that is not a URL.
fn mistake_of(error: ParseError, text: &str) -> Mistake {
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
        // A port that is not a number may be a part of a password.
        ParseError::InvalidPort => {
            Mistake::new("the port is no number between 1 and 65535").at(behind + 1)
        }
        ParseError::Overflow => too_long(),
        error => wrong_host(error, host, start),
    }
}

/// Finds the mistake in an invalid host name, which begins at `start`.
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

/// True for an ASCII character that no host name may hold.
fn is_forbidden(c: char) -> bool {
    c.is_ascii_control() || " \"#%/:<>?@[\\]^`{|}".contains(c)
}

fn no_host() -> Mistake {
    Mistake::new("the URL has no host")
}

fn too_long() -> Mistake {
    Mistake::new(format!("the URL is longer than {LONGEST} bytes"))
}

/// True if the query has a parameter of this name, in upper or lower case.
pub(crate) fn has_parameter(uri: &Uri, name: &str) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .any(|found| {
            let found = percent_decode_str(found).decode_utf8_lossy();
            found.eq_ignore_ascii_case(name)
        })
}

/// Returns the text of a URL without the query parameters of this name.
pub(crate) fn without_parameter(text: &str, name: &str) -> String {
    let (front, fragment) = text.split_at(text.find('#').unwrap_or(text.len()));
    let Some((path, query)) = front.split_once('?') else {
        return text.to_owned();
    };
    let is_other = |pair: &&str| {
        let found = pair.split('=').next().unwrap_or_default().replace('+', " ");
        percent_decode_str(&found).decode_utf8_lossy() != name
    };
    let rest: Vec<&str> = query.split('&').filter(is_other).collect();
    match rest.is_empty() {
        true => format!("{path}{fragment}"),
        false => format!("{path}?{}{fragment}", rest.join("&")),
    }
}

/// Returns the text of a URL in which each parameter with the value `mask` has its value among these pairs, which are
/// parts of queries, if its name is there.
pub(crate) fn with_values_of(known: &[String], text: &str, mask: &str) -> String {
    let (front, fragment) = text.split_at(text.find('#').unwrap_or(text.len()));
    let Some((path, query)) = front.split_once('?') else {
        return text.to_owned();
    };
    let decoded = |name: &str| {
        let name = name.replace('+', " ");
        percent_decode_str(&name).decode_utf8_lossy().into_owned()
    };
    let filled = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if value == mask => {
            let pairs = known.iter().filter_map(|pair| pair.split_once('='));
            let mut values = pairs.filter(|(other, _)| decoded(other) == decoded(name));
            match values.next() {
                Some((_, value)) => format!("{name}={value}"),
                None => pair.to_owned(),
            }
        }
        _ => pair.to_owned(),
    };
    let pairs: Vec<String> = query.split('&').map(filled).collect();
    format!("{path}?{}{fragment}", pairs.join("&"))
}

/// Returns the text of a URL with the userinfo of another URL, unless it has its own.
pub(crate) fn with_userinfo_of(other: &str, text: &str) -> String {
    let userinfo = text::authority(other).and_then(|at| other[at].rsplit_once('@'));
    match (userinfo, text::authority(text)) {
        (Some((userinfo, _)), Some(place)) if !text[place.clone()].contains('@') => {
            let (front, rest) = text.split_at(place.start);
            format!("{front}{userinfo}@{rest}")
        }
        _ => text.to_owned(),
    }
}

/// Returns the text of a URL whose userinfo is `mask` with the userinfo of another URL in its place, if that has some.
pub(crate) fn with_userinfo_for(other: &str, text: &str, mask: &str) -> String {
    let masked = text::authority(text).and_then(|at| {
        let rest = text[at.clone()].strip_prefix(mask)?;
        rest.starts_with('@').then_some(at.start)
    });
    let userinfo = text::authority(other).and_then(|at| other[at].rsplit_once('@'));
    match (masked, userinfo) {
        (Some(start), Some((userinfo, _))) => {
            format!(
                "{}{userinfo}{}",
                &text[..start],
                &text[start + mask.len()..]
            )
        }
        _ => text.to_owned(),
    }
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

/// Returns the text of a URL with query parameters after those it has, and before its fragment.
pub(crate) fn written_with_query(text: &str, added: &str) -> String {
    let (front, fragment) = text.split_at(text.find('#').unwrap_or(text.len()));
    let between = match front.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{front}{between}{added}{fragment}")
}

/// Encodes `a=1&b=2` with percent signs: a query, or an `application/x-www-form-urlencoded` body.
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

/// Returns the text of a URL with the other of the schemes `http` and `https`. `None`: it begins with neither.
pub(crate) fn with_other_scheme(text: &str) -> Option<String> {
    let (scheme, rest) = text::split_scheme(text)?;
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Some(format!("http:{rest}")),
        "http" => Some(format!("https:{rest}")),
        _ => None,
    }
}

/// Encodes a text as one component of a URL: a segment of the path, or a name or value of the query.
pub(crate) fn component(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, COMPONENT)
}

#[cfg(test)]
mod tests;
