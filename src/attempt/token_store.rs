//! Present tokens of a client.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use crate::schedule::TokenCall;
use crate::settings::Token;
use crate::settings::basic::bearer;

use super::token_sources::TokenSources;

/// Token that a source has returned, fit to be sent.
pub(crate) struct FetchedToken {
    value: HeaderValue,
    life: Option<Duration>,
}

impl FetchedToken {
    /// Checks a token. The error does not show it.
    pub(super) fn of(token: Token) -> Result<FetchedToken, String> {
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
        // A token under a poisoned lock is whole: no code under the lock panics.
        Some(present.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
