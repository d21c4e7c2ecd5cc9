//! Course of a run: one thread reads requests, another takes outcomes.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use haul::Request;
use haul::batch::{End, Intake};

use crate::again;
use crate::arguments::{Arguments, EndingArguments, ProgressForm, name_of};
use crate::bearer_command::EndAll;
use crate::cookies::RunCookies;
use crate::drive::{DriveResult, drive};
use crate::dry_run;
use crate::failure::{CommandError, Status};
use crate::files::{self, RunFiles, results_path};
use crate::input;
use crate::layout;
use crate::leads_back;
use crate::max_cost::{self, CostIsSpent};
use crate::messages::Messages;
use crate::output;
use crate::pages::{self, PageSink};
use crate::progress;
use crate::report::{ReportPlan, stopped_early};
use crate::run_limit::{self, RunLimit};
use crate::settings::{self, ClientAndLines};
use crate::shard;
use crate::signals::{self, Signalled};
use crate::stdout;
use crate::thresholds;
use crate::total;

/// Time between two checks for a signal while the first request is waited for.
const SIGNALS: Duration = Duration::from_millis(50);

pub(crate) fn run(
    arguments: &Arguments,
    limit: &RunLimit,
    messages: &Messages,
) -> Result<Status, CommandError> {
    check(arguments)?;
    ReportPlan::of(arguments).forms()?;
    let files = files::enter(arguments)?;
    let cookies = RunCookies::open(arguments)?;
    let ended = send(arguments, &files, &cookies, limit, messages);
    cookies.save_after(ended)
}

// Long because it is the whole course of a run, in its order: each step needs the results of the steps before.
fn send(
    arguments: &Arguments,
    files: &RunFiles,
    cookies: &RunCookies,
    limit: &RunLimit,
    messages: &Messages,
) -> Result<Status, CommandError> {
    let lines_on_stdout = layout::check(arguments)?;
    let plan = ReportPlan::of(arguments);
    let pages = pages::rule(arguments)?;
    let ClientAndLines { client, lines } = settings::settings(arguments, cookies, messages)?;
    // Dropped before the client, which waits for its workers: one of them may wait for the command.
    let _end_all = EndAll;
    let lines = lines.register(files.register().clone());
    let requests = input::open(arguments, lines, &client, files.register(), messages)?;
    leads_back::check(arguments, files, &requests)?;
    let known = requests.known();
    files.check_writable()?;
    check_stdout(arguments)?;
    if arguments.ending.dry_run {
        return dry_run::print(requests, &client, limit, messages);
    }
    let options = requests.options().clone();
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
    let mut report = match plan.open() {
        Ok(report) => report,
        Err(failure) => {
            drop(output);
            new.remove(&["--output", "--failures"]);
            return Err(failure);
        }
    };
    let found = output.results.found();
    let queue = pages::queue(arguments, pages.as_ref(), messages);
    let requests = pages::remaining(requests, &output.results, pages.as_ref(), &queue);
    let spent = CostIsSpent::default();
    let requests = max_cost::within(arguments.ending.max_cost, requests, &client, &spent);
    if let Some(note) = shard::note(arguments) {
        messages.note(&note);
    }
    if found > 0 {
        messages.note(&from_before(found));
    }
    let signalled = signals::watch(&client, arguments.ending.grace, messages)?;
    let ordered = arguments.results.ordered;
    let (intake, outcomes) = pages::open(&client, ordered, &output.results, &queue)?;
    cookies.begin();
    let first = feed(requests, intake)?;
    let shown = progress::shown(arguments);
    let lines_are_requests = !arguments.ending.retry_failed
        && !arguments.requests.unique
        && !arguments.requests.follow_sitemaps
        && arguments.shard.own.is_none()
        && pages.is_none();
    if shown != ProgressForm::None && lines_are_requests {
        let bare = arguments.requests.scheme.is_some();
        total::count(
            &arguments.inputs,
            bare,
            options,
            known,
            found,
            outcomes.progress(),
        );
    }
    let how_to_resume = again::how_to_resume(arguments, client.redaction());
    limit.runs(outcomes.summary(), how_to_resume.clone());
    // Files to be replaced stay as they are if a pipe turns out to be no list.
    if !files.replaced(arguments).is_empty()
        && !comes(&first, &signalled)
        && let Some(failure) = refusal.failure()
    {
        drop((outcomes, output, report));
        new.remove(&["--output", "--failures", "--summary-json"]);
        return Err(failure);
    }
    let DriveResult {
        ended,
        mut summary,
        cases,
        unsaved,
    } = {
        let mut sink = PageSink::new(&mut output, queue.clone());
        let cases = report.cases();
        drive(arguments, outcomes, &mut sink, cases, limit, messages)
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
            if let Err(failure) = report.write(&summary, cases, messages) {
                messages.error(failure.message());
            }
            let apart = output.apart();
            let apart = apart.map_or(String::new(), |apart| format!("; {apart}"));
            return Err(CommandError::unwritten(format!("{error}{apart}")));
        }
    };
    if let Some(failure) = refusal.failure() {
        if summary.total() > 0 {
            report.write(&summary, cases, messages)?;
        } else {
            drop((output, report));
            new.remove(&["--output", "--failures", "--summary-json"]);
        }
        return Err(failure);
    }
    let signal = signalled.number();
    let stops = early_end(arguments, end, &spent);
    summary.set_interrupted(signal.is_some() || stops.is_some());
    report.write(&summary, cases, messages)?;
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
        _ if thresholds::is_unsuccessful(&arguments.ending, &summary, messages) => {
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
        return Err(CommandError::usage(format!(
            "{}: it needs --resume or --retry-failed beside it",
            name_of("resume-writes")
        )));
    }
    let needing = match ending {
        EndingArguments { resume: true, .. } => Some("resume"),
        EndingArguments {
            retry_failed: true, ..
        } => Some("retry-failed"),
        EndingArguments { durable: true, .. } => Some("durable"),
        _ => None,
    };
    if let Some(option) = needing.filter(|_| results_path(arguments).is_none()) {
        return Err(CommandError::usage(format!(
            "{}: it needs a file for the results (-o FILE)",
            name_of(option)
        )));
    }
    if arguments.results.failures.as_deref() == Some(Path::new("-")) {
        return Err(CommandError::usage(format!(
            "{}: a file is expected (standard output is for the results)",
            name_of("failures")
        )));
    }
    // Other tools have a number of requests under -n, which takes no value here.
    let is_number = |input: &String| {
        !input.is_empty() && input.bytes().all(|b| b.is_ascii_digit()) && !Path::new(input).exists()
    };
    if arguments.requests.netrc
        && let Some(number) = arguments.inputs.iter().find(|input| is_number(input))
    {
        return Err(CommandError::usage(format!(
            "{}: it takes no value, and there is no file {number} (haul has no number of requests: each line of its input is one)",
            name_of("netrc")
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
