//! Outputs of a run: results and failure log.

use std::io;
use std::path::{Path, PathBuf};

use haul::Response;
use haul::batch::Pages;
use haul::record::{BodyMode, FileRegister, Layout, RecordOptions};
use haul::redact::Redaction;
use haul::sink::SinkError;
use haul::sink::{Failures, Journal, JsonLines, Sink, Sqlite};

use crate::again;
use crate::apart::UnmatchedFailures;
use crate::arguments::{Arguments, BodyForm};
use crate::failure::CommandError;
use crate::files::{NewOutputs, is_database, is_stream, results_path};
use crate::layout;
use crate::stdout::OutputStream;

/// The results, and the failure log if one was asked for.
pub(crate) struct Output {
    pub(crate) results: ResultsSink,
    pub(crate) failures: Failed,
    /// Path of the failure log. `None`: there is no log.
    pub(crate) log: Option<PathBuf>,
    /// True if the log is a pipe or a device, which cannot be read again.
    pub(crate) log_is_stream: bool,
    pub(crate) apart: UnmatchedFailures,
    /// Lines on standard output beside the results file. `None`: there are none.
    pub(crate) lines: Option<JsonLines<OutputStream>>,
    /// Forms of the results and the lines.
    layouts: Vec<Layout>,
}

/// Target of failures, besides the results.
pub(crate) enum Failed {
    Nowhere,
    Log(Box<Failures>),
    Terminal(Box<Failures<OutputStream>>),
    Database(Box<Sqlite>),
}

pub(crate) enum ResultsSink {
    /// Standard output, or another terminal.
    Stdout(JsonLines<OutputStream>),
    /// A pipe, a device, or a file that no later run can continue.
    Stream(JsonLines),
    Journal(Box<Journal>),
}

/// Returns the options of records that the arguments ask for.
pub(crate) fn record_options(arguments: &Arguments) -> RecordOptions {
    let to = &arguments.results;
    let records = RecordOptions::new()
        .body(to.body != BodyForm::None)
        .body_mode(match to.body {
            BodyForm::Json => BodyMode::Json,
            BodyForm::Text => BodyMode::Text,
            BodyForm::Base64 => BodyMode::Base64,
            BodyForm::Auto | BodyForm::None => BodyMode::Auto,
        })
        .body_limit(usize::try_from(to.body_limit).unwrap_or(usize::MAX))
        .headers(to.include_headers || arguments.requests.head);
    match &arguments.requests.base_url {
        Some(base) => records.base_url(base),
        None => records,
    }
}

/// Opens the results and the failure log. Files that an earlier run began to save are entered in `register`. `lines`:
/// form of the lines on standard output. `None`: there are none.
pub(crate) fn open(
    arguments: &Arguments,
    redaction: &Redaction,
    register: &FileRegister,
    new: &NewOutputs,
    (pages, lines): (Option<&Pages>, Option<Layout>),
) -> Result<Output, CommandError> {
    let (ending, to) = (&arguments.ending, &arguments.results);
    let records = record_options(arguments);
    let resume = ending.resume || ending.retry_failed;
    // The results file is opened first: its lock keeps a second process from all files of the first one.
    let layout = match results_path(arguments) {
        // The lines stand in place of the results.
        None => lines.clone(),
        Some(_) => None,
    };
    let layout = layout.map_or_else(|| layout::of_results(arguments), Ok)?;
    let results = open_results(
        arguments,
        (records.clone(), layout.clone()),
        register,
        (pages, redaction),
    )?;
    let beside = lines.filter(|_| results_path(arguments).is_some());
    let failures = match to.failures.as_deref() {
        None => Ok(Failed::Nowhere),
        Some(path) => failures(path, resume, ending.overwrite, records.clone(), redaction),
    };
    let failures = failures.and_then(|mut failures| {
        rebuild(&mut failures, &results, redaction)?;
        Ok(failures)
    });
    match failures {
        Ok(failures) => {
            let log = to.failures.clone();
            let layout = match &results {
                ResultsSink::Journal(journal) => journal.layout().clone(),
                _ => layout,
            };
            let layouts = [Some(layout), beside.clone()]
                .into_iter()
                .flatten()
                .collect();
            let lines = |layout| stdout(records).layout(layout);
            Ok(Output {
                lines: beside.map(lines),
                layouts,
                results,
                failures,
                log_is_stream: log.as_ref().is_some_and(|path| !path.is_file()),
                log,
                apart: UnmatchedFailures::default(),
            })
        }
        Err(failure) => {
            // A run that could not begin leaves no file behind, which would be in the way of the next run.
            drop(results);
            new.remove(&["--output", "--failures"]);
            Err(failure)
        }
    }
}

/// Keeps a failure log in step with a results file.
fn rebuild(
    failures: &mut Failed,
    results: &ResultsSink,
    redaction: &Redaction,
) -> Result<(), CommandError> {
    let ResultsSink::Journal(journal) = results else {
        return Ok(());
    };
    let rebuilt = match failures {
        Failed::Nowhere | Failed::Terminal(_) => Ok(0),
        Failed::Log(log) => log.rebuild(journal, redaction),
        Failed::Database(database) => database.rebuild(journal, redaction),
    };
    rebuilt.map(drop).map_err(output_error)
}

