//! The failure log as an SQLite database.

mod line;
mod outcomes;
mod read;
mod rebuild;
mod row;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::Connection;

use super::database::runs::RunFigures;
use super::database::writer::RowWriter;
use super::database::{file, run_id};
use super::journal::Follower;
use super::known::stamp;
use super::missing::{FirstError, MissingFailures, told};
use super::{Journal, Keep, Sink, SinkError};
use crate::outcome::Outcome;
use crate::record::RecordOptions;
use crate::redact::Redaction;
use crate::request::Request;
use crate::summary::Summary;
pub(crate) use outcomes::read_outcomes;
use rebuild::RebuiltRows;
use row::FailureRow;
use schema::FAILURE_LOG;

#[cfg(test)]
pub(super) use tests::records_of;

/// Writes each failure as a row of a database, and each batch as a run with its figures.
///
/// Rows are written by a thread of the sink's own, in transactions of up to 100 rows or 200 ms; the database is in WAL
/// mode, so that other programs can read it at the same time. The thread takes at most 256 rows ahead: a slow disk
/// slows the batch.
///
/// Secret headers of requests are left out and named. Requests that were cancelled or ended by the batch's deadline are
/// not written.
///
/// # Format, `user_version` 2
/// ```sql
/// CREATE TABLE failures(url TEXT NOT NULL, timestamp TEXT NOT NULL, error_type TEXT NOT NULL, error_msg TEXT NOT NULL,
///   response_text TEXT,              -- NULL: no response; cut at the body limit of the record
///   id TEXT, idx INTEGER NOT NULL, key TEXT NOT NULL, source TEXT, line INTEGER, run_id TEXT NOT NULL, layer TEXT NOT NULL, phase TEXT, method TEXT NOT NULL, status INTEGER,
///   attempts INTEGER NOT NULL, elapsed_ms REAL, stop_reason TEXT, truncated INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL);
/// CREATE TABLE runs(run_id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT, arguments TEXT, total INTEGER, succeeded INTEGER,
///   rejected INTEGER, failed INTEGER, cancelled INTEGER, not_done INTEGER, mean_ms REAL);
/// CREATE VIEW last_failures AS ...;  -- the newest row of each key
/// ```
/// A rejected request, if [asked for](Sqlite::and_rejected), has `error_type` `rejected`, `layer` `application`, and
/// the application's message. `timestamp` of a request that was never sent is the time at which it was given up. `key`,
/// `source` and `line` are as in the [record](crate::record). `run_id` is the time in `started`, 8 hexadecimal digits
/// of the path of the results file that the rows [follow](Sqlite::rebuild), if there is one, and 8 random hexadecimal
/// digits.
///
/// A database of version 1 is brought up to date when it is opened for writing. Its rows had no key and get `1-` and the
/// digest of their URL: as before, `last_failures` has one of them for each URL.
///
/// ```no_run
/// use haul::sink::Sqlite;
///
/// # let client = haul::Client::new();
/// let mut failures = Sqlite::open("failures.db")?;
/// client.run(["https://example.com/1", "https://example.com/2"], &mut failures)?;
/// drop(failures);
///
/// // Later, or elsewhere: what failed last, again.
/// let again = Sqlite::last_failures("failures.db")?;
/// client.run(again, &mut Sqlite::open("failures.db")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Feature `sqlite`.
#[must_use = "a sink holds what a batch gives it: `Client::run` or `Outcomes::record_to`"]
pub struct Sqlite {
    writer: RowWriter<FailureRow>,
    options: RecordOptions,
    keep: Keep,
    arguments: Option<String>,
    run: Option<String>,
    /// True if the run was begun before its batch.
    ahead: bool,
    /// First error while rows were rebuilt.
    first_error: FirstError,
    path: PathBuf,
    /// Rows follow the records of a journal. `None`: each row is written as it comes.
    follower: Option<Follower<FailureRow>>,
}

impl Sqlite {
    /// Opens a database; it is made if it does not exist.
    ///
    /// A database of version 1 is brought up to date, in one transaction.
    ///
    /// # Errors
    /// When the file cannot be opened or written, is locked by another program, is damaged, is no SQLite database, or
    /// is a database of another program or of another version of this format.
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite, SinkError> {
        let path = path.as_ref();
        Sqlite::of(path, file::open(path, &FAILURE_LOG)?)
    }

    fn of(path: &Path, database: Connection) -> Result<Sqlite, SinkError> {
        Ok(Sqlite {
            writer: RowWriter::start(path, database)?,
            options: RecordOptions::new(),
            keep: Keep::Failed,
            arguments: None,
            run: None,
            ahead: false,
            first_error: FirstError::default(),
            path: path.to_owned(),
            follower: None,
        })
    }

    /// Reads the request of the newest failure of each [key](crate::record::Key).
    ///
    /// They come in the order in which they failed.
    ///
    /// In a database of version 1 it is the newest failure of each URL. Secret headers were left out: the client's
    /// defaults or rules must have them. Each request has the place that it was [read from](Request::read_at) the first
    /// time. A request that cannot be understood is returned as a request that fails ([`Request::unreadable`]).
    ///
    /// The database is opened read-only: its file keeps its bytes, and no file is made beside it.
    ///
    /// # Errors
    /// When the database cannot be read, or is not of this format.
    pub fn last_failures(path: impl AsRef<Path>) -> Result<Vec<Request>, SinkError> {
        read::last_failures(path.as_ref())
    }

