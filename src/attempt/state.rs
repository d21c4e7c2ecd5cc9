//! State of a request before, between and after its attempts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;

use crate::error::{Error, StopReason};
use crate::outcome::OutcomeReport;
use crate::redact::escape::log_line;
use crate::request::Request;
use crate::retry::AttemptCounts;
use crate::retry::redirect::DroppedHeaders;
use crate::schedule::{HostObservation, LoadSign, TokenNeed};
use crate::timing::Nanoseconds;
use crate::transport::{PartialFile, StreamProgress};

use super::download_state::Download;
use super::prepare::Prepared;
use super::stage::{ConnectionChoice, Stage};
use super::target::RequestTarget;
use super::token_use::TokenUse;

/// Attempts of a request: its target, and its state if it was tried. The type is small, since tens of thousands of
/// requests wait.
#[derive(Default)]
pub(crate) struct Attempts {
    pub(super) target: RequestTarget,
    /// State of a request that was tried. `None`: the request was not tried yet.
    pub(super) state: Option<Box<AttemptState>>,
}

/// State of a request that was tried.
pub(super) struct AttemptState {
    pub(super) prepared: Prepared,
    pub(super) counts: AttemptCounts,
    /// Boxed, as in the outcome that it becomes.
    pub(super) report: Box<OutcomeReport>,
    pub(super) stage: Stage,
    /// Connection that the next exchange may use.
    pub(super) connection: ConnectionChoice,
    /// Headers of the present attempt, if the caller's hook changed them or a token was put in. `None`: neither.
    pub(super) signed: Option<Box<HeaderMap>>,
    /// Token of the request. `None`: it has none.
    pub(super) token: Option<TokenUse>,
    /// Headers that the redirects so far have left behind.
    pub(super) dropped: DroppedHeaders,
    /// True if the URL's other scheme is tried now.
    pub(super) has_other_scheme: bool,
    /// True if a journal has written down that the request is about to be sent, or need not.
    pub(super) announced: bool,
    /// Time after which no attempt begins. `None`: no such time.
    pub(super) deadline: Option<Instant>,
    /// End of the batch. `None`: the batch has no end set.
    pub(super) batch_ends: Option<Instant>,
    /// End of the present attempt, carried over redirects. `None`: no limit.
    pub(super) until: Option<Instant>,
    /// Beginning of the present attempt, carried over redirects. `None`: no exchange has begun.
    pub(super) began: Option<Instant>,
    /// True if the server may have acted on the last exchange: bytes of a method that is not safe went out.
    pub(super) may_have_acted: bool,
    /// Course of the last response's body, if it was handed on. `None`: it was not.
    pub(super) streamed: Option<StreamProgress>,
    /// Download of the request, if its body is saved by settings of a download. `None`: it is not.
    pub(super) download: Option<Box<Download>>,
    /// Time at which the end of the request was known, if that was at the end of an exchange. `None`: it was not.
    pub(super) settled: Option<Instant>,
    /// Observation of the host in the last exchange, until the schedule is told.
    pub(super) heard: HostObservation,
    /// Sign of the host's load in the last exchange, until the schedule is told. `None`: there was none.
    pub(super) load: Option<LoadSign>,
    /// Reason why the last attempt failed, or why an accepted response is asked for again. `None`: no such reason.
    pub(super) error: Option<Error>,
    /// The last response, if it was accepted and is asked for again. It becomes the outcome if no attempt can follow.
    pub(super) accepted: Option<AcceptedResponse>,
}

/// Part of an accepted response that its error does not hold.
pub(super) struct AcceptedResponse {
    /// Body that went to a file. `None`: the body did not go to a file.
    pub(super) partial: Option<Box<PartialFile>>,
}

impl Attempts {
    /// Returns the attempts of a request that was not tried yet and is sent to this target.
    pub(crate) fn to(target: RequestTarget) -> Attempts {
        Attempts {
            target,
            state: None,
        }
    }

    /// True if the request says nothing but its URL. This is known without reading the request, which may lie in memory
    /// that another core has written.
    pub(crate) fn is_plain(&self) -> bool {
        self.target.plain
    }

    /// Returns the number of attempts that count.
    pub(crate) fn count(&self) -> u32 {
        self.state.as_ref().map_or(0, |state| state.attempts())
    }

    /// Returns the need for a token. `None`: the request needs none.
    pub(crate) fn token_need(&self) -> Option<&Arc<TokenNeed>> {
        self.target.token.as_ref()
    }

    /// Marks the request as one that a token source sends.
    pub(crate) fn mark_for_source(&mut self) {
        self.target.for_source = true;
    }

    /// True if a token source sends the request.
    pub(crate) fn is_for_source(&self) -> bool {
        self.target.for_source
    }

    /// True if the request looks at its file before it is sent, and has not done so yet.
    pub(crate) fn checks_file(&self) -> bool {
        self.target.checks_file
    }

    /// True if the request was not tried yet.
    pub(crate) fn is_untried(&self) -> bool {
        self.state.is_none()
    }

