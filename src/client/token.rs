//! Token sources of a client, and the requests that they send.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use http::header::AUTHORIZATION;

use crate::attempt::{ClientDefaults, DigestSessions, Engine, TokenSources, TokenStore};
use crate::batch::send_until;
use crate::executor::Executor;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::schedule::{CALL_LIMIT, Id};
use crate::settings::{HookError, OAuth2, StatusSet, Token, TokenRequest, TokenSource};

use super::ClientBuilder;

impl ClientBuilder {
    /// Fetches the bearer token of every request without an `Authorization` of its own, when it is needed.
    ///
    /// `fetch` is called on a worker, at most once at a time: when the first request needs a token, ahead of the
    /// token's [expiry](Token::expires_in) by 20 % of its life (at most 30 s), and after a server has refused the token
    /// with status 401. Requests that need the token wait in the schedule meanwhile, within their deadlines, and take
    /// no worker. [`TokenRequest::send`] sends the request that fetches it; a source needs no client of its own.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use haul::{Client, Request};
    /// use haul::settings::Token;
    ///
    /// let client = Client::builder()
    ///     .base_url("https://api.example.com/v1/")
    ///     .token_source(|token| {
    ///         let login = Request::post("/login").json(&serde_json::json!({"user": "ada", "password": "sesame"}));
    ///         let response = token.send(login).into_result()?;
    ///         let text = response.value()?["token"].as_str().unwrap_or_default().to_owned();
    ///         Ok(Token::new(text).expires_in(Duration::from_secs(600)))
    ///     })
    ///     .build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    ///
    /// # Scope
    ///
    /// With a [`base_url`](Self::base_url) the token goes to the origin (scheme, host and port) of the base alone;
    /// without one it goes to every host, as with [`bearer`](Self::bearer). A redirect to another origin takes no token
    /// along. [`HostRule::token_source`](crate::HostRule::token_source) sets the source for some hosts. The source has
    /// one token for all hosts that it serves.
    ///
    /// # After a 401
    ///
    /// The token is renewed once, and the request is repeated once, whatever its method, because the server refused
    /// it; that is no retry, and [`attempts`](Outcome::attempts) does not count it. A request that had an older token
    /// than the present one is repeated without a call. A second 401 of a request stands, and so does the 401 of a
    /// request whose body can be read only once and was read.
    ///
    /// # Failures
    ///
    /// A source that returns an error, panics, or takes longer than 60 s is called again after the backoff of the retry
    /// policy, three times in all. Then the requests that wait fail with class [`Auth`](crate::ErrorType::Auth), with
    /// the error of the source as their [`source`](std::error::Error::source), and the next request begins anew. As
    /// long as the present token is good, a source that fails to renew it makes no request fail. A call that takes
    /// longer than 60 s cannot be ended: it keeps its thread until it returns, and while three such calls hang no
    /// further call is made.
    pub fn token_source<F>(mut self, fetch: F) -> Self
    where
        F: Fn(&TokenRequest<'_>) -> Result<Token, HookError> + Send + Sync + 'static,
    {
        self.set_token(TokenSource::call(fetch));
        self
    }

    /// Logs in with OAuth 2 client credentials, and sends the token with every request.
    ///
    /// Requests with an `Authorization` of their own get no token. A [`token_source`](Self::token_source) with its
    /// scope, its renewal and its failures.
    #[doc(alias = "oauthlib")]
    pub fn oauth2(mut self, login: OAuth2) -> Self {
        match login.check() {
            Ok(()) => self.set_token(TokenSource::OAuth2(Arc::new(login))),
            Err(reason) => self.keep_first_error("oauth2", reason),
        }
        self
    }

    /// Sets the source of the client's token, in place of other credentials.
    pub(super) fn set_token(&mut self, source: TokenSource) {
        Arc::make_mut(&mut self.defaults.headers).remove(AUTHORIZATION);
        self.named.retain(|name| *name != AUTHORIZATION);
        self.defaults.without.retain(|name| *name != AUTHORIZATION);
        self.defaults.digest = None;
        self.defaults.tokens.client = Some(source);
    }
}

impl TokenRequest<'_> {
    /// Sends a request without a token, and waits for its outcome.
    ///
    /// It has the transport, the limits, the time limits, the headers and the cookies of the client, and is part of no
    /// batch. It has none of the client's query parameters, hooks and rules for responses (`accept`, `expect_json`,
    /// `require`, `reject_if`), and is not tried again unless it has a [retry policy](Request::retry) of its own, since
    /// the whole call of the source is repeated. It is cancelled when the 60 s of the call are over.
    pub fn send(&self, request: impl Into<Request>) -> Outcome {
        match self.via.downcast_ref::<SourceCall>() {
            Some(call) => call.send(request.into()),
            None => unreachable!("every call of a source is made by a client"),
        }
    }
}

/// Parts of a client that token sources send requests with.
pub(super) struct SourceRequests {
    /// Engine without tokens, hooks and rules for responses.
    pub(super) engine: Arc<Engine>,
    /// Workers, and the batch of the requests that are waited for one by one, once it is open. The workers hold this
    /// value, so it does not hold them.
    home: OnceLock<(Weak<Executor>, Id)>,
}

/// Call of a token source, under way.
pub(super) struct SourceCall {
    requests: Arc<SourceRequests>,
    until: Instant,
}

impl SourceRequests {
    /// Makes the parts for the token sources of this engine. `None`: it has none.
    pub(super) fn of(engine: &Engine) -> Option<Arc<SourceRequests>> {
        if engine.defaults.tokens.is_empty() {
            return None;
        }
        let defaults = ClientDefaults {
            query: Vec::new(),
            accept: StatusSet::from(100..=399),
            expect_json: false,
            keep_encoding: false,
            rules: Vec::new(),
            tokens: TokenSources::default(),
            before_attempt: None,
            on_retry: None,
            ..engine.defaults.clone()
        };
        Some(Arc::new(SourceRequests {
            engine: Arc::new(Engine {
                transport: Arc::clone(&engine.transport),
                defaults,
                tokens: TokenStore::default(),
                digest_sessions: DigestSessions::default(),
            }),
            home: OnceLock::new(),
        }))
    }

    /// Sets the workers and the batch of the requests.
    pub(super) fn open(&self, executor: &Arc<Executor>, batch: Id) {
        let _ = self.home.set((Arc::downgrade(executor), batch));
    }

    /// Begins a call of a source.
    pub(super) fn from_now(self: &Arc<Self>) -> SourceCall {
        let executor = self.home.get().and_then(|(executor, _)| executor.upgrade());
        let now = executor.map_or_else(Instant::now, |executor| executor.now());
        SourceCall {
            requests: Arc::clone(self),
            until: now + CALL_LIMIT,
        }
    }
}

impl SourceCall {
    fn send(&self, request: Request) -> Outcome {
        let request = match request.options().is_some_and(|o| o.retry.is_some()) {
            true => request,
            false => request.no_retry(),
        };
        let home = self.requests.home.get();
        let Some((executor, batch)) = home.and_then(|(own, batch)| Some((own.upgrade()?, *batch)))
        else {
            unreachable!("calls are made by workers of a client, which holds its batch open");
        };
        let engine = &self.requests.engine;
        send_until(&executor, engine, batch, request, self.until)
    }
}
