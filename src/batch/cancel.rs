//! A token that ends batches from other threads.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::executor::Executor;
use crate::schedule::{EndReason, Id};

/// Token that ends the batches it was given to, from any thread.
///
/// Their inputs are read no further, queued requests are cancelled, running requests are aborted, and each of these
/// requests has a cancelled outcome. Clones are the same token.
///
/// [`drain`](CancelToken::drain) ends them more gently: requests under way end by themselves.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let token = haul::batch::CancelToken::new();
/// let outcomes = client.as_completed(["https://example.com/"]).cancel_token(&token);
/// std::thread::spawn(move || token.cancel());
/// for outcome in outcomes { /* ... */ }
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Mutex<TokenState>>);

#[derive(Default)]
struct TokenState {
    /// True if the token was cancelled, which is never undone.
    cancelled: bool,
    /// True if the token was drained, which is never undone.
    drained: bool,
    /// The batches to end, each with its executor.
    batches: Vec<(Weak<Executor>, Id)>,
}

impl CancelToken {
    /// Creates a token that is not cancelled.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// Cancels the batches, for good: a batch that the token is given to later ends at once.
    pub fn cancel(&self) {
        let batches = {
            let mut state = self.lock();
            state.cancelled = true;
            std::mem::take(&mut state.batches)
        };
        for (executor, batch) in batches {
            if let Some(executor) = executor.upgrade() {
                executor.stop(batch, &EndReason::Cancelled);
            }
        }
    }

    /// Drains the batches, for good.
    ///
    /// Their inputs are read no further, nothing more is started, and the attempts that run end by themselves. Requests
    /// that were read and not started, and requests that wait for a retry or would be tried again or redirected, have a
    /// cancelled outcome, which the summary counts as `not_done`. A batch that the token is given to later reads
    /// nothing. The batches end with [`End::Drained`](crate::batch::End::Drained).
    ///
    /// [`cancel`](CancelToken::cancel) may follow, and aborts what still runs.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let token = haul::batch::CancelToken::new();
    /// let mut outcomes = client.as_completed(["https://example.com/"]).cancel_token(&token);
    /// token.drain();
    /// outcomes.by_ref().for_each(drop);
    /// assert_eq!(outcomes.end(), Some(haul::batch::End::Drained));
    /// ```
    pub fn drain(&self) {
        let batches = {
            let mut state = self.lock();
            state.drained = true;
            // They stay in the list, for a later `cancel`.
            state.batches.clone()
        };
        for (executor, batch) in batches {
            if let Some(executor) = executor.upgrade() {
                executor.drain(batch);
            }
        }
    }

    /// Returns true if the token was drained.
    pub fn is_drained(&self) -> bool {
        self.lock().drained
    }

    /// Returns true if the token was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Adds a batch to end. If the token was cancelled or drained before, the batch ends at once.
    pub(super) fn add(&self, executor: &Arc<Executor>, batch: Id) {
        let mut state = self.lock();
        if state.cancelled {
            drop(state);
            executor.stop(batch, &EndReason::Cancelled);
        } else {
            state.batches.push((Arc::downgrade(executor), batch));
            let drained = state.drained;
            drop(state);
            if drained {
                executor.drain(batch);
            }
        }
    }

    /// Forgets a batch that is over.
    pub(super) fn remove(&self, batch: Id) {
        self.lock().batches.retain(|(_, other)| *other != batch);
    }

    fn lock(&self) -> MutexGuard<'_, TokenState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelToken")
            .field(&self.is_cancelled())
            .finish()
    }
}
