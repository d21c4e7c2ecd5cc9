//! Preparation of a request: the client's defaults are applied to it.

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::redact::Redaction;
use crate::request::{HeaderEdit, Request, check_sent};
use crate::retry::is_keyed;
use crate::settings::DigestCredentials;
use crate::settings::basic::basic;
use crate::settings::netrc::Netrc;
use crate::transport::HeaderLines;
use crate::url::{Url, has_parameter};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::digest_auth::DigestLogin;
use super::settings::ClientDefaults;
use super::target::RequestTarget;

/// Request as it is sent, with all defaults applied. Redirects change it.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Arc<Url>,
    pub(super) headers: Arc<HeaderMap>,
    /// Names of headers that are not added if the request lacks them. `None`: the client's names.
    pub(super) without: Option<Box<[HeaderName]>>,
    /// True if the request's body is sent.
    pub(super) with_body: bool,
    /// True if repeating the request is safe whatever its method: the request says so, or carries a key.
    pub(super) repeatable: bool,
    /// Digest authentication. `None`: the request has none.
    pub(super) digest: Option<Box<DigestLogin>>,
    /// Names whose values are masked in logs, errors and records of the request and its response.
    pub(super) redaction: Redaction,
}

impl Prepared {
    /// Applies the defaults to a request with this target. The error says what is wrong.
    pub(super) fn new(
        defaults: &ClientDefaults,
        request: &Request,
        target: &RequestTarget,
    ) -> Result<Prepared, String> {
        let url = target.url_of(request);
        if target.plain {
            return Ok(Prepared {
                method: Method::GET,
                url,
                headers: Arc::clone(&defaults.headers),
                without: None,
                with_body: true,
                repeatable: defaults.keyed,
                digest: None,
                redaction: Redaction::default(),
            });
        }
        Prepared::in_full(defaults, request, url, target.token.is_some())
    }

    pub(super) fn uri(&self) -> &Uri {
        self.url.uri()
    }

    /// Returns the client's headers as they go out, if these and no others are sent.
    pub(super) fn default_lines<'a>(
        &self,
        defaults: &'a ClientDefaults,
    ) -> Option<&'a HeaderLines> {
        let unchanged = Arc::ptr_eq(&self.headers, &defaults.headers) && self.without.is_none();
        defaults.lines.as_ref().filter(|_| unchanged)
    }

    /// Applies the defaults to a request that changes some of them, or that a host rule applies to. `has_token`: each
    /// attempt gets a token.
    #[inline(never)]
    fn in_full(
        defaults: &ClientDefaults,
        request: &Request,
        url: Arc<Url>,
        has_token: bool,
    ) -> Result<Prepared, String> {
        let (mut headers, mut digest) = inherited(defaults, &url);
        if has_token {
            digest = None;
        }
        let edits = request.header_edits();
        // All defaults of a name are removed before the request's first header of that name is added.
        for (name, _) in edits {
            if headers.contains_key(name) {
                Arc::make_mut(&mut headers).remove(name);
            }
        }
        for (name, value) in edits {
            if let Some(value) = value {
                let headers = Arc::make_mut(&mut headers);
                let taken_twice = name == CONTENT_TYPE && headers.contains_key(CONTENT_TYPE);
                if taken_twice {
                    headers.insert(name, value.clone());
                } else {
                    headers.append(name, value.clone());
                }
            }
        }
        if let Some(own) = request.digest() {
            digest = Some(own);
            Arc::make_mut(&mut headers).remove(AUTHORIZATION);
        } else if edits.iter().any(|(name, _)| name == AUTHORIZATION) {
            digest = None;
        }
        if let Some(reason) = request.lacking(
            |name| headers.contains_key(name) || (name == AUTHORIZATION && digest.is_some()),
            |name| has_parameter(url.uri(), name),
        ) {
            return Err(reason);
        }
        if request.download().resume && request.saves_to().is_some() {
            // The bytes of a coded body cannot be continued.
            let identity = HeaderValue::from_static("identity");
            Arc::make_mut(&mut headers).insert(ACCEPT_ENCODING, identity);
        }
        check_sent(&headers)?;
        let without = left_out(defaults, edits);
        let names = without.as_deref().unwrap_or(&defaults.without);
        let authorized = has_token
            || digest.is_some()
            || headers.contains_key(AUTHORIZATION)
            || names.contains(&AUTHORIZATION);
        let url = take_userinfo(url, &mut headers, authorized, defaults.netrc.as_ref())?;
        if let Some(netrc) = &defaults.netrc
            && !authorized
            && !headers.contains_key(AUTHORIZATION)
            && let Some(credentials) = netrc.credentials(url.uri(), None)
        {
            Arc::make_mut(&mut headers).insert(AUTHORIZATION, credentials.clone());
        }
        let keyed = match Arc::ptr_eq(&headers, &defaults.headers) {
            true => defaults.keyed,
            false => is_keyed(&headers),
        };
        let repeatable = keyed || request.options().is_some_and(|o| o.idempotent);
        Ok(Prepared {
            method: request.method().clone(),
            url,
            headers,
            without,
            with_body: true,
            repeatable,
            digest: digest.map(|digest| Box::new(DigestLogin::new(Arc::clone(digest)))),
            redaction: request.redaction().clone(),
        })
    }
}

