//! Masking of secrets.
//!
//! Secrets are masked in `Debug`, log lines, error texts and records, and in requests to another origin. [`Redaction`]
//! has the names of secrets; [`Escaped`] shows foreign text so that it steers no terminal.

pub(crate) mod escape;
mod names;
mod own;
mod parameters;
mod unreadable;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::url;
use http::header::{AUTHORIZATION, CONTENT_LOCATION, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

pub use escape::Escaped;
pub(crate) use names::IDEMPOTENCY_KEYS;
pub(crate) use own::{OwnSecrets, SecretValue};
use parameters::Parameters;
pub(crate) use unreadable::unreadable;

/// Text that stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// Returns a header value as text: UTF-8 if it is valid UTF-8, and else Latin-1, which header values were in earlier
/// versions of HTTP (RFC 9110 section 5.5).
pub(crate) fn header_text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Names whose values are secret.
///
/// These are headers with credentials and cookies, headers of requests whose names say so (`X-Api-Key`,
/// `X-Session-Id`), query parameters such as `access_token` and `X-Amz-Signature`, and the names a client adds with
/// [`sensitive_header`](crate::ClientBuilder::sensitive_header) and
/// [`sensitive_query`](crate::ClientBuilder::sensitive_query). The userinfo of a URL is a secret too.
///
/// Log lines, `Debug`, error texts and records show a request or a response through a `Redaction`, and a redirect to
/// another origin leaves out the headers that it names. Functions that write requests down beside a client, such as
/// `Sqlite::rebuild`, are given the [client's](crate::Client::redaction). Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// Names that a client adds. `None`: there are none.
    added: Option<Arc<Added>>,
    /// Secrets of one request. `None`: it has none that names do not tell.
    own: Option<Arc<OwnSecrets>>,
}

/// Names that are secret in addition to the default names.
#[derive(Clone, Debug, Default)]
struct Added {
    headers: Vec<HeaderName>,
    query: Vec<String>,
}

