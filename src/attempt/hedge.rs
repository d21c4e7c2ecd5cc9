//! A second request for an answer that is slow to come: the first acceptable answer is used.
//!
//! The worker of the first request makes the outcome, whichever request answers, so there is exactly one. The worker of
//! the second only exchanges, and leaves an acceptable answer in the [`HedgeRace`]. The request that is not needed any
//! more is shut down through its [`CancelSlot`], and its connection is lost.
//!
//! Locks are taken in the order race, then slot. [`CancelSlot::abort`] takes them the other way round while the first
//! worker waits in [`settle`](HedgeRace::settle), so no slot is locked under the lock of the race from then on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::ErrorType;
use crate::host::Host;
use crate::request::Request;
use crate::retry::{AttemptFacts, is_harmless};
use crate::timing::Phase;
use crate::transport::{AttemptNumber, CancelSlot, ExchangeResult, WakeWaiters};

use super::clock::Clock;
use super::context::{AttemptContext, Engine};
use super::scope::{AttemptPermit, AttemptScope, Compute};
use super::settings::{HostSettings, RequestSettings};
use super::state::AttemptState;

/// An exchange for which a second request may be sent.
pub(crate) struct HedgeRace {
    request: Arc<Request>,
    host: Option<Host>,
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
    },
    /// The second request has ended. `None`: without an acceptable answer.
    SecondEnded(Option<Box<ExchangeResult>>),
    /// The first request has its result: a second is not needed, now or later.
    Over,
}

/// Result of the second request for the first.
enum SecondRequest {
    Unsent,
    /// The request was sent, and its answer is not needed or not acceptable.
    Unused,
    Answered(Box<ExchangeResult>),
}

impl HedgeRace {
    /// Notes that the second request begins. `None`: it is not needed.
    fn begin(&self, slot: &Arc<CancelSlot>, attempt: AttemptNumber) -> Option<Box<AttemptState>> {
        let mut race = self.lock();
        let begun = RaceState::Both {
            slot: Arc::clone(slot),
            attempt,
            first_failed: false,
        };
        match std::mem::replace(&mut *race, begun) {
            RaceState::First(state) => Some(state),
            over => {
                *race = over;
                None
            }
        }
    }

    /// Notes that the second request has ended, with an acceptable answer or without.
    fn second_ended(&self, answer: Option<ExchangeResult>) {
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
    fn settle(self: &Arc<Self>, stands: bool, clock: &Clock) -> SecondRequest {
        let mut race = self.lock();
        self.slot.catch_up();
        if let RaceState::Both { first_failed, .. } = &mut *race
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
pub(super) struct FirstRequest(Arc<HedgeRace>);

impl Drop for FirstRequest {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut *self.0.lock(), RaceState::Over);
        if let RaceState::Both { slot, attempt, .. } = before {
            slot.abort(attempt);
        }
    }
}

/// Side of the second request. A panic in its exchange, or in a hook, ends it without an answer.
struct SecondEnds<'a>(&'a HedgeRace);

impl Drop for SecondEnds<'_> {
    fn drop(&mut self) {
        self.0.second_ended(None);
    }
}

/// Permit of a second request. The schedule takes it back from the worker, and is told nothing else of it.
struct HedgePermit;

impl AttemptPermit for HedgePermit {
    fn release(&self) {}

    fn is_held(&self) -> bool {
        true
    }

    fn connected(&self) {}

    fn head_came(&self, _at: Instant) {}

    fn had_company(&self) -> bool {
        false
    }

    fn withdraw(&self, _cost: f64) -> bool {
        false
    }

    fn offer_hedge(&self, _race: &Arc<HedgeRace>) {}
}

/// Surroundings of a second request.
#[derive(Clone, Copy)]
pub(crate) struct HedgeScope<'a> {
    /// Slot through which the worker of the first request ends this one.
    pub(crate) cancel: &'a Arc<CancelSlot>,
    pub(crate) clock: &'a Clock,
    pub(crate) compute: &'a dyn Compute,
    /// Start of the request.
    pub(crate) start: Instant,
}

