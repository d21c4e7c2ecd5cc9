//! A request on its way through the schedule, and its outcome.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::{Attempts, RequestTarget, cancelled, shown_wait};
use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::outcome::{Outcome, State};
use crate::request::Request;
use crate::schedule::EndReason;

/// Receiver of outcomes: one for each batch.
pub(crate) trait Receiver: Send + Sync {
    /// Converts the outcome for the caller and sends it on, without blocking. Returns the number of bytes that it keeps
    /// until the caller takes it. Runs on the worker, with no lock held; the caller's own code may run in it.
    fn deliver(&self, outcome: Outcome) -> u64;

    /// True if [`deliver`](Self::deliver) runs the caller's closure on each response.
    fn processes(&self) -> bool {
        false
    }

    /// Tells the caller to look again: there may be room to feed, or a job ended without an attempt.
    fn nudge(&self) {}

    /// Tells the receiver when the batch ends. Called once, before the first request.
    fn set_deadline(&self, deadline: Instant) {
        let _ = deadline;
    }

    /// Time at which the batch ends. `None`: no such time.
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// A request in the schedule. The type is small, since tens of thousands wait.
pub(crate) struct Job {
    pub(crate) request: Arc<Request>,
    pub(super) index: u64,
    pub(crate) attempts: Attempts,
    /// Cost of each attempt, if costs are limited.
    cost: u32,
    /// Cost that the next start pays. 0: the attempt that it belongs to has paid.
    pub(crate) owed: u32,
    /// Host of the next exchange. `None`: the request is not fit to be sent.
    pub(crate) host: Option<Host>,
    pub(crate) receiver: Arc<dyn Receiver>,
    /// Time at which the request was handed in.
    pub(super) accepted: Instant,
    /// Time since which the job waits for a worker or a limit.
    pub(crate) waits_since: Instant,
}

impl Job {
    pub(crate) fn new(
        request: Arc<Request>,
        index: u64,
        to: Option<(RequestTarget, Host)>,
        receiver: Arc<dyn Receiver>,
        now: Instant,
    ) -> Box<Job> {
        let (target, host) = to.unzip();
        Box::new(Job {
            request,
            index,
            attempts: Attempts::to(target.unwrap_or_default()),
            cost: 1,
            owed: 1,
            host,
            receiver,
            accepted: now,
            waits_since: now,
        })
    }

    /// Sets the cost of each attempt.
    pub(crate) fn costing(mut self: Box<Job>, cost: u32) -> Box<Job> {
        (self.cost, self.owed) = (cost, cost);
        self
    }

    /// Cost of each attempt.
    pub(super) fn cost(&self) -> u32 {
        self.cost
    }

    /// Notes that the next start is another attempt, which pays anew.
    pub(super) fn pays_again(&mut self) {
        self.owed = self.cost;
    }

    /// Notes that the next start belongs to an attempt that has paid: it follows a redirect, or no attempt was made.
    pub(super) fn has_paid(&mut self) {
        self.owed = 0;
    }

