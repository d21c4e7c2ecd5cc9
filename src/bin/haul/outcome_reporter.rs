//! Messages about single outcomes: a line for each, bad lines of the input, and messages that are printed once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use haul::settings::Retrying;
use haul::{ErrorType, Outcome, Response, StopReason};

use crate::arguments::Arguments;
use crate::layout;
use crate::messages::{MessageColor, Messages};
use crate::unfit::ShownMistake;

/// Number of hosts that are remembered because their wait was reported.
const HOSTS: usize = 1_000;

/// Prints messages about outcomes as they come.
pub(crate) struct OutcomeReporter {
    messages: Messages,
    each: bool,
    body_limit: Option<u64>,
    /// True if the options that send a request again belong to the run of a fleet.
    of_fleet: bool,
    not_repeated: bool,
    cut: bool,
}

impl OutcomeReporter {
    pub(crate) fn new(arguments: &Arguments, messages: &Messages) -> OutcomeReporter {
        let results = &arguments.results;
        OutcomeReporter {
            messages: messages.clone(),
            each: arguments.messages.verbose > 0,
            body_limit: layout::has_bodies(arguments).then_some(results.body_limit),
            of_fleet: false,
            not_repeated: false,
            cut: false,
        }
    }

    /// Makes the one of a worker of a fleet.
    #[cfg(feature = "fleet")]
    pub(crate) fn of_worker(arguments: &Arguments, messages: &Messages) -> OutcomeReporter {
        OutcomeReporter {
            of_fleet: true,
            ..OutcomeReporter::new(arguments, messages)
        }
    }

    pub(crate) fn at(&mut self, outcome: &Outcome) {
        if self.each {
            let (paint, status) = match outcome.status() {
                _ if outcome.is_not_done() => (MessageColor::Odd, None),
                _ if outcome.is_failed() => (MessageColor::Bad, outcome.status()),
                status if outcome.is_rejected() => (MessageColor::Odd, status),
                status => (MessageColor::Good, status),
            };
            let status = status.map_or("---".to_owned(), |status| status.to_string());
            self.messages.print(paint, &status, &line(outcome));
        }
        let Some(error) = outcome.error() else {
            let long = |response: &Response, limit| response.bytes().len() as u64 > limit;
            let cut = |limit| {
                outcome
                    .success()
                    .is_some_and(|response| long(response, limit))
            };
            if !self.cut && self.body_limit.is_some_and(cut) {
                self.cut = true;
                self.messages.warning(&format!(
                    "{}: its body is cut in the results, and so may others be (--body-limit sets the size)",
                    outcome.url()
                ));
            }
            return;
        };
        if error.error_type() == ErrorType::InvalidRequest {
            let unfit = ShownMistake::request(error);
            let message = unfit.message(outcome.request(), &outcome.url(), self.messages.lists());
            self.messages.bad_line(&message);
        }
        if !self.not_repeated && error.stop_reason() == Some(StopReason::MethodNotIdempotent) {
            self.not_repeated = true;
            let remedy = match error.error_type() {
                ErrorType::Interrupted if self.of_fleet => {
                    "a run that is loaded with --resume-writes sends such requests again"
                }
                _ if self.of_fleet => {
                    "a run that is loaded with --retry-all-methods, or \"idempotent\": true on its line, says that repeating it is safe"
                }
                ErrorType::Interrupted => "--resume-writes sends such requests again",
                _ => {
                    "--retry-all-methods, or \"idempotent\": true on its line, says that repeating it is safe"
                }
            };
            self.messages.warning(&format!(
                "{} {}: not tried again, since the server may have acted on it ({remedy})",
                outcome.method(),
                outcome.url()
            ));
        }
    }
}

/// `GET https://example.com/ 12 ms`
fn line(outcome: &Outcome) -> String {
    if outcome.is_not_done() {
        let method = outcome.method();
        return format!("{method} {}: not done", outcome.url());
    }
    let ms = outcome.elapsed().as_millis();
    let line = format!("{} {} {ms} ms", outcome.method(), outcome.url());
    match (outcome.error(), outcome.rejection()) {
        (Some(error), _) => format!("{line}: {}: {error}", error.error_type()),
        (_, Some(rejection)) => format!("{line}: rejected: {rejection}"),
        _ => line,
    }
}

/// Returns a callback that reports once for each host that it asked for a wait.
pub(crate) fn tell_of_waits(messages: &Messages) -> impl Fn(&Retrying<'_>) + Send + Sync + 'static {
    let (messages, told) = (messages.clone(), Mutex::new(HashSet::new()));
    move |retrying: &Retrying<'_>| {
        let Some((name, asked)) = retrying.error.response().and_then(asked_wait) else {
            return;
        };
        let host = host_of(&retrying.url).to_owned();
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < HOSTS && told.insert(host.clone()) {
            messages.note(&format!(
                "{host}: it asks for a wait ({name}: {asked}); its requests are sent again after it"
            ));
        }
    }
}

/// Returns the header by which a response asks for a wait, and its value. `None`: it asks for none.
fn asked_wait(response: &Response) -> Option<(&'static str, &str)> {
    const ALWAYS: [&str; 2] = ["Retry-After", "retry-after-ms"];
    const OF_LIMITS: [&str; 5] = [
        "x-ratelimit-reset",
        "ratelimit-reset",
        "RateLimit",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset-tokens",
    ];
    let is_limited = matches!(response.status(), 403 | 429 | 503);
    let of_limits = OF_LIMITS.iter().filter(|_| is_limited);
    let mut names = ALWAYS.iter().chain(of_limits);
    names.find_map(|name| Some((*name, response.header(name)?)))
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}
