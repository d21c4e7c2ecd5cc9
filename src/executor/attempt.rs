//! One attempt of a job, from the worker's side: make it, look at what came, and say what follows.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::http::Uri;
use crate::outcome::State;
use crate::policy::Judgement;
use crate::request::Request;
use crate::response::Response;
use crate::retry::{self, Decision, Evidence, retry_after};
use crate::schedule;
use crate::transport::{CancelSlot, Exchanged, Fault, Partial, Reply, Trace, Transport};

use super::failure::Failure;
use super::job::{Job, Progress, Receiver, cancelled, first_uri};
use super::judge::judge;
use super::prepare::{Defaults, HostSettings, Prepared, Settings};

/// What attempts are made with.
pub(crate) struct Engine {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) defaults: Defaults,
}

/// What follows an attempt.
pub(super) enum Next {
    /// The request has ended.
    Done {
        state: State,
        cool: Option<Duration>,
        tells: schedule::Call,
    },
    /// Again, if the host's budget allows.
    Again {
        delay: Duration,
        cost: f64,
        cool: Option<Duration>,
        tells: schedule::Call,
    },
    /// On to where the response leads, after the wait it asked for.
    Elsewhere { host: Host, delay: Duration },
}

impl Next {
    /// It ended, and the host answered.
    pub(super) fn answered(state: State) -> Next {
        Next::Done {
            state,
            cool: None,
            tells: schedule::Call::Success,
        }
    }

    /// It ended for a reason that tells nothing about the host.
    pub(super) fn failed(error: Error) -> Next {
        Next::Done {
            state: State::Failed(error),
            cool: None,
            tells: schedule::Call::Ignored,
        }
    }
}

impl Engine {
    /// The limit over all attempts of a request.
    pub(crate) fn deadline_of(&self, request: &Request) -> Option<Duration> {
        Settings::of(&self.defaults, &HostSettings::default(), request).deadline()
    }

    /// Makes one attempt, that begins now, at `start`. Where it settles the request, a cancel that comes later finds that it has ended; else the
    /// slot stays open until the job is back in the schedule.
    pub(super) fn attempt(
        &self,
        job: &mut Job,
        cancel: &Arc<CancelSlot>,
        connected: Option<&dyn Fn()>,
        start: Instant,
    ) -> Next {
        match self.run(job, cancel, connected, start) {
            Next::Done { .. } if cancel.end() => {
                if let Some(progress) = &mut job.progress {
                    progress.report.ambiguous |= progress.sent_unsafe;
                }
                Next::failed(cancelled())
            }
            next => next,
        }
    }

    // In three steps, of which only the middle one waits, for what all that time is on the stack: ten thousand workers
    // have ten thousand stacks, and each page of one counts.
    fn run(
        &self,
        job: &mut Job,
        cancel: &Arc<CancelSlot>,
        connected: Option<&dyn Fn()>,
        start: Instant,
    ) -> Next {
        let Job {
            request,
            target,
            host,
            receiver,
            waits_since,
            progress,
            ..
        } = job;
        let of_host = self.defaults.host_settings(host.as_ref());
        let settings = Settings::of(&self.defaults, &of_host, request);
        let progress = match progress {
            Some(progress) => progress,
            None => {
                let uri = || first_uri(target.as_ref(), request);
                match self.first(request, uri, settings, &**receiver, start) {
                    Ok(made) => progress.insert(made),
                    Err(next) => return *next,
                }
            }
        };
        progress.report.queued += start.saturating_duration_since(*waits_since);
        if let Err(next) = progress.get_ready(self, request, host.as_ref()) {
            return *next;
        }
        let exchanged = progress.exchange(self, settings, cancel, connected, start);
        progress.conclude(self, settings, request, exchanged, cancel, start)
    }

    /// What comes before the first attempt. The error is what follows without one.
    #[inline(never)]
    fn first(
        &self,
        request: &Request,
        uri: impl FnOnce() -> Arc<Uri>,
        settings: Settings<'_>,
        receiver: &dyn Receiver,
        start: Instant,
    ) -> Result<Box<Progress>, Box<Next>> {
        let prepared = match settings.contradiction() {
            Some(reason) => Err(reason),
            None => Prepared::new(&self.defaults, request, uri()),
        };
        let prepared = prepared.map_err(|reason| {
            Box::new(Next::failed(Error::new(ErrorType::InvalidRequest, reason)))
        })?;
        let progress = Progress::new(prepared, settings, receiver.deadline(), start);
        Ok(Box::new(progress))
    }
}

impl Progress {
    /// What comes before each exchange. The error is what follows without one.
    #[inline(never)]
    fn get_ready(
        &mut self,
        engine: &Engine,
        request: &Request,
        host: Option<&Host>,
    ) -> Result<(), Box<Next>> {
        if !self.sign(engine, request)
            && let Some(host) = host.cloned()
        {
            return Err(Box::new(Next::Elsewhere {
                host,
                delay: Duration::ZERO,
            }));
        }
        self.announce(request)
            .map_err(|refusal| Box::new(Next::failed(refusal)))
    }

    fn new(
        prepared: Prepared,
        settings: Settings<'_>,
        batch_ends: Option<Instant>,
        now: Instant,
    ) -> Progress {
        let own = settings.deadline().and_then(|limit| now.checked_add(limit));
        Progress {
            prepared,
            tally: Default::default(),
            report: Box::default(),
            deadline: [own, batch_ends].into_iter().flatten().min(),
            batch_ends,
            until: None,
            signed: None,
            signed_ahead: false,
            redirected: false,
            announced: false,
            fresh: false,
            sent_unsafe: false,
            settled: None,
            error: None,
        }
    }

    /// What follows from how the exchange went.
    #[inline(never)]
    fn conclude(
        &mut self,
        engine: &Engine,
        settings: Settings<'_>,
        request: &Request,
        exchanged: Exchanged,
        cancel: &CancelSlot,
        start: Instant,
    ) -> Next {
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
            judgement => {
                return self.decide(settings, failure, Some(response), judgement, trace, elapsed);
            }
        }
        self.accept(settings, response, partial, trace, elapsed)
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
            self.report.cut_short = self.batch_ends.is_some_and(|end| end <= Instant::now());
        }
        let tells = evidence.tells();
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
