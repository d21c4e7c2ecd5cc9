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
            self.url(&String::from_utf8_lossy(value.as_bytes()))
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
        // What stands in place of a port, and is no number, is the beginning of a password with a `/`, `?` or `#` in it.
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
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Redaction::USUAL.url(text)
    }

    fn with_names() -> Redaction {
        let mut redaction = Redaction::default();
        redaction.add_header(HeaderName::from_static("x-session"));
        redaction.add_query("api_key".to_owned());
        redaction.add_query("päss".to_owned());
        redaction
    }

    #[test]
    fn userinfo_is_masked_and_nothing_else() {
        assert_eq!(url("http://u:p@h/a@b"), "http://***@h/a@b");
        assert_eq!(url("http://h/a@b?x=@"), "http://h/a@b?x=@");
        assert_eq!(url("http://u:p@q@h"), "http://***@h");
        assert_eq!(url("//u:p@h/a@b"), "//***@h/a@b");
        assert_eq!(url("mailto:a@b"), "mailto:a@b");
        let bare = |text| Redaction::USUAL.bare(text).url.into_owned();
        assert_eq!(bare("http://u:p@h/a@b"), "http://h/a@b");
        assert_eq!(bare("http://h/a@b"), "http://h/a@b");
        assert_eq!(
            url("http://u:p w@h:x/ not a url"),
            "http://***@h:x/ not a url"
        );
    }

    #[test]
    fn userinfo_is_masked_wherever_a_parser_finds_it() {
        for (text, shown) in [
            ("http:u:p@h/", "http:***@h/"),
            ("http:/\\u:p@h/", "http:/\\***@h/"),
            ("HTTPS:////u:p@h/", "HTTPS:////***@h/"),
            ("\\\\u:p@h/", "\\\\***@h/"),
            ("ht\ntp://u:p\t@h/a\tb", "http://***@h/ab"),
            (" //u:p@h", "//***@h"),
            ("http://h\\a@b", "http://h\\a@b"),
            ("http://h:81\\a@b", "http://h:81\\a@b"),
            ("http://[::1]/a@b", "http://[::1]/a@b"),
            ("/a?to=http://u@h", "/a?to=http://u@h"),
        ] {
            assert_eq!(url(text), shown, "{text:?}");
        }
    }

    #[test]
    fn userinfo_is_masked_in_what_is_no_url_too() {
        for (text, shown) in [
            ("http://u:p/w@h/x", "http://***@h/x"),
            ("http://u:p#w?@h/x", "http://***@h/x"),
            ("http://u:p\\w@h/x", "http://***@h/x"),
            ("user:p@h/x", "***@h/x"),
            ("see http://u:p@h/x", "see http://***@h/x"),
            ("foo://u:p@h\\x", "foo://***@h\\x"),
            ("a@b:c", "a@b:c"),
        ] {
            assert_eq!(url(text), shown, "{text:?}");
        }
    }

    #[test]
    fn parameters_that_were_named_are_masked_in_any_url() {
        let redaction = with_names();
        for (given, shown, bare) in [
            ("http://h/?api_key=x", "http://h/?api_key=***", "http://h/"),
            (
                "http://u:p@h/a?b=1&API_KEY=x=y&c#api_key=z",
                "http://***@h/a?b=1&API_KEY=***&c#api_key=z",
                "http://h/a?b=1&c#api_key=z",
            ),
            ("/a?p%C3%A4ss=x&q", "/a?p%C3%A4ss=***&q", "/a?q"),
            ("/a?api_\tk\ney=x&q", "/a?api_\tk\ney=***&q", "/a?q"),
            ("http://h/?api_key", "http://h/?api_key=***", "http://h/"),
            (
                "http://h/?xapi_key=1",
                "http://h/?xapi_key=1",
                "http://h/?xapi_key=1",
            ),
            (
                "http://h/#?api_key=x",
                "http://h/#?api_key=x",
                "http://h/#?api_key=x",
            ),
        ] {
            assert_eq!(redaction.url(given), shown);
            assert_eq!(redaction.bare(given).url, bare);
        }
        assert_eq!(redaction.bare("/?api_key=1").parameters, ["api_key"]);
        assert_eq!(url("http://h/?api_key=x"), "http://h/?api_key=x");
    }

    #[test]
    fn headers_that_were_named_are_masked_like_those_that_always_are() {
        let (name, value) = (
            HeaderName::from_static("x-session"),
            HeaderValue::from_static("v"),
        );
        assert_eq!(with_names().header(&name, &value), MASK);
        assert_eq!(Redaction::USUAL.header(&name, &value), "v");
        let location = HeaderName::from_static("location");
        let url = HeaderValue::from_static("/a?api_key=x");
        assert_eq!(with_names().header(&location, &url), "/a?api_key=***");
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
