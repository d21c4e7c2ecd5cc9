//! A second request for an answer that is slow to come: the first acceptable answer is used.
//!
//! The worker of the first request makes the outcome, whichever request answers, so there is exactly one. The worker of
//! the second only exchanges, and leaves an acceptable answer in the [`HedgeRace`]. The request that is not needed any
//! more is shut down through its [`CancelSlot`], and its connection is lost.

use std::sync::Arc;
use std::time::Instant;

use crate::error::ErrorType;
use crate::retry::{AttemptFacts, is_harmless};
use crate::timing::Phase;
use crate::transport::{AttemptNumber, CancelSlot, Clock, ExchangeResult};

use super::context::{AttemptContext, Engine};
use super::race::{HedgeRace, SecondEnds, SecondRequest};
use super::run::AttemptSubject;
use super::scope::{AttemptPermit, AttemptScope, Compute};
use super::settings::{HostSettings, RequestSettings};
use super::state::AttemptState;
use super::token_use::TokenUse;

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

    fn withdraw_hedge(&self) {}
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
        if state.sign(context).is_err() || !race.sends() {
            return;
        }
        let exchanged = state.exchange(context);
        if is_acceptable(context, &exchanged) {
            race.second_ended(Some(exchanged));
        }
    }
}

/// Side of the first request. A panic in its exchange ends the race too.
pub(super) struct FirstRequest<'a> {
    race: Arc<HedgeRace>,
    permit: &'a dyn AttemptPermit,
}

impl<'a> FirstRequest<'a> {
    /// Has the second request of a race sent if the answer to the first is slow to come.
    fn of(race: Arc<HedgeRace>, permit: &'a dyn AttemptPermit) -> FirstRequest<'a> {
        permit.offer_hedge(&race);
        FirstRequest { race, permit }
    }

    /// Ends the race as [`settle`](HedgeRace::settle) does. From here on no second request begins.
    fn settle(&self, stands: bool, slot: &CancelSlot, clock: &Clock) -> SecondRequest {
        self.permit.withdraw_hedge();
        self.race.settle(stands, slot, clock)
    }
}

impl Drop for FirstRequest<'_> {
    fn drop(&mut self) {
        self.race.abandon();
        self.permit.withdraw_hedge();
    }
}

impl AttemptState {
    /// Has a second request sent if the answer to the next exchange is slow to come. `None`: the exchange may not be
    /// hedged.
    pub(super) fn offer_hedge<'a>(
        &self,
        context: AttemptContext<'a>,
        subject: &AttemptSubject<'_>,
        for_source: bool,
    ) -> Option<FirstRequest<'a>> {
        let wanted = context.settings.retry().hedge && !subject.processed;
        if !wanted || !self.may_be_hedged(context) {
            return None;
        }
        let token = self.token.as_ref().map(TokenUse::anew);
        let mut second = AttemptState::new(self.prepared.clone(), None, None, token);
        second.counts = self.counts.clone();
        second.dropped = self.dropped;
        second.connection = self.connection;
        // The exchange of the second request ends no later than the attempt that it belongs to.
        second.deadline = self.attempt_ends(context);
        let (request, cancel) = (subject.request, context.scope.cancel);
        let race = HedgeRace::new(request, context.host, for_source, cancel, second);
        Some(FirstRequest::of(race, context.scope.permit))
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
            // The closure of a body that is handed on sees one body, and a nonce of digest authentication is counted.
            && settings.receiver().is_none()
            && self.prepared.digest.is_none()
            // A reader is shared by both requests.
            && (!self.prepared.with_body || !settings.body().has_reader())
            && is_harmless(settings.retry(), &facts)
    }

    /// Returns the exchange that the attempt goes on with: the first request's own, or that of the second request.
    pub(super) fn settle_hedge(
        &mut self,
        context: AttemptContext<'_>,
        first: &FirstRequest<'_>,
        own: ExchangeResult,
    ) -> ExchangeResult {
        let stands = is_acceptable(context, &own);
        match first.settle(stands, context.scope.cancel, context.scope.clock) {
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
