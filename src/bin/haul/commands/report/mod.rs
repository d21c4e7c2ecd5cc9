//! `haul report`: figures of finished runs.

mod against;
mod arguments;
mod distinct;
mod inputs;
mod table;

use std::path::Path;

use haul::redact::Escaped;
use haul::report::{Report, ReportError, ReportReader};

use arguments::FailOn;
pub(crate) use arguments::ReportArguments;
use inputs::ResultInput;

use crate::failure::{CommandError, Status};
use crate::files::{self, SummaryFile};
use crate::forms::{ReportForms, ReportedRun};
use crate::messages::Messages;
use crate::stdout;
use crate::terminal;
use crate::thresholds;

/// Number of lines without a result that are told one by one.
const TOLD: usize = 10;

/// Makes the report and returns the exit status.
pub(crate) fn carry_out(arguments: &ReportArguments) -> Status {
    let messages = Messages::new(&arguments.command.messages());
    messages.of_file();
    match report(arguments, &messages) {
        Ok(status) => status,
        Err(failure) => {
            messages.error(failure.message());
            failure.status()
        }
    }
}

fn report(arguments: &ReportArguments, messages: &Messages) -> Result<Status, CommandError> {
    let inputs = inputs::of(&arguments.inputs)?;
    let old = arguments.against.as_deref().map(ResultInput::of);
    let old = old.transpose()?;
    distinct::check(&inputs, old.as_ref())?;
    let read: Vec<_> = old.iter().chain(&inputs).map(ResultInput::used).collect();
    let outputs = outputs(arguments);
    files::enter_report(&read, &outputs, arguments.command.overwrite)?;
    let forms = forms(arguments)?;
    for (_, path) in &outputs {
        files::check_whole(path)?;
    }
    stdout::check()?;
    let mut summary_file = SummaryFile::open(arguments.summary_json.as_deref())?;
    let shows = !messages.is_quiet() && !forms.stdout_is_taken();
    if let Some(old) = old {
        let (comparison, read) = against::compare(&[old], &inputs, forms.cases(), messages)?;
        summary_file.write(&comparison)?;
        let written = forms.write(ReportedRun::Compared(&comparison));
        if shows {
            print(&format!("{comparison}\n"))?;
        }
        written?;
        read.map_err(|error| failed(&error))?;
        let newly_failed = arguments.fail_on == Some(FailOn::NewlyFailed)
            && against::tell_newly_failed(&comparison, messages);
        let exceeded = thresholds::exceeded(
            &arguments.fail_if,
            comparison.new_report().summary(),
            messages,
        );
        return Ok(status(newly_failed || exceeded));
    }
    let mut reader = ReportReader::new();
    if let Some(by) = &arguments.by {
        reader = reader.by(by.clone());
    }
    if let Some(cases) = forms.cases() {
        reader = reader.cases(cases);
    }
    let read = read_all(&inputs, &mut reader, messages)?;
    let report = reader.finish().map_err(|error| failed(&error))?;
    summary_file.write(&report)?;
    if shows && !(report.summary().total() == 0 && read.is_err()) {
        print(&shown(&report))?;
    }
    forms.write(ReportedRun::Alone(&report))?;
    read.map_err(|error| failed(&error))?;
    let exceeded = thresholds::exceeded(&arguments.fail_if, report.summary(), messages);
    Ok(status(exceeded))
}

/// Returns the files that are written, each with its option.
fn outputs(arguments: &ReportArguments) -> Vec<(&'static str, &Path)> {
    let summary = arguments.summary_json.as_ref();
    let summary = summary.map(|path| ("--summary-json", path));
    let paths = summary.into_iter().chain(arguments.forms.paths());
    paths.map(|(name, path)| (name, path.as_path())).collect()
}

/// Returns the forms that are asked for.
fn forms(arguments: &ReportArguments) -> Result<ReportForms, CommandError> {
    let to_stdout = arguments.summary_json.as_deref() == Some(Path::new("-"));
    let taken = to_stdout.then_some("the summary (--summary-json)");
    ReportForms::new(&arguments.forms, taken)
}

fn status(is_beyond: bool) -> Status {
    match is_beyond {
        true => Status::Unsuccessful,
        false => Status::Fine,
    }
}

/// Reads all inputs and tells the lines that are no results. The inner error is that of an input that cannot be read to
/// its end: the results before it count.
fn read_all(
    inputs: &[ResultInput],
    reader: &mut ReportReader,
    messages: &Messages,
) -> Result<Result<(), ReportError>, CommandError> {
    let mut read = Ok(());
    for input in inputs {
        // The other inputs count even if one cannot be read to its end.
        read = read.and(input.read(reader, messages));
    }
    tell_unread(reader, messages);
    let (_, unread) = reader.unread();
    if let Some(first) = inputs.first()
        && reader.results() == 0
        && unread > 0
        && read.is_ok()
    {
        return Err(CommandError::usage(format!(
            "{first}: no line is a result (a file that haul wrote with -o is expected)"
        )));
    }
    Ok(read)
}

/// Error of an input that cannot be read to its end, or of a temporary file.
fn failed(error: &ReportError) -> CommandError {
    match error.is_temporary() {
        true => CommandError::unwritten(error.to_string()),
        false => CommandError::usage(error.to_string()),
    }
}

/// Tells the lines that are no results.
fn tell_unread(reader: &ReportReader, messages: &Messages) {
    let (lines, all) = reader.unread();
    for line in lines.iter().take(TOLD) {
        messages.warning(&format!("{}:{}: {}", line.source, line.line, line.reason));
    }
    if all > TOLD as u64 {
        messages.warning(&format!("{all} lines are no results; the others count"));
    }
}

/// Returns the report as text.
fn shown(report: &Report) -> String {
    let width = terminal::columns_of_stdout();
    let mut text = match terminal::shows_utf8() {
        true => format!("{:#width$}\n", report.summary()),
        false => format!("{:width$}\n", report.summary()),
    };
    if let Some(groups) = report.groups() {
        text += &table::of(groups);
    }
    text
}

fn print(text: &str) -> Result<(), CommandError> {
    stdout::print(text.as_bytes())
}

/// Escapes a text of a server or an input for a terminal.
fn escaped(text: &str) -> String {
    Escaped(text).to_string()
}
