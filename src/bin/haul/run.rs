//! The run itself: requests in on one thread, outcomes out on another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;

use haul::sink::Sink;
use haul::{CancelToken, End, Intake, Outcomes, Request, SinkError, Summary};

use crate::again;
use crate::arguments::{Arguments, Shown};
use crate::dry_run;
use crate::failure::{Failure, Status};
use crate::input;
use crate::look::Look;
use crate::output::{self, Results};
use crate::progress;
use crate::run_limit::{self, RunLimit};
use crate::settings::{self, Settings};
use crate::signals;
use crate::total;
use crate::units::Most;
use crate::voice::{self, Voice};

/// From how many finished requests on a share of failures counts.
const SHARE_FROM: u64 = 100;

pub(crate) fn run(
    arguments: &Arguments,
    limit: &RunLimit,
    voice: &Voice,
) -> Result<Status, Failure> {
    check(arguments)?;
    let Settings { client, lines } = settings::settings(arguments, voice)?;
    let requests = input::open(arguments, lines, voice)?;
    let known = requests.known();
    if arguments.ending.dry_run {
        return dry_run::print(requests, &client, limit, voice);
    }
    let refusal = requests.refusal();
    let mut output = output::open(arguments, client.redaction())?;
    let found = output.results.found();
    let requests: Box<dyn Iterator<Item = Request> + Send> = match &output.results {
        Results::Journal(journal) => Box::new(journal.remaining(requests)),
        _ => Box::new(requests),
    };
    if found > 0 {
        voice.note(&format!("{found} outcomes are there from before"));
    }
    let signalled = signals::watch(&client, arguments.ending.grace, voice)?;
    let (intake, outcomes) = if arguments.results.ordered {
        client.ordered_channel()
    } else {
        client.channel()
    };
    feed(requests, intake)?;
    let shown = progress::shown(arguments);
    if shown != Shown::None && !arguments.ending.retry_failed {
        total::count(&arguments.inputs, known, found, outcomes.progress());
    }
    let (ended, mut summary) = drive(arguments, outcomes, &mut output, shown, limit, voice);
    let end = match ended {
        Ok(end) => end,
        // Whoever read the results has had enough.
        Err(error) if error.is_broken_pipe() && error.path().is_none() => return Ok(Status::Fine),
        Err(error) => {
            summary.set_interrupted(true);
            report(arguments, &summary, voice)?;
            return Err(Failure::unwritten(error.to_string()));
        }
    };
    if let Some(failure) = refusal.failure() {
        match summary.total() {
            0 => output.remove_new_files(),
            _ => report(arguments, &summary, voice)?,
        }
        return Err(failure);
    }
    let signal = signalled.number();
    summary.set_interrupted(signal.is_some() || end != End::Completed);
    report(arguments, &summary, voice)?;
    let status = match signal {
        Some(number) => Status::Signal(number),
        None if end != End::Completed => {
            voice.note(&stopped_early(&reason(arguments, end)));
            Status::Stopped
        }
        None if summary.total() == 0 && arguments.ending.fail_empty => Status::Unsuccessful,
        None if summary.succeeded() < summary.total() && !arguments.ending.exit_zero => {
            Status::Unsuccessful
        }
        None => Status::Fine,
    };
    if matches!(status, Status::Signal(_) | Status::Stopped)
        && let Some(how) = again::how_to_resume(arguments)
    {
        voice.note(&how);
    }
    // Dropping the client waits for its workers, one of which may wait for a file.
    limit.is_over(status);
    Ok(status)
}

/// What contradicts itself, or could only be found to be wrong once everything was done.
fn check(arguments: &Arguments) -> Result<(), Failure> {
    let (to, ending) = (&arguments.results, &arguments.ending);
    if ending.resume_writes && !ending.resume && !ending.retry_failed {
        return Err(Failure::usage(
            "--resume-writes: it needs --resume or --retry-failed",
        ));
    }
    let named = [&to.output, &to.failures, &to.summary_json];
    let mut named = named
        .into_iter()
        .flatten()
        .filter(|path| path.as_os_str() != "-");
    if let Some(twice) = named
        .clone()
        .find(|path| named.clone().filter(|p| p == path).count() > 1)
    {
        return Err(Failure::usage(format!(
            "{}: it is to be written twice (-o, --failures and --summary-json need a file each)",
            twice.display()
        )));
    }
    if let Some(path) = named.find(|path| path.is_dir()) {
        return Err(Failure::usage(format!(
            "{}: it is a directory (a file is expected)",
            path.display()
        )));
    }
    if let Some(folder) = to.output_dir.as_ref().filter(|_| !ending.dry_run) {
        fs::create_dir_all(folder)
            .map_err(|e| Failure::usage(format!("{}: cannot be made: {e}", folder.display())))?;
    }
    if let Some(path) = to
        .summary_json
        .as_ref()
        .filter(|p| !ending.dry_run && p.as_os_str() != "-")
    {
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map_err(|e| {
            Failure::usage(format!(
                "{}: cannot be opened for writing: {e}",
                path.display()
            ))
        })?;
    }
    Ok(())
}

