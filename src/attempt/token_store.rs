//! Tokens of a client: which source a request has its token from, the present tokens, and the calls of the sources.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::error::TokenFailure;
use crate::host::Host;
use crate::redact::beginning;
use crate::request::Request;
use crate::retry;
use crate::schedule::{TokenCall, TokenNeed};
use crate::settings::basic::bearer;
use crate::settings::{FetchToken, HookError, HostRule, Token, TokenRequest, TokenSource};
use crate::url::Url;

use super::context::Engine;
use super::panic::panicked;
use super::settings::{ClientDefaults, RequestSettings};

/// Longest text in bytes that is kept of an error of a token source.
const LONGEST: usize = 1024;

/// Token sources of a client, and the source for all hosts without a rule.
#[derive(Clone, Default)]
pub(crate) struct TokenSources {
    /// Source of the client. `None`: only rules for hosts have sources.
    pub(crate) client: Option<TokenSource>,
    /// Every source once with the code that fetches its tokens: the client's source and those of the rules. The schedule
    /// numbers sources by their place here.
    all: Vec<(TokenSource, Arc<FetchToken>)>,
}

impl TokenSources {
    /// Numbers the sources of the client and of the rules. `fetcher` returns the code that fetches the tokens of one.
    pub(crate) fn number<'a>(
        &mut self,
        rules: impl Iterator<Item = &'a HostRule>,
        fetcher: impl Fn(&TokenSource) -> Arc<FetchToken>,
    ) {
        let of_rules = rules.filter_map(|rule| rule.token.as_ref());
        for source in self.client.iter().chain(of_rules) {
            if self.number_of(source).is_none() {
                self.all.push((source.clone(), fetcher(source)));
            }
        }
    }

    /// True if there is no source.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn number_of(&self, source: &TokenSource) -> Option<usize> {
        self.all.iter().position(|(known, _)| known.is(source))
    }
}

impl ClientDefaults {
    /// Returns the need of a request for a token, if the request goes to this URL first. `None`: it has credentials of
    /// its own, or no source serves its host.
    pub(super) fn token_need(&self, request: &Request, url: &Url) -> Option<Arc<TokenNeed>> {
        match self.tokens.all.is_empty() {
            true => None,
            false => self.need_of_source(request, url),
        }
    }

    #[inline(never)]
    fn need_of_source(&self, request: &Request, url: &Url) -> Option<Arc<TokenNeed>> {
        let edits = request.header_edits();
        if edits.iter().any(|(name, _)| name == AUTHORIZATION) {
            return None;
        }
        let host = url.host()?;
        let source = self.tokens.number_of(self.token_source(&host)?)?;
        let of_host = self.host_settings(Some(&host));
        let settings = RequestSettings::of(self, &of_host, request, false);
        let limit = settings.deadline();
        Some(Arc::new(TokenNeed { source, limit }))
    }

    /// Returns the source of the token for a host. `None`: a rule has other credentials for it, or no source serves it.
    fn token_source(&self, host: &Host) -> Option<&TokenSource> {
        let says =
            |rule: &&HostRule| rule.token.is_some() || rule.headers.contains_key(AUTHORIZATION);
        if let Some(rule) = self.hosts.matching(host).find(says) {
            return rule.token.as_ref();
        }
        let serves = match &self.base {
            Some(base) => base.host().as_ref() == Some(host),
            None => true,
        };
        self.tokens.client.as_ref().filter(|_| serves)
    }
}

/// Token that a source has returned, fit to be sent.
pub(crate) struct FetchedToken {
    value: HeaderValue,
    life: Option<Duration>,
}

impl FetchedToken {
    /// Checks a token. The error does not show it.
    fn of(token: Token) -> Result<FetchedToken, String> {
        if token.text.is_empty() {
            return Err("the token is empty".to_owned());
        }
        let value = bearer(&token.text)?;
        let life = token.life;
        Ok(FetchedToken { value, life })
    }

    /// Returns the time for which the token is good. `None`: until a server refuses it.
    pub(crate) fn life(&self) -> Option<Duration> {
        self.life
    }
}

/// Present token of each source.
#[derive(Default)]
pub(crate) struct TokenStore(Vec<Mutex<Option<PresentToken>>>);

/// Token that requests are sent with.
#[derive(Clone)]
pub(super) struct PresentToken {
    /// Number of the call that has fetched the token.
    pub(super) number: u64,
    /// Value of `Authorization`.
    pub(super) value: HeaderValue,
}

impl TokenStore {
    /// Creates a store without tokens for these sources.
    pub(crate) fn new(sources: &TokenSources) -> TokenStore {
        TokenStore(sources.all.iter().map(|_| Mutex::default()).collect())
    }

    /// Keeps the token that a call has fetched.
    pub(crate) fn keep(&self, call: &TokenCall, token: FetchedToken) {
        if let Some(mut present) = self.lock(call.source) {
            *present = Some(PresentToken {
                number: call.number,
                value: token.value,
            });
        }
    }

    /// Returns the present token of a source. `None`: no call has fetched one.
    pub(super) fn present(&self, source: usize) -> Option<PresentToken> {
        self.lock(source)?.clone()
    }

    fn lock(&self, source: usize) -> Option<MutexGuard<'_, Option<PresentToken>>> {
        let present = self.0.get(source)?;
        // Nothing panics under the lock.
        Some(present.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// Returns the time between a failed call of a token source and the next, after `failed` calls.
    pub(crate) fn token_rest(&self, host: &Host, failed: u32) -> Duration {
        let of_host = self.defaults.host_settings(Some(host));
        let policy = of_host.retry.as_ref().unwrap_or(&self.defaults.retry);
        retry::backoff(policy, failed, false, &mut fastrand::f64)
    }

    /// Calls a token source. `via`: parts of the client that [`TokenRequest::send`] needs. A panic of the source is a
    /// failure.
    pub(crate) fn fetch_token(
        &self,
        call: &TokenCall,
        via: &dyn Any,
    ) -> Result<FetchedToken, TokenFailure> {
        let Some((_, fetch)) = self.defaults.tokens.all.get(call.source) else {
            unreachable!("calls are of sources that the client has");
        };
        let request = TokenRequest {
            host: &call.host,
            reason: call.reason,
            via,
        };
        let fetched = catch_unwind(AssertUnwindSafe(|| fetch(&request)));
        let token = fetched
            .unwrap_or_else(|panic| Err(Box::new(panicked(&*panic))))
            .map_err(failed)?;
        FetchedToken::of(token)
            .map_err(|reason| TokenFailure::new(format!("the token source failed: {reason}")))
    }
}

/// Returns the failure of a source that returned this error.
fn failed(error: HookError) -> TokenFailure {
    let text = error.to_string();
    let message = format!("the token source failed: {}", beginning(&text, LONGEST));
    TokenFailure::new(message).because(error)
}
