//! Masking of secrets: what Debug, log lines, error texts and records may show.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use crate::url;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// Text of a header value: bytes above 127 are UTF-8 where the value is UTF-8, and else Latin-1, which they were in
/// earlier versions of HTTP (RFC 9110 section 5.5).
pub(crate) fn header_text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// What is a secret: credentials, cookies, headers whose names say so (`X-Api-Key`), the userinfo of a URL, and the
/// names a client adds with [`sensitive_header`](crate::ClientBuilder::sensitive_header) and
/// [`sensitive_query`](crate::ClientBuilder::sensitive_query).
///
/// Whatever log lines, `Debug`, error texts and records show of a request or a response goes through one of these. What
/// writes requests down beside a client, such as `Sqlite::rebuild`, is given the
/// [client's](crate::Client::redaction). Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Redaction(Option<Arc<Names>>);

/// What is secret beside what always is.
#[derive(Clone, Debug, Default)]
struct Names {
    headers: Vec<HeaderName>,
    query: Vec<String>,
}

impl Redaction {
    /// What always is a secret, and nothing else.
    pub(crate) const USUAL: &'static Redaction = &Redaction(None);

    pub(crate) fn add_header(&mut self, name: HeaderName) {
        self.names_mut().headers.push(name);
    }

    /// A query parameter; its name is compared as it reads, whatever its case.
    pub(crate) fn add_query(&mut self, name: String) {
        self.names_mut().query.push(name);
    }

    fn names_mut(&mut self) -> &mut Names {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    pub(crate) fn is_usual(&self) -> bool {
        self.0.is_none()
    }

    /// The headers added.
    pub(crate) fn headers(&self) -> &[HeaderName] {
        self.0.as_ref().map_or(&[], |names| &names.headers)
    }

    /// Whether a header's value is a secret, whatever it is marked as.
    pub(crate) fn is_secret(&self, name: &HeaderName) -> bool {
        is_secret(name) || self.headers().contains(name)
    }

    /// Whether the value of a query parameter is a secret.
    pub(crate) fn is_secret_query(&self, name: &str) -> bool {
        let added = self.0.as_ref().map_or(&[][..], |names| &names.query);
        added.iter().any(|other| other.eq_ignore_ascii_case(name))
    }

    /// A URI as text, its secrets masked.
    pub(crate) fn uri(&self, uri: &Uri) -> String {
        self.url(&uri.to_string())
    }

    /// A URL as text, its userinfo (RFC 3986 §3.2.1) and secret parameters masked, whether or not it is valid otherwise.
    pub fn url(&self, text: &str) -> String {
        self.shown(text).into_owned()
    }

    /// The same, as it is where it holds no secret.
    pub(crate) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text: Cow<'a, str> = match userinfo(text) {
            Some((text, from, to)) => format!("{}{MASK}{}", &text[..from], &text[to..]).into(),
            None => text.into(),
        };
        match self.secret_pairs(&text) {
            None => text,
            Some(pairs) => {
                let mask = |(pair, name): (&str, Option<String>)| match name {
                    Some(_) => {
                        let name = pair.split('=').next().unwrap_or_default();
                        format!("{name}={MASK}")
                    }
                    None => pair.to_owned(),
                };
                with_pairs(&text, pairs.into_iter().map(mask)).into()
            }
        }
    }

    /// A URL without its secrets: without userinfo, if it has any, and without these parameters, each told of once.
    pub(crate) fn bare<'a>(&self, text: &'a str) -> Bare<'a> {
        let (url, userinfo): (Cow<'a, str>, bool) = match userinfo(text) {
            Some((text, from, to)) => {
                let without = format!("{}{}", &text[..from], &text[to + 1..]);
                (without.into(), true)
            }
            None => (text.into(), false),
        };
        let mut bare = Bare {
            url,
            userinfo,
            parameters: Vec::new(),
        };
        if let Some(pairs) = self.secret_pairs(&bare.url) {
            let mut names = Vec::new();
            let mut kept = Vec::new();
            for (pair, name) in pairs {
                match name {
                    Some(name) => names.push(name),
                    None => kept.push(pair.to_owned()),
                }
            }
            bare.url = with_pairs(&bare.url, kept.into_iter()).into();
            bare.parameters = names;
        }
        bare
    }

    /// The parameters of a URL, each with its name where that is secret. `None` where none is.
    fn secret_pairs<'a>(&self, url: &'a str) -> Option<Vec<(&'a str, Option<String>)>> {
        // Few clients name any, and few URLs have them.
        self.0.as_ref().filter(|names| !names.query.is_empty())?;
        let (from, to) = query(url)?;
        let mut found = false;
        let pairs = url[from..to].split('&').map(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            // Without the tabs and line breaks that a parsed URL does not have.
            let name = name.replace(['\t', '\n', '\r'], "");
            let name = percent_decode_str(&name).decode_utf8_lossy().into_owned();
            let secret = self.is_secret_query(&name);
            found |= secret;
            (pair, secret.then_some(name))
        });
        let pairs = pairs.collect();
        found.then_some(pairs)
    }

    /// A header's value as text: masked where it is a secret, and where it is a URL (`Location`), the secrets in it.
    pub(crate) fn header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        if self.is_secret(name) || value.is_sensitive() {
            MASK.to_owned()
        } else {
            self.url(&header_text(value.as_bytes()))
        }
    }

    /// Headers for `Debug`, secret values masked.
    pub(crate) fn debug<'a>(&'a self, headers: &'a HeaderMap) -> impl fmt::Debug + use<'a> {
        Headers(self, headers)
    }
}