fn open_results(
    arguments: &Arguments,
    (records, layout): (RecordOptions, Layout),
    register: &FileRegister,
    (pages, redaction): (Option<&Pages>, &Redaction),
) -> Result<ResultsSink, CommandError> {
    let (ending, to) = (&arguments.ending, &arguments.results);
    let resume = ending.resume || ending.retry_failed;
    let path = results_path(arguments);
    Ok(match (path, path.and_then(OutputStream::terminal)) {
        (None, _) => ResultsSink::Stdout(stdout(records).layout(layout)),
        (Some(path), Some(terminal)) => ResultsSink::Stdout(
            JsonLines::new(terminal)
                .named(path.to_string_lossy())
                .records(records)
                .layout(layout),
        ),
        (Some(path), None) if is_stream(path) && !is_database(path) => ResultsSink::Stream(
            JsonLines::append(path)
                .map_err(output_error)?
                .records(records)
                .layout(layout),
        ),
        (Some(path), None) if !layout.is_resumable() => {
            let lines = match ending.overwrite {
                true => JsonLines::overwrite(path),
                false => JsonLines::create(path),
            };
            let lines = lines.map_err(output_error)?;
            ResultsSink::Stream(lines.records(records).layout(layout))
        }
        (Some(path), None) => {
            // The records of a sitemap's pages do not name the line that led to them.
            let shard = arguments.shard.own.as_ref();
            let shard = shard.filter(|_| !arguments.requests.follow_sitemaps);
            let journal = if let (true, Some(shard)) = (resume, shard) {
                Journal::open_shard(path, layout, shard)
            } else if resume {
                Journal::open_with(path, layout)
            } else if ending.overwrite {
                Journal::overwrite_with(path, layout)
            } else {
                Journal::create_with(path, layout)
            };
            let journal = journal.map_err(output_error)?;
            if ending.retry_failed {
                layout::check_failures(path, journal.layout())?;
            }
            if let Some(folder) = to.saved_files.output_dir.as_ref().filter(|_| resume) {
                let removed = match arguments.downloads.go_on() {
                    true => journal.remove_uncontinued(folder),
                    false => journal.remove_unfinished(folder),
                };
                removed.map_err(output_error)?;
                register.resume_files(journal.unfinished_files());
            }
            let journal = journal
                .records(records)
                .durable(ending.durable)
                .retry_failed(ending.retry_failed)
                .resume_writes(ending.resume_writes);
            let journal = match pages {
                Some(pages) => journal.pages(pages.clone()),
                None => journal,
            };
            let journal = match again::shown(redaction) {
                Some(given) => journal.arguments(given),
                None => journal,
            };
            ResultsSink::Journal(Box::new(journal))
        }
    })
}

/// Opens standard output.
fn stdout(records: RecordOptions) -> JsonLines<OutputStream> {
    JsonLines::new(OutputStream::stdout())
        .named("stdout")
        .records(records)
}

/// Makes the failure of a sink. If the file exists or its content cannot be continued, other arguments would help, so
/// it is a usage error; else the file cannot be written.
fn output_error(error: SinkError) -> CommandError {
    use io::ErrorKind::{AlreadyExists, InvalidData, InvalidInput};

    let message = error.to_string();
    match error.kind() {
        AlreadyExists | InvalidData | InvalidInput => CommandError::usage(message),
        _ => CommandError::unwritten(message),
    }
}

fn failures(
    path: &Path,
    resume: bool,
    overwrite: bool,
    records: RecordOptions,
    redaction: &Redaction,
) -> Result<Failed, CommandError> {
    if is_database(path) {
        // Each run has its own id in a database, so that existing rows are not in the way.
        let database = Sqlite::open(path).map_err(output_error)?.records(records);
        return Ok(Failed::Database(Box::new(match again::shown(redaction) {
            Some(arguments) => database.arguments(arguments),
            None => database,
        })));
    }
    if let Some(terminal) = OutputStream::terminal(path) {
        let log = Failures::new(terminal).named(path.to_string_lossy());
        return Ok(Failed::Terminal(Box::new(log.records(records))));
    }
    let log = match (resume, overwrite) {
        (true, _) => Failures::append(path),
        (_, true) => Failures::overwrite(path),
        _ => Failures::create(path),
    };
    Ok(Failed::Log(Box::new(
        log.map_err(output_error)?.records(records),
    )))
}

impl Output {
    /// Forms of the results and the lines.
    pub(crate) fn layouts(&self) -> &[Layout] {
        &self.layouts
    }
}

impl ResultsSink {
    /// Number of outcomes that the results held before this run.
    pub(crate) fn found(&self) -> u64 {
        match self {
            ResultsSink::Journal(journal) => journal.found(),
            _ => 0,
        }
    }

    /// Number of outcomes that this run has written to the results.
    pub(crate) fn written(&self) -> u64 {
        let written = match self {
            ResultsSink::Stdout(lines) => Sink::<Response>::written(lines),
            ResultsSink::Stream(lines) => Sink::<Response>::written(lines),
            ResultsSink::Journal(journal) => Sink::<Response>::written(&**journal),
        };
        written.unwrap_or_default()
    }

    pub(crate) fn sink(&mut self) -> &mut dyn Sink {
        match self {
            ResultsSink::Stdout(lines) => lines,
            ResultsSink::Stream(lines) => lines,
            ResultsSink::Journal(journal) => &mut **journal,
        }
    }
}

impl Failed {
    pub(crate) fn sink(&mut self) -> Option<&mut dyn Sink> {
        match self {
            Failed::Nowhere => None,
            Failed::Log(log) => Some(log),
            Failed::Terminal(log) => Some(log),
            Failed::Database(database) => Some(database),
        }
    }
}
