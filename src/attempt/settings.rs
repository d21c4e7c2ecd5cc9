//! Settings of a request: its own, its host's rules, the client's defaults.

use std::sync::Arc;
use std::time::Duration;

use crate::cookies::CookieJar;
use crate::host::Host;
use crate::redact::Redaction;
use crate::request::{
    BodyReceiver, BodyUse, DownloadOptions, Options, RejectionRule, Request, RequestContent,
    RequestCosts, SaveTo,
};
use crate::settings::DigestCredentials;
use crate::settings::HostRule;
use crate::settings::HostTable;
use crate::settings::StatusSet;
use crate::settings::Timeouts;
use crate::settings::netrc::Netrc;
use crate::settings::{BeforeAttempt, OnRetry};
use crate::settings::{RedirectPolicy, RetryPolicy};
use crate::transport::{Bandwidth, HeaderLines};
use crate::url::Base;
use http::{HeaderMap, HeaderName};

use super::token_sources::TokenSources;

/// Settings that hold for every request of a client unless the request says otherwise.
#[derive(Clone)]
pub(crate) struct ClientDefaults {
    /// Headers, shared with each request that changes none of them.
    pub(crate) headers: Arc<HeaderMap>,
    /// The headers as they are written on the wire. `None`: they cannot be written beforehand.
    pub(crate) lines: Option<HeaderLines>,
    /// Names of headers that are not added to a request that lacks them.
    pub(crate) without: Vec<HeaderName>,
    /// True if `headers` include a key that makes repeating safe.
    pub(crate) keyed: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) base: Option<Base>,
    pub(crate) accept: StatusSet,
    pub(crate) expect_json: bool,
    /// True if the content codings of bodies stay.
    pub(crate) keep_encoding: bool,
    pub(crate) rules: Vec<RejectionRule>,
    /// Time limits, as far as the caller set them.
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Arc<RetryPolicy>,
    pub(crate) max_redirects: u32,
    pub(crate) body_limit: Option<u64>,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) cookies: Option<CookieJar>,
    pub(crate) netrc: Option<Netrc>,
    /// Credentials for digest authentication. `None`: none, or a header has other credentials.
    pub(crate) digest: Option<Arc<DigestCredentials>>,
    pub(crate) tokens: TokenSources,
    /// Length from which on the server is asked before a streamed body is sent.
    pub(crate) expect_from: Option<u64>,
    /// True if a redirect may lead from https to http.
    pub(crate) allow_downgrade: bool,
    /// Names whose values are masked wherever a request is shown. A redirect to another origin leaves the headers
    /// behind.
    pub(crate) redaction: Redaction,
    /// Rules for some hosts, which replace the settings above.
    pub(crate) hosts: HostTable<HostRule>,
    pub(crate) before_attempt: Option<BeforeAttempt>,
    pub(crate) on_retry: Option<OnRetry>,
    /// Upper bound for the bytes of all bodies in a second. `None`: no bound.
    pub(crate) bandwidth: Option<Arc<Bandwidth>>,
    /// Costs of requests. `None`: costs are not limited, and not looked at.
    pub(crate) costs: Option<Box<RequestCosts>>,
}

impl Default for ClientDefaults {
    fn default() -> Self {
        ClientDefaults {
            headers: Arc::default(),
            without: Vec::new(),
            lines: None,
            keyed: false,
            query: Vec::new(),
            base: None,
            accept: StatusSet::usual(),
            expect_json: false,
            keep_encoding: false,
            rules: Vec::new(),
            timeouts: Timeouts::new(),
            retry: Arc::new(RetryPolicy::default()),
            max_redirects: 10,
            body_limit: None,
            redirects: RedirectPolicy::all(),
            cookies: None,
            netrc: None,
            digest: None,
            tokens: TokenSources::default(),
            expect_from: Some(1 << 20),
            allow_downgrade: false,
            redaction: Redaction::default(),
            hosts: HostTable::default(),
            before_attempt: None,
            on_retry: None,
            bandwidth: None,
            costs: None,
        }
    }
}

/// Settings that all rules for a host yield together.
#[derive(Clone)]
pub(crate) struct HostSettings {
    timeouts: Timeouts,
    pub(super) retry: Option<Arc<RetryPolicy>>,
}

