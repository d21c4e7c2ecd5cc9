//! Defaults for every request of a client that does not set them itself.

use std::sync::Arc;

use serde_json::Value;

use crate::redact::Redaction;
use crate::rejection::Rejection;
use crate::request::{RejectionRule, check_removal};
use crate::response::Response;
use crate::settings::DigestCredentials;
use crate::settings::RetryPolicy;
use crate::settings::StatusSet;
use crate::settings::Timeouts;
use crate::settings::basic::{basic, bearer};
use crate::url::Base;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderName, HeaderValue};

use super::builder::ClientBuilder;

impl ClientBuilder {
    /// Adds a header to every request that has none of that name itself.
    ///
    /// The same name given twice is sent twice; it replaces a header that [`user_agent`](ClientBuilder::user_agent),
    /// [`basic_auth`](ClientBuilder::basic_auth) or [`bearer`](ClientBuilder::bearer) set.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let name = name.as_ref();
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_ref()),
        ) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(Redaction::USUAL.is_secret(&name));
                if self.named.contains(&name) {
                    Arc::make_mut(&mut self.defaults.headers).append(name, value);
                } else {
                    self.set_header(name.clone(), value);
                    self.named.push(name);
                }
            }
            (Err(_), _) => {
                self.keep_first_error("header", format!("the name {name:?} is not valid"))
            }
            (_, Err(_)) => self.keep_first_error(
                "header",
                format!("the value of {name} holds a character that may not be sent"),
            ),
        }
        self
    }

    /// Leaves a header out of every request that does not set it itself.
    ///
    /// Left out are headers of that name set here so far, those that this client sends by default (`User-Agent`,
    /// `Accept`, `Accept-Encoding`), and those that would be added on the way, such as `Expect`, an `Authorization` of
    /// a URL's userinfo, or a `Cookie` of the jar. A [`header`](ClientBuilder::header) of that name set after it is
    /// sent.
    ///
    /// `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` frame the message and cannot be left out.
    ///
    /// ```
    /// let client = haul::Client::builder()
    ///     .without_header("user-agent")
    ///     .without_header("accept-encoding")
    ///     .build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn without_header(mut self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            self.keep_first_error("without_header", format!("the name {name:?} is not valid"));
            return self;
        };
        if let Err(reason) = check_removal(&name) {
            self.keep_first_error("without_header", reason);
            return self;
        }
        Arc::make_mut(&mut self.defaults.headers).remove(&name);
        self.named.retain(|other| *other != name);
        if name == AUTHORIZATION {
            self.defaults.digest = None;
            self.defaults.tokens.client = None;
        }
        self.defaults.without.push(name);
        self
    }

    /// Sets basic authentication for every request without an `Authorization` of its own.
    #[doc(alias = "auth")]
    pub fn basic_auth(mut self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        match basic(user.as_ref(), password.as_ref()) {
            Ok(value) => self.set_header(AUTHORIZATION, value),
            Err(reason) => self.keep_first_error("basic_auth", reason),
        }
        self
    }

    /// Sets digest authentication (RFC 7616) for every request without an `Authorization` of its own.
    ///
    /// The first request to a host is sent without credentials. The server's 401 has a challenge, which is answered
    /// within the same attempt: that is no retry, and does not count in [`attempts`](crate::Outcome::attempts). Later
    /// requests to the host use the server's nonce again, with a rising count, until the server calls it stale. A 401 to
    /// the answer itself is final.
    ///
    /// Known are MD5 and SHA-256, both also with `-sess`, the quality of protection `auth`, and challenges without one
    /// (RFC 2069). The strongest challenge is answered; a 401 without such a challenge is the response. The answers are
    /// subject to the rate limits, as redirects are.
    ///
    /// A body that can be sent only once ([`body_stream`](crate::Request::body_stream)) ends with the 401, unless the
    /// nonce was known. User and password are never shown, and a redirect to another origin does not take them along.
    ///
    /// ```
    /// let client = haul::Client::builder().digest_auth("user", "password").build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    #[doc(alias = "HTTPDigestAuth")]
    pub fn digest_auth(mut self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        match DigestCredentials::new(user.as_ref(), password.as_ref()) {
            Ok(credentials) => {
                self.named.retain(|other| *other != AUTHORIZATION);
                self.defaults
                    .without
                    .retain(|other| *other != AUTHORIZATION);
                Arc::make_mut(&mut self.defaults.headers).remove(AUTHORIZATION);
                self.defaults.tokens.client = None;
                self.defaults.digest = Some(Arc::new(credentials));
            }
            Err(reason) => self.keep_first_error("digest_auth", reason),
        }
        self
    }

    /// Sets a bearer token for every request without an `Authorization` of its own.
    pub fn bearer(mut self, token: impl AsRef<str>) -> Self {
        match bearer(token.as_ref()) {
            Ok(value) => self.set_header(AUTHORIZATION, value),
            Err(reason) => self.keep_first_error("bearer", reason),
        }
        self
    }

    /// Adds a query parameter to every request that has none of that name itself.
    #[doc(alias = "params")]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.defaults.query.push((name.into(), value.into()));
        self
    }

    /// URL that relative URLs are resolved against, as in browsers.
    ///
    /// By the URL Standard, as by RFC 3986 §5.2, `items` replaces the part after the base's last slash.
    pub fn base_url(mut self, url: impl AsRef<str>) -> Self {
        match Base::parse(url.as_ref()) {
            Ok(base) => self.defaults.base = Some(base),
            Err(mistake) => self.keep_first_error("base_url", mistake.reason),
        }
        self
    }

    /// Sets the `User-Agent`. Default `haul/` and the version. An empty name: none is sent.
    pub fn user_agent(mut self, name: impl AsRef<[u8]>) -> Self {
        match HeaderValue::from_bytes(name.as_ref()) {
            Ok(value) if value.is_empty() => return self.without_header(USER_AGENT.as_str()),
            Ok(value) => self.set_header(USER_AGENT, value),
            Err(_) => {
                self.keep_first_error("user_agent", "it holds a character that may not be sent")
            }
        }
        self
    }

    /// Sets the statuses that count as success. Default 100 to 399.
    #[doc(alias = "raise_for_status")]
    pub fn accept(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.defaults.accept = statuses.into();
        self
    }

    /// True: a body that is not JSON is a failure of class [`Decode`](crate::ErrorType::Decode).
    ///
    /// Default false.
    pub fn expect_json(mut self, expect: bool) -> Self {
        self.defaults.expect_json = expect;
        self
    }

    /// True: the content codings of bodies stay. Default false: bodies are decoded.
    ///
    /// See [`Request::keep_encoding`](crate::Request::keep_encoding).
    pub fn keep_encoding(mut self, keep: bool) -> Self {
        self.defaults.keep_encoding = keep;
        self
    }

    /// Applies [`Request::require`](crate::Request::require) to every request.
    pub fn require(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        match RejectionRule::require(pointer.into(), value.into()) {
            Ok(rule) => self.defaults.rules.push(rule),
            Err(mistake) => {
                let pointer = mistake.shown.as_deref().unwrap_or_default();
                self.keep_first_error("require", format!("{mistake}: {pointer:?}"));
            }
        }
        self
    }

    /// Applies [`Request::reject_if`](crate::Request::reject_if) to every request.
    pub fn reject_if(
        mut self,
        rule: impl Fn(&Response) -> Option<Rejection> + Send + Sync + 'static,
    ) -> Self {
        self.defaults
            .rules
            .push(RejectionRule::RejectIf(Arc::new(rule)));
        self
    }

    /// Sets time limits of each attempt.
    ///
    /// Default 10 s to connect, 30 s in all, none for a single read; for a body that is
    /// [saved](crate::Request::save_to) to a file none in all and 30 s for a single read.
    #[doc(alias = "timeout")]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.defaults.timeouts = timeouts.or(self.defaults.timeouts);
        self
    }

    /// Sets the retry policy of every request without its own.
    #[doc(alias = "max_retries")]
    pub fn retry(mut self, policy: impl Into<Arc<RetryPolicy>>) -> Self {
        self.defaults.retry = policy.into();
        self
    }

    /// Upper bound for the redirects that are followed; 0: none is followed, and the 3xx is the response.
    ///
    /// Default 10.
    #[doc(alias = "allow_redirects")]
    pub fn max_redirects(mut self, most: u32) -> Self {
        self.defaults.max_redirects = most;
        self
    }

    /// True: redirects from https to http are followed. Default false: such a request fails.
    pub fn allow_downgrade(mut self, allow: bool) -> Self {
        self.defaults.allow_downgrade = allow;
        self
    }

    /// Adds a secret header, of requests and responses.
    ///
    /// No log line, `Debug`, error text or record shows its value, and a redirect to another origin (scheme, host or
    /// port) does not take it along.
    ///
    /// Always secret are `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`, `WWW-Authenticate` and names
    /// with `api-key`, `apikey`, `token`, `secret`, `password` or `signature` in them; in requests also names with
    /// `key`, `auth` or `session` as a word between `-` or `_` (`X-Session-Id`). An `Idempotency-Key` is shown, and
    /// stays with its origin. A `Cookie` is kept when a redirect leads from http to https on the same host and the
    /// default ports.
    ///
    /// In a failure log the header's name stands in place of its value, and the client that runs the request again must
    /// have the header, see [`Record::to_request`](crate::record::Record::to_request).
    #[doc(alias = "remove_headers_on_redirect")]
    #[doc(alias = "redact")]
    pub fn sensitive_header(mut self, name: impl AsRef<str>) -> Self {
        match HeaderName::from_bytes(name.as_ref().as_bytes()) {
            Ok(name) => self.defaults.redaction.add_header(name),
            Err(_) => self.keep_first_error(
                "sensitive_header",
                format!("the name {:?} is not valid", name.as_ref()),
            ),
        }
        self
    }

    /// Adds a secret query parameter, such as a token in the URL.
    ///
    /// As with [`sensitive_header`](ClientBuilder::sensitive_header), no text shows its value, wherever a URL stands.
    /// Names are compared without regard to case. Always secret are the userinfo of a URL, and the parameters
    /// `access_token`, `refresh_token`, `id_token`, `client_secret`, `password`, `api_key`, `apikey`, `api-key`,
    /// `signature`, `sig`, `x-amz-signature`, `x-amz-security-token` and `x-goog-signature`.
    ///
    /// ```
    /// use haul::Client;
    ///
    /// let client = Client::builder().sensitive_query("ticket").build()?;
    /// let outcome = client.get("http://127.0.0.1:1/items?page=2&ticket=sesame&api_key=sesame");
    /// assert_eq!(outcome.url(), "http://127.0.0.1:1/items?page=2&ticket=***&api_key=***");
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn sensitive_query(mut self, name: impl Into<String>) -> Self {
        self.defaults.redaction.add_query(name.into());
        self
    }

    /// Sets a header in place of all headers of its name.
    fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.named.retain(|other| *other != name);
        self.defaults.without.retain(|other| *other != name);
        if name == AUTHORIZATION {
            self.defaults.digest = None;
            self.defaults.tokens.client = None;
        }
        Arc::make_mut(&mut self.defaults.headers).insert(name, value);
    }
}
