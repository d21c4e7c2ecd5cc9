//! Taking of a run's outcomes: recording, and the limits that end a run early.

use std::io;

use haul::batch::{CancelToken, End};
use haul::report::RequestCases;
use haul::sink::{Sink, SinkError};
use haul::{Outcome, Outcomes, Request, Summary};

use crate::arguments::{Arguments, ProgressForm};
use crate::messages::Messages;
use crate::outcome_reporter::OutcomeReporter;
use crate::progress;
use crate::run_limit::RunLimit;
use crate::units::FailureLimit;

/// Number of finished requests from which on a share of failures counts.
const SHARE_FROM: u64 = 100;

/// Result of taking the outcomes until there are no more.
pub(crate) struct DriveResult {
    /// Reason why the outcomes ended, or the error of the sink.
    pub(crate) ended: Result<End, SinkError>,
    pub(crate) summary: Summary,
    /// Single requests. `None`: no form of the report needs them.
    pub(crate) cases: Option<RequestCases>,
    /// Message about the first body that could not be saved because its disk or file is full. `None`: there is no such
    /// body.
    pub(crate) unsaved: Option<String>,
}

/// Returns the message about a body that could not be saved because its disk or file is full. `None`: this did not
/// happen.
fn unsaved(outcome: &Outcome) -> Option<String> {
    use std::error::Error as _;

    let error = outcome.error()?;
    outcome.request().saves_to()?;
    let reason = error.source()?.downcast_ref::<io::Error>()?;
    let is_full = matches!(
        reason.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::ReadOnlyFilesystem
    );
    (is_full || is_io_error(reason)).then(|| error.message().to_owned())
}

/// Adds the number of other bodies that could not be saved.
fn and_others(message: String, others: u64) -> String {
    match others {
        0 => message,
        others => format!("{message} (and {others} more, which are among the results)"),
    }
}

/// True if the device failed (`EIO`), for which there is no [`io::ErrorKind`].
#[cfg(unix)]
fn is_io_error(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(not(unix))]
fn is_io_error(_: &io::Error) -> bool {
    false
}

/// Takes the outcomes until there are no more.
pub(crate) fn drive<I>(
    arguments: &Arguments,
    mut outcomes: Outcomes<I>,
    output: &mut impl Sink,
    mut cases: Option<RequestCases>,
    limit: &RunLimit,
    messages: &Messages,
) -> DriveResult
where
    I: Iterator,
    I::Item: Into<Request>,
{
    let token = CancelToken::new();
    let mut share = None;
    match arguments.ending.max_failures {
        _ if arguments.ending.fail_early => outcomes = outcomes.fail_fast(),
        Some(FailureLimit::Count(most)) => outcomes = outcomes.max_failures(most),
        Some(FailureLimit::Percent(most)) => {
            share = Some(most);
            outcomes = outcomes.cancel_token(&token);
        }
        None => {}
    }
    if let Some(left) = limit.left() {
        outcomes = outcomes.deadline(left);
    }
    let figures = outcomes.summary();
    let shown = progress::shown(arguments);
    let lines = progress::lines(outcomes.progress(), shown, messages);
    if shown == ProgressForm::Bar {
        outcomes = outcomes.with_bar();
        messages.set_bar(true);
    }
    let mut look = OutcomeReporter::new(arguments, messages);
    let (mut done, mut failed) = (0_u64, 0_u64);
    let (mut first, mut first_unsaved, mut others_unsaved) = (None, None, 0_u64);
    let mut recorded = outcomes.record_to(output);
    for outcome in recorded.by_ref() {
        limit.advances();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                first.get_or_insert(error);
                continue;
            }
        };
        if !outcome.is_not_done() {
            done += 1;
            failed += u64::from(outcome.is_failed());
        }
        let too_many = |most| done >= SHARE_FROM && failed as f64 * 100.0 >= most * done as f64;
        if failed > 0 && share.is_some_and(too_many) {
            token.cancel();
        }
        if let Some(cases) = &mut cases {
            cases.record(&outcome);
        }
        if let Some(message) = unsaved(&outcome) {
            others_unsaved += u64::from(first_unsaved.is_some());
            first_unsaved.get_or_insert(message);
        }
        look.at(&outcome);
    }
    let end = recorded.end().unwrap_or(End::Completed);
    drop(recorded);
    messages.set_bar(false);
    drop(lines);
    limit.reports();
    DriveResult {
        ended: first.map_or(Ok(end), Err),
        summary: figures.snapshot(),
        cases,
        unsaved: first_unsaved.map(|message| and_others(message, others_unsaved)),
    }
}
