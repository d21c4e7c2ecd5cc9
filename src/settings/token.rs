//! Bearer tokens that expire, and the caller's code that fetches them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::hooks::HookError;
use super::oauth2::OAuth2;
use crate::host::Host;
use crate::redact::Redaction;

/// Bearer token, with the time for which it is good.
///
/// ```
/// use std::time::Duration;
/// use haul::settings::Token;
///
/// let token = Token::new("sesame").expires_in(Duration::from_secs(3600));
/// assert_eq!(format!("{token:?}"), r#"Token { text: "***", life: Some(3600s) }"#);
/// ```
#[derive(Clone)]
#[must_use = "a token does nothing until a token source returns it"]
pub struct Token {
    pub(crate) text: String,
    /// Time for which the token is good. `None`: until a server refuses it.
    pub(crate) life: Option<Duration>,
}

impl Token {
    /// Makes a token that is good until a server refuses it.
    pub fn new(text: impl Into<String>) -> Token {
        Token {
            text: text.into(),
            life: None,
        }
    }

    /// Sets the time for which the token is good, from the moment when its source returns it.
    ///
    /// Default: until a server refuses it with status 401.
    pub fn expires_in(mut self, life: Duration) -> Token {
        self.life = Some(life);
        self
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("text", &"***")
            .field("life", &self.life)
            .finish()
    }
}

/// Reason for which a token source is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenReason {
    /// There is no token yet.
    First,
    /// The token has expired, or will soon.
    Due,
    /// A server refused the token with status 401.
    Refused,
}

/// Call of a token source: the host that the token is for, and the reason of the call.
///
/// See [`ClientBuilder::token_source`](crate::ClientBuilder::token_source).
pub struct TokenRequest<'a> {
    pub(crate) host: &'a Host,
    pub(crate) reason: TokenReason,
    /// Parts of the client that a request of the source is sent with.
    pub(crate) via: &'a dyn Any,
}

impl TokenRequest<'_> {
    /// Returns the host of the request that needs the token: the first, if several wait for it.
    pub fn host(&self) -> &Host {
        self.host
    }

    /// Returns the reason of the call.
    pub fn reason(&self) -> TokenReason {
        self.reason
    }
}

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("host", self.host)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Code of the caller that fetches a token.
pub(crate) type FetchToken = dyn Fn(&TokenRequest<'_>) -> Result<Token, HookError> + Send + Sync;

/// Origin of the tokens of a client or of some hosts. Clones are one source, which has one token in each client.
#[derive(Clone)]
pub(crate) enum TokenSource {
    /// Code of the caller.
    Call(Arc<FetchToken>),
    /// OAuth 2 client credentials.
    OAuth2(Arc<OAuth2>),
}

impl TokenSource {
    pub(crate) fn call<F>(fetch: F) -> TokenSource
    where
        F: Fn(&TokenRequest<'_>) -> Result<Token, HookError> + Send + Sync + 'static,
    {
        TokenSource::Call(Arc::new(fetch))
    }

    /// Returns the name of the source in messages, without a secret.
    pub(crate) fn name(&self) -> String {
        match self {
            TokenSource::Call(_) => "its token source".to_owned(),
            TokenSource::OAuth2(login) => Redaction::USUAL.url(&login.token_url),
        }
    }

    /// True if both are one source, or the same login.
    pub(crate) fn is(&self, other: &TokenSource) -> bool {
        match (self, other) {
            (TokenSource::Call(one), TokenSource::Call(other)) => Arc::ptr_eq(one, other),
            (TokenSource::OAuth2(one), TokenSource::OAuth2(other)) => one == other,
            (TokenSource::Call(_), TokenSource::OAuth2(_))
            | (TokenSource::OAuth2(_), TokenSource::Call(_)) => false,
        }
    }
}
