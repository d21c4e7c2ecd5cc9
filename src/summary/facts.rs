//! Facts of one request that a summary counts: of an outcome of this run, or of a line of results.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::outcome::{Outcome, State};
use crate::timing::{Phase, Timings};

use super::codes::code_shown;
use super::saved_files::SavedFileFacts;

/// Facts of one request that a summary counts.
pub(crate) struct OutcomeFacts<'a> {
    pub(crate) result: ResultFacts<'a>,
    /// Position in the input, from 0.
    pub(crate) index: u64,
    /// Host of the last attempt. `None`: the URL names none.
    pub(crate) host: Option<Host>,
    /// Status of the last response. `None`: no response head arrived.
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    /// Latencies of the attempts in the log that got a response.
    pub(crate) logged: Vec<Duration>,
    /// Latency of the last attempt. `None`: it got no response, or stands in the log.
    pub(crate) latency: Option<Duration>,
    pub(crate) times: OutcomeTimes,
    pub(crate) traffic: Traffic,
    pub(crate) file: SavedFileFacts,
    pub(crate) redirects: u32,
    /// True if the request was not retried because the retry budget of its host was spent.
    pub(crate) budget_refused: bool,
    /// Limit of the host's places, if it adapts. `None`: it does not.
    pub(crate) limit: Option<u32>,
    /// Texts that are made only for the few requests that are shown.
    pub(crate) texts: &'a dyn ExampleTexts,
}

/// Result of a request.
pub(crate) enum ResultFacts<'a> {
    NotDone,
    Success,
    /// Rejected with this code.
    Rejected(Cow<'a, str>),
    Cancelled,
    Failed(FailureFacts<'a>),
}

/// Properties of a failure.
pub(crate) struct FailureFacts<'a> {
    pub(crate) error_type: ErrorType,
    pub(crate) phase: Option<Phase>,
    pub(crate) status: Option<u16>,
    pub(crate) message: &'a str,
}

/// Times of a request.
#[derive(Clone, Copy, Default)]
pub(crate) struct OutcomeTimes {
    /// Start of the last attempt. `None`: the request was not sent.
    pub(crate) started: Option<SystemTime>,
    /// Time of the last attempt.
    pub(crate) elapsed: Duration,
    /// Time that the request waited for a worker or a limit. `None`: not known.
    pub(crate) queued: Option<Duration>,
    /// Time from the start of the last attempt to the parsed head. `None`: no response head arrived.
    pub(crate) first_byte: Option<Duration>,
    /// Phases of the last attempt. `None`: no response head arrived.
    pub(crate) phases: Option<Timings>,
    /// True if a kept-alive connection carried the last response.
    pub(crate) reused: bool,
}

/// Bytes and connections of a request.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) opened: u64,
    pub(crate) reused: u64,
}

/// Texts of a request that is shown.
pub(crate) trait ExampleTexts {
    /// Method. `None`: it is not known.
    fn method(&self) -> Option<String>;
    /// Name that the caller gave the request. `None`: there is none.
    fn id(&self) -> Option<String>;
    /// URL with secrets masked. If a line has no URL, the part of it that may be shown.
    fn url(&self) -> String;
    /// Place that the request was read from. `None`: the place is not known.
    fn place(&self) -> Option<String>;
}

impl<'a> OutcomeFacts<'a> {
    /// Returns the facts of an outcome of this run.
    pub(crate) fn of<T>(outcome: &'a Outcome<T>) -> OutcomeFacts<'a> {
        let report = &outcome.report;
        let rare = report.rare();
        let head = report.head.as_deref();
        let answered = rare.log.iter().filter(|attempt| attempt.status.is_some());
        // The last attempt stands in the log if it failed.
        let in_log = rare.log.len() >= report.attempts as usize;
        let timings = head.map(|_| report.timings());
        OutcomeFacts {
            result: ResultFacts::of(outcome),
            index: outcome.index(),
            host: outcome.host(),
            status: outcome.status(),
            attempts: report.attempts,
            logged: answered.map(|attempt| attempt.elapsed).collect(),
            latency: head.filter(|_| !in_log).map(|_| report.elapsed.into()),
            times: OutcomeTimes {
                started: report.started.time(),
                elapsed: report.elapsed.into(),
                queued: Some(report.queued.into()),
                first_byte: timings.map(|timings| timings.until_head()),
                phases: timings,
                reused: head.is_some_and(|head| head.reused),
            },
            traffic: Traffic {
                bytes_sent: report.bytes_sent,
                bytes_received: report.bytes_received,
                opened: report.connections_opened.into(),
                reused: report.connections_reused.into(),
            },
            file: SavedFileFacts::of(outcome),
            redirects: u32::try_from(rare.history.len()).unwrap_or(u32::MAX),
            budget_refused: outcome.stop_reason() == Some(StopReason::BudgetEmpty),
            limit: report.limit.map(|limit| limit.get()),
            texts: outcome,
        }
    }

    /// Returns the time at which the last attempt ended. `None`: the request was not sent.
    pub(super) fn ended(&self) -> Option<SystemTime> {
        self.times.started?.checked_add(self.times.elapsed)
    }
}

impl<'a> ResultFacts<'a> {
    fn of<T>(outcome: &'a Outcome<T>) -> ResultFacts<'a> {
        match &outcome.state {
            _ if outcome.is_not_done() => ResultFacts::NotDone,
            State::Success(_) => ResultFacts::Success,
            State::Rejected(rejection) => ResultFacts::Rejected(code_shown(rejection).into()),
            State::Failed(error) if error.error_type() == ErrorType::Cancelled => {
                ResultFacts::Cancelled
            }
            State::Failed(error) => ResultFacts::Failed(FailureFacts {
                error_type: error.error_type(),
                phase: error.phase(),
                status: error.status().or(outcome.status()),
                message: error.message(),
            }),
        }
    }
}

impl<T> ExampleTexts for Outcome<T> {
    fn method(&self) -> Option<String> {
        Some(Outcome::method(self).to_string())
    }

    fn id(&self) -> Option<String> {
        Outcome::id(self).map(str::to_owned)
    }

    fn url(&self) -> String {
        let text = self.error().and_then(Error::text);
        match (self.url(), text) {
            (url, Some(text)) if url.is_empty() => text.to_owned(),
            (url, _) => url,
        }
    }

    fn place(&self) -> Option<String> {
        self.request().place().map(|place| place.to_string())
    }
}