    /// Ends the request without a further attempt.
    // Long because each reason has a message of its own.
    pub(crate) fn end(mut self, why: EndReason, now: Instant) -> Outcome {
        if why == EndReason::Known {
            return self.end_as_known();
        }
        let interrupted = why == EndReason::Interrupted;
        let given_back = match why {
            EndReason::GivenBack { until } => Some(until),
            _ => None,
        };
        let is_late = matches!(why, EndReason::Deadline | EndReason::DeadlineForToken(_));
        let cut_short = is_late
            && self
                .receiver
                .deadline()
                .is_some_and(|deadline| deadline <= now);
        let failed = self.attempts.take_error();
        let error = match (why, failed) {
            (EndReason::Invalid(mistake), _) => Error::invalid(mistake),
            (EndReason::Interrupted, _) => Error::new(
                ErrorType::Interrupted,
                "it was under way when an earlier run was cut off, and the server may have acted",
            )
            .stopped(StopReason::MethodNotIdempotent),
            (EndReason::GivenUp, _) => Error::new(
                ErrorType::Interrupted,
                "the workers that were sending it ended too often, and the server may have acted",
            )
            .stopped(StopReason::AttemptsExhausted),
            (EndReason::Cancelled, _) => cancelled(),
            // The error of the last attempt says more than the passed deadline.
            (EndReason::Deadline, Some(error)) => error.stopped(StopReason::Deadline),
            (EndReason::Deadline, None) => Error::new(
                ErrorType::Deadline,
                match self.attempts.count() {
                    0 => "the deadline passed before it was sent",
                    _ => "the deadline passed before it was sent again",
                },
            )
            .stopped(StopReason::Deadline),
            (EndReason::DeadlineForToken(wait), Some(error)) => error
                .with_note(&format!("the deadline passed while {wait}"))
                .stopped(StopReason::Deadline),
            (EndReason::DeadlineForToken(wait), None) => Error::new(
                ErrorType::Deadline,
                format!("the deadline passed while {wait}"),
            )
            .stopped(StopReason::Deadline),
            (EndReason::BreakerOpen { .. }, Some(error)) => error.stopped(StopReason::BreakerOpen),
            (EndReason::BreakerOpen { remaining }, None) => Error::new(
                ErrorType::BreakerOpen,
                format!(
                    "its host keeps failing and is left alone for another {}",
                    shown_wait(remaining)
                ),
            )
            .stopped(StopReason::BreakerOpen),
            (EndReason::NoToken(failure), failed) => {
                // The 401 that asked for a newer token, if there was one.
                let response = failed.and_then(Error::into_response);
                Error::no_token(failure).with_response(response)
            }
            (EndReason::GivenBack { .. }, Some(error)) => error.stopped(StopReason::GivenBack),
            (EndReason::GivenBack { .. }, None) => {
                Error::new(ErrorType::Cancelled, "it was given back before it was sent")
                    .stopped(StopReason::GivenBack)
            }
            (EndReason::Known, _) => unreachable!("its outcome was returned above"),
            (EndReason::NoWorker(reason), _) => {
                Error::new(ErrorType::Io, format!("no worker thread: {reason}"))
            }
        };
        let cut_short = cut_short || given_back.is_some();
        if error.error_type() != ErrorType::Cancelled && !cut_short {
            self.log_end(&error);
        }
        let mut outcome = self.finish(State::Failed(error), now);
        outcome.report.cut_short |= cut_short;
        outcome.report.set_retry_at(given_back.flatten());
        outcome.report.ambiguous |= interrupted;
        outcome
    }

    /// Ends the request with the outcome that it was given.
    fn end_as_known(self) -> Outcome {
        let (state, report) = self.request.take_outcome();
        Outcome {
            index: self.index,
            request: self.request,
            state,
            report,
        }
    }

    /// Ends the request without a further attempt, and delivers its outcome.
    pub(crate) fn deliver(self, why: EndReason, now: Instant) {
        let receiver = Arc::clone(&self.receiver);
        receiver.deliver(self.end(why, now));
    }

    fn finish(self, state: State, now: Instant) -> Outcome {
        self.finish_for(state, now).1
    }

    /// Makes the outcome of the request, and returns it with its receiver.
    pub(super) fn finish_for(self, state: State, now: Instant) -> (Arc<dyn Receiver>, Outcome) {
        let mut report = self
            .attempts
            .into_report(self.accepted, self.waits_since, now);
        report.host = self.host;
        if let State::Failed(error) = &state {
            report.cut_short |= error.stop_reason() == Some(StopReason::GivenBack);
        }
        let outcome = Outcome {
            index: self.index,
            request: self.request,
            state,
            report,
        };
        (self.receiver, outcome)
    }

    /// Logs that the request is not tried again.
    pub(super) fn log_end(&self, error: &Error) {
        let readable = self.host.is_some();
        self.attempts.log_end(&self.request, readable, error);
    }
}
