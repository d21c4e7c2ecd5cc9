//! Consequence of an exchange: an outcome, another attempt, another host.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{ErrorType, Layer, StopReason};
use crate::outcome::State;
use crate::response::Response;
use crate::retry::{self, AnnouncedWaits, AttemptFacts, Decision, rate_limit};
use crate::schedule::{HostObservation, SLOW_AFTER};
use crate::settings::Judgement;
use crate::transport::{ExchangeResult, Fault, PartialFile, Reply, WireFacts};

use super::again::Retry;
use super::context::AttemptContext;
use super::download::time_of;
use super::failure::{AttemptFailure, FailedAttempt};
use super::health;
use super::next::{AttemptEnd, cancelled};
use super::stage::{ConnectionChoice, Stage};
use super::state::{AcceptedResponse, AttemptState};

/// An exchange that has ended.
#[derive(Clone, Copy)]
pub(super) struct FinishedExchange<'a> {
    pub(super) trace: &'a WireFacts,
    /// Time from the start of the attempt to the end of the exchange.
    pub(super) elapsed: Duration,
}

impl AttemptState {
    /// Returns the consequence of an exchange.
    #[inline(never)]
    pub(super) fn conclude(
        &mut self,
        context: AttemptContext<'_>,
        exchanged: ExchangeResult,
    ) -> AttemptEnd {
        let scope = context.scope;
        self.connection = ConnectionChoice::Any;
        let trace = &exchanged.trace;
        let ended = trace.ended.unwrap_or_else(|| scope.clock.now());
        let elapsed = ended.saturating_duration_since(scope.start);
        if log::log_enabled!(log::Level::Debug) {
            self.log_exchange(&exchanged, elapsed);
        }
        self.note(trace, elapsed);
        let aborted = scope.cancel.is_cancelled();
        self.heard = heard(&exchanged, elapsed, aborted);
        if scope.limit.is_some() {
            self.load = health::load(&exchanged).filter(|_| !aborted);
            self.report.limit = scope.limit;
        }
        if aborted || exchanged.headers().is_none() {
            let rare = self.report.rare_mut();
            (rare.timings, rare.remote) = (trace.timings.into(), trace.remote);
        }
        self.accepted = None;
        if let Some(token) = &mut self.token {
            token.repeats = false;
        }
        self.may_have_acted = !self.prepared.method.is_safe() && trace.bytes_sent > 0;
        if aborted {
            self.counts.settled();
            return AttemptEnd::failed(cancelled());
        }
        let finished = FinishedExchange { trace, elapsed };
        match exchanged.result {
            Ok(reply) => self.answered(context, reply, finished),
            Err(fault) => self.faulted(context, fault, finished),
        }
    }

    fn answered(
        &mut self,
        context: AttemptContext<'_>,
        mut reply: Reply,
        finished: FinishedExchange<'_>,
    ) -> AttemptEnd {
        if let Some(next) = self.by_get(context, &reply) {
            return next;
        }
        if let Some(next) = self.ask_anew(&reply) {
            return next;
        }
        if self.prepared.digest.is_some()
            && let Some(next) = self.meet_challenge(context, &reply)
        {
            return next;
        }
        if let Some(next) = self.redirect(context, &reply, finished.trace) {
            return next;
        }
        if let Some(next) = self.renew(context, &mut reply, finished.trace) {
            return next;
        }
        let settings = context.settings;
        let pause = self.pause(context, &reply);
        let unchanged = self.is_unchanged(&reply);
        let partial = reply.partial.take();
        if partial.is_some() {
            self.forget_part();
        }
        let response = self.receive(reply, finished.trace);
        if unchanged {
            self.report.rare_mut().skipped = true;
        }
        // A body that was saved continues a file or makes it complete, whatever its status.
        let accepted =
            settings.accept().contains(response.status()) || partial.is_some() || unchanged;
        let hooked = settings.retry().classify.is_some();
        let asks_again = settings.retry().asks_again_for(response.status());
        if accepted && !hooked && !asks_again {
            let end = self.accept(context, response, partial, finished);
            return end.cooling(pause, context.scope.clock);
        }
        let mut failure = AttemptFailure::status(&response);
        if let Some(unmet) = self.unmet_challenge() {
            failure.message += "; ";
            failure.message += unmet;
        }
        let judgement = self.ask(context, &failure, Some(&response), !accepted);
        match judgement {
            Some(Judgement::Accept) => {}
            None if accepted && !asks_again => {}
            judgement => {
                let stands = accepted && !matches!(judgement, Some(Judgement::Stop(_)));
                self.accepted = stands.then_some(AcceptedResponse { partial });
                let failed = FailedAttempt {
                    failure,
                    response: Some(response),
                    judgement,
                };
                let end = self.decide(context, failed, finished);
                return end.cooling(pause.filter(|_| accepted), context.scope.clock);
            }
        }
        let end = self.accept(context, response, partial, finished);
        end.cooling(pause, context.scope.clock)
    }

