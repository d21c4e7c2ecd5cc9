//! Results file that a later run continues.
//!
//! `RESULTS.journal` stands beside the results if it is needed. It holds an *intent* for each request that must not be
//! repeated, written before the request's first byte is sent. An intent without an outcome is a request that was under
//! way when its run was cut off. It also names the files that bodies are saved to, each before its unfinished file is
//! made.

mod ahead;
mod chains;
mod counts;
mod cut_lists;
mod file_version;
mod foreign;
mod intents;
mod of_shard;
mod open;
mod open_intents;
mod out;
mod remaining;
mod replaced_rows;
mod rows;
mod saves;
mod scan;
mod seen;
mod settings;
mod settled;
#[cfg(test)]
mod tests;
mod unfinished;
mod unsuccessful;
mod whole;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(super) use ahead::{Follower, JournalFlush};
pub(super) use open_intents::OpenIntents;
pub use remaining::Remaining;
pub(super) use scan::{read as read_result, url_of};
pub(super) use unsuccessful::UnsuccessfulRecords;
pub(super) use whole::{FileTail, whole_lines};

use super::stored::ResultsForm;
use super::{Sink, SinkError, lock};
use crate::batch::Pages;
use crate::outcome::Outcome;
use crate::record::{Key, KeyVersion, Layout, Record, RecordOptions};
use crate::request::Request;
use crate::summary::Summary;
use intents::IntentFile;
use out::{JournalWriter, journal_error};
use seen::EarlierOutcomes;
use unfinished::UnfinishedSaves;

