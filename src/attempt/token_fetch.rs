//! Calls of token sources.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::error::TokenFailure;
use crate::host::Host;
use crate::redact::beginning;
use crate::retry;
use crate::schedule::TokenCall;
use crate::settings::{HookError, TokenRequest};
use crate::transport::Clock;

use super::context::Engine;
use super::panic::panicked;
use super::token_store::FetchedToken;

/// Longest text in bytes that is kept of an error of a token source.
const LONGEST: usize = 1024;

impl Engine {
    /// Returns the time between a failed call of a token source and the next, after `failed` calls.
    pub(crate) fn token_rest(&self, host: &Host, failed: u32, clock: &Clock) -> Duration {
        let of_host = self.defaults.host_settings(Some(host));
        let policy = of_host.retry.as_ref().unwrap_or(&self.defaults.retry);
        retry::backoff(policy, failed, false, &mut || clock.random())
    }

    /// Calls a token source. `via`: parts of the client that [`TokenRequest::send`] needs. A panic of the source is a
    /// failure.
    pub(crate) fn fetch_token(
        &self,
        call: &TokenCall,
        via: &dyn Any,
    ) -> Result<FetchedToken, TokenFailure> {
        let Some(source) = self.defaults.tokens.all.get(call.source) else {
            unreachable!("calls are of sources that the client has");
        };
        let request = TokenRequest {
            host: &call.host,
            reason: call.reason,
            via,
        };
        let fetched = catch_unwind(AssertUnwindSafe(|| (source.fetch)(&request)));
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