    /// Writes each row of a [results database](Journal) as a line of a results file.
    ///
    /// Returns the number of rows. The lines come in the order of the rows. They have the keys that requests are made of, and no bodies: they are for
    /// [`InputReader`](crate::record::InputReader), with [`InputFormat::Results`](crate::record::InputFormat::Results).
    /// `None`: the database holds no results. It is opened read-only, as by [`last_failures`](Sqlite::last_failures).
    ///
    /// # Errors
    /// When the database cannot be read, or its results are of another version, or the lines cannot be written.
    pub fn copy_results(
        path: impl AsRef<Path>,
        into: &mut dyn io::Write,
    ) -> Result<Option<u64>, SinkError> {
        outcomes::copy_results(path.as_ref(), into)
    }

    /// Sets the limit of bodies, which holds for `response_text`, and the other options of records.
    pub fn records(mut self, options: RecordOptions) -> Sqlite {
        self.options = options;
        self
    }

    /// True: rejected requests are written too. Default false.
    pub fn and_rejected(mut self, rejected: bool) -> Sqlite {
        self.keep = if rejected {
            Keep::Unsuccessful
        } else {
            Keep::Failed
        };
        self
    }

    /// Sets the command or task of the run, for the column `arguments`. It must hold no secret.
    pub fn arguments(mut self, arguments: impl Into<String>) -> Sqlite {
        self.arguments = Some(arguments.into());
        self
    }

    /// Name of the run under way, or of the last one. `None`: no run was begun.
    pub fn run_id(&self) -> Option<&str> {
        self.run.as_deref()
    }

    /// Keeps the rows in step with a journal's records, whatever kills the batch.
    ///
    /// To be called on the first run too, after the settings of both and before [`Journal::remaining`].
    ///
    /// From then on a row is in the database only after its record is in the results file, so that no row stands for an
    /// outcome that a later run has once more. Records whose rows the database lacks, since a kill loses the rows of
    /// its last 200 ms, get their rows again; returns their number. Each row is written when its request comes by in
    /// the input, from which it takes headers and body. A row whose request the input no longer has is written without
    /// them, and cannot be run again. `redaction` is the [client's](crate::Client::redaction).
    ///
    /// An outcome of the same batch that only the database has, as after a machine's crash, is written to the results when
    /// its request comes by, as far as its row tells, and the request is not sent again. The rows of other results files
    /// are left alone: the name of a run tells which results file it wrote, or another of its failures in that file does.
    ///
    /// ```no_run
    /// # let (client, urls) = (haul::Client::new(), ["https://example.com/"]);
    /// use haul::sink::{Journal, Sqlite};
    ///
    /// let (mut journal, mut failures) = (Journal::open("run.jsonl")?, Sqlite::open("failures.db")?);
    /// failures.rebuild(&journal, client.redaction())?;
    /// client.run(journal.remaining(urls), &mut (journal, failures))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the results file or the database cannot be read, another database is rebuilt from this journal, or a table
    /// lacks a [column that is needed](crate::sink::Failures::rebuild).
    pub fn rebuild(&mut self, journal: &Journal, redaction: &Redaction) -> Result<u64, SinkError> {
        let (known, earlier) = match journal.found() {
            0 => Default::default(),
            _ => rows::known(&self.path, journal.mark_fields())?,
        };
        let coming = self.start_run(Some(journal.path()))?;
        self.ahead = true;
        let follower = Follower::of(journal);
        let ahead = Arc::clone(follower.ahead());
        self.writer.follow(Arc::new(move || ahead.commit()))?;
        self.follower = Some(follower);
        let log = RebuiltRows {
            orders: self.writer.orders(),
            path: self.path.clone(),
            results: journal.path().to_owned(),
            earlier,
            coming,
            fields: journal.mark_fields(),
        };
        let shown = (&self.options, redaction);
        MissingFailures::rebuild(journal, self.keep, known, shown, log, &self.first_error)
    }

    /// Waits until the rows that the sink was given are in the database.
    ///
    /// The run's own row gets its end and its figures only in [`Sink::finish`].
    ///
    /// # Errors
    /// When the rows cannot be written.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        self.release()?;
        self.writer.settle()
    }

    /// Hands the held row to the writing thread if the journal has taken its record.
    fn release(&mut self) -> Result<(), SinkError> {
        let held = self.follower.as_mut().and_then(Follower::release);
        held.map_or(Ok(()), |failure| self.writer.add(vec![failure]))
    }

    /// Begins a run and returns its name. `results`: the results file that the rows follow; `None`: they follow none.
    fn start_run(&mut self, results: Option<&Path>) -> Result<String, SinkError> {
        let started = stamp(SystemTime::now());
        let run_id = run_id::new(&started, results);
        self.writer
            .begin(run_id.clone(), started, self.arguments.clone())?;
        self.run = Some(run_id.clone());
        Ok(run_id)
    }
}

impl<T: 'static> Sink<T> for Sqlite {
    fn begin(&mut self) -> Result<(), SinkError> {
        if std::mem::take(&mut self.ahead) {
            return Ok(());
        }
        self.start_run(None).map(drop)
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        self.release()?;
        if !outcome.is_final() || !self.keep.wants(outcome) {
            return self.writer.check();
        }
        let run_id = match &self.run {
            Some(run_id) => run_id.clone(),
            None => self.start_run(None)?,
        };
        let failure = FailureRow::new(outcome, run_id, &self.options);
        let passed = match &mut self.follower {
            Some(follower) => follower.pass(outcome.index, failure),
            None => Some(failure),
        };
        passed.map_or_else(
            || self.writer.check(),
            |failure| self.writer.add(vec![failure]),
        )
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.release()
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.release()?;
        let run_id = match &self.run {
            Some(run_id) => run_id.clone(),
            None => self.start_run(None)?,
        };
        self.writer.finish(RunFigures::new(run_id, summary))?;
        told(&self.first_error)
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.path)
            .field("run_id", &self.run)
            .finish_non_exhaustive()
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // An error cannot be returned from here.
        let _ = self.release();
    }
}