/// Returns the headers and the credentials for digest authentication that the client and its host rules have for a URL.
/// Only one of both has credentials.
fn inherited<'a>(
    defaults: &'a ClientDefaults,
    url: &Url,
) -> (Arc<HeaderMap>, Option<&'a Arc<DigestCredentials>>) {
    let mut headers = Arc::clone(&defaults.headers);
    let mut digest = defaults.digest.as_ref();
    if !defaults.hosts.is_empty()
        && let Some(host) = url.host()
    {
        // The most specific rule comes last, so that it takes precedence.
        let mut rules: Vec<_> = defaults.hosts.matching(&host).collect();
        rules.reverse();
        for rule in rules {
            for (name, value) in &rule.headers {
                Arc::make_mut(&mut headers).insert(name, value.clone());
            }
            if rule.digest.is_some() {
                digest = rule.digest.as_ref();
                Arc::make_mut(&mut headers).remove(AUTHORIZATION);
            } else if rule.headers.contains_key(AUTHORIZATION) {
                digest = None;
            }
        }
    }
    (headers, digest)
}

/// Returns the names that the request leaves out, with the client's. `None`: the request leaves out none itself.
fn left_out(defaults: &ClientDefaults, edits: &[HeaderEdit]) -> Option<Box<[HeaderName]>> {
    let own = edits.iter().filter(|(_, value)| value.is_none());
    let mut own = own.map(|(name, _)| name).peekable();
    own.peek()?;
    Some(defaults.without.iter().chain(own).cloned().collect())
}

/// Turns the userinfo of the URL into basic authentication (as curl and `requests` do), and removes it from the URL.
/// `authorized`: the request needs no authentication, or is to have none. `netrc` gives the password of a user who has
/// none in the URL.
fn take_userinfo(
    url: Arc<Url>,
    headers: &mut Arc<HeaderMap>,
    authorized: bool,
    netrc: Option<&Netrc>,
) -> Result<Arc<Url>, String> {
    let Some((userinfo, host)) = url.authority().rsplit_once('@') else {
        return Ok(url);
    };
    if !authorized {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let plain = |text| percent_decode_str(text).decode_utf8_lossy();
        let user = plain(user);
        let named = |netrc: &Netrc| netrc.credentials(url.uri(), Some(&user)).cloned();
        let value = match netrc.filter(|_| !userinfo.contains(':')).and_then(named) {
            Some(credentials) => credentials,
            None => basic(&user, &plain(password))?,
        };
        Arc::make_mut(headers).insert(AUTHORIZATION, value);
    }
    let mut parts = url.uri().clone().into_parts();
    parts.authority = Some(
        host.parse::<Authority>()
            .map_err(|e| format!("the URL is not valid: {e}"))?,
    );
    let uri = Uri::from_parts(parts).map_err(|e| format!("the URL is not valid: {e}"))?;
    Ok(Arc::new(url.with_uri(uri)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::target::{KeptUrl, resolve};

    fn defaults() -> ClientDefaults {
        let mut defaults = ClientDefaults::default();
        let headers = Arc::make_mut(&mut defaults.headers);
        headers.insert("x-team", "a".parse().unwrap());
        headers.insert("x-trace", "b".parse().unwrap());
        defaults
    }

    fn prepared(defaults: &ClientDefaults, request: Request) -> Prepared {
        let (resolved, _) = resolve(defaults, &request, |_| None::<(Url, ())>).unwrap();
        let target = resolved.into_target(defaults, &request, KeptUrl::Parsed);
        Prepared::new(defaults, &request, &target).unwrap()
    }

    #[test]
    fn a_header_of_the_request_overrides_that_of_the_client() {
        let request = Request::get("http://h/")
            .header("x-team", "c")
            .header("X-Team", "d")
            .without_header("x-trace");
        let headers = prepared(&defaults(), request).headers;
        assert_eq!(
            headers.get_all("x-team").iter().collect::<Vec<_>>(),
            ["c", "d"]
        );
        assert!(!headers.contains_key("x-trace"));
    }

    #[test]
    fn userinfo_moves_from_the_url_to_basic_authentication() {
        let sent = prepared(&defaults(), Request::get("http://user:p%40ss@h:81/x"));
        assert_eq!(*sent.uri(), "http://h:81/x");
        assert_eq!(sent.headers[AUTHORIZATION], "Basic dXNlcjpwQHNz");
        let zoned = prepared(&defaults(), Request::get("http://u:p@[fe80::1%25eth0]/"));
        assert_eq!(
            *zoned.url,
            crate::url::parse("http://[fe80::1%25eth0]/").unwrap()
        );
        let own = prepared(&defaults(), Request::get("http://u:p@h/").bearer("t"));
        assert_eq!(own.headers[AUTHORIZATION], "Bearer t");
    }

    #[test]
    fn a_key_or_a_flag_makes_it_repeatable() {
        assert!(!prepared(&defaults(), Request::post("http://h/")).repeatable);
        assert!(prepared(&defaults(), Request::post("http://h/").idempotent(true)).repeatable);
        assert!(
            prepared(
                &defaults(),
                Request::post("http://h/").header("Idempotency-Key", "1")
            )
            .repeatable
        );
    }
}
