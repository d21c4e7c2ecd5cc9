//! Race of two requests for one answer: the lock, the waits and the shutdowns around its [`RaceSteps`].
//!
//! Locks are taken in the order race, then slot. [`CancelSlot::abort`] takes them the other way round while the first
//! worker waits in [`settle`](HedgeRace::settle), so no slot is locked under the lock of the race from then on.

mod steps;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::host::Host;
use crate::request::Request;
use crate::transport::{AttemptNumber, CancelSlot, Clock, ExchangeResult, WakeWaiters, WorkerWait};

use super::state::AttemptState;

pub(crate) use steps::{RaceEnd, RaceSteps};

/// An exchange for which a second request may be sent.
pub(crate) struct HedgeRace {
    pub(super) request: Arc<Request>,
    pub(super) host: Option<Host>,
    /// True if a token source sends the request.
    for_source: bool,
    state: Mutex<RaceState>,
    /// Notified when the second request ends, or when the first is cancelled.
    changed: Condvar,
}

struct RaceState {
    steps: RaceSteps<Box<AttemptState>, Box<ExchangeResult>>,
    /// Wait of the first request's worker that a virtual clock knows of. `None`: there is none, or it is over and the
    /// worker is to wake.
    wait: Option<WorkerWait>,
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
        for_source: bool,
        slot: &Arc<CancelSlot>,
        second: AttemptState,
    ) -> Arc<HedgeRace> {
        Arc::new(HedgeRace {
            request: Arc::clone(request),
            host: host.cloned(),
            for_source,
            state: Mutex::new(RaceState {
                steps: RaceSteps::new(slot, Box::new(second)),
                wait: None,
            }),
            changed: Condvar::new(),
        })
    }

    /// True if a token source sends the request.
    pub(crate) fn is_for_source(&self) -> bool {
        self.for_source
    }

    /// Notes that the second request begins. `None`: it is not needed.
    pub(super) fn begin(
        &self,
        slot: &Arc<CancelSlot>,
        attempt: AttemptNumber,
    ) -> Option<Box<AttemptState>> {
        self.lock().steps.begin(slot, attempt)
    }

    /// Notes that the second request is sent now. Returns false if it is not needed any more.
    pub(super) fn sends(&self) -> bool {
        self.lock().steps.sends()
    }

    /// Notes that the second request has ended, with an acceptable answer or without.
    pub(super) fn second_ended(&self, answer: Option<ExchangeResult>) {
        let mut race = self.lock();
        race.steps.second_ended(answer.map(Box::new));
        race.wait = None;
        self.changed.notify_all();
    }

    /// Ends the race for the first request, which has an acceptable answer or has none. In the latter case this waits
    /// for the second request, if that was sent.
    pub(super) fn settle(
        self: &Arc<Self>,
        stands: bool,
        slot: &CancelSlot,
        clock: &Clock,
    ) -> SecondRequest {
        let mut race = self.lock();
        let waiter = || Arc::clone(self) as Arc<dyn WakeWaiters>;
        race.steps.first_ended(stands, waiter);
        if race.steps.waits() {
            race.wait = clock.as_virtual().map(|clock| clock.wait_for_worker());
            while race.steps.waits() {
                race = clock.wait(&self.changed, race, None);
            }
            race.wait = None;
        }
        let end = race.steps.end();
        drop(race);
        // After a cancel there is nothing to withdraw.
        let _ = slot.withdraw();
        match end {
            RaceEnd::Unsent => SecondRequest::Unsent,
            RaceEnd::Unused => SecondRequest::Unused,
            RaceEnd::Abort(slot, attempt) => {
                slot.abort(attempt);
                SecondRequest::Unused
            }
            RaceEnd::Answered(answer) => SecondRequest::Answered(answer),
        }
    }

    /// Ends the race, if it goes on, and the second request with it.
    pub(super) fn abandon(&self) {
        let end = self.lock().steps.end();
        if let RaceEnd::Abort(slot, attempt) = end {
            slot.abort(attempt);
        }
    }

    fn lock(&self) -> MutexGuard<'_, RaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeWaiters for HedgeRace {
    fn wake(&self) {
        // Under the lock, so that the waiter has looked at its slot before, or waits already.
        let mut race = self.lock();
        race.wait = None;
        self.changed.notify_all();
    }
}

/// Side of the second request. A panic in its exchange, or in a hook, ends it without an answer.
pub(super) struct SecondEnds<'a>(pub(super) &'a HedgeRace);

impl Drop for SecondEnds<'_> {
    fn drop(&mut self) {
        self.0.second_ended(None);
    }
}
