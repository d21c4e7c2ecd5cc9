//! Course of a run: one thread reads requests, another takes outcomes.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use haul::batch::{CancelToken, End, Intake};
use haul::sink::Sink;
use haul::sink::SinkError;
use haul::{Outcome, Outcomes, Request, Summary};

use crate::again;
use crate::arguments::{Arguments, ProgressForm, name_of};
use crate::dry_run;
use crate::failure::{CommandError, Status};
use crate::files::{self, SummaryFile, results_path};
use crate::input;
use crate::layout;
use crate::leads_back;
use crate::max_cost::{self, CostIsSpent};
use crate::messages::Messages;
use crate::outcome_reporter::OutcomeReporter;
use crate::output;
use crate::pages::{self, PageQueue, PageSink};
use crate::progress;
use crate::report::{report, stopped_early};
use crate::run_limit::{self, RunLimit};
use crate::settings::{self, RunSettings};
use crate::signals::{self, Signalled};
use crate::stdout;
use crate::total;
use crate::units::FailureLimit;

/// Time between two checks for a signal while the first request is waited for.
const SIGNALS: Duration = Duration::from_millis(50);

/// Number of finished requests from which on a share of failures counts.
const SHARE_FROM: u64 = 100;

// Long because it is the whole course of a run, in its order: each step needs the results of the steps before.
pub(crate) fn run(
    arguments: &Arguments,
    limit: &RunLimit,
    messages: &Messages,
) -> Result<Status, CommandError> {
    check(arguments)?;
    let lines_on_stdout = layout::check(arguments)?;
    let pages = pages::rule(arguments)?;
    let files = files::enter(arguments)?;
    let RunSettings { client, lines } = settings::settings(arguments, messages)?;
    let lines = lines.register(files.register().clone());
    let requests = input::open(arguments, lines, &client, files.register(), messages)?;
    leads_back::check(arguments, &files, &requests)?;
    let known = requests.known();
    files.check_writable()?;
    check_stdout(arguments)?;
    if arguments.ending.dry_run {
        return dry_run::print(requests, &client, limit, messages);
    }
    let (refusal, duplicates) = (requests.refusal(), requests.duplicates());
    files.make_folder()?;
    let new = files.new_outputs();
    let mut output = output::open(
        arguments,
        client.redaction(),
        files.register(),
        &new,
        (pages.as_ref(), lines_on_stdout),
    )?;
    let mut summary_file = match SummaryFile::open(arguments.results.summary_json.as_deref()) {
        Ok(file) => file,
        Err(failure) => {
            drop(output);
            new.remove(&["--output", "--failures"]);
            return Err(failure);
        }
    };
    let found = output.results.found();
    let queue = PageQueue::default();
    let requests = pages::remaining(arguments, requests, &output.results, pages.as_ref(), &queue);
    let spent = CostIsSpent::default();
    let requests = max_cost::within(arguments.ending.max_cost, requests, &client, &spent);
    if found > 0 {
        messages.note(&from_before(found));
    }
    if let Some(warning) = output.unmatched_log(found) {
        messages.warning(&warning);
    }
    let signalled = signals::watch(&client, arguments.ending.grace, messages)?;
    // Pages of lists are in order already, since the lists are asked for one by one.
    let (intake, outcomes) = if arguments.results.ordered && pages.is_none() {
        client.ordered_channel()
    } else {
        client.channel()
    };
    if pages.is_some() {
        queue.feed(intake.clone())?;
    }
    let first = feed(requests, intake)?;
    let shown = progress::shown(arguments);
    let lines_are_requests =
        !arguments.ending.retry_failed && !arguments.requests.unique && pages.is_none();
    if shown != ProgressForm::None && lines_are_requests {
        total::count(&arguments.inputs, known, found, outcomes.progress());
    }
    let how_to_resume = again::how_to_resume(arguments, client.redaction());
    limit.runs(outcomes.summary(), how_to_resume.clone());
    // Files to be replaced stay as they are if a pipe turns out to be no list.
    if !files.replaced(arguments).is_empty()
        && !comes(&first, &signalled)
        && let Some(failure) = refusal.failure()
    {
        drop((outcomes, output, summary_file));
        new.remove(&["--output", "--failures", "--summary-json"]);
        return Err(failure);
    }
    let DriveResult {
        ended,
        mut summary,
        unsaved,
    } = {
        let mut sink = PageSink::new(&mut output, pages, queue.clone(), messages);
        drive(arguments, outcomes, &mut sink, shown, limit, messages)
    };
    queue.close();
    layout::tell_missing(output.layouts(), messages);
    summary.add_duplicates(duplicates.count());
    let end = match ended {
        Ok(end) => end,
        // The reader of the results closed the pipe.
        Err(error) if error.is_broken_pipe() && error.path().is_none() => return Ok(Status::Fine),
        Err(error) => {
            summary.set_interrupted(true);
            if let Err(failure) = report(&summary, &mut summary_file, messages) {
                messages.error(failure.message());
            }
            let apart = output.apart();
            let apart = apart.map_or(String::new(), |apart| format!("; {apart}"));
            return Err(CommandError::unwritten(format!("{error}{apart}")));
        }
    };
    if let Some(failure) = refusal.failure() {
        if summary.total() > 0 {
            report(&summary, &mut summary_file, messages)?;
        } else {
            drop((output, summary_file));
            new.remove(&["--output", "--failures", "--summary-json"]);
        }
        return Err(failure);
    }
    let signal = signalled.number();
    let stops = early_end(arguments, end, &spent);
    summary.set_interrupted(signal.is_some() || stops.is_some());
    report(&summary, &mut summary_file, messages)?;
    if let (None, Some(message)) = (signal, unsaved) {
        return Err(CommandError::unwritten(message));
    }
    let status = match (signal, stops) {
        (Some(number), _) => Status::Signal(number),
        (None, Some(reason)) => {
            messages.note(&stopped_early(&reason));
            Status::Stopped
        }
        _ if summary.total() == 0 && arguments.ending.fail_empty => Status::Unsuccessful,
        _ if summary.succeeded() < summary.total() && !arguments.ending.exit_zero => {
            Status::Unsuccessful
        }
        _ => Status::Fine,
    };
    if matches!(status, Status::Signal(_) | Status::Stopped)
        && let Some(how) = how_to_resume
    {
        messages.note(&how);
    }
    // Dropping the client waits for its workers, one of which may wait for a file.
    limit.is_over(status);
    Ok(status)
}