impl HostSettings {
    /// Settings of a host without a rule.
    pub(crate) const NONE: &'static HostSettings = &HostSettings {
        timeouts: Timeouts::NONE,
        retry: None,
    };
}

impl ClientDefaults {
    pub(crate) fn host_settings(&self, host: Option<&Host>) -> HostSettings {
        let mut said = HostSettings::NONE.clone();
        for rule in host.into_iter().flat_map(|host| self.hosts.matching(host)) {
            said.timeouts = said.timeouts.or(rule.timeouts);
            said.retry = said.retry.or_else(|| rule.retry.clone());
        }
        said
    }
}

/// Settings of a request, with the defaults that it is based on.
#[derive(Clone, Copy)]
pub(crate) struct RequestSettings<'a> {
    defaults: &'a ClientDefaults,
    host: &'a HostSettings,
    options: Option<&'a Options>,
    body: &'a RequestContent,
}

impl<'a> RequestSettings<'a> {
    /// Returns the settings of a request. `plain`: the request is known to say nothing but its URL, and is not looked
    /// into.
    pub(crate) fn of(
        defaults: &'a ClientDefaults,
        host: &'a HostSettings,
        request: &'a Request,
        plain: bool,
    ) -> Self {
        let settings = RequestSettings {
            defaults,
            host,
            options: None,
            body: RequestContent::NONE,
        };
        match plain {
            true => settings,
            false => settings.with_own(request),
        }
    }

    /// Kept out of line: a compiler that sees both paths at once loads the request's memory on both, to pick from it
    /// later.
    #[inline(never)]
    fn with_own(self, request: &'a Request) -> Self {
        RequestSettings {
            options: request.options(),
            body: request.sends(),
            ..self
        }
    }