/// A results file that a later run continues.
///
/// After a crash, a kill at any instant, Ctrl-C or a limit, the same input through [`remaining`](Journal::remaining)
/// finishes the batch, with no outcome lost and none written twice.
///
/// - The file has the format of [`JsonLines`](super::JsonLines): one outcome a line, whole lines only. Opening the file
///   again cuts off a last line that a kill left torn; a last line that lacks only its line feed is a record.
/// - A file named `.gz` or `.zst` (features `gzip`, `zstd`) is compressed, and each write is a member or frame of its own,
///   of which a torn last one is cut off. A file named `.csv` (feature `csv`) or `.tsv` has rows of the
///   [default columns](crate::record::Selection); [`open_with`](Journal::open_with) takes others. Rows must have the
///   column `key`.
/// - A file named `.db`, `.sqlite` or `.sqlite3` (feature `sqlite`) is a [database](#results-in-sqlite).
/// - Requests are matched by their [`Key`] and, if several have the same key, by their number, never by position: the
///   input may be sorted, cut or added to. Two requests with one id and different content are two requests. A file that
///   begins with keys of version 1 is continued with them.
/// - If the client has a base URL, give it to the journal too ([`RecordOptions::base_url`] in
///   [`records`](Journal::records)), so that the keys cover it.
/// - Outcomes that were cancelled or ended by the batch's deadline are not written: their requests run again.
/// - A request that was under way at a kill has no outcome and runs again if that is safe. A request that must not be
///   repeated (POST and PATCH without an idempotency key and not [`idempotent`](Request::idempotent)) ends as failed,
///   class [`Interrupted`](crate::ErrorType::Interrupted), because the server may have acted;
///   [`resume_writes`](Journal::resume_writes) changes that. The request's intent is in `RESULTS.journal` before its
///   first byte is sent.
/// - Files that bodies are [saved](Request::save_to) to are in `RESULTS.journal` before they are made:
///   [`remove_unfinished`](Journal::remove_unfinished) removes the part files that a kill left, and
///   [`unfinished_files`](Journal::unfinished_files) tells which of them have no outcome.
///
/// No second process can open the journal at the same time (on Unix; a database nowhere).
///
/// # Results in SQLite
/// Feature `sqlite`. `user_version` 1; one row for each line that JSON Lines would have:
/// ```sql
/// CREATE TABLE outcomes(number INTEGER PRIMARY KEY, id TEXT, idx INTEGER NOT NULL, key TEXT NOT NULL, source TEXT, line INTEGER,
///   run_id TEXT NOT NULL, outcome TEXT NOT NULL, url TEXT NOT NULL, host TEXT, method TEXT NOT NULL, status INTEGER,
///   attempts INTEGER NOT NULL, timestamp TEXT, elapsed_ms REAL, ttfb_ms REAL, queued_ms REAL, total_ms REAL,
///   final_url TEXT, redirects INTEGER NOT NULL, remote_ip TEXT, reused INTEGER, content_type TEXT, size_bytes INTEGER,
///   output_file TEXT, sha256 TEXT, layer TEXT, error_type TEXT, phase TEXT, error_msg TEXT, stop_reason TEXT, rejection TEXT,
///   response_text TEXT, truncated INTEGER NOT NULL DEFAULT 0, request TEXT, seed TEXT, page INTEGER, tag TEXT,
///   supersedes INTEGER NOT NULL DEFAULT 0, superseded_by INTEGER, record TEXT NOT NULL);
/// CREATE TABLE runs(run_id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT, arguments TEXT, total INTEGER, succeeded INTEGER,
///   rejected INTEGER, failed INTEGER, cancelled INTEGER, not_done INTEGER, mean_ms REAL);
/// CREATE VIEW last AS ...;      -- one row for each request: superseded rows are left out
/// CREATE VIEW by_host AS ...;   -- host, requests, succeeded, rejected, failed, mean_ms, max_ms, size_bytes
/// CREATE VIEW by_error AS ...;  -- error_type, phase, status, requests, and the first: number, error_msg, url
/// ```
/// - `record` is the whole [record](crate::record), as a line of JSON Lines has it, with the body. A later run goes on from it;
///   the other columns are for queries. `idx` is its `index`, `host` the scheme, name and port of its `url`, and `rejection`
///   and `tag` are JSON.
/// - Rows of rejected and failed requests have, as in the [failure log](super::Failures), `request` without secrets, and
///   the response in `response_text`, whose `truncated` says that it was cut.
/// - `superseded_by` is the `number` of the row that took the place of this one. `last`, and so the views by host and by
///   error, have one row for each key and each of its occurrences in the input. In `by_error` a rejected request has the
///   `error_type` `rejected`; `mean_ms` and `max_ms` are of requests with a response.
/// - A thread of the journal's own writes the rows, in transactions of up to 1,000 rows or 200 ms; while no outcome is
///   ready, the rows so far are committed within 10 ms, and at once if a request among them must not be repeated. The
///   database is in WAL mode, so that other programs can read it at the same time. While it is written, `RESULTS.lock`
///   keeps a second process from it.
///
/// ```no_run
/// # let client = haul::Client::new();
/// use haul::sink::Journal;
///
/// let urls = (0..100_000).map(|i| format!("https://example.com/items/{i}"));
/// let mut journal = Journal::open("run.jsonl")?;
/// let summary = client.run(journal.remaining(urls), &mut journal)?;
/// println!("{} were done before\n{summary}", journal.found());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "checkpoint")]
#[doc(alias = "resume")]
#[must_use = "a sink holds what a batch gives it: `Client::run` or `Outcomes::record_to`"]
pub struct Journal {
    out: Arc<Mutex<JournalWriter>>,
    path: PathBuf,
    options: RecordOptions,
    layout: Layout,
    form: ResultsForm,
    shared: Arc<Shared>,
    /// Version of the keys in the file.
    version: KeyVersion,
    found: u64,
    unfinished: UnfinishedSaves,
    retry_failed: bool,
    resume_writes: bool,
    /// Rule for the pages of lists. `None`: the requests are of no chain of pages.
    pages: Option<Pages>,
    /// Command or task of the run, for a database. `None`: it is not told.
    arguments: Option<String>,
}

/// Treatment of the content that a results file and its journal have when they are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Stays,
    /// The file is emptied when the batch begins.
    IsReplaced,
}

/// State that the journal shares with the requests it hands on.
struct Shared {
    seen: Mutex<EarlierOutcomes>,
    book: IntentFile,
    witness: OnceLock<Mutex<Box<dyn Witness>>>,
}