/// Reads on a thread of its own: input that is slow holds no result back.
fn feed(
    requests: impl Iterator<Item = Request> + Send + 'static,
    intake: Intake,
) -> Result<(), Failure> {
    let read = move || {
        // Ends where there is nobody left to read for.
        drop(
            requests
                .map(|request| intake.send(request))
                .find(Result::is_err),
        );
    };
    thread::Builder::new()
        .name("haul-input".to_owned())
        .spawn(read)
        .map_err(|e| Failure::unwritten(format!("no thread to read the input: {e}")))?;
    Ok(())
}

/// Takes the outcomes until there are no more. Gives why they ended, and the figures.
fn drive<I>(
    arguments: &Arguments,
    mut outcomes: Outcomes<I>,
    output: &mut impl Sink,
    shown: Shown,
    limit: &RunLimit,
    voice: &Voice,
) -> (Result<End, SinkError>, Summary)
where
    I: Iterator,
    I::Item: Into<Request>,
{
    let token = CancelToken::new();
    let mut share = None;
    match arguments.ending.max_failures {
        _ if arguments.ending.fail_early => outcomes = outcomes.fail_fast(),
        Some(Most::Count(most)) => outcomes = outcomes.max_failures(most),
        Some(Most::Percent(most)) => {
            share = Some(most);
            outcomes = outcomes.cancel_token(&token);
        }
        None => {}
    }
    if let Some(left) = limit.left() {
        outcomes = outcomes.deadline(left);
    }
    let figures = outcomes.summary();
    limit.runs(&figures);
    let lines = progress::lines(outcomes.progress(), shown, voice);
    if shown == Shown::Bar {
        outcomes = outcomes.with_bar();
        voice.set_bar(true);
    }
    let mut look = Look::new(arguments, voice);
    let (mut done, mut failed) = (0_u64, 0_u64);
    let mut first = None;
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
        look.at(&outcome);
    }
    let end = recorded.end().unwrap_or(End::Completed);
    drop(recorded);
    voice.set_bar(false);
    drop(lines);
    limit.reports();
    (first.map_or(Ok(end), Err), figures.snapshot())
}

fn reason(arguments: &Arguments, end: End) -> String {
    match (end, arguments.ending.max_failures) {
        (End::Deadline, _) => run_limit::REASON.to_owned(),
        (End::TooManyFailures, None) => "a request failed (--fail-early)".to_owned(),
        (End::TooManyFailures | End::Cancelled, Some(_)) => {
            "too many requests failed (--max-failures)".to_owned()
        }
        (end, _) => end.to_string(),
    }
}

/// Note that ends a run which was stopped early.
pub(crate) fn stopped_early(reason: &str) -> String {
    format!("stopped early: {reason}")
}

fn report(arguments: &Arguments, summary: &Summary, voice: &Voice) -> Result<(), Failure> {
    report_to(arguments.results.summary_json.as_deref(), summary, voice)
}

/// Prints the summary, and writes it to `--summary-json`.
pub(crate) fn report_to(
    summary_json: Option<&Path>,
    summary: &Summary,
    voice: &Voice,
) -> Result<(), Failure> {
    if !voice.is_quiet() {
        voice.block(&format!("{summary:width$}", width = voice::width()));
    }
    let Some(path) = summary_json else {
        return Ok(());
    };
    let wrong = |e: &dyn std::fmt::Display| {
        Failure::unwritten(format!("{}: cannot be written: {e}", path.display()))
    };
    let mut text = serde_json::to_string_pretty(summary).map_err(|e| wrong(&e))?;
    text.push('\n');
    let written = if path.as_os_str() == "-" {
        io::stdout().write_all(text.as_bytes())
    } else {
        fs::write(path, text)
    };
    written.map_err(|e| wrong(&e))
}
