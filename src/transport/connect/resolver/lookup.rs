//! Lookup of a name, and the workers that wait for its answer.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Unresolved;
use crate::transport::cancel::{CancelSlot, WakeWaiters};
use crate::transport::connection::wire::Limits;

/// Result of a lookup.
pub(super) type LookupResult = Result<Arc<[IpAddr]>, Arc<io::Error>>;

/// Lookup that all workers share that wait for its answer.
pub(super) struct Lookup {
    pub(super) name: Arc<str>,
    answer: Mutex<Option<LookupResult>>,
    answered: Condvar,
    /// Number of workers that wait. At 0 the answer is not wanted any more.
    pub(super) waiting: AtomicUsize,
    /// Number of connections that began with the answer before it was in the cache.
    turn: AtomicUsize,
}

impl Lookup {
    pub(super) fn new(name: &str) -> Lookup {
        Lookup {
            name: name.into(),
            answer: Mutex::new(None),
            answered: Condvar::new(),
            waiting: AtomicUsize::new(1),
            turn: AtomicUsize::new(0),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn give(&self, answer: LookupResult) {
        *self.lock() = Some(answer);
        self.answered.notify_all();
    }

    /// Waits for the answer. Returns the addresses, and the number of connections that began with them before.
    pub(super) fn wait(
        self: Arc<Self>,
        began: Instant,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<(Arc<[IpAddr]>, usize), Unresolved> {
        let result = cancel
            .publish_waiter(Arc::clone(&self) as Arc<dyn WakeWaiters>)
            .map_err(Unresolved::from)
            .and_then(|()| self.wait_published(began, limits, cancel));
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        cancel.withdraw()?;
        result
    }

    fn wait_published(
        &self,
        began: Instant,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<(Arc<[IpAddr]>, usize), Unresolved> {
        let mut answer = self.lock();
        loop {
            match &*answer {
                Some(Ok(addresses)) => {
                    let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                    return Ok((Arc::clone(addresses), turn));
                }
                Some(Err(error)) => return Err(Arc::clone(error).into()),
                None => {}
            }
            if cancel.is_cancelled() {
                return Err(Unresolved::Cancelled);
            }
            let left = limits
                .left(began, Instant::now())
                .map_err(Unresolved::TimedOut)?;
            answer = match left {
                None => self
                    .answered
                    .wait(answer)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.answered
                        .wait_timeout(answer, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<LookupResult>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeWaiters for Lookup {
    /// Takes the lock, so that a waiter that has just found itself not cancelled is already waiting.
    fn wake(&self) {
        let _answer = self.lock();
        self.answered.notify_all();
    }
}
