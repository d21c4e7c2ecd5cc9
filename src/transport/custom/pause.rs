//! Waits that a cancel ends.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::transport::Call;
use crate::transport::cancel::WakeWaiters;
use crate::transport::classify::Failure;
use crate::transport::clock::DelayGuard;
use crate::transport::connection::wire::Limits;

/// Wait of an exchange for nothing but time.
#[derive(Default)]
pub(super) struct Pause {
    /// Wait that a virtual clock knows of. `None`: there is none, or it is over and the waiter is to wake.
    delay: Mutex<Option<DelayGuard>>,
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
        let mut delay = self.lock();
        loop {
            *delay = None;
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
            *delay = clock
                .zip(until)
                .map(|(clock, until)| clock.delay(until, Arc::clone(self) as Arc<dyn WakeWaiters>));
            delay = call.clock.wait(&self.woken, delay, until);
            if let Some(clock) = clock.filter(|clock| clock.now() == now) {
                // No caller has moved the time on.
                drop(delay);
                clock.pass_unattended();
                delay = self.lock();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<DelayGuard>> {
        self.delay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeWaiters for Pause {
    /// The lock is taken so that a waiter which has just found the call not cancelled is waiting by now. The waiter
    /// counts as busy from here on, even before it has woken.
    fn wake(&self) {
        *self.lock() = None;
        self.woken.notify_all();
    }
}
