//! `haul report`: figures of finished runs.

mod arguments;
mod inputs;
mod table;

use std::io::{self, Write};
use std::path::Path;

use haul::redact::Escaped;
use haul::report::{Report, ReportError, ReportReader};

pub(crate) use arguments::ReportArguments;
pub(crate) use inputs::ResultInput;

use crate::failure::{CommandError, Status};
use crate::files::{self, SummaryFile};
use crate::messages::Messages;
use crate::stdout;
use crate::terminal;
use crate::thresholds;

/// Number of lines without a result that are told one by one.
const TOLD: usize = 10;

/// Makes the report and returns the exit status.
pub(crate) fn carry_out(arguments: &ReportArguments) -> Status {
    let messages = Messages::new(&arguments.messages());
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
    let outputs = arguments.summary_json.as_deref();
    let outputs = outputs.map(|path| ("--summary-json", path));
    files::enter_report(&inputs, outputs.as_slice(), arguments.overwrite)?;
    stdout::check()?;
    let mut summary_file = SummaryFile::open(arguments.summary_json.as_deref())?;
    let mut reader = ReportReader::new();
    if let Some(by) = &arguments.by {
        reader = reader.by(by.clone());
    }
    let read = inputs.iter().try_for_each(|input| input.read(&mut reader));
    tell_unread(&reader, messages);
    let is_empty = reader.results() == 0;
    let (_, unread) = reader.unread();
    if is_empty && unread > 0 && read.is_ok() {
        let first = &inputs[0];
        return Err(CommandError::usage(format!(
            "{first}: no line is a result (a file that haul wrote with -o is expected)"
        )));
    }
    let report = reader.finish().map_err(|error| failed(&error))?;
    summary_file.write(&report)?;
    let shows = !messages.is_quiet() && arguments.summary_json.as_deref() != Some(Path::new("-"));
    if shows && !(is_empty && read.is_err()) {
        print(&report)?;
    }
    read.map_err(|error| failed(&error))?;
    Ok(
        match thresholds::exceeded(&arguments.fail_if, report.summary(), messages) {
            true => Status::Unsuccessful,
            false => Status::Fine,
        },
    )
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

/// Prints the report on standard output. A reader that closed the pipe is no failure.
fn print(report: &Report) -> Result<(), CommandError> {
    let width = terminal::columns_of_stdout();
    let mut text = match terminal::shows_utf8() {
        true => format!("{:#width$}\n", report.summary()),
        false => format!("{:width$}\n", report.summary()),
    };
    if let Some(groups) = report.groups() {
        text += &table::of(groups);
    }
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(stdout::unwritten(&e)),
        _ => Ok(()),
    }
}

/// Escapes a text of a server or an input for a terminal.
fn escaped(text: &str) -> String {
    Escaped(text).to_string()
}
