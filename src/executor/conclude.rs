//! How an exchange went, and what that leads to: an outcome, another attempt, another host.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::error::StopReason;
use crate::outcome::{Attempt, State};
use crate::policy::Judgement;
use crate::request::Request;
use crate::response::Response;
use crate::retry::{self, Decision, Evidence, retry_after};
use crate::schedule;
use crate::transport::{CancelSlot, Exchanged, Fault, Partial, Reply, Trace};

use super::attempt::{Engine, Next};
use super::failure::Failure;
use super::job::{Progress, cancelled};
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
        if aborted || exchanged.headers().is_none() {
            self.report.rare_mut().timings = trace.timings.into();
        }
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
        if accepted && !hooked {
            return self.accept(settings, response, partial, trace, elapsed);
        }
        let failure = Failure::status(&response);
        let judgement = self.ask(settings, request, &failure, Some(&response), !accepted);
        match judgement {
            Some(Judgement::Accept) => {}
            None if accepted => {}
            Some(Judgement::Retry) if accepted => {
                return self.once_more(settings, failure, response, partial, trace, elapsed);
            }
            judgement => {
                return self.decide(settings, failure, Some(response), judgement, trace, elapsed);
            }
        }
        self.accept(settings, response, partial, trace, elapsed)
    }

    /// An accepted response, and another attempt is wanted all the same: that, or what the response is without the wish.
    #[inline(never)]
    fn once_more(
        &mut self,
        settings: Settings<'_>,
        mut failure: Failure,
        response: Response,
        partial: Option<Box<Partial>>,
        trace: &Trace,
        elapsed: Duration,
    ) -> Next {
        let wish = Some(&Judgement::Retry);
        let (decision, tells, entry) =
            self.weigh(settings, &failure, Some(&response), wish, trace, elapsed);
        match decision {
            Decision::Stop { reason, .. } => {
                self.tally.take_back();
                self.report.rare_mut().stop_reason = Some(reason);
                self.accept(settings, response, partial, trace, elapsed)
            }
            Decision::Retry {
                delay,
                cost,
                cool,
                fresh,
            } => {
                failure.message.push_str(", which is to be tried again");
                let message = failure.message.clone();
                self.error = Some(failure.into_error(message, Some(response)));
                self.accepted = Some(partial);
                self.report.rare_mut().log.push(entry);
                self.redirected = false;
                self.fresh = fresh;
                Next::Again {
                    delay,
                    cost,
                    cool,
                    tells,
                }
            }
        }
    }

    /// Takes the accepted response in hand, since the retry that was wanted is not granted. `None`: there is none.
    pub(super) fn accept_ungranted(
        &mut self,
        settings: Settings<'_>,
        reason: StopReason,
    ) -> Option<State> {
        let partial = self.accepted.take()?;
        let response = self.error.take()?.into_response()?;
        let elapsed = self.report.elapsed.into();
        self.tally.take_back();
        let rare = self.report.rare_mut();
        rare.log.pop();
        rare.stop_reason = Some(reason);
        match self.accept(settings, response, partial, &Trace::default(), elapsed) {
            Next::Done { state, .. } => Some(state),
            _ => None,
        }
    }

    /// A response that was accepted: what was saved of it gets its name, and then it is looked at.
    fn accept(
        &mut self,
        settings: Settings<'_>,
        mut response: Response,
        partial: Option<Box<Partial>>,
        trace: &Trace,
        elapsed: Duration,
    ) -> Next {
        if partial.is_none() && !settings.looks_into() {
            self.tally.settled();
            self.settled = trace.ended;
            return Next::answered(State::Success(response));
        }
        match partial.map(|partial| partial.put_in_place()).transpose() {
            Ok(None) => {}
            Ok(Some(saved)) => {
                self.report.size = saved.size;
                self.report.head = None;
                response = response.with_saved(saved);
                self.report.head = Some(Arc::clone(response.head()));
            }
            Err(unsaved) => {
                let failure = Failure::unsaved(unsaved);
                return self.decide(settings, failure, Some(response), None, trace, elapsed);
            }
        }
        self.tally.settled();
        Next::answered(judge(settings, &self.prepared.method, response))
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

    /// What follows an attempt that does not settle its request, what it tells of the host, and its entry in the log.
    fn weigh(
        &mut self,
        settings: Settings<'_>,
        failure: &Failure,
        response: Option<&Response>,
        judgement: Option<&Judgement>,
        trace: &Trace,
        elapsed: Duration,
    ) -> (Decision, schedule::Call, Attempt) {
        // Without one there is nothing to parse, and no map to be made for it.
        let headers = response
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
            status: response.map(Response::status),
            retry_after: headers.and_then(|headers| retry_after::parse(headers, SystemTime::now())),
            judgement,
            ..Evidence::new(&self.prepared.method, failure.error_type)
        };
        let mut decision = retry::decide(
            settings.retry(),
            &evidence,
            &mut self.tally,
            left,
            &mut fastrand::f64,
        );
        if let Decision::Stop { reason, .. } = &mut decision
            && left.is_some_and(|left| left.is_zero())
        {
            *reason = StopReason::Deadline;
        }
        let delay = match decision {
            Decision::Retry { delay, .. } => Some(delay),
            Decision::Stop { .. } => None,
        };
        (decision, evidence.tells(), evidence.attempt(elapsed, delay))
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
        let (decision, tells, entry) = self.weigh(
            settings,
            &failure,
            response.as_ref(),
            judgement.as_ref(),
            trace,
            elapsed,
        );
        self.report.rare_mut().log.push(entry);
        if let Decision::Stop { reason, .. } = &decision
            && *reason == StopReason::Deadline
            && self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now())
        {
            self.report.cut_short = self.batch_ends.is_some_and(|end| end <= Instant::now());
        }
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
