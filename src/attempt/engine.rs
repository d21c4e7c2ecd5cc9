//! One attempt of a job, from the worker's side: what comes before its exchange, and what may follow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::outcome::State;
use crate::request::Request;
use crate::retry::redirect::Dropped;
use crate::schedule::{self, Heard};
use crate::transport::{CancelSlot, Transport};

use super::prepare::Prepared;
use super::settings::{Defaults, HostSettings, Settings};
use super::target::Kept;
use crate::executor::job::{Job, Progress, Receiver, cancelled};

/// What attempts are made with.
pub(crate) struct Engine {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) defaults: Defaults,
}

/// Callbacks of an attempt under way to its worker.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    /// A connection to the host stands. `None` where that is known.
    pub(crate) connected: Option<&'a dyn Fn()>,
    /// The head of the response has come, at this instant.
    pub(crate) head: &'a dyn Fn(Instant),
    /// Tells if another attempt is under way, which may leave room for this one when it ends.
    pub(crate) had_company: &'a dyn Fn() -> bool,
}

/// What follows an attempt.
pub(crate) enum Next {
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
    /// Again once this machine has room for it: it ran out of something before anything was sent.
    Waits { shortage: String },
    /// On to where the response leads, after the wait it asked for.
    Elsewhere { host: Host, delay: Duration },
}

impl Next {
    /// It ended, and the host answered.
    pub(crate) fn answered(state: State) -> Next {
        Next::Done {
            state,
            cool: None,
            tells: schedule::Call::Success,
        }
    }

    /// Has the host left alone for this time, or for longer if that was asked for already.
    pub(crate) fn cooling(mut self, wait: Option<Duration>) -> Next {
        if let Next::Done { cool, .. } = &mut self {
            *cool = (*cool).max(wait);
        }
        self
    }

    /// It ended for a reason that tells nothing about the host.
    pub(crate) fn failed(error: Error) -> Next {
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
        Settings::of(&self.defaults, HostSettings::NONE, request, false).deadline()
    }

    /// The outcome of a job that was to be tried again after this error, and cannot be for want of a retry budget.
    pub(crate) fn out_of_budget(&self, job: &mut Job, error: Error) -> State {
        let reason = StopReason::BudgetEmpty;
        let Some(progress) = &mut job.progress else {
            return State::Failed(error.stopped(reason));
        };
        let of_host = self.defaults.host_settings(job.host.as_ref());
        let settings = Settings::of(&self.defaults, &of_host, &job.request, job.simple);
        progress.settle_for_last(settings, error, reason)
    }

    /// Makes one attempt, which begins now: at `start`. Where it settles the request, a cancel that comes later finds that
    /// it has ended; else the slot stays open until the job is back in the schedule.
    pub(crate) fn attempt(
        &self,
        job: &mut Job,
        cancel: &Arc<CancelSlot>,
        told: Told<'_>,
        start: Instant,
    ) -> Next {
        match self.run(job, cancel, told, start) {
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
    fn run(&self, job: &mut Job, cancel: &Arc<CancelSlot>, told: Told<'_>, start: Instant) -> Next {
        let Job {
            request,
            target,
            host,
            receiver,
            waits_since,
            progress,
            simple,
            ..
        } = job;
        let made;
        let of_host = match self.defaults.hosts.is_empty() {
            true => HostSettings::NONE,
            false => {
                made = self.defaults.host_settings(host.as_ref());
                &made
            }
        };
        let settings = Settings::of(&self.defaults, of_host, request, *simple);
        let progress = match progress {
            Some(progress) => progress,
            None => match self.first(request, target, settings, &**receiver, start) {
                Ok(made) => {
                    // The response takes the head over.
                    target.head = None;
                    progress.insert(made)
                }
                Err(next) => return *next,
            },
        };
        progress.report.queued += start.saturating_duration_since(*waits_since);
        if let Err(next) = progress.get_ready(self, request, host.as_ref()) {
            return *next;
        }
        let exchanged = progress.exchange(self, settings, host.as_ref(), cancel, told, start);
        if exchanged.result.is_err()
            && let Some(shortage) = progress.met_limit(settings, &exchanged)
            && (told.had_company)()
        {
            progress.hold_up(&exchanged);
            return Next::Waits { shortage };
        }
        progress.conclude(self, settings, request, exchanged, cancel, start)
    }

    /// Makes of a request what is sent first.
    pub(crate) fn prepare(
        &self,
        request: &Request,
        target: &Kept,
        settings: Settings<'_>,
    ) -> Result<Prepared, Error> {
        let refused = settings
            .contradiction()
            .or_else(|| settings.file_in_the_way());
        let prepared = match refused {
            Some(reason) => Err(reason),
            None => {
                let head = target.head_of(request);
                Prepared::new(&self.defaults, request, head, settings.are_usual())
            }
        };
        prepared.map_err(|reason| Error::new(ErrorType::InvalidRequest, reason))
    }

    /// Prepares the first attempt. The error says what follows if none can be made.
    #[inline(never)]
    fn first(
        &self,
        request: &Request,
        target: &Kept,
        settings: Settings<'_>,
        receiver: &dyn Receiver,
        start: Instant,
    ) -> Result<Box<Progress>, Box<Next>> {
        let prepared = self
            .prepare(request, target, settings)
            .map_err(|error| Box::new(Next::failed(error)))?;
        let progress = Progress::new(prepared, settings, receiver.deadline(), start);
        Ok(Box::new(progress))
    }
}

impl Progress {
    /// Signs the request and writes down that it is about to be sent, if it must not be repeated. The error says what
    /// follows if there can be no exchange.
    #[inline(never)]
    fn get_ready(
        &mut self,
        engine: &Engine,
        request: &Request,
        host: Option<&Host>,
    ) -> Result<(), Box<Next>> {
        let signed = self.sign(engine, request);
        let signed = signed.map_err(|error| Box::new(Next::failed(error)))?;
        if !signed && let Some(host) = host.cloned() {
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
            dropped: Dropped::default(),
            announced: false,
            fresh: false,
            waited_for_room: false,
            sent_unsafe: false,
            settled: None,
            heard: Heard::Nothing,
            error: None,
            accepted: None,
        }
    }
}