    pub(crate) fn accept(self) -> &'a StatusSet {
        self.options
            .and_then(|o| o.accept.as_ref())
            .unwrap_or(&self.defaults.accept)
    }

    pub(crate) fn retry(self) -> &'a RetryPolicy {
        let own = self.options.and_then(|o| o.retry.as_ref());
        own.or(self.host.retry.as_ref())
            .unwrap_or(&self.defaults.retry)
    }

    pub(crate) fn timeouts(self) -> Timeouts {
        let own = self.options.map_or(Timeouts::new(), |o| o.timeouts);
        let usual = match (self.save(), self.body) {
            (None, RequestContent::Bytes(_)) => Timeouts::CLIENT,
            _ => Timeouts::STREAMED,
        };
        own.or(self.host.timeouts)
            .or(self.defaults.timeouts)
            .or(usual)
    }

    /// Returns the limit for a single read of a body that is handed on as it comes. `None`: no limit.
    pub(crate) fn stream_read(self) -> Option<Duration> {
        let own = self.options.map_or(Timeouts::new(), |o| o.timeouts);
        let set = own.or(self.host.timeouts).or(self.defaults.timeouts);
        Timeouts::bound(set.or(Timeouts::STREAMED).read)
    }

    /// Returns true if the request itself limits the time of an attempt.
    pub(crate) fn limits_attempt(self) -> bool {
        self.options.is_some_and(|o| o.timeouts.attempt.is_some())
    }

    pub(crate) fn expect_json(self) -> bool {
        self.options
            .and_then(|o| o.expect_json)
            .unwrap_or(self.defaults.expect_json && !self.is_sitemap())
    }

    /// True if the content codings of the body stay.
    pub(crate) fn keeps_encoding(self) -> bool {
        let own = self.options.and_then(|o| o.keep_encoding);
        own.unwrap_or(self.defaults.keep_encoding)
    }

    pub(crate) fn rules(self) -> impl Iterator<Item = &'a RejectionRule> {
        let of_client = match self.is_sitemap() {
            true => &[][..],
            false => &self.defaults.rules,
        };
        let own = self.options.map_or(&[][..], |o| &o.rules);
        of_client.iter().chain(own)
    }

    /// True if the request is for a sitemap, of which the client's rules for bodies do not hold.
    fn is_sitemap(self) -> bool {
        self.options.is_some_and(|o| o.sitemap)
    }

    /// True if an accepted response is looked into.
    pub(crate) fn looks_into(self) -> bool {
        self.expect_json() || self.rules().next().is_some()
    }

    pub(crate) fn max_redirects(self) -> u32 {
        self.options
            .and_then(|o| o.max_redirects)
            .unwrap_or(self.defaults.max_redirects)
    }

    pub(crate) fn body_limit(self) -> u64 {
        let usual = match self.save() {
            Some(_) => u64::MAX,
            None => 10 << 20,
        };
        self.options
            .and_then(|o| o.body_limit)
            .or(self.defaults.body_limit)
            .unwrap_or(usual)
    }

    pub(crate) fn redirects(self) -> &'a RedirectPolicy {
        let own = self.options.and_then(|o| o.redirects.as_ref());
        own.unwrap_or(&self.defaults.redirects)
    }

    pub(crate) fn cookies(self) -> Option<&'a CookieJar> {
        let own = self.options.and_then(|o| o.cookies.as_ref());
        own.or(self.defaults.cookies.as_ref())
    }

    pub(crate) fn body(self) -> &'a RequestContent {
        self.body
    }

    pub(crate) fn save(self) -> Option<&'a SaveTo> {
        self.options?.save.as_ref()
    }

    /// Returns the request's settings for a body that is saved, whether it is saved or not. `None`: there are none.
    pub(super) fn own_download(self) -> Option<&'a DownloadOptions> {
        self.options?.download.as_deref()
    }

    /// Returns the closure that the body of an accepted response is handed on to. `None`: there is none.
    pub(crate) fn receiver(self) -> Option<&'a BodyReceiver> {
        match &self.options?.body_use {
            BodyUse::Stream(receiver) => Some(receiver),
            BodyUse::Keep | BodyUse::Discard => None,
        }
    }

    /// True if the body of an accepted response is dropped.
    pub(crate) fn discards(self) -> bool {
        self.or_get() || matches!(self.options.map(|o| &o.body_use), Some(BodyUse::Discard))
    }

    /// True if a HEAD that the server refuses is asked again by GET.
    pub(crate) fn or_get(self) -> bool {
        self.options.is_some_and(|o| o.or_get)
    }

    /// True if the URL's other scheme is tried when its host cannot be connected to.
    pub(crate) fn or_other_scheme(self) -> bool {
        self.options.is_some_and(|o| o.or_other_scheme)
    }

    /// Returns the setting of the request by which its body is not kept whole in memory, and the fate of the body.
    /// `None`: it is kept.
    fn away(self) -> Option<(&'static str, &'static str)> {
        let options = self.options?;
        match &options.body_use {
            _ if options.save.is_some() => Some(("save_to", "goes to a file")),
            BodyUse::Keep => None,
            BodyUse::Stream(BodyReceiver::Chunks(_)) => Some(("on_chunk", "is handed on")),
            BodyUse::Stream(BodyReceiver::Events(_)) => Some(("on_event", "is handed on")),
            BodyUse::Stream(BodyReceiver::Lines(_)) => Some(("on_line", "is handed on")),
            BodyUse::Discard => Some(("discard_body", "is dropped")),
        }
    }

    /// Returns a contradiction between settings: a body that is not kept cannot be looked into, and has one destination.
    /// `None`: there is none.
    pub(crate) fn contradiction(self) -> Option<String> {
        let (setting, fate) = self.away()?;
        let others = self
            .options
            .is_some_and(|o| !matches!(o.body_use, BodyUse::Keep));
        if self.save().is_some() && others {
            return Some(
                "save_to excludes on_chunk, on_event, on_line and discard_body: a body has one destination"
                    .to_owned(),
            );
        }
        let requires = self
            .rules()
            .any(|rule| matches!(rule, RejectionRule::Require(..)));
        let what = match (requires, self.expect_json()) {
            (true, _) => "require",
            (_, true) => "expect_json",
            (false, false) => return None,
        };
        Some(format!(
            "{setting} and {what} (of the request or the client) exclude each other: a body that {fate} is not looked into"
        ))
    }

    /// Returns the reason why the body cannot be saved if the file exists and may not be replaced. The path is not in
    /// the reason, so that such failures are counted together.
    pub(crate) fn file_in_the_way(self) -> Option<String> {
        let save = self.save().filter(|save| !save.replace)?;
        save.path.symlink_metadata().ok()?;
        Some("output_file: it exists (--overwrite replaces it)".to_owned())
    }

    pub(crate) fn deadline(self) -> Option<Duration> {
        self.retry().deadline
    }
}
