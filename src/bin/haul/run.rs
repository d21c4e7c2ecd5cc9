//! The run itself: requests in on one thread, outcomes out on another.

use std::fs;
use std::io::{self, Write};
use std::sync::mpsc::sync_channel;
use std::thread;

use haul::record::line_of;
use haul::{CancelToken, End, Outcome, Outcomes, Request, StopReason, Summary};

use crate::arguments::{Arguments, Shown};
use crate::failure::{Failure, Status};
use crate::input::{self, Reading};
use crate::output::{self, Output, Results};
use crate::progress;
use crate::settings::{self, Settings};
use crate::signals;
use crate::units::Most;

/// From how many finished requests on a share of failures counts.
const SHARE_FROM: u64 = 100;

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let Settings {
        client,
        defaults,
        without,
    } = settings::settings(arguments)?;
    let reading = Reading {
        defaults,
        without,
        format: arguments.input_format,
        relative: arguments.base_url.is_some(),
    };
    let requests = input::open(arguments, reading)?;
    if arguments.dry_run {
        return print(requests);
    }
    let mut output = output::open(arguments)?;
    let requests: Box<dyn Iterator<Item = Request> + Send> = match &output.results {
        Results::Journal(journal) => Box::new(journal.remaining(requests)),
        _ => Box::new(requests),
    };
    let signalled = signals::watch(&client, arguments.grace, arguments.quiet > 0)?;
    let reader = thread::Builder::new().name("haul-input".to_owned());
    let (ended, summary) = if arguments.ordered {
        let (sender, receiver) = sync_channel(1024);
        // Ends when there is nobody left to read for.
        let read = move || {
            drop(
                requests
                    .map(|request| sender.send(request))
                    .find(Result::is_err),
            )
        };
        reader.spawn(read).map_err(no_thread)?;
        drive(arguments, client.map(receiver), &mut output)
    } else {
        let (intake, outcomes) = client.channel();
        let read = move || {
            drop(
                requests
                    .map(|request| intake.send(request))
                    .find(Result::is_err),
            )
        };
        reader.spawn(read).map_err(no_thread)?;
        drive(arguments, outcomes, &mut output)
    };
    let (end, mut summary) = match ended {
        Ok(end) => (end, summary),
        // Whoever read the results has had enough.
        Err(error) if error.is_broken_pipe() && error.path().is_none() => return Ok(Status::Fine),
        Err(error) => return Err(Failure::unwritten(error.to_string())),
    };
    summary.set_interrupted(signalled.number().is_some() || end != End::Completed);
    report(arguments, &summary)?;
    Ok(match signalled.number() {
        Some(number) => {
            say_how_to_resume(arguments);
            Status::Signal(number)
        }
        None if end != End::Completed => {
            say_how_to_resume(arguments);
            Status::Stopped
        }
        None if summary.total() == 0 && arguments.fail_empty => Status::Unsuccessful,
        None if summary.succeeded() < summary.total() && !arguments.exit_zero => {
            Status::Unsuccessful
        }
        None => Status::Fine,
    })
}

fn no_thread(e: io::Error) -> Failure {
    Failure::unwritten(format!("no thread to read the input: {e}"))
}

/// Takes the outcomes until there are no more. Gives why they ended, and the figures.
fn drive<I>(
    arguments: &Arguments,
    mut outcomes: Outcomes<I>,
    output: &mut Output,
) -> (Result<End, haul::SinkError>, Summary)
where
    I: Iterator,
    I::Item: Into<Request>,
{
    let token = CancelToken::new();
    let mut share = None;
    match arguments.max_failures {
        _ if arguments.fail_early => outcomes = outcomes.fail_fast(),
        Some(Most::Count(most)) => outcomes = outcomes.max_failures(most),
        Some(Most::Percent(most)) => {
            share = Some(most);
            outcomes = outcomes.cancel_token(&token);
        }
        None => {}
    }
    if let Some(limit) = arguments.max_run_time {
        outcomes = outcomes.deadline(limit);
    }
    let figures = outcomes.summary();
    let shown = progress::shown(arguments);
    let lines = progress::lines(outcomes.progress(), shown);
    if shown == Shown::Bar {
        outcomes = outcomes.with_bar();
    }
    let mut warnings = Warnings::default();
    let (mut done, mut failed) = (0_u64, 0_u64);
    let mut first = None;
    let mut recorded = outcomes.record_to(output);
    for outcome in recorded.by_ref() {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                first.get_or_insert(error);
                continue;
            }
        };
        done += 1;
        failed += u64::from(outcome.is_failed() && !outcome.is_cancelled());
        if share
            .is_some_and(|most| done >= SHARE_FROM && failed as f64 * 100.0 > most * done as f64)
        {
            token.cancel();
        }
        if arguments.quiet == 0 {
            warnings.look(&outcome, arguments.body_limit);
        }
        if arguments.verbose > 0 {
            eprintln!("{}", line(&outcome));
        }
    }
    let end = recorded.end().unwrap_or(End::Completed);
    drop(recorded);
    drop(lines);
    (first.map_or(Ok(end), Err), figures.snapshot())
}

