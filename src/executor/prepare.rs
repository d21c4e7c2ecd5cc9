//! A request and the client's defaults, made into what is sent.

use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::cookies::CookieJar;
use crate::hooks::{BeforeAttempt, OnRetry};
use crate::host::Host;
use crate::host_rule::HostTable;
use crate::host_settings::HostRule;
use crate::http::header::{AUTHORIZATION, CONTENT_TYPE};
use crate::http::uri::Authority;
use crate::http::{HeaderMap, Method, Uri};
use crate::limits::Timeouts;
use crate::netrc::Netrc;
use crate::policy::{RedirectPolicy, RetryPolicy};
use crate::redact::Redaction;
use crate::request::{Body, Options, Request, Rule, SaveTo, basic};
use crate::retry::is_keyed;
use crate::status::StatusSet;
use crate::url;

/// What holds for every request of a client unless the request says otherwise.
#[derive(Clone)]
pub(crate) struct Defaults {
    /// Shared with each request that changes none of them.
    pub(crate) headers: Arc<HeaderMap>,
    /// There is a key among them that makes repeating safe.
    pub(crate) keyed: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) base: Option<Uri>,
    pub(crate) accept: StatusSet,
    pub(crate) expect_json: bool,
    pub(crate) rules: Vec<Rule>,
    /// As far as the caller said something.
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Arc<RetryPolicy>,
    pub(crate) max_redirects: u32,
    pub(crate) body_limit: Option<u64>,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) cookies: Option<CookieJar>,
    pub(crate) netrc: Option<Netrc>,
    /// From which length on the server is asked before a streamed body is sent.
    pub(crate) expect_from: Option<u64>,
    /// Whether a redirect may lead from https to http.
    pub(crate) allow_downgrade: bool,
    /// What is shown of none of its requests; the headers are left behind at a change of origin too.
    pub(crate) redaction: Redaction,
    /// What holds for some hosts in place of the above.
    pub(crate) hosts: HostTable<HostRule>,
    pub(crate) before_attempt: Option<BeforeAttempt>,
    pub(crate) on_retry: Option<OnRetry>,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            headers: Arc::default(),
            keyed: false,
            query: Vec::new(),
            base: None,
            accept: StatusSet::from(100..=399),
            expect_json: false,
            rules: Vec::new(),
            timeouts: Timeouts::new(),
            retry: Arc::new(RetryPolicy::default()),
            max_redirects: 10,
            body_limit: None,
            redirects: RedirectPolicy::all(),
            cookies: None,
            netrc: None,
            expect_from: Some(1 << 20),
            allow_downgrade: false,
            redaction: Redaction::default(),
            hosts: HostTable::default(),
            before_attempt: None,
            on_retry: None,
        }
    }
}

/// What the rules for a host say together.
#[derive(Clone, Default)]
pub(super) struct HostSettings {
    timeouts: Timeouts,
    retry: Option<Arc<RetryPolicy>>,
}

impl Defaults {
    pub(super) fn host_settings(&self, host: Option<&Host>) -> HostSettings {
        let mut said = HostSettings::default();
        for rule in host.into_iter().flat_map(|host| self.hosts.matching(host)) {
            said.timeouts = said.timeouts.or(rule.timeouts);
            said.retry = said.retry.or_else(|| rule.retry.clone());
        }
        said
    }
}

/// A request and the defaults it stands on.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    defaults: &'a Defaults,
    host: &'a HostSettings,
    options: Option<&'a Options>,
    body: &'a Body,
}

impl<'a> Settings<'a> {
    pub(super) fn of(defaults: &'a Defaults, host: &'a HostSettings, request: &'a Request) -> Self {
        Settings {
            defaults,
            host,
            options: request.options(),
            body: request.sends(),
        }
    }

    pub(super) fn accept(self) -> &'a StatusSet {
        self.options
            .and_then(|o| o.accept.as_ref())
            .unwrap_or(&self.defaults.accept)
    }

    pub(super) fn retry(self) -> &'a RetryPolicy {
        let own = self.options.and_then(|o| o.retry.as_ref());
        own.or(self.host.retry.as_ref())
            .unwrap_or(&self.defaults.retry)
    }

    pub(super) fn timeouts(self) -> Timeouts {
        let own = self.options.map_or(Timeouts::new(), |o| o.timeouts);
        let usual = match (self.save(), self.body) {
            (None, Body::Bytes(_)) => Timeouts::CLIENT,
            _ => Timeouts::STREAMED,
        };
        own.or(self.host.timeouts)
            .or(self.defaults.timeouts)
            .or(usual)
    }

    pub(super) fn expect_json(self) -> bool {
        self.options
            .and_then(|o| o.expect_json)
            .unwrap_or(self.defaults.expect_json)
    }

    pub(super) fn rules(self) -> impl Iterator<Item = &'a Rule> {
        self.defaults
            .rules
            .iter()
            .chain(self.options.map_or(&[][..], |o| &o.rules))
    }

    /// Whether there is anything to look for in an accepted response.
    pub(super) fn looks_into(self) -> bool {
        self.expect_json() || self.rules().next().is_some()
    }

    pub(super) fn max_redirects(self) -> u32 {
        self.options
            .and_then(|o| o.max_redirects)
            .unwrap_or(self.defaults.max_redirects)
    }

    pub(super) fn body_limit(self) -> u64 {
        let usual = match self.save() {
            Some(_) => u64::MAX,
            None => 10 << 20,
        };
        self.options
            .and_then(|o| o.body_limit)
            .or(self.defaults.body_limit)
            .unwrap_or(usual)
    }

    pub(super) fn redirects(self) -> &'a RedirectPolicy {
        let own = self.options.and_then(|o| o.redirects.as_ref());
        own.unwrap_or(&self.defaults.redirects)
    }

    pub(super) fn cookies(self) -> Option<&'a CookieJar> {
        let own = self.options.and_then(|o| o.cookies.as_ref());
        own.or(self.defaults.cookies.as_ref())
    }

    pub(super) fn body(self) -> &'a Body {
        self.body
    }

    pub(super) fn save(self) -> Option<&'a SaveTo> {
        self.options?.save.as_ref()
    }

    /// What contradicts itself: a body that goes to a file cannot be looked into.
    pub(super) fn contradiction(self) -> Option<String> {
        self.save()?;
        let requires = self.rules().any(|rule| matches!(rule, Rule::Require(..)));
        let what = match (requires, self.expect_json()) {
            (true, _) => "require",
            (_, true) => "expect_json",
            (false, false) => return None,
        };
        Some(format!(
            "save_to and {what} (of the request or the client) exclude each other: a body that goes to a file is not looked into"
        ))
    }

    pub(super) fn deadline(self) -> Option<Duration> {
        self.retry().deadline
    }
}

