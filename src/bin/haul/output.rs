//! Where outcomes go.

use std::io::{self, Stdout};
use std::path::Path;

use haul::record::RecordOptions;
use haul::sink::{Failures, Journal, JsonLines, Sink, Sqlite};
use haul::{Outcome, SinkError, Summary};

use crate::arguments::{Arguments, Body};
use crate::failure::Failure;

/// The results, and the failures where they were asked for.
pub(crate) struct Output {
    pub(crate) results: Results,
    failures: Option<Box<dyn Sink>>,
}

pub(crate) enum Results {
    Stdout(JsonLines<Stdout>),
    /// A pipe, a device.
    Stream(JsonLines),
    Journal(Box<Journal>),
}

pub(crate) fn open(arguments: &Arguments) -> Result<Output, Failure> {
    let records = RecordOptions::new()
        .body(arguments.body == Body::Auto)
        .body_limit(usize::try_from(arguments.body_limit).unwrap_or(usize::MAX))
        .headers(arguments.include_headers);
    let wrong = |e: SinkError| Failure::usage(e.to_string());
    let resume = arguments.resume || arguments.retry_failed;
    let results = match arguments.output.as_deref() {
        None => Results::Stdout(
            JsonLines::new(io::stdout())
                .named("stdout")
                .records(records.clone()),
        ),
        Some(path) if path == Path::new("-") => Results::Stdout(
            JsonLines::new(io::stdout())
                .named("stdout")
                .records(records.clone()),
        ),
        Some(path) if path.exists() && !path.is_file() && !path.is_dir() => Results::Stream(
            JsonLines::append(path)
                .map_err(wrong)?
                .records(records.clone()),
        ),
        Some(path) => {
            let journal = if resume {
                Journal::open(path)
            } else if arguments.overwrite {
                Journal::overwrite(path)
            } else if path.is_file() {
                let shown = path.display();
                return Err(Failure::usage(format!(
                    "{shown}: it exists (--resume goes on from it, --overwrite replaces it)"
                )));
            } else {
                Journal::create(path)
            };
            let journal = journal
                .map_err(wrong)?
                .records(records.clone())
                .durable(arguments.durable)
                .retry_failed(arguments.retry_failed)
                .resume_writes(arguments.resume_writes);
            Results::Journal(Box::new(journal))
        }
    };
    let failures = match arguments.failures.as_deref() {
        None => None,
        Some(path) => Some(failures(path, resume, arguments.overwrite, records).map_err(wrong)?),
    };
    Ok(Output { results, failures })
}

fn failures(
    path: &Path,
    resume: bool,
    overwrite: bool,
    records: RecordOptions,
) -> Result<Box<dyn Sink>, SinkError> {
    let is_database = path.extension().is_some_and(|end| {
        ["db", "sqlite", "sqlite3"]
            .iter()
            .any(|other| end.eq_ignore_ascii_case(other))
    });
    if is_database {
        // Each run has its own number there: nothing is in the way of anything.
        return Ok(Box::new(Sqlite::open(path)?.records(records)));
    }
    let log = match (resume, overwrite) {
        (true, _) => Failures::append(path)?,
        (_, true) => Failures::overwrite(path)?,
        _ => Failures::create(path)?,
    };
    Ok(Box::new(log.records(records)))
}

impl Results {
    fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Results::Stdout(lines) => lines,
            Results::Stream(lines) => lines,
            Results::Journal(journal) => &mut **journal,
        }
    }
}

/// The failures first: an outcome in the results is one whose failure is on record.
impl Sink for Output {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.failures.begin().and(self.results.sink().begin())
    }

    fn write(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        self.failures
            .write(outcome)
            .and(self.results.sink().write(outcome))
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.failures.idle().and(self.results.sink().idle())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.failures
            .finish(summary)
            .and(self.results.sink().finish(summary))
    }
}