/// A URL without its secrets.
pub(crate) struct Bare<'a> {
    pub(crate) url: Cow<'a, str>,
    /// It had userinfo.
    pub(crate) userinfo: bool,
    /// The names of the parameters left out.
    pub(crate) parameters: Vec<String>,
}

struct Headers<'a>(&'a Redaction, &'a HeaderMap);

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| (name, self.0.header(name, value));
        f.debug_map().entries(self.1.iter().map(shown)).finish()
    }
}

/// Where the query of a URL is, without its `?`.
fn query(url: &str) -> Option<(usize, usize)> {
    let end = url.find('#').unwrap_or(url.len());
    let from = url[..end].find('?')? + 1;
    Some((from, end))
}

/// The URL with these parameters in place of its own.
fn with_pairs(url: &str, pairs: impl Iterator<Item = String>) -> String {
    let (from, to) = query(url).unwrap_or((url.len(), url.len()));
    let pairs: Vec<String> = pairs.collect();
    // Without parameters there is no query.
    let from = if pairs.is_empty() { from - 1 } else { from };
    format!("{}{}{}", &url[..from], pairs.join("&"), &url[to..])
}

/// Whether a header's value is a secret: credentials, cookies, and names that say so (`X-Api-Key`, `X-Auth-Token`).
fn is_secret(name: &HeaderName) -> bool {
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

/// A URL's text as it is parsed, where its userinfo begins, and the `@` after it. `None` if it has no userinfo.
fn userinfo(text: &str) -> Option<(Cow<'_, str>, usize, usize)> {
    // Few have any.
    if !text.as_bytes().contains(&b'@') {
        return None;
    }
    let text = url::cleaned(text);
    let place = url::authority(&text).or_else(|| presumed_authority(&text))?;
    let authority = &text[place.clone()];
    let at = match authority.rfind('@') {
        Some(at) => place.start + at,
        // Text in place of a port that is no number is the beginning of a password with a `/`, `?` or `#` in it.
        None if is_cut_password(authority) => text.rfind('@')?,
        None => return None,
    };
    Some((text, place.start, at))
}

/// The place of an authority in a text that is no URL.
fn presumed_authority(text: &str) -> Option<Range<usize>> {
    let end = |start: usize| {
        let end = text[start..].find(['/', '?', '#']);
        end.map_or(text.len(), |end| start + end)
    };
    if let Some(slashes) = text.find("://") {
        // Further back it belongs to something else, such as a URL in the query.
        let start = slashes + "://".len();
        return (end(0) > slashes).then(|| start..end(start));
    }
    // `user:password@host`, to which the scheme is missing.
    let place = 0..end(0);
    let (user, rest) = text[place.clone()].split_once(':')?;
    (rest.contains('@') && !user.contains('@') && user != "mailto").then_some(place)
}

/// True if an authority without an `@` ends in the first half of a password, not in a port.
fn is_cut_password(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let address = authority.starts_with('[') && authority.ends_with(']');
    port.is_some_and(|port| !address && !port.bytes().all(|b| b.is_ascii_digit()))
}

/// The beginning of a text: at most so many bytes, cut between characters.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
