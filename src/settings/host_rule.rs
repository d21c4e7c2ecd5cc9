//! Rules: limits and defaults for some hosts, in place of the client's.

use std::fmt;
use std::sync::Arc;

use super::basic::{basic, bearer};
use crate::redact::Redaction;
use crate::settings::DigestCredentials;
use crate::settings::{BreakerSettings, PlaceLimit, RateLimit, RateLimits, Timeouts};
use crate::settings::{HookError, OAuth2, RetryPolicy, Token, TokenRequest, TokenSource};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Limits and defaults for some hosts, in place of the client's.
///
/// Does what `Session.mount` and a pool for each host do elsewhere. A setting that a rule leaves out comes from the
/// next less specific rule, or from the client. A request's own settings come before all of them.
///
/// ```
/// use haul::settings::BreakerSettings;
/// use haul::{Client, HostRule, RateLimit};
///
/// let client = Client::builder()
///     .host_rule("api.example.com", HostRule::new().max_in_flight(4).bearer("secret"))
///     .host_rule("*.example.com", HostRule::new().rate(RateLimit::per_second(10)))
///     .host_rule("https://*", HostRule::new().breaker(BreakerSettings::default()))
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias = "mount")]
#[doc(alias = "HTTPAdapter")]
#[must_use = "a rule holds for the hosts it is given for with `ClientBuilder::host_rule`"]
pub struct HostRule {
    pub(crate) in_flight: Option<PlaceLimit>,
    /// Rate limits. `None`: the rule does not set any. Empty: no limit.
    pub(crate) rate: Option<RateLimits>,
    pub(crate) breaker: Option<Option<BreakerSettings>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Option<Arc<RetryPolicy>>,
    pub(crate) headers: HeaderMap,
    /// Credentials for digest authentication. `None`: none, or a header has other credentials.
    pub(crate) digest: Option<Arc<DigestCredentials>>,
    /// Source of the token of these hosts. `None`: the rule sets none.
    pub(crate) token: Option<TokenSource>,
    first_error: Option<String>,
}

impl HostRule {
    /// Makes a rule without settings.
    pub fn new() -> HostRule {
        HostRule::default()
    }

    /// Upper bound for the requests to each of these hosts that are under way at once.
    ///
    /// A number, or [`Adaptive`](crate::Adaptive).
    pub fn max_in_flight(mut self, most: impl Into<PlaceLimit>) -> HostRule {
        self.in_flight = Some(most.into());
        self
    }

    /// Limits for how many requests to each of these hosts start in a time.
    ///
    /// They hold in place of the client's [`rate_per_host`](crate::ClientBuilder::rate_per_host), all of its windows. A
    /// second call adds a limit for another window. `None` removes the limits that this rule has so far; if none is
    /// added after it, starts are not limited.
    pub fn rate(mut self, rate: impl Into<Option<RateLimit>>) -> HostRule {
        let rates = self.rate.get_or_insert_default();
        match rate.into() {
            Some(rate) => rates.add(rate),
            None => *rates = RateLimits::default(),
        }
        self
    }

    /// Circuit breaker for each of these hosts; `None` turns it off.
    pub fn breaker(mut self, breaker: impl Into<Option<BreakerSettings>>) -> HostRule {
        self.breaker = Some(breaker.into());
        self
    }

    /// Time limits of each attempt.
    pub fn timeouts(mut self, timeouts: Timeouts) -> HostRule {
        self.timeouts = timeouts.or(self.timeouts);
        self
    }

    /// Retry policy for these hosts. Each of them has the policy's budget for itself.
    pub fn retry(mut self, policy: impl Into<Arc<RetryPolicy>>) -> HostRule {
        self.retry = Some(policy.into());
        self
    }