    /// Returns the time after which no attempt begins. `None`: not known yet, or no such time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.state.as_ref()?.deadline
    }

    /// Returns the time at which the end of the request was known, if that was at the end of an exchange. `None`: it
    /// was not.
    pub(crate) fn settled(&self) -> Option<Instant> {
        self.state.as_ref()?.settled
    }

    /// Takes the observation of the host in the last exchange.
    pub(crate) fn take_heard(&mut self) -> HostObservation {
        let state = self.state.as_mut();
        state.map_or(HostObservation::Nothing, |state| {
            std::mem::take(&mut state.heard)
        })
    }

    /// Takes the sign of the host's load in the last exchange. `None`: there was none.
    pub(crate) fn take_load(&mut self) -> Option<LoadSign> {
        self.state.as_mut()?.load.take()
    }

    /// Takes the reason why the last attempt failed. `None`: no attempt failed.
    pub(crate) fn take_error(&mut self) -> Option<Error> {
        self.state.as_mut()?.error.take()
    }

    /// Counts the attempt that panicked if only `before` attempts were counted, as when a hook panics first.
    pub(crate) fn count_panic(&mut self, before: u32) {
        if let Some(state) = &mut self.state
            && state.counts.attempts() == before
        {
            state.counts.settled();
        }
    }

    /// Returns the report of the request: it was handed in at `accepted`, waits since `waits_since`, and ends now.
    pub(crate) fn into_report(
        self,
        accepted: Instant,
        waits_since: Instant,
        now: Instant,
    ) -> Box<OutcomeReport> {
        let total = || Nanoseconds::from(now.saturating_duration_since(accepted));
        let mut report = match self.state {
            Some(state) => {
                let attempts = state.attempts();
                let mut report = state.report;
                report.attempts = attempts;
                report.ambiguous |= state.counts.is_ambiguous();
                // Subtracting two times costs more than adding two durations.
                let at_once = state.settled == Some(now) && waits_since == accepted;
                report.total = match at_once {
                    true => report.queued + report.elapsed,
                    false => total(),
                };
                report
            }
            // The request was never tried and has waited all the time.
            None => {
                let waited = total();
                Box::new(OutcomeReport {
                    queued: waited,
                    total: waited,
                    ..OutcomeReport::default()
                })
            }
        };
        if let Some(written) = self.target.written {
            // The URL that the other scheme was tried with comes before.
            report.rare_mut().written.get_or_insert(written);
        }
        report
    }

    /// Logs that the request is not tried again. `readable`: its URL could be read.
    pub(crate) fn log_end(&self, request: &Request, readable: bool, error: &Error) {
        let reason = error.stop_reason().unwrap_or(StopReason::NotRetryable);
        log_line!(
            Warn,
            "{}: giving up after attempt {}: {}: {} ({reason})",
            self.shown(request, readable),
            self.count(),
            error.error_type(),
            error
        );
    }

    /// Returns the URL for a log line, secrets masked.
    fn shown(&self, request: &Request, readable: bool) -> String {
        if !readable {
            return match request.resumed() {
                Some(resumed) if resumed.interrupted => request.shown_url().into_owned(),
                _ => request.redaction().unreadable(request.url()),
            };
        }
        match &self.state {
            Some(state) => state.shown_url(request),
            None => request.redaction().uri(self.target.url_of(request).uri()),
        }
    }
}

impl AttemptState {
    /// Makes the state of a request that is tried for the first time. `own`: time after which no attempt of the request
    /// begins.
    pub(super) fn new(
        prepared: Prepared,
        own: Option<Instant>,
        batch_ends: Option<Instant>,
        token: Option<TokenUse>,
    ) -> AttemptState {
        AttemptState {
            prepared,
            counts: AttemptCounts::default(),
            report: Box::default(),
            stage: Stage::default(),
            connection: ConnectionChoice::default(),
            signed: None,
            token,
            dropped: DroppedHeaders::default(),
            has_other_scheme: false,
            announced: false,
            deadline: [own, batch_ends].into_iter().flatten().min(),
            batch_ends,
            until: None,
            began: None,
            may_have_acted: false,
            streamed: None,
            download: None,
            settled: None,
            heard: HostObservation::Nothing,
            load: None,
            error: None,
            accepted: None,
        }
    }

    /// Number of attempts that count, with an attempt that a 401 has ended and that is to be repeated.
    fn attempts(&self) -> u32 {
        let repeats = self.token.as_ref().is_some_and(|token| token.repeats);
        self.counts.attempts() + u32::from(repeats)
    }

    /// Returns the URL for a log line or a hook, secrets masked.
    pub(super) fn shown_url(&self, request: &Request) -> String {
        request.redaction().uri(self.prepared.uri())
    }

    /// Returns the time left until the deadline. `None`: no deadline.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(now))
    }
}

/// Returns a wait for a log line: milliseconds under ten seconds, else seconds.
pub(crate) fn shown_wait(wait: Duration) -> String {
    if wait < Duration::from_secs(10) {
        format!("{} ms", wait.as_millis())
    } else {
        format!("{:.1} s", wait.as_secs_f64())
    }
}