impl Redaction {
    /// The default names, which always are secret, and no others.
    pub(crate) const USUAL: &'static Redaction = &Redaction {
        added: None,
        own: None,
    };

    pub(crate) fn add_header(&mut self, name: HeaderName) {
        self.added_mut().headers.push(name);
    }

    /// Adds a query parameter. Its name is compared after decoding and without regard to case.
    pub(crate) fn add_query(&mut self, name: String) {
        self.added_mut().query.push(name);
    }

    fn added_mut(&mut self) -> &mut Added {
        Arc::make_mut(self.added.get_or_insert_default())
    }

    pub(crate) fn is_usual(&self) -> bool {
        self.added.is_none() && self.own.is_none()
    }

    /// Takes the names of a client, and keeps the secrets of the request.
    pub(crate) fn take_names_of(&mut self, client: &Redaction) {
        self.added.clone_from(&client.added);
    }

    pub(crate) fn set_own(&mut self, own: OwnSecrets) {
        self.own = Some(Arc::new(own));
    }

    /// Returns the secrets of the request that stand in its body.
    pub(crate) fn in_body(&self) -> impl Iterator<Item = &SecretValue> {
        let own = self.own.iter().flat_map(|own| &own.values);
        own.filter(|value| value.in_body)
    }

    /// True if a client has added any name.
    pub(crate) fn adds_names(&self) -> bool {
        let added = self.added.as_ref();
        added.is_some_and(|added| !added.headers.is_empty() || !added.query.is_empty())
    }

    /// True if a client has added the name, of a header or of a parameter.
    pub(crate) fn adds_name(&self, name: &str) -> bool {
        self.added.as_ref().is_some_and(|added| {
            let mut headers = added.headers.iter();
            let mut query = added.query.iter();
            headers.any(|other| other.as_str().eq_ignore_ascii_case(name))
                || query.any(|other| other.eq_ignore_ascii_case(name))
        })
    }

    fn adds_header(&self, name: &HeaderName) -> bool {
        let added = self.added.as_ref();
        let own = self.own.as_ref();
        added.is_some_and(|added| added.headers.contains(name))
            || own.is_some_and(|own| own.has_header(name))
    }

    /// True if the values of request headers with this name are masked.
    pub fn is_secret_header(&self, name: &str) -> bool {
        HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| self.is_secret(&name))
    }

    /// True if the values of query parameters with this name are masked.
    pub fn is_secret_parameter(&self, name: &str) -> bool {
        self.is_secret_query(name)
    }

    /// True if the value of a request header is a secret by its name.
    pub(crate) fn is_secret(&self, name: &HeaderName) -> bool {
        names::is_secret_request_header(name) || self.adds_header(name)
    }

    /// True if a request header must not be sent to another origin than the one it was meant for.
    pub(crate) fn stays_with_origin(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        value.is_sensitive() || self.is_secret(name) || names::belongs_to_origin(name)
    }

    /// True if the value of a query parameter is a secret.
    pub(crate) fn is_secret_query(&self, name: &str) -> bool {
        let added = self.added.as_ref().map_or(&[][..], |added| &added.query);
        names::is_secret_parameter(name)
            || added.iter().any(|other| other.eq_ignore_ascii_case(name))
            || self.own.as_ref().is_some_and(|own| own.has_query(name))
    }

    /// Returns a URI as text, its secrets masked.
    pub(crate) fn uri(&self, uri: &Uri) -> String {
        self.url(&uri.to_string())
    }

    /// Returns a URL as text, its userinfo and secret parameters masked.
    ///
    /// The userinfo is that of RFC 3986 §3.2.1. The URL need not be valid otherwise.
    pub fn url(&self, text: &str) -> String {
        self.shown(text).into_owned()
    }

    /// Returns the same text as [`url`](Redaction::url), borrowed if it holds no secret.
    pub(crate) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text: Cow<'a, str> = match userinfo(text) {
            Some((text, from, to)) => format!("{}{MASK}{}", &text[..from], &text[to..]).into(),
            None => text.into(),
        };
        let text = match Parameters::new(self, &text).masked() {
            Some(masked) => masked.into(),
            None => text,
        };
        match &self.own {
            Some(own) => own.mask_url(text).0,
            None => text,
        }
    }

    /// Returns the harmless parts of a text that cannot be read as a URL.
    pub(crate) fn unreadable(&self, text: &str) -> String {
        match &self.own {
            Some(own) => unreadable(&own.mask_url(text.into()).0),
            None => unreadable(text),
        }
    }

    /// Returns a text in which the secrets of the URLs in it are masked.
    pub(crate) fn text(&self, text: &str) -> String {
        let ends_url = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'');
        text.split_inclusive(ends_url)
            .map(|part| {
                let end = part.trim_end_matches(ends_url).len();
                format!("{}{}", self.shown(&part[..end]), &part[end..])
            })
            .collect()
    }

    /// Returns a body in which the request's own secrets are masked.
    pub(crate) fn body<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        let masked = self.own.as_ref().and_then(|own| own.mask_body(body));
        masked.map_or(body.into(), |masked| masked.into_bytes().into())
    }

    /// Returns a URL without its secrets: without userinfo, and without secret parameters, whose names are returned
    /// beside it. The request's own secrets are masked where they stand.
    pub(crate) fn bare<'a>(&self, text: &'a str) -> MaskedUrl<'a> {
        let (url, userinfo): (Cow<'a, str>, bool) = match userinfo(text) {
            Some((text, from, to)) => {
                let without = format!("{}{}", &text[..from], &text[to + 1..]);
                (without.into(), true)
            }
            None => (text.into(), false),
        };
        let left_out = Parameters::new(self, &url).left_out();
        let (url, parameters) = match left_out {
            Some((without, names)) => (without.into(), names),
            None => (url, Vec::new()),
        };
        let (url, values) = match &self.own {
            Some(own) => own.mask_url(url),
            None => (url, Vec::new()),
        };
        MaskedUrl {
            url,
            userinfo,
            parameters,
            values: values.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Returns a request header's value as text, masked if it is a secret. Secrets in URLs within it are masked.
    pub(crate) fn request_header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        self.header(name, value, self.is_secret(name))
    }

    /// Returns a response header's value as text, masked if it is a secret. Secrets in URLs within it (`Location`,
    /// `Link`) are masked.
    pub(crate) fn response_header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        let secret = names::is_secret_response_header(name) || self.adds_header(name);
        self.header(name, value, secret)
    }

    fn header(&self, name: &HeaderName, value: &HeaderValue, secret: bool) -> String {
        if secret || value.is_sensitive() {
            return MASK.to_owned();
        }
        let text = header_text(value.as_bytes());
        if [LOCATION, CONTENT_LOCATION].contains(name) {
            return self.url(&text);
        }
        self.text(&text)
    }

    /// Returns request headers for `Debug`, secret values masked.
    pub(crate) fn debug_request<'a>(&'a self, headers: &'a HeaderMap) -> impl fmt::Debug + use<'a> {
        MaskedHeaders(self, headers, Redaction::request_header)
    }

    /// Returns response headers for `Debug`, secret values masked.
    pub(crate) fn debug_response<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> impl fmt::Debug + use<'a> {
        MaskedHeaders(self, headers, Redaction::response_header)
    }
}