/// Returns the note about the outcomes that the results file held before the run.
fn from_before(found: u64) -> String {
    match found {
        1 => "1 outcome is there from before".to_owned(),
        _ => format!("{found} outcomes are there from before"),
    }
}

/// Refuses arguments that contradict each other, or whose mistake would show only at the end of the run.
fn check(arguments: &Arguments) -> Result<(), CommandError> {
    let ending = &arguments.ending;
    if ending.resume_writes && !ending.resume && !ending.retry_failed {
        return Err(CommandError::usage(
            "--resume-writes: it needs --resume or --retry-failed",
        ));
    }
    if results_path(arguments).is_none() && (ending.resume || ending.retry_failed || ending.durable)
    {
        return Err(CommandError::usage(
            "--resume, --retry-failed and --durable need a file: -o FILE",
        ));
    }
    if arguments.results.failures.as_deref() == Some(Path::new("-")) {
        return Err(CommandError::usage(format!(
            "{}: a file is expected (standard output is for the results)",
            name_of("failures")
        )));
    }
    Ok(())
}

/// Checks that standard output can be written, if anything is to be written to it.
fn check_stdout(arguments: &Arguments) -> Result<(), CommandError> {
    let to = &arguments.results;
    let has_lines = to.line.is_some() || to.write_out.is_some();
    let shows = arguments.ending.dry_run || results_path(arguments).is_none() || has_lines;
    let sums_up = to.summary_json.as_deref() == Some(Path::new("-"));
    if shows || sums_up {
        stdout::check()?;
    }
    Ok(())
}

/// Reads the input on a thread of its own, so that slow input holds no result back. The receiver gets a message for the
/// first request, and is disconnected without one if there is no request.
fn feed(
    requests: impl Iterator<Item = Request> + Send + 'static,
    intake: Intake,
) -> Result<Receiver<()>, CommandError> {
    let (begins, first) = channel();
    let mut begins = Some(begins);
    let read = move || {
        // The reading ends when the batch takes no more requests.
        let send = |request| {
            if let Some(begins) = begins.take() {
                let _ = begins.send(());
            }
            intake.send(request)
        };
        drop(requests.map(send).find(Result::is_err));
        drop(begins);
    };
    thread::Builder::new()
        .name("haul-input".to_owned())
        .spawn(read)
        .map_err(|e| CommandError::unwritten(format!("no thread to read the input: {e}")))?;
    Ok(first)
}

/// Waits for the first request. Returns false if there is none; a signal ends the wait.
fn comes(first: &Receiver<()>, signalled: &Signalled) -> bool {
    loop {
        match first.recv_timeout(SIGNALS) {
            Ok(()) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) if signalled.number().is_some() => return false,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Result of taking the outcomes until there are no more.
struct DriveResult {
    /// Reason why the outcomes ended, or the error of the sink.
    ended: Result<End, SinkError>,
    summary: Summary,
    /// Message about the first body that could not be saved because its disk or file is full. `None`: there is no such
    /// body.
    unsaved: Option<String>,
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
fn drive<I>(
    arguments: &Arguments,
    mut outcomes: Outcomes<I>,
    output: &mut impl Sink,
    shown: ProgressForm,
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
    let lines = progress::lines(outcomes.progress(), shown, messages);
    if shown == ProgressForm::Bar {
        outcomes = outcomes.with_bar();
        messages.set_bar(true);
    }
    let mut look = OutcomeReporter::new(arguments, messages);
    let (mut done, mut failed) = (0_u64, 0_u64);
    let (mut first, mut first_unsaved) = (None, None);
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
        first_unsaved = first_unsaved.or_else(|| unsaved(&outcome));
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
        unsaved: first_unsaved,
    }
}

/// Returns the reason why the run was stopped early. `None`: it was not.
fn early_end(arguments: &Arguments, end: End, spent: &CostIsSpent) -> Option<String> {
    if end == End::Completed {
        return spent.is_set().then(|| max_cost::REASON.to_owned());
    }
    Some(match (end, arguments.ending.max_failures) {
        (End::Deadline, _) => run_limit::REASON.to_owned(),
        (End::TooManyFailures, None) => "a request failed (--fail-early)".to_owned(),
        (End::TooManyFailures | End::Cancelled, Some(_)) => {
            "too many requests failed (--max-failures)".to_owned()
        }
        (end, _) => end.to_string(),
    })
}