    /// Header of every request to these hosts. A redirect from another host does not bring it along.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> HostRule {
        let name = name.as_ref();
        let parsed = HeaderName::from_bytes(name.as_bytes());
        match (parsed, HeaderValue::from_bytes(value.as_ref())) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(Redaction::USUAL.is_secret(&name));
                self.set_header(name, value);
            }
            (Err(_), _) => self.keep_first_error(format!("the header name {name:?} is not valid")),
            (_, Err(_)) => self.keep_first_error(format!(
                "the value of header {name} holds a character that may not be sent"
            )),
        }
        self
    }

    /// Sets basic authentication at these hosts.
    #[doc(alias = "auth")]
    pub fn basic_auth(mut self, user: impl AsRef<str>, password: impl AsRef<str>) -> HostRule {
        match basic(user.as_ref(), password.as_ref()) {
            Ok(value) => self.set_header(AUTHORIZATION, value),
            Err(reason) => self.keep_first_error(reason),
        }
        self
    }

    /// Sets digest authentication at these hosts.
    ///
    /// [`ClientBuilder::digest_auth`](crate::ClientBuilder::digest_auth) says how challenges are answered.
    #[doc(alias = "HTTPDigestAuth")]
    pub fn digest_auth(mut self, user: impl AsRef<str>, password: impl AsRef<str>) -> HostRule {
        match DigestCredentials::new(user.as_ref(), password.as_ref()) {
            Ok(credentials) => {
                self.headers.remove(AUTHORIZATION);
                self.token = None;
                self.digest = Some(Arc::new(credentials));
            }
            Err(reason) => self.keep_first_error(reason),
        }
        self
    }

    /// Sets a bearer token for these hosts.
    pub fn bearer(mut self, token: impl AsRef<str>) -> HostRule {
        match bearer(token.as_ref()) {
            Ok(value) => self.set_header(AUTHORIZATION, value),
            Err(reason) => self.keep_first_error(reason),
        }
        self
    }

    /// Fetches the bearer token for these hosts when it is needed.
    ///
    /// As [`ClientBuilder::token_source`](crate::ClientBuilder::token_source) does for the client. The hosts of the
    /// rule share one token; hosts with a token of their own need a rule of their own.
    pub fn token_source<F>(mut self, fetch: F) -> HostRule
    where
        F: Fn(&TokenRequest<'_>) -> Result<Token, HookError> + Send + Sync + 'static,
    {
        self.set_token(TokenSource::call(fetch));
        self
    }

    /// Logs in at these hosts with OAuth 2 client credentials.
    ///
    /// As [`ClientBuilder::oauth2`](crate::ClientBuilder::oauth2) does for the client.
    pub fn oauth2(mut self, login: OAuth2) -> HostRule {
        match login.check() {
            Ok(()) => self.set_token(TokenSource::OAuth2(Arc::new(login))),
            Err(reason) => self.keep_first_error(format!("oauth2: {reason}")),
        }
        self
    }

    /// Sets a header. An `Authorization` takes the place of a token source and of digest credentials.
    fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        if name == AUTHORIZATION {
            self.token = None;
            self.digest = None;
        }
        self.headers.insert(name, value);
    }

    /// Checks the rule. The error says what is wrong with it.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(wrong) = &self.first_error {
            return Err(wrong.clone());
        }
        if let Some(places) = self.in_flight {
            places
                .check()
                .map_err(|reason| format!("max_in_flight: {reason}"))?;
        }
        if let Some(rates) = &self.rate {
            rates.check().map_err(|reason| format!("rate: {reason}"))?;
        }
        if let Some(Some(breaker)) = &self.breaker {
            breaker
                .check()
                .map_err(|reason| format!("breaker: {reason}"))?;
        }
        self.timeouts
            .check()
            .map_err(|reason| format!("timeouts: {reason}"))?;
        match &self.retry {
            Some(policy) => policy.check().map_err(|reason| format!("retry: {reason}")),
            None => Ok(()),
        }
    }

    /// Sets the source of the token of these hosts, in place of other credentials.
    fn set_token(&mut self, source: TokenSource) {
        self.headers.remove(AUTHORIZATION);
        self.digest = None;
        self.token = Some(source);
    }

    fn keep_first_error(&mut self, reason: String) {
        self.first_error.get_or_insert(reason);
    }
}

impl fmt::Debug for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostRule")
            .field("in_flight", &self.in_flight)
            .field("rate", &self.rate)
            .field("breaker", &self.breaker)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("headers", &Redaction::USUAL.debug_request(&self.headers))
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
