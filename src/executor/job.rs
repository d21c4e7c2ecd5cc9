//! A request on its way through the schedule, and how it becomes an outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::outcome::{Outcome, Report, State};
use crate::redact::escape::log_line;
use crate::redact::unreadable;
use crate::request::Request;
use crate::response::Head;
use crate::retry::Tally;
use crate::retry::redirect::Dropped;
use crate::schedule::{Ended, Heard};
use crate::timing::Nanoseconds;
use crate::transport::Partial;
use http::HeaderMap;

use crate::attempt::prepare::Prepared;
use crate::attempt::settings::{Defaults, Settings};
use crate::attempt::target::Kept;

/// Where outcomes go: one for each batch.
pub(crate) trait Receiver: Send + Sync {
    /// Makes of the outcome what the caller wants and sends it on its way, without blocking. Says how many bytes it
    /// keeps until it is taken. Runs on the worker, with no lock held; the caller's own code may run in it.
    fn deliver(&self, outcome: Outcome) -> u64;

    /// Tells the caller to look again: there may be room to feed, or something ended without an attempt.
    fn nudge(&self) {}

    /// The batch ends at this instant; told once, before its first request.
    fn set_deadline(&self, deadline: Instant) {
        let _ = deadline;
    }

    /// When the batch ends.
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// A request in the schedule. Small: ten thousands of them wait.
pub(crate) struct Job {
    pub(crate) request: Arc<Request>,
    /// The request says nothing but its URL, and that is known: it need not be looked into. Most are such, and whoever
    /// hands them in has them at hand; for a worker, on another core, they are far away.
    pub(crate) simple: bool,
    pub(crate) index: u64,
    /// Has what it is sent to. Where many wait, only if that is not the request's own URL as it stands, which is read
    /// once more when its turn comes.
    pub(crate) target: Kept,
    /// Whom the next exchange is with; none where the request is not fit to be sent.
    pub(crate) host: Option<Host>,
    pub(crate) receiver: Arc<dyn Receiver>,
    /// When the request was handed in.
    pub(crate) accepted: Instant,
    /// Since when it waits for a worker or a limit.
    pub(crate) waits_since: Instant,
    /// Made when its first attempt begins.
    pub(crate) progress: Option<Box<Progress>>,
}

/// What is known of a job once it was tried.
pub(crate) struct Progress {
    pub(crate) prepared: Prepared,
    pub(crate) tally: Tally,
    /// Boxed, as in the outcome it becomes.
    pub(crate) report: Box<Report>,
    /// The headers of the present attempt, where the caller's hook changed them.
    pub(crate) signed: Option<Box<HeaderMap>>,
    /// Signed for an attempt that then had to wait for a permit.
    pub(crate) signed_ahead: bool,
    /// No attempt after this instant.
    pub(crate) deadline: Option<Instant>,
    /// The end of its batch.
    pub(crate) batch_ends: Option<Instant>,
    /// The end of the present attempt, carried over redirects.
    pub(crate) until: Option<Instant>,
    /// The present exchange follows a redirect: it is part of the attempt before.
    pub(crate) redirected: bool,
    /// Headers that the redirects so far have left behind.
    pub(crate) dropped: Dropped,
    /// It was written down that it is about to be sent, as far as it must be.
    pub(crate) announced: bool,
    /// The next attempt uses a new connection.
    pub(crate) fresh: bool,
    /// The present exchange has waited for room on this machine: it has a whole attempt's time.
    pub(crate) waited_for_room: bool,
    /// The last exchange may have changed something: bytes of a method that is not safe went out.
    pub(crate) sent_unsafe: bool,
    /// When it was known what becomes of it, where that was at the end of an exchange.
    pub(crate) settled: Option<Instant>,
    /// News of the host from the last exchange, until the schedule is told.
    pub(crate) heard: Heard,
    /// Why the last attempt failed, or is to be repeated all the same.
    pub(crate) error: Option<Error>,
    /// The last response was accepted, and is asked for again: the outcome, if that cannot be.
    pub(crate) accepted: Option<Accepted>,
}

/// Part of an accepted response that its error does not hold.
pub(crate) struct Accepted {
    /// The body, if it went to a file.
    pub(crate) partial: Option<Box<Partial>>,
}

impl Job {
    pub(crate) fn new(
        request: Arc<Request>,
        index: u64,
        to: Option<(Kept, Host)>,
        receiver: Arc<dyn Receiver>,
        now: Instant,
    ) -> Box<Job> {
        let (target, host) = to.unzip();
        Box::new(Job {
            simple: request.is_simple(),
            request,
            index,
            target: target.unwrap_or_default(),
            host,
            receiver,
            accepted: now,
            waits_since: now,
            progress: None,
        })
    }