/// Observer of the requests of the input while a batch is resumed.
pub(super) trait Witness: Send {
    /// Called for each request of the input, also if it has its outcome.
    fn sees(&mut self, key: Key, request: &Request);

    /// Writes the outcomes of a request that the witness knows and the results lack to the results, under this key: the
    /// request's outcome, and outcomes that replace an earlier one. `has_outcome`: true if the results have an outcome
    /// of the request.
    fn recovers(&mut self, key: Key, request: &Request, has_outcome: bool) -> Recovery;

    /// Called at the end of the input.
    fn ends(&mut self);
}

/// Outcome of a request that the results lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// The results lack no known outcome.
    None,
    /// The outcome was written to the results. If there were several, the fields describe the last.
    Recorded {
        /// True if the request was sent.
        sent: bool,
        /// True if the class of the outcome is [`Interrupted`](crate::ErrorType::Interrupted).
        interrupted: bool,
    },
    /// The outcome could not be written. The batch ends, and the request must not be sent, since it has its outcome.
    Failed,
}

impl Journal {
    /// Returns the path of the file beside the results: `RESULTS.journal`.
    pub fn journal_path(results: impl AsRef<Path>) -> PathBuf {
        intents::path_of(results.as_ref())
    }

    /// Number of outcomes that the file held when it was opened.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Returns the requests of the input that have no outcome in the file yet.
    ///
    /// Give the batch that the journal records this iterator, not the input itself, also on the first run: the iterator
    /// has the intents written.
    pub fn remaining<R>(&self, requests: R) -> Remaining<R::IntoIter>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
    {
        Remaining::new(
            requests.into_iter(),
            Arc::clone(&self.shared),
            self.options.keys().clone(),
            self.retry_failed,
            self.resume_writes,
        )
        .with_pages(self.pages.clone())
    }

    fn out(&self) -> MutexGuard<'_, JournalWriter> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes out the buffered records, and removes [`journal_path`](Journal::journal_path) if it is done.
    ///
    /// Records are written as [`Sink::finish`] writes them. The file is done if every request in it has its outcome.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        self.out().commit()?;
        self.shared.book.close()
    }
}

impl<T: 'static> Sink<T> for Journal {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.check_layout()?;
        self.out().begin(self.arguments.as_deref())?;
        self.shared.book.begin()?;
        if self.out().durable {
            lock::sync_folder(&self.path)
                .map_err(|e| journal_error(&self.path, "cannot be kept", e))?;
        }
        Ok(())
    }

    fn begin_follow(&mut self) -> Result<(), SinkError> {
        Err(remaining::refused_follow(&self.path))
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        let book = &self.shared.book;
        let request = outcome.request();
        let announces = request.resumed().is_some_and(|r| r.intents.is_some());
        if !outcome.is_final() {
            if announces && outcome.started().is_some() && outcome.report.bytes_sent == 0 {
                book.withdraw(self.options.keys().of(request))?;
            }
            return Ok(());
        }
        let record = Record::new(outcome, &self.options);
        if announces && let Some(reason) = book.refusal(record.key) {
            return Err(reason);
        }
        let place = outcome.index;
        let (layout, options) = (&self.layout, &self.options);
        self.out().add(
            place,
            &record,
            |lines| layout.write(outcome, &record, options, lines),
            || (!outcome.is_success()).then(|| Record::of_failure(outcome, options)),
        )?;
        let saved = outcome.saved().map(|saved| &*saved.path);
        for path in request.saves_to().into_iter().chain(saved) {
            book.settle_save(path);
        }
        let interrupted = request.resumed().is_some_and(|r| r.interrupted);
        if announces && (interrupted || outcome.started().is_some()) {
            self.out().urge();
            book.settle(record.key);
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.out().idle()
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.out().finish(summary)?;
        self.flush()
    }

    fn written(&self) -> Option<u64> {
        Some(self.out().written())
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .field("found", &self.found)
            .finish_non_exhaustive()
    }
}
