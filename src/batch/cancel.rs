//! Ending batches from elsewhere.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::executor::Executor;
use crate::schedule::{Ended, Id};

/// Ends the batches it was given to, from any thread: nothing further is read, what is queued is cancelled, what runs is
/// aborted, and all of it comes out as cancelled outcomes. Clones are the same token.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let token = haul::batch::CancelToken::new();
/// let outcomes = client.as_completed(["https://example.com/"]).cancel_token(&token);
/// std::thread::spawn(move || token.cancel());
/// for outcome in outcomes { /* ... */ }
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    cancelled: bool,
    batches: Vec<(Weak<Executor>, Id)>,
}

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// Cancels, for good: a batch the token is given to later ends at once.
    pub fn cancel(&self) {
        let batches = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.cancelled = true;
            std::mem::take(&mut state.batches)
        };
        for (executor, batch) in batches {
            if let Some(executor) = executor.upgrade() {
                executor.stop(batch, &Ended::Cancelled);
            }
        }
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancelled
    }

    pub(super) fn add(&self, executor: &Arc<Executor>, batch: Id) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.cancelled {
            drop(state);
            executor.stop(batch, &Ended::Cancelled);
        } else {
            state.batches.push((Arc::downgrade(executor), batch));
        }
    }

    pub(super) fn remove(&self, batch: Id) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.batches.retain(|(_, other)| *other != batch);
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelToken")
            .field(&self.is_cancelled())
            .finish()
    }
}
