//! Waits that a cancel ends.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::transport::Call;
use crate::transport::cancel::WakeWaiters;
use crate::transport::classify::Failure;
use crate::transport::connection::wire::Limits;

/// Wait of an exchange for nothing but time.
#[derive(Default)]
pub(super) struct Pause {
    lock: Mutex<()>,
    woken: Condvar,
}

impl Pause {
    /// Waits for this time, or until the call is cancelled or a limit passes.
    pub(super) fn wait(
        self: &Arc<Self>,
        call: &Call<'_>,
        began: Instant,
        time: Duration,
        limits: &Limits,
    ) -> Result<(), Failure> {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if call.is_cancelled() {
                return Err(Failure::Cancelled);
            }
            let now = call.clock.now();
            let rest = time.saturating_sub(now.saturating_duration_since(began));
            if rest.is_zero() {
                return Ok(());
            }
            let left = limits.left(began, now).map_err(Failure::Broken)?;
            let until = now.checked_add(left.map_or(rest, |left| left.min(rest)));
            let clock = call.clock.as_virtual();
            let delay = clock
                .zip(until)
                .map(|(clock, until)| clock.delay(until, Arc::clone(self) as Arc<dyn WakeWaiters>));
            guard = call.clock.wait(&self.woken, guard, until);
            if let Some(clock) = clock.filter(|clock| clock.now() == now) {
                // No caller has moved the time on.
                drop(guard);
                clock.pass_unattended();
                guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            }
            drop(delay);
        }
    }
}

impl WakeWaiters for Pause {
    /// The lock is taken so that a waiter which has just found the call not cancelled is waiting by now.
    fn wake(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.woken.notify_all();
    }
}
