//! Where outcomes go.

use std::fs;
use std::path::{Path, PathBuf};

use haul::record::RecordOptions;
use haul::sink::{Failures, Journal, JsonLines, Sink, Sqlite};
use haul::{Redaction, Response, SinkError};

use crate::again;
use crate::arguments::{Arguments, Body};
use crate::failure::Failure;
use crate::recording::Apart;
use crate::stdout::Stdout;

/// The results, and the failures where they were asked for.
pub(crate) struct Output {
    pub(crate) results: Results,
    pub(crate) failures: Failed,
    /// The failure log, if there is one.
    pub(crate) log: Option<PathBuf>,
    /// The log is a pipe or a device: it cannot be read again.
    pub(crate) log_is_stream: bool,
    pub(crate) apart: Apart,
    /// Files that were not there before.
    new: Vec<PathBuf>,
}

/// Where failures go beside the results.
pub(crate) enum Failed {
    Nowhere,
    Log(Box<Failures>),
    Database(Box<Sqlite>),
}

pub(crate) enum Results {
    Stdout(JsonLines<Stdout>),
    /// A pipe, a device.
    Stream(JsonLines),
    Journal(Box<Journal>),
}

pub(crate) fn open(arguments: &Arguments, redaction: &Redaction) -> Result<Output, Failure> {
    let (ending, to) = (&arguments.ending, &arguments.results);
    let records = RecordOptions::new()
        .body(to.body == Body::Auto)
        .body_limit(usize::try_from(to.body_limit).unwrap_or(usize::MAX))
        .headers(to.include_headers);
    let records = match &arguments.requests.base_url {
        Some(base) => records.base_url(base),
        None => records,
    };
    let resume = ending.resume || ending.retry_failed;
    let path = to.output.as_deref().filter(|path| *path != Path::new("-"));
    if path.is_none() && (resume || ending.durable) {
        return Err(Failure::usage(
            "--resume, --retry-failed and --durable need a file: -o FILE",
        ));
    }
    let is_stream = path.is_some_and(|path| path.exists() && !path.is_file() && !path.is_dir());
    if let Some(path) = path.filter(|path| path.is_file() && !resume && !ending.overwrite) {
        return Err(exists(path));
    }
    let named = path.into_iter().chain(to.failures.as_deref());
    let new = named
        .filter(|path| !path.exists())
        .map(Path::to_owned)
        .collect();
    // The results file last: a run that could not begin leaves none behind, which would be in the way of the next.
    let mut failures = match to.failures.as_deref() {
        None => Failed::Nowhere,
        Some(path) => failures(path, resume, ending.overwrite, records.clone())?,
    };
    let results = match path {
        None => Results::Stdout(
            JsonLines::new(Stdout::new())
                .named("stdout")
                .records(records),
        ),
        Some(path) if is_stream => {
            Results::Stream(JsonLines::append(path).map_err(wrong)?.records(records))
        }
        Some(path) => {
            let journal = if resume {
                Journal::open(path)
            } else if ending.overwrite {
                Journal::overwrite(path)
            } else {
                Journal::create(path)
            };
            let journal = journal
                .map_err(wrong)?
                .records(records)
                .durable(ending.durable)
                .retry_failed(ending.retry_failed)
                .resume_writes(ending.resume_writes);
            let rebuilt = match &mut failures {
                Failed::Nowhere => Ok(0),
                Failed::Log(log) => log.rebuild(&journal, redaction),
                Failed::Database(database) => database.rebuild(&journal, redaction),
            };
            rebuilt.map_err(wrong)?;
            Results::Journal(Box::new(journal))
        }
    };
    let log = to.failures.clone();
    Ok(Output {
        results,
        failures,
        log_is_stream: log.as_ref().is_some_and(|path| !path.is_file()),
        log,
        apart: Apart::default(),
        new,
    })
}

fn wrong(error: SinkError) -> Failure {
    Failure::usage(error.to_string())
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!(
        "{}: it exists (--resume goes on from it, --overwrite replaces it)",
        path.display()
    ))
}

fn failures(
    path: &Path,
    resume: bool,
    overwrite: bool,
    records: RecordOptions,
) -> Result<Failed, Failure> {
    let is_database = path.extension().is_some_and(|end| {
        ["db", "sqlite", "sqlite3"]
            .iter()
            .any(|other| end.eq_ignore_ascii_case(other))
    });
    if is_database {
        // Each run has its own number there: nothing is in the way of anything.
        let database = Sqlite::open(path).map_err(wrong)?.records(records);
        return Ok(Failed::Database(Box::new(match again::shown() {
            Some(arguments) => database.arguments(arguments),
            None => database,
        })));
    }
    let log = match (resume, overwrite) {
        (true, _) => Failures::append(path),
        (_, true) => Failures::overwrite(path),
        _ if path.is_file() => return Err(exists(path)),
        _ => Failures::create(path),
    };
    Ok(Failed::Log(Box::new(log.map_err(wrong)?.records(records))))
}

impl Output {
    /// Removes the files that this run has made and written nothing to: they would be in the way of the next run.
    pub(crate) fn remove_new_files(self) {
        let Output {
            results,
            failures,
            new,
            ..
        } = self;
        // A database and a journal close their files first.
        drop((results, failures));
        for path in new {
            // A file that stays is an empty one.
            let _ = fs::remove_file(path);
        }
    }
}

impl Results {
    /// How many outcomes were there before.
    pub(crate) fn found(&self) -> u64 {
        match self {
            Results::Journal(journal) => journal.found(),
            _ => 0,
        }
    }

    /// Number of outcomes that this run has written there.
    pub(crate) fn written(&self) -> u64 {
        let written = match self {
            Results::Stdout(lines) => Sink::<Response>::written(lines),
            Results::Stream(lines) => Sink::<Response>::written(lines),
            Results::Journal(journal) => Sink::<Response>::written(&**journal),
        };
        written.unwrap_or_default()
    }

    pub(crate) fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Results::Stdout(lines) => lines,
            Results::Stream(lines) => lines,
            Results::Journal(journal) => &mut **journal,
        }
    }
}

impl Failed {
    pub(crate) fn sink(&mut self) -> Option<&mut dyn Sink> {
        match self {
            Failed::Nowhere => None,
            Failed::Log(log) => Some(log),
            Failed::Database(database) => Some(database),
        }
    }
}