    /// Ends it without a further attempt.
    pub(crate) fn end(mut self, why: Ended, now: Instant) -> Outcome {
        let interrupted = why == Ended::Interrupted;
        let cut_short = why == Ended::Deadline
            && self
                .receiver
                .deadline()
                .is_some_and(|deadline| deadline <= now);
        let failed = self.progress.as_mut().and_then(|p| p.error.take());
        let error = match (why, failed) {
            (Ended::Invalid(mistake), _) => Error::invalid(mistake),
            (Ended::Interrupted, _) => Error::new(
                ErrorType::Interrupted,
                "it was under way when an earlier run was cut off, and the server may have acted",
            )
            .stopped(StopReason::MethodNotIdempotent),
            (Ended::Cancelled, _) => cancelled(),
            // What went wrong says more than that time is up.
            (Ended::Deadline, Some(error)) => error.stopped(StopReason::Deadline),
            (Ended::Deadline, None) => Error::new(
                ErrorType::Deadline,
                match self.attempts() {
                    0 => "the deadline passed before it was sent",
                    _ => "the deadline passed before it was sent again",
                },
            )
            .stopped(StopReason::Deadline),
            (Ended::BreakerOpen { .. }, Some(error)) => error.stopped(StopReason::BreakerOpen),
            (Ended::BreakerOpen { remaining }, None) => Error::new(
                ErrorType::BreakerOpen,
                format!(
                    "its host keeps failing and is left alone for another {}",
                    shown_wait(remaining)
                ),
            )
            .stopped(StopReason::BreakerOpen),
            (Ended::NoWorker(reason), _) => {
                Error::new(ErrorType::Io, format!("no worker thread: {reason}"))
            }
        };
        if error.error_type() != ErrorType::Cancelled && !cut_short {
            self.give_up(&error);
        }
        let mut outcome = self.finish(State::Failed(error), now);
        outcome.report.cut_short |= cut_short;
        outcome.report.ambiguous |= interrupted;
        outcome
    }

    pub(crate) fn deliver(self, why: Ended, now: Instant) {
        let receiver = Arc::clone(&self.receiver);
        receiver.deliver(self.end(why, now));
    }

    fn finish(self, state: State, now: Instant) -> Outcome {
        self.finish_for(state, now).1
    }

    /// Its outcome, and whom it is for.
    pub(crate) fn finish_for(mut self, state: State, now: Instant) -> (Arc<dyn Receiver>, Outcome) {
        let total = || Nanoseconds::from(now.saturating_duration_since(self.accepted));
        let mut report = match self.progress.take() {
            Some(progress) => {
                let mut report = progress.report;
                report.attempts = progress.tally.attempts();
                report.ambiguous |= progress.tally.is_ambiguous();
                // Taking times from each other costs more than a sum.
                let at_once = progress.settled == Some(now) && self.waits_since == self.accepted;
                report.total = match at_once {
                    true => report.queued + report.elapsed,
                    false => total(),
                };
                report
            }
            // It has waited all its life.
            None => {
                let waited = total();
                Box::new(Report {
                    queued: waited,
                    total: waited,
                    ..Report::default()
                })
            }
        };
        if let Some(written) = self.target.written.take() {
            report.rare_mut().written = Some(written);
        }
        report.host = self.host;
        let outcome = Outcome {
            index: self.index,
            request: self.request,
            state,
            report,
        };
        (self.receiver, outcome)
    }

    /// How often it was tried.
    pub(crate) fn attempts(&self) -> u32 {
        self.progress.as_ref().map_or(0, |p| p.tally.attempts())
    }

    /// How often it may be tried.
    pub(crate) fn max_attempts(&self, defaults: &Defaults) -> u32 {
        let host = defaults.host_settings(self.host.as_ref());
        Settings::of(defaults, &host, &self.request, self.simple)
            .retry()
            .max_attempts
    }

    /// Logs that it is not tried again.
    pub(crate) fn give_up(&self, error: &Error) {
        let attempts = self.attempts();
        let reason = error.stop_reason().unwrap_or(StopReason::NotRetryable);
        log_line!(
            Warn,
            "{}: giving up after attempt {attempts}: {}: {} ({reason})",
            self.shown(),
            error.error_type(),
            error
        );
    }

    /// The URL for a log line, secrets masked.
    pub(crate) fn shown(&self) -> String {
        if self.host.is_none() {
            return match self.request.resumed() {
                Some(resumed) if resumed.interrupted => self.request.shown_url().into_owned(),
                _ => unreadable(self.request.url()),
            };
        }
        let redaction = self.request.redaction();
        match &self.progress {
            Some(progress) => redaction.uri(progress.prepared.uri()),
            None => redaction.uri(self.first_head().url.uri()),
        }
    }

    fn first_head(&self) -> Arc<Head> {
        self.target.head_of(&self.request)
    }
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorType::Cancelled, "cancelled").stopped(StopReason::Cancelled)
}

/// A wait for a log line: milliseconds under ten seconds, else seconds.
pub(crate) fn shown_wait(wait: Duration) -> String {
    if wait < Duration::from_secs(10) {
        format!("{} ms", wait.as_millis())
    } else {
        format!("{:.1} s", wait.as_secs_f64())
    }
}
