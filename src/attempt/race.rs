//! Race of two requests for one answer.
//!
//! Locks are taken in the order race, then slot. [`CancelSlot::abort`] takes them the other way round while the first
//! worker waits in [`settle`](HedgeRace::settle), so no slot is locked under the lock of the race from then on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::host::Host;
use crate::request::Request;
use crate::transport::{AttemptNumber, CancelSlot, ExchangeResult, WakeWaiters};

use super::state::AttemptState;
use crate::transport::Clock;

/// An exchange for which a second request may be sent.
pub(crate) struct HedgeRace {
    pub(super) request: Arc<Request>,
    pub(super) host: Option<Host>,
    /// Slot of the first request, and the number of its attempt.
    slot: Arc<CancelSlot>,
    attempt: AttemptNumber,
    state: Mutex<RaceState>,
    /// Notified when the second request ends, or when the first is cancelled.
    changed: Condvar,
}

enum RaceState {
    /// Only the first request is under way. The second would begin with this state.
    First(Box<AttemptState>),
    Both {
        slot: Arc<CancelSlot>,
        attempt: AttemptNumber,
        /// True if the first request has ended without an acceptable answer, and its worker waits for the second.
        first_failed: bool,
        /// True if the second request is past the caller's hook, which may wait for the place of the first.
        exchanging: bool,
    },
    /// The second request has ended. `None`: without an acceptable answer.
    SecondEnded(Option<Box<ExchangeResult>>),
    /// The first request has its result: a second is not needed, now or later.
    Over,
}

/// Result of the second request for the first.
pub(super) enum SecondRequest {
    Unsent,
    /// The request was sent, and its answer is not needed or not acceptable.
    Unused,
    Answered(Box<ExchangeResult>),
}

impl HedgeRace {
    /// Makes the race of the current attempt of a slot. The second request would begin with the state `second`.
    pub(super) fn new(
        request: &Arc<Request>,
        host: Option<&Host>,
        slot: &Arc<CancelSlot>,
        second: AttemptState,
    ) -> Arc<HedgeRace> {
        Arc::new(HedgeRace {
            request: Arc::clone(request),
            host: host.cloned(),
            slot: Arc::clone(slot),
            attempt: slot.number(),
            state: Mutex::new(RaceState::First(Box::new(second))),
            changed: Condvar::new(),
        })
    }

    /// Notes that the second request begins. `None`: it is not needed.
    pub(super) fn begin(
        &self,
        slot: &Arc<CancelSlot>,
        attempt: AttemptNumber,
    ) -> Option<Box<AttemptState>> {
        let mut race = self.lock();
        let begun = RaceState::Both {
            slot: Arc::clone(slot),
            attempt,
            first_failed: false,
            exchanging: false,
        };
        match std::mem::replace(&mut *race, begun) {
            RaceState::First(state) => Some(state),
            over => {
                *race = over;
                None
            }
        }
    }

    /// Notes that the second request is sent now. Returns false if it is not needed any more.
    pub(super) fn sends(&self) -> bool {
        match &mut *self.lock() {
            RaceState::Both { exchanging, .. } => {
                *exchanging = true;
                true
            }
            _ => false,
        }
    }

    /// Notes that the second request has ended, with an acceptable answer or without.
    pub(super) fn second_ended(&self, answer: Option<ExchangeResult>) {
        let mut race = self.lock();
        let RaceState::Both { first_failed, .. } = *race else {
            return;
        };
        if answer.is_some() && !first_failed {
            self.slot.outrun(self.attempt);
        }
        *race = RaceState::SecondEnded(answer.map(Box::new));
        self.changed.notify_all();
    }

    /// Ends the race for the first request, which has an acceptable answer or has none. In the latter case this waits
    /// for the second request, if that was sent.
    pub(super) fn settle(self: &Arc<Self>, stands: bool, clock: &Clock) -> SecondRequest {
        let mut race = self.lock();
        self.slot.catch_up();
        if let RaceState::Both {
            first_failed,
            exchanging: true,
            ..
        } = &mut *race
            && !stands
        {
            *first_failed = true;
            let waiter = Arc::clone(self) as Arc<dyn WakeWaiters>;
            if self.slot.publish_waiter(waiter).is_ok() {
                while matches!(&*race, RaceState::Both { .. }) && !self.slot.is_cancelled() {
                    race = clock.wait(&self.changed, race, None);
                }
            }
        }
        let before = std::mem::replace(&mut *race, RaceState::Over);
        drop(race);
        // After a cancel there is nothing to withdraw.
        let _ = self.slot.withdraw();
        match before {
            RaceState::SecondEnded(Some(answer)) => SecondRequest::Answered(answer),
            RaceState::SecondEnded(None) => SecondRequest::Unused,
            RaceState::Both { slot, attempt, .. } => {
                slot.abort(attempt);
                SecondRequest::Unused
            }
            RaceState::First(_) | RaceState::Over => SecondRequest::Unsent,
        }
    }

    fn lock(&self) -> MutexGuard<'_, RaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeWaiters for HedgeRace {
    fn wake(&self) {
        // Under the lock, so that the waiter has looked at its slot before, or waits already.
        let _race = self.lock();
        self.changed.notify_all();
    }
}

/// Side of the first request. A panic in its exchange ends the race too.
pub(super) struct FirstRequest(pub(super) Arc<HedgeRace>);

impl Drop for FirstRequest {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut *self.0.lock(), RaceState::Over);
        if let RaceState::Both { slot, attempt, .. } = before {
            slot.abort(attempt);
        }
    }
}

/// Side of the second request. A panic in its exchange, or in a hook, ends it without an answer.
pub(super) struct SecondEnds<'a>(pub(super) &'a HedgeRace);

impl Drop for SecondEnds<'_> {
    fn drop(&mut self) {
        self.0.second_ended(None);
    }
}
