//! How an exchange went, and what that leads to: an outcome, another attempt, another host.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, Layer, StopReason};
use crate::outcome::State;
use crate::request::Request;
use crate::response::Response;
use crate::retry::{self, Decision, Evidence, retry_after};
use crate::schedule::{Heard, SLOW_AFTER};
use crate::settings::Judgement;
use crate::transport::{CancelSlot, Exchanged, Fault, Partial, Reply, Trace};

use super::attempt::{Engine, Next};
use super::failure::Failure;
use super::health;
use super::job::{Accepted, Progress, cancelled};
use super::judge::judge;
use super::settings::Settings;

impl Progress {
    /// What follows from how the exchange went.
    #[inline(never)]
    pub(super) fn conclude(
        &mut self,
        engine: &Engine,
        settings: Settings<'_>,
        request: &Request,
        exchanged: Exchanged,
        cancel: &CancelSlot,
        start: Instant,
    ) -> Next {
        self.fresh = false;
        let trace = &exchanged.trace;
        let ended = trace.ended.unwrap_or_else(Instant::now);
        let elapsed = ended.saturating_duration_since(start);
        if log::log_enabled!(log::Level::Debug) {
            self.tell(&exchanged, elapsed);
        }
        self.note(trace, elapsed);
        let aborted = cancel.is_cancelled();
        self.heard = heard(&exchanged, elapsed, aborted);
        if aborted || exchanged.headers().is_none() {
            self.report.rare_mut().timings = trace.timings.into();
        }
        self.accepted = None;
        self.sent_unsafe = !self.prepared.method.is_safe() && trace.bytes_sent > 0;
        if aborted {
            self.tally.settled();
            return Next::failed(cancelled());
        }
        match exchanged.result {
            Ok(reply) => self.answered(engine, settings, request, reply, trace, elapsed),
            Err(fault) => self.faulted(settings, request, fault, trace, elapsed),
        }
    }

    fn answered(
        &mut self,
        engine: &Engine,
        settings: Settings<'_>,
        request: &Request,
        mut reply: Reply,
        trace: &Trace,
        elapsed: Duration,
    ) -> Next {
        if let Some(next) = self.redirect(engine, settings, &reply, trace) {
            return next;
        }
        let partial = reply.partial.take();
        let response = self.receive(reply, trace);
        let accepted = settings.accept().contains(response.status());
        let hooked = settings.retry().classify.is_some();
        let asks_again = settings.retry().asks_again_for(response.status());
        if accepted && !hooked && !asks_again {
            return self.accept(settings, response, partial, trace, elapsed);
        }
        let failure = Failure::status(&response);
        let judgement = self.ask(settings, request, &failure, Some(&response), !accepted);
        match judgement {
            Some(Judgement::Accept) => {}
            None if accepted && !asks_again => {}
            judgement => {
                let stands = accepted && !matches!(judgement, Some(Judgement::Stop(_)));
                self.accepted = stands.then_some(Accepted { partial });
                return self.decide(settings, failure, Some(response), judgement, trace, elapsed);
            }
        }
        self.accept(settings, response, partial, trace, elapsed)
    }

    /// A response that was accepted: what was saved of it gets its name, and then it is looked at.
    fn accept(
        &mut self,
        settings: Settings<'_>,
        response: Response,
        partial: Option<Box<Partial>>,
        trace: &Trace,
        elapsed: Duration,
    ) -> Next {
        if partial.is_none() && !settings.looks_into() {
            self.tally.settled();
            self.settled = trace.ended;
            return Next::answered(State::Success(response));
        }
        match self.put_in_place(response, partial) {
            Ok(response) => {
                self.tally.settled();
                Next::answered(judge(settings, &self.prepared.method, response))
            }
            Err((failure, response)) => {
                self.decide(settings, failure, Some(response), None, trace, elapsed)
            }
        }
    }

    /// Gives what was saved of a response its name.
    fn put_in_place(
        &mut self,
        response: Response,
        partial: Option<Box<Partial>>,
    ) -> Result<Response, (Failure, Response)> {
        match partial.map(|partial| partial.put_in_place()).transpose() {
            Ok(None) => Ok(response),
            Ok(Some(saved)) => {
                self.report.size = saved.size;
                self.report.head = None;
                let response = response.with_saved(saved);
                self.report.head = Some(Arc::clone(response.head()));
                Ok(response)
            }
            Err(unsaved) => Err((Failure::unsaved(unsaved), response)),
        }
    }