/// `200 GET https://example.com/ 12 ms`
fn line(outcome: &Outcome) -> String {
    let status = outcome
        .status()
        .map_or("---".to_owned(), |status| status.to_string());
    let ms = outcome.elapsed().as_millis();
    let line = format!(
        "{status} {} {} {ms} ms",
        outcome.request().method(),
        outcome.url()
    );
    match (outcome.error(), outcome.rejection()) {
        (Some(error), _) => format!("{line}: {}: {error}", error.error_type()),
        (_, Some(rejection)) => format!("{line}: rejected: {rejection}"),
        _ => line,
    }
}

/// What is said once, however often it happens.
#[derive(Default)]
struct Warnings {
    not_repeated: bool,
    cut: bool,
}

impl Warnings {
    fn look(&mut self, outcome: &Outcome, limit: u64) {
        let refused = |e: &haul::Error| e.stop_reason() == Some(StopReason::MethodNotIdempotent);
        if !self.not_repeated && outcome.error().is_some_and(refused) {
            self.not_repeated = true;
            eprintln!(
                "haul: warning: {} {}: not tried again, since the server may have acted on it \
                 (--retry-all-methods, or \"idempotent\": true on its line, says that repeating it is safe)",
                outcome.request().method(),
                outcome.url()
            );
        }
        let long = |response: &haul::Response| response.bytes().len() as u64 > limit;
        if !self.cut && outcome.success().is_some_and(long) {
            self.cut = true;
            eprintln!(
                "haul: warning: {}: its body is cut in the results (--body-limit says where)",
                outcome.url()
            );
        }
    }
}

fn report(arguments: &Arguments, summary: &Summary) -> Result<(), Failure> {
    if arguments.quiet == 0 {
        // A closed stderr is no reason to fail.
        let _ = writeln!(io::stderr(), "{summary}");
    }
    let Some(path) = &arguments.summary_json else {
        return Ok(());
    };
    let mut text =
        serde_json::to_string_pretty(summary).map_err(|e| Failure::unwritten(e.to_string()))?;
    text.push('\n');
    fs::write(path, text)
        .map_err(|e| Failure::unwritten(format!("{}: cannot be written: {e}", path.display())))
}

/// The command that goes on from here.
fn say_how_to_resume(arguments: &Arguments) {
    if arguments.quiet > 0 || arguments.output.is_none() {
        return;
    }
    let given: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !["--resume", "--overwrite"].contains(&argument.as_str()))
        .map(|argument| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
            if !argument.is_empty() && argument.chars().all(plain) {
                argument
            } else {
                format!("'{}'", argument.replace('\'', r"'\''"))
            }
        })
        .collect();
    // Arguments may hold secrets; what was typed is not repeated where one does.
    let secret = arguments.user.is_some()
        || arguments.bearer.is_some()
        || arguments.cookie.is_some()
        || !arguments.headers.is_empty();
    if secret {
        eprintln!("haul: to go on, give the same command with --resume");
    } else {
        eprintln!("haul: to go on: haul --resume {}", given.join(" "));
    }
}

fn print(requests: impl Iterator<Item = Request>) -> Result<Status, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let write = || {
        for request in requests {
            writeln!(out, "{}", line_of(&request))?;
        }
        out.flush()
    };
    match write() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unwritten(format!(
            "stdout: cannot be written: {e}"
        ))),
        _ => Ok(Status::Fine),
    }
}