    /// Returns the time for which the host is left alone since nothing remains of a rate limit that the response
    /// announces, if the policy looks at that. `None`: it is not left alone.
    fn pause(&self, context: AttemptContext<'_>, reply: &Reply) -> Option<Duration> {
        let policy = context.settings.retry();
        if !policy.pace_by_headers {
            return None;
        }
        let now = context.scope.clock.system_now();
        let reset = rate_limit::pause(&reply.headers, now)?;
        Some(reset.min(policy.retry_after_max))
    }

    /// Returns the consequence of an accepted response: its saved body gets its final name, then the response is
    /// judged.
    fn accept(
        &mut self,
        context: AttemptContext<'_>,
        response: Response,
        partial: Option<Box<PartialFile>>,
        finished: FinishedExchange<'_>,
    ) -> AttemptEnd {
        if partial.is_none() && !context.settings.looks_into() {
            self.counts.settled();
            self.settled = finished.trace.ended;
            return AttemptEnd::answered(State::Success(response));
        }
        match self.put_in_place(context, response, partial) {
            Ok(response) => {
                self.counts.settled();
                AttemptEnd::answered(context.judge(&self.prepared.method, response))
            }
            Err((failure, response)) => {
                let failed = FailedAttempt {
                    failure,
                    response: Some(response),
                    judgement: None,
                };
                self.decide(context, failed, finished)
            }
        }
    }

    /// Gives the saved body of a response its final name.
    pub(super) fn put_in_place(
        &mut self,
        context: AttemptContext<'_>,
        response: Response,
        partial: Option<Box<PartialFile>>,
    ) -> Result<Response, (AttemptFailure, Response)> {
        let own = context.settings.download();
        if let (Some(partial), Some(own)) = (&partial, own)
            && let Some(difference) = partial.differs(own)
        {
            return Err((AttemptFailure::checksum(difference), response));
        }
        let time = time_of(context.settings, &response.head().headers);
        let put_in_place = |mut partial: Box<PartialFile>| {
            partial.name(&response)?;
            partial.put_in_place(time)
        };
        match partial.map(put_in_place).transpose() {
            Ok(None) => Ok(response),
            Ok(Some(saved)) => {
                self.report.size = saved.size;
                self.report.head = None;
                let response = response.with_saved(saved);
                self.report.head = Some(Arc::clone(response.head()));
                Ok(response)
            }
            Err(unsaved) => Err((AttemptFailure::unsaved(unsaved), response)),
        }
    }

    #[inline(never)]
    fn faulted(
        &mut self,
        context: AttemptContext<'_>,
        fault: Fault,
        finished: FinishedExchange<'_>,
    ) -> AttemptEnd {
        let partial = fault
            .reply
            .as_ref()
            .and_then(|reply| reply.partial.as_deref());
        self.note_part(partial);
        let response = fault.reply.map(|reply| self.receive(reply, finished.trace));
        let failure = AttemptFailure {
            error_type: fault.error_type,
            phase: Some(fault.phase),
            permanent: fault.permanent,
            message: fault.message,
            source: fault.source,
        };
        // A panic of the caller's code ends the request, whatever the policy says.
        let judgement = match failure.error_type {
            ErrorType::Panic => None,
            _ => self.ask(context, &failure, response.as_ref(), true),
        };
        let failed = FailedAttempt {
            failure,
            response,
            // There is no whole response, so a hook cannot accept it.
            judgement: judgement.filter(|judgement| *judgement != Judgement::Accept),
        };
        if let Some(next) = self.by_other_scheme(context, &failed, finished) {
            return next;
        }
        self.decide(context, failed, finished)
    }

