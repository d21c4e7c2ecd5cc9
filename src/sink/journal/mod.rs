//! Results file that a later run continues.
//!
//! `RESULTS.journal` stands beside the results if it is needed. It holds an *intent* for each request that must not be
//! repeated, written before the request's first byte is sent. An intent without an outcome is a request that was under
//! way when its run was cut off. It also names the files that bodies are saved to, each before its unfinished file is
//! made.

mod ahead;
mod chains;
mod counts;
mod intents;
mod out;
mod remaining;
mod saves;
mod scan;
mod seen;
mod settings;
#[cfg(test)]
mod tests;
mod unfinished;
mod unsuccessful;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(super) use ahead::{Follower, JournalFlush};
pub use remaining::Remaining;
pub(super) use seen::{FileTail, whole_lines};
pub(super) use unsuccessful::UnsuccessfulRecords;

use super::growing::OpenForAppend;
use super::lines::LineWriter;
use super::{Sink, SinkError, growing, lock};
use crate::batch::Pages;
use crate::outcome::Outcome;
use crate::record::{Key, KeyVersion, Record, RecordOptions};
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
/// No second process can open the journal at the same time (on Unix).
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
    shared: Arc<Shared>,
    /// Version of the keys in the file.
    version: KeyVersion,
    found: u64,
    unfinished: UnfinishedSaves,
    retry_failed: bool,
    resume_writes: bool,
    /// Rule for the pages of lists. `None`: the requests are of no chain of pages.
    pages: Option<Pages>,
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

    /// Continues a results file, or begins one if there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written, is being written by another process, or holds anything but records of
    /// this version; the error names the line, and the file stays as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Journal, SinkError> {
        Journal::open_as(path.as_ref(), growing::as_they_are())
    }

    pub(super) fn open_as(path: &Path, opened: OpenForAppend) -> Result<Journal, SinkError> {
        let file = lock::options()
            .read(true)
            .create(true)
            .open(path)
            .map_err(|e| journal_error(path, "cannot be opened for writing", e))?;
        let regular = file.metadata().map(|about| about.is_file());
        match regular {
            Ok(true) => {}
            Ok(false) => {
                let reason = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
                return Err(journal_error(path, "cannot be resumed", reason));
            }
            Err(e) => return Err(journal_error(path, "cannot be read", e)),
        }
        lock::take(&file).map_err(|e| journal_error(path, "cannot be locked", e))?;
        let intents = intents::path_of(path);
        let announced = intents::read(&intents)?;
        let seen = seen::read(&file, announced.open, announced.begun)
            .map_err(|e| journal_error(path, "cannot be resumed", e))?;
        let version = match (seen.version(), announced.version) {
            (Some(own), Some(other)) if own != other => {
                let reason = format!(
                    "its keys are of version {}, and those of the results are of version {}",
                    other.number(),
                    own.number()
                );
                let reason = io::Error::new(io::ErrorKind::InvalidData, reason);
                return Err(journal_error(&intents, "cannot be resumed", reason));
            }
            (own, other) => own.or(other).unwrap_or_default(),
        };
        Journal::of(path, file, seen, version, opened, Before::Stays)
    }

    /// Begins a new results file.
    ///
    /// # Errors
    /// When the file exists, or cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Journal, SinkError> {
        let path = path.as_ref();
        if path.exists() {
            // This call returns the error for the existing file.
            LineWriter::create(path)?;
        }
        Journal::anew(path, lock::options().create_new(true), Before::IsReplaced)
    }

    /// Begins a new results file in place of an existing one.
    ///
    /// The existing file and its `RESULTS.journal` are emptied when the batch [begins](Sink::begin): a batch that does
    /// not begin loses nothing.
    ///
    /// # Errors
    /// When the file cannot be made, or is being written by another process.
    pub fn overwrite(path: impl AsRef<Path>) -> Result<Journal, SinkError> {
        let options = &mut lock::options();
        Journal::anew(path.as_ref(), options.create(true), Before::IsReplaced)
    }

    fn anew(path: &Path, options: &OpenOptions, before: Before) -> Result<Journal, SinkError> {
        let file = options
            .open(path)
            .map_err(|e| journal_error(path, "cannot be opened for writing", e))?;
        lock::take(&file).map_err(|e| journal_error(path, "cannot be locked", e))?;
        let (seen, version) = (EarlierOutcomes::default(), KeyVersion::default());
        let opened = growing::as_they_are();
        Journal::of(path, file, seen, version, opened, before)
    }

    /// Makes the journal of a file that is positioned at its end.
    fn of(
        path: &Path,
        file: File,
        mut seen: EarlierOutcomes,
        version: KeyVersion,
        opened: OpenForAppend,
        before: Before,
    ) -> Result<Journal, SinkError> {
        let (journal, begun) = (intents::path_of(path), seen.take_begun());
        let unfinished = UnfinishedSaves::read(&journal, &begun)?;
        let mut lines = LineWriter::at_end_of(path, opened(file))?;
        if before == Before::IsReplaced {
            lines = lines.replacing();
        }
        let unresolved = seen.take_unresolved();
        let book = IntentFile::new(journal, unresolved, begun, opened, before);
        if seen.is_last_line_open() {
            lines.end_last_line();
        }
        Ok(Journal {
            out: Arc::new(Mutex::new(JournalWriter::new(lines))),
            path: path.to_owned(),
            options: RecordOptions::new().key_version(version),
            version,
            found: seen.lines(),
            unfinished,
            shared: Arc::new(Shared {
                seen: Mutex::new(seen),
                book,
                witness: OnceLock::new(),
            }),
            retry_failed: false,
            resume_writes: false,
            pages: None,
        })
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
        self.out().begin()?;
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
        let index = record.index;
        self.out().add(index, |lines| record.write_to(lines))?;
        let saved = outcome.saved().map(|saved| &*saved.path);
        for path in request.saves_to().into_iter().chain(saved) {
            book.settle_save(path);
        }
        let interrupted = request.resumed().is_some_and(|r| r.interrupted);
        if announces && (interrupted || outcome.started().is_some()) {
            book.settle(record.key);
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.out().commit()
    }

    fn finish(&mut self, _: &Summary) -> Result<(), SinkError> {
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
