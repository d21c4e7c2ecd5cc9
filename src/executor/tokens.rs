//! Calls of token sources, which are the caller's code: a worker makes them while the jobs that need the token wait in
//! the schedule.
//!
//! The worker counts as blocked meanwhile, so that another may run in its place: the source may send requests through
//! the same workers, even through a single one, and a source that hangs takes no worker away.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::MutexGuard;
use std::time::Instant;

use crate::attempt::{Clock, panicked};
use crate::error::TokenFailure;
use crate::redact::escape::log_line;
use crate::schedule::{TOKEN_CALLS, TokenCall};

use super::shared::{Executor, ExecutorState};
use super::work::TokenWork;
use super::workers::WorkerLoop;

impl ExecutorState {
    /// Begins a call of a token source that jobs wait for. `None`: no job waits for one.
    pub(super) fn token_call(
        &mut self,
        tokens: Option<&dyn TokenWork>,
        clock: &Clock,
        now: Instant,
    ) -> Option<TokenCall> {
        if !self.schedule.is_token_call_due(now) {
            return None;
        }
        let tokens = tokens?;
        self.schedule
            .token_call(|host, failed| tokens.rest(host, failed, clock), now)
    }
}

impl WorkerLoop<'_> {
    /// Calls a token source and tells the schedule how that ended. Returns the lock with a time read under it.
    // Kept out of line, so that an ordinary attempt does not carry its stack.
    #[inline(never)]
    pub(super) fn fetch_token<'g>(
        &'g self,
        state: MutexGuard<'g, ExecutorState>,
        call: &TokenCall,
    ) -> (MutexGuard<'g, ExecutorState>, Instant) {
        let executor = self.executor;
        drop(state);
        let Some(tokens) = executor.work.tokens() else {
            unreachable!("calls begin only where there are sources");
        };
        let fetched = Executor::blocking(|| {
            let fetch = || tokens.fetch(call);
            let fetched = catch_unwind(AssertUnwindSafe(fetch));
            fetched.unwrap_or_else(|panic| Err(TokenFailure::new(panicked(&*panic).message())))
        });
        if let Err(failure) = &fetched {
            log_line!(
                Warn,
                "no token for {} (call {} of {TOKEN_CALLS}): {failure}",
                call.host,
                call.attempt
            );
        }
        let mut state = executor.lock();
        let now = executor.clock.now();
        match fetched {
            Ok(token) => {
                if state.schedule.token_came(call, token.life(), now) {
                    tokens.keep(call, token);
                }
            }
            Err(failure) => state.schedule.token_failed(call, &failure, now),
        }
        if !state.schedule.has_news() {
            return (state, now);
        }
        let after = executor.call_news(&mut state);
        drop(state);
        executor.finish(after);
        let state = executor.lock();
        let now = executor.clock.now();
        (state, now)
    }
}