    /// Returns the consequence of a failed attempt: another attempt, or the end.
    #[inline(never)]
    fn decide(
        &mut self,
        context: AttemptContext<'_>,
        failed: FailedAttempt,
        finished: FinishedExchange<'_>,
    ) -> AttemptEnd {
        let clock = context.scope.clock;
        let left = self.left(clock.now());
        let facts = self.facts(context, &failed, finished.trace);
        let call = health::tells(&facts);
        let mut counts = self.counts.clone();
        let policy = context.settings.retry();
        let mut random = || clock.random();
        let mut decision = retry::decide(policy, &facts, &mut counts, left, &mut random);
        let mut cut_short = self.report.cut_short;
        if let Decision::Stop { reason, .. } = &mut decision
            && left.is_some_and(|left| left.is_zero())
        {
            *reason = StopReason::Deadline;
            cut_short = self.batch_ends.is_some_and(|end| end <= clock.now());
        }
        self.blame_body(&mut decision);
        let delay = match decision {
            Decision::Retry { delay, .. } => Some(delay),
            Decision::Stop { .. } => None,
        };
        let attempt = facts.attempt(finished.elapsed, delay);
        self.report.cut_short = cut_short;
        let FailedAttempt {
            failure,
            response,
            judgement,
        } = failed;
        let response = match (&decision, response) {
            (&Decision::Stop { reason, cool }, Some(response)) if !cut_short => {
                match self.accepted.take() {
                    Some(AcceptedResponse { partial }) => {
                        self.report.rare_mut().stop_reason = Some(reason);
                        let next = self.accept(context, response, partial, finished);
                        return next.cooling(cool, clock);
                    }
                    None => Some(response),
                }
            }
            (_, response) => response,
        };
        self.counts = counts;
        self.report.rare_mut().log.push(attempt);
        let message = match judgement {
            Some(Judgement::Stop(message)) => message,
            _ => failure.message.clone(),
        };
        let error = failure.into_error(message, response);
        self.stage = Stage::NewAttempt;
        match decision {
            Decision::Retry {
                delay,
                cost,
                cool,
                fresh,
            } => {
                if fresh {
                    self.connection = ConnectionChoice::New;
                }
                let retry = Retry {
                    delay,
                    cost,
                    cool,
                    call,
                };
                self.again(context, error, retry)
            }
            Decision::Stop { reason, cool } => AttemptEnd::Done {
                call,
                state: State::Failed(error.stopped(reason)),
                cool,
            },
        }
    }

    /// Returns the facts that the retry policy decides by.
    pub(super) fn facts<'a>(
        &'a self,
        context: AttemptContext<'_>,
        failed: &'a FailedAttempt,
        trace: &WireFacts,
    ) -> AttemptFacts<'a> {
        let FailedAttempt {
            failure,
            response,
            judgement,
        } = failed;
        let now = context.scope.clock.system_now();
        let waits = response.as_ref().map_or_else(AnnouncedWaits::default, |r| {
            AnnouncedWaits::of(r.status(), &r.head().headers, now)
        });
        AttemptFacts {
            repeatable_by_request: self.prepared.repeatable,
            phase: failure.phase,
            permanent: failure.permanent,
            bytes_sent: trace.bytes_sent,
            bytes_received: trace.bytes_received,
            reused: trace.reused,
            replayable: !self.prepared.with_body || context.settings.body().is_replayable(),
            status: response.as_ref().map(Response::status),
            retry_after: waits.retry_after,
            limit: waits.limit,
            says_no: waits.says_no,
            judgement: judgement.as_ref(),
            limit_adapts: context.scope.limit.is_some(),
            advanced: self.has_advanced(),
            ..AttemptFacts::new(&self.prepared.method, failure.error_type)
        }
    }
}

/// Returns the observation of the host in an exchange. An exchange that was cancelled before the host was slow, or that
/// failed on this side, shows nothing of the host. An exchange that a deadline ended does, since the host had time
/// until then.
fn heard(exchanged: &ExchangeResult, elapsed: Duration, aborted: bool) -> HostObservation {
    let fault = match &exchanged.result {
        Err(fault) if fault.reply.is_none() => fault,
        _ => {
            let waited = exchanged.trace.timings.until_head();
            return HostObservation::Head { waited };
        }
    };
    let on_this_side = match aborted {
        true => elapsed <= SLOW_AFTER,
        false => fault.error_type.layer() == Layer::Local,
    };
    match on_this_side {
        true => HostObservation::Nothing,
        false => HostObservation::NoHead { waited: elapsed },
    }
}
