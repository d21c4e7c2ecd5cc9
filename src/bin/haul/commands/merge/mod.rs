//! `haul merge`: results of several runs in one file.

mod arguments;
mod input;

use std::fmt::Write as _;
use std::path::Path;

use haul::record::{FileRegister, Layout};
use haul::redact::Escaped;
use haul::sink::{Merge, MergeError, MergeReport, MergedLines};

pub(crate) use arguments::MergeArguments;

use crate::arguments::MessageArguments;
use crate::failure::{CommandError, Status};
use crate::files;
use crate::messages::Messages;
use crate::source::STDIN;
use crate::stdout;

/// Merges the results and returns the exit status.
pub(crate) fn carry_out(arguments: MergeArguments) -> Status {
    let messages = Messages::new(&arguments.command.messages());
    messages.of_file();
    match merge(arguments, &messages) {
        Ok(status) => status,
        Err(failure) => {
            messages.error(failure.message());
            failure.status()
        }
    }
}

fn merge(arguments: MergeArguments, messages: &Messages) -> Result<Status, CommandError> {
    check(&arguments)?;
    let silent = Messages::new(&MessageArguments {
        quiet: 2,
        ..arguments.command.messages()
    });
    let (results, output) = (&arguments.results, arguments.output.as_path());
    let verify = &arguments.verify;
    let run = input::of_runs(
        arguments.requests,
        verify,
        (arguments.sent_files, arguments.saved_files),
    )?;
    let missing = arguments.missing.as_deref();
    let register = files::enter_merge(
        &run,
        results,
        (output, missing),
        arguments.command.overwrite,
    )?;
    for path in [Some(output), missing].into_iter().flatten() {
        files::check_whole(path)?;
    }
    stdout::check()?;
    let mut merge = Merge::new()
        .memory(arguments.memory)
        .overwrite(arguments.command.overwrite);
    if let Some(folder) = &arguments.temp_dir {
        merge = merge.temp_dir(folder);
    }
    if let Some(base) = &run.requests.base_url {
        merge = merge.base_url(base);
    }
    let merged = if verify.is_empty() {
        merge.run(results, output)
    } else {
        let (requests, _client) = input::open(&run, &register, messages)?;
        merge.verify(requests, results, output)
    };
    let report = merged.map_err(|error| failed(&error))?;
    let mut missing_lines = Vec::new();
    if report.missing() > 0 || missing.is_some() {
        // The names that lines give to files are entered anew.
        let again = input::open(&run, &FileRegister::new(), &silent)?;
        missing_lines = input::missing_lines(again, &report, missing)?;
    }
    if !messages.is_quiet() {
        stdout::print(shown(&report, &missing_lines, results.len()).as_bytes())?;
    }
    Ok(match report.is_exact() {
        true => Status::Fine,
        false => Status::Unsuccessful,
    })
}

/// Refuses arguments that are no files of results.
fn check(arguments: &MergeArguments) -> Result<(), CommandError> {
    let wrong =
        |path: &Path, what: &str| Err(CommandError::usage(format!("{}: {what}", path.display())));
    for path in &arguments.results {
        if path == Path::new(STDIN) {
            return wrong(
                path,
                "standard input cannot be read twice (files of results are expected)",
            );
        }
        if path.to_string_lossy().contains("://") {
            return wrong(path, "a file of results is expected, not a URL");
        }
    }
    let output = arguments.output.as_path();
    if output == Path::new(STDIN) {
        return wrong(
            output,
            "a file is expected, which appears when it is whole (-o ALL)",
        );
    }
    if files::is_database(output) || Layout::by_ending(output).columns().is_some() {
        return wrong(
            output,
            "merge writes JSON Lines (a name like all.jsonl or all.jsonl.zst is expected)",
        );
    }
    Ok(())
}

fn failed(error: &MergeError) -> CommandError {
    match error.is_unwritten() {
        true => CommandError::unwritten(error.to_string()),
        false => CommandError::usage(error.to_string()),
    }
}

/// Returns the counts as text, and the first lines of each kind.
fn shown(report: &MergeReport, missing: &[String], files: usize) -> String {
    let count = |number: u64, one: &str, more: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {more}"),
    };
    let mut text = format!(
        "{} kept, of {} in {}\n",
        count(report.kept(), "record", "records"),
        report.records(),
        count(files as u64, "file", "files"),
    );
    let mut add = |name: &str, number: u64, lines: &[String]| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {name:<10}{number:>9}");
        for line in lines {
            let _ = writeln!(text, "    {}", Escaped(line));
        }
        let more = number - lines.len() as u64;
        if more > 0 && !lines.is_empty() {
            let _ = writeln!(text, "    and {more} more");
        }
    };
    if report.requests().is_some() {
        add("missing", report.missing(), missing);
    }
    add(
        "doubled",
        report.doubled().count(),
        &places(report.doubled()),
    );
    if report.requests().is_some() {
        add(
            "foreign",
            report.foreign().count(),
            &places(report.foreign()),
        );
    }
    add("copies", report.copies(), &[]);
    add("replaced", report.replaced(), &[]);
    add("torn", report.torn().count(), &places(report.torn()));
    let begun: u64 = report.begun().map(|(_, count)| count).sum();
    if begun > 0 {
        add("begun", begun, &[]);
    }
    for (file, number) in report.begun() {
        let requests = count(
            number,
            "request was begun and has",
            "requests were begun and have",
        );
        let told = format!("{file}: {requests} no outcome (run the shard again with --resume)");
        let _ = writeln!(text, "    {}", Escaped(&told));
    }
    text
}

fn places(lines: &MergedLines) -> Vec<String> {
    let lines = lines.first().iter();
    lines
        .map(|line| format!("{}:{}: {}", line.source, line.line, line.text))
        .collect()
}