/// What is sent; redirects change it.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) uri: Arc<Uri>,
    pub(super) headers: Arc<HeaderMap>,
    /// The request's body goes along.
    pub(super) with_body: bool,
    /// Repeating it is safe whatever its method: the request says so, or carries a key.
    pub(super) repeatable: bool,
    /// What is shown of it and its answer.
    pub(super) redaction: Redaction,
}

impl Prepared {
    /// Applies the defaults. The error says what is wrong.
    pub(super) fn new(
        defaults: &Defaults,
        request: &Request,
        uri: Arc<Uri>,
    ) -> Result<Prepared, String> {
        let mut headers = Arc::clone(&defaults.headers);
        if !defaults.hosts.is_empty()
            && let Some(host) = Host::of(&uri)
        {
            // The most specific rule last: what it says stands.
            let mut rules: Vec<_> = defaults.hosts.matching(&host).collect();
            rules.reverse();
            for (name, value) in rules.iter().flat_map(|rule| &rule.headers) {
                Arc::make_mut(&mut headers).insert(name, value.clone());
            }
        }
        let edits = request.header_edits();
        // All of the defaults of a name go before the first of the request's own comes.
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
        if let Some(reason) = request.lacking(
            |name| headers.contains_key(name),
            |name| url::has_parameter(&uri, name),
        ) {
            return Err(reason);
        }
        let uri = take_userinfo(uri, &mut headers)?;
        if let Some(netrc) = &defaults.netrc
            && !headers.contains_key(AUTHORIZATION)
            && let Some(credentials) = netrc.credentials(&uri)
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
            uri,
            headers,
            with_body: true,
            repeatable,
            redaction: request.redaction().clone(),
        })
    }
}

/// Userinfo in the URL is basic authentication (as in curl and `requests`), and is not sent as part of the URL.
fn take_userinfo(uri: Arc<Uri>, headers: &mut Arc<HeaderMap>) -> Result<Arc<Uri>, String> {
    // Few have it, and looking backwards for it costs more than looking whether it is there.
    if !uri
        .authority()
        .is_some_and(|a| a.as_str().as_bytes().contains(&b'@'))
    {
        return Ok(uri);
    }
    let Some((userinfo, host)) = uri.authority().and_then(|a| a.as_str().rsplit_once('@')) else {
        return Ok(uri);
    };
    if !headers.contains_key(AUTHORIZATION) {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let plain = |text| percent_decode_str(text).decode_utf8_lossy();
        let value = basic(&plain(user), &plain(password))?;
        Arc::make_mut(headers).insert(AUTHORIZATION, value);
    }
    let mut parts = Uri::clone(&uri).into_parts();
    parts.authority = Some(
        host.parse::<Authority>()
            .map_err(|e| format!("the URL is not valid: {e}"))?,
    );
    let uri = Uri::from_parts(parts).map_err(|e| format!("the URL is not valid: {e}"))?;
    Ok(Arc::new(uri))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::target::target;

    fn defaults() -> Defaults {
        let mut defaults = Defaults::default();
        let headers = Arc::make_mut(&mut defaults.headers);
        headers.insert("x-team", "a".parse().unwrap());
        headers.insert("x-trace", "b".parse().unwrap());
        defaults
    }

    fn prepared(defaults: &Defaults, request: Request) -> Prepared {
        let target = target(defaults, &request).unwrap();
        Prepared::new(defaults, &request, target.kept(true).unwrap()).unwrap()
    }

    #[test]
    fn a_requests_header_replaces_the_clients_and_null_removes_it() {
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
    fn userinfo_becomes_basic_authentication_and_leaves_the_url() {
        let sent = prepared(&defaults(), Request::get("http://user:p%40ss@h:81/x"));
        assert_eq!(*sent.uri, "http://h:81/x");
        assert_eq!(sent.headers[AUTHORIZATION], "Basic dXNlcjpwQHNz");
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