/// A URL without its secrets.
pub(crate) struct MaskedUrl<'a> {
    pub(crate) url: Cow<'a, str>,
    /// True if the URL had userinfo.
    pub(crate) userinfo: bool,
    /// Names of the parameters that were left out.
    pub(crate) parameters: Vec<String>,
    /// Names of the placeholders whose values are masked in the URL.
    pub(crate) values: Vec<String>,
}

impl MaskedUrl<'_> {
    /// Returns the names of the secrets that the URL lacks: the header for userinfo, `?` and parameters, and placeholders
    /// in braces.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = String> {
        let header = self.userinfo.then(|| AUTHORIZATION.as_str().to_owned());
        let parameters = self.parameters.iter().map(|name| format!("?{name}"));
        let values = self.values.iter().map(|name| format!("{{{name}}}"));
        header.into_iter().chain(parameters).chain(values)
    }
}

/// Headers, and the function that gives the text of a value.
struct MaskedHeaders<'a>(
    &'a Redaction,
    &'a HeaderMap,
    fn(&Redaction, &HeaderName, &HeaderValue) -> String,
);

impl fmt::Debug for MaskedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MaskedHeaders(redaction, headers, shown) = self;
        let shown = headers
            .iter()
            .map(|(name, value)| (name, shown(redaction, name, value)));
        f.debug_map().entries(shown).finish()
    }
}

/// Returns a URL's text as it is parsed, the position of its userinfo, and the position of the `@` after it. `None`: it
/// has no userinfo.
fn userinfo(text: &str) -> Option<(Cow<'_, str>, usize, usize)> {
    // Few URLs have any.
    if !text.as_bytes().contains(&b'@') {
        return None;
    }
    let text = url::cleaned(text);
    let place = url::authority(&text).or_else(|| presumed_authority(&text))?;
    let authority = &text[place.clone()];
    let at = match authority.rfind('@') {
        Some(at) => place.start + at,
        // Text in place of a port that is not a number is the beginning of a password that contains `/`, `?` or `#`.
        None if is_cut_password(authority) => text.rfind('@')?,
        None => return None,
    };
    Some((text, place.start, at))
}

/// Returns the range of an authority in a text that is no URL. `None`: there is none.
fn presumed_authority(text: &str) -> Option<Range<usize>> {
    let end = |start: usize| {
        let end = text[start..].find(['/', '?', '#']);
        end.map_or(text.len(), |end| start + end)
    };
    if let Some(slashes) = text.find("://") {
        // If `://` comes later, it belongs to another part, such as a URL in the query.
        let start = slashes + "://".len();
        return (end(0) > slashes).then(|| start..end(start));
    }
    // The text may be `user:password@host`, without a scheme.
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

/// Returns the beginning of a text: at most `most` bytes, cut between characters.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