    /// The outcome of a request that cannot be tried again as was wanted, for this reason: what the last response leads
    /// to without that wish, if it was accepted, and else the failure.
    pub(super) fn settle_for_last(
        &mut self,
        settings: Settings<'_>,
        error: Error,
        reason: StopReason,
    ) -> State {
        let Some(Accepted { partial }) = self.accepted.take() else {
            let last = self.report.rare_mut().log.last_mut();
            last.into_iter().for_each(|last| last.delay = None);
            return State::Failed(error.stopped(reason));
        };
        let rare = self.report.rare_mut();
        rare.stop_reason = Some(reason);
        // The attempt was logged as one that another follows.
        rare.log.pop();
        let Some(response) = error.into_response() else {
            unreachable!("an accepted response is kept with the reason to try again");
        };
        match self.put_in_place(response, partial) {
            Ok(response) => judge(settings, &self.prepared.method, response),
            Err((failure, response)) => {
                let message = failure.message.clone();
                let error = failure.into_error(message, Some(response));
                State::Failed(error.stopped(StopReason::NotRetryable))
            }
        }
    }

    #[inline(never)]
    fn faulted(
        &mut self,
        settings: Settings<'_>,
        request: &Request,
        fault: Fault,
        trace: &Trace,
        elapsed: Duration,
    ) -> Next {
        let response = fault.reply.map(|reply| self.receive(reply, trace));
        let failure = Failure {
            error_type: fault.error_type,
            phase: Some(fault.phase),
            permanent: fault.permanent,
            message: fault.message,
            source: fault.source,
        };
        let judgement = self.ask(settings, request, &failure, response.as_ref(), true);
        // There is no whole response that could be accepted.
        let judgement = judgement.filter(|judgement| *judgement != Judgement::Accept);
        self.decide(settings, failure, response, judgement, trace, elapsed)
    }

    /// A failed attempt: again, or the end.
    #[inline(never)]
    fn decide(
        &mut self,
        settings: Settings<'_>,
        failure: Failure,
        response: Option<Response>,
        judgement: Option<Judgement>,
        trace: &Trace,
        elapsed: Duration,
    ) -> Next {
        // Without one there is nothing to parse, and no map to be made for it.
        let headers = response
            .as_ref()
            .filter(|_| self.report.rare().retry_after.is_some())
            .map(Response::headers);
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let evidence = Evidence {
            repeatable_by_request: self.prepared.repeatable,
            phase: failure.phase,
            permanent: failure.permanent,
            bytes_sent: trace.bytes_sent,
            bytes_received: trace.bytes_received,
            reused: trace.reused,
            replayable: !self.prepared.with_body || settings.body().is_replayable(),
            status: response.as_ref().map(Response::status),
            retry_after: headers.and_then(|headers| retry_after::parse(headers, SystemTime::now())),
            judgement: judgement.as_ref(),
            ..Evidence::new(&self.prepared.method, failure.error_type)
        };
        let mut tally = self.tally.clone();
        let mut decision = retry::decide(
            settings.retry(),
            &evidence,
            &mut tally,
            left,
            &mut fastrand::f64,
        );
        if let Decision::Stop { reason, .. } = &mut decision
            && left.is_some_and(|left| left.is_zero())
        {
            *reason = StopReason::Deadline;
            self.report.cut_short = self.batch_ends.is_some_and(|end| end <= Instant::now());
        }
        if let Decision::Stop { reason, cool } = decision
            && !self.report.cut_short
            && let Some(Accepted { partial }) = self.accepted.take()
            && let Some(response) = response
        {
            self.report.rare_mut().stop_reason = Some(reason);
            let next = self.accept(settings, response, partial, trace, elapsed);
            return next.cooling(cool);
        }
        self.tally = tally;
        let tells = health::tells(&evidence);
        let delay = match decision {
            Decision::Retry { delay, .. } => Some(delay),
            Decision::Stop { .. } => None,
        };
        self.report
            .rare_mut()
            .log
            .push(evidence.attempt(elapsed, delay));
        let error = match judgement {
            Some(Judgement::Stop(message)) => failure.into_error(message, response),
            _ => {
                let message = failure.message.clone();
                failure.into_error(message, response)
            }
        };
        self.redirected = false;
        match decision {
            Decision::Retry {
                delay,
                cost,
                cool,
                fresh,
            } => {
                self.fresh = fresh;
                self.error = Some(error);
                Next::Again {
                    delay,
                    cost,
                    cool,
                    tells,
                }
            }
            Decision::Stop { reason, cool } => Next::Done {
                tells,
                state: State::Failed(error.stopped(reason)),
                cool,
            },
        }
    }
}

/// Returns what an exchange tells of its host. One that was cancelled before the host was slow, or failed on this side,
/// tells nothing; one that a deadline ended does, as the host had until then.
fn heard(exchanged: &Exchanged, elapsed: Duration, aborted: bool) -> Heard {
    let fault = match &exchanged.result {
        Err(fault) if fault.reply.is_none() => fault,
        _ => {
            let waited = exchanged.trace.timings.until_head();
            return Heard::Head { waited };
        }
    };
    let on_this_side = match aborted {
        true => elapsed <= SLOW_AFTER,
        false => fault.error_type.layer() == Layer::Local,
    };
    match on_this_side {
        true => Heard::Nothing,
        false => Heard::NoHead { waited: elapsed },
    }
}