impl Engine {
    /// Sends the second request of a race. `attempt` is the number of the slot's attempt.
    pub(crate) fn hedge(&self, race: &HedgeRace, attempt: AttemptNumber, scope: HedgeScope<'_>) {
        let Some(mut state) = race.begin(scope.cancel, attempt) else {
            return;
        };
        let _ends = SecondEnds(race);
        let made;
        let host = race.host.as_ref();
        let of_host = match self.defaults.hosts.is_empty() {
            true => HostSettings::NONE,
            false => {
                made = self.defaults.host_settings(host);
                &made
            }
        };
        let context = AttemptContext {
            engine: self,
            settings: RequestSettings::of(&self.defaults, of_host, &race.request, false),
            request: &race.request,
            host,
            scope: AttemptScope {
                permit: &HedgePermit,
                cancel: scope.cancel,
                clock: scope.clock,
                compute: scope.compute,
                start: scope.start,
                unproven: false,
                limit: None,
            },
        };
        // The first request goes on without the hook's error.
        if state.sign(context).is_err() {
            return;
        }
        let exchanged = state.exchange(context);
        if is_acceptable(context, &exchanged) {
            race.second_ended(Some(exchanged));
        }
    }
}

impl AttemptState {
    /// Has a second request sent if the answer to the next exchange is slow to come. `None`: the exchange may not be
    /// hedged.
    pub(super) fn offer_hedge(
        &self,
        context: AttemptContext<'_>,
        request: &Arc<Request>,
    ) -> Option<FirstRequest> {
        if !context.settings.retry().hedge || !self.may_be_hedged(context) {
            return None;
        }
        let mut second = AttemptState::new(self.prepared.clone(), None, None, context.scope.start);
        second.counts = self.counts.clone();
        second.dropped = self.dropped.clone();
        second.connection = self.connection;
        // Its exchange ends no later than the attempt that it belongs to.
        second.deadline = self.attempt_ends(context);
        let race = Arc::new(HedgeRace {
            request: Arc::clone(request),
            host: context.host.cloned(),
            slot: Arc::clone(context.scope.cancel),
            attempt: context.scope.cancel.number(),
            state: Mutex::new(RaceState::First(Box::new(second))),
            changed: Condvar::new(),
        });
        context.scope.permit.offer_hedge(&race);
        Some(FirstRequest(race))
    }

    /// True if sending the request twice at once does no harm and its answer is kept in memory. The one place that
    /// decides this.
    fn may_be_hedged(&self, context: AttemptContext<'_>) -> bool {
        let settings = context.settings;
        let facts = AttemptFacts {
            repeatable_by_request: self.prepared.repeatable,
            phase: Some(Phase::Wait),
            replayable: !self.prepared.with_body || settings.body().is_replayable(),
            ..AttemptFacts::new(&self.prepared.method, ErrorType::Timeout)
        };
        !self.stage.is_redirect()
            && settings.save().is_none()
            && is_harmless(settings.retry(), &facts)
    }

    /// Returns the exchange that the attempt goes on with: the first request's own, or that of the second request.
    pub(super) fn settle_hedge(
        &mut self,
        context: AttemptContext<'_>,
        first: &FirstRequest,
        own: ExchangeResult,
    ) -> ExchangeResult {
        let stands = is_acceptable(context, &own);
        match first.0.settle(stands, context.scope.clock) {
            SecondRequest::Unsent => own,
            SecondRequest::Unused => {
                self.report.hedged = true;
                own
            }
            SecondRequest::Answered(second) => {
                self.report.hedged = true;
                self.report.bytes_sent += own.trace.bytes_sent;
                self.report.bytes_received += own.trace.bytes_received;
                *second
            }
        }
    }
}

/// True if the exchange brought a response that ends the attempt well: an accepted status, or a redirect.
fn is_acceptable(context: AttemptContext<'_>, exchanged: &ExchangeResult) -> bool {
    let Ok(reply) = &exchanged.result else {
        return false;
    };
    let settings = context.settings;
    settings.accept().contains(reply.status) && !settings.retry().asks_again_for(reply.status)
}
