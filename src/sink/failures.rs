//! The failure log as JSON Lines.

mod rebuild;

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journal::Follower;
use super::jsonl::Keep;
use super::lines::LineWriter;
use super::missing::{FirstError, told};
use super::packing::Packing;
use super::{Sink, SinkError};
use crate::outcome::Outcome;
use crate::record::{Record, RecordOptions};
use crate::summary::Summary;

/// Writes each failure as it happens, so that its request can be run again.
///
/// A line has the record, the server's response, and the request: see
/// [`Record::parse_request`](crate::record::Record::parse_request). No line is longer than the reader accepts
/// ([`LONGEST_LINE`](crate::record::LONGEST_LINE)).
///
/// Secret headers of the request are left out and named. Requests that were cancelled or ended by the batch's deadline
/// are not written.
///
/// ```no_run
/// # fn batch() -> Vec<haul::Outcome> { Vec::new() }
/// use haul::sink::{Failures, Sink};
///
/// let mut failures = Failures::create("failures.jsonl")?.and_rejected(true);
/// for outcome in batch() {
///     failures.write(&outcome)?;
/// }
/// # Ok::<(), haul::sink::SinkError>(())
/// ```
#[must_use = "a sink holds what a batch gives it: `Client::run` or `Outcomes::record_to`"]
pub struct Failures<W: Write = File> {
    /// Shared with the [`Log`](super::missing::Log) that adds missing failures.
    lines: Arc<Mutex<LineWriter<W>>>,
    options: RecordOptions,
    keep: Keep,
    /// Lines follow the records of a journal. `None`: each line is written as it comes.
    follower: Option<Follower<Vec<u8>>>,
    /// First error while missing failures were added.
    first_error: FirstError,
}

impl Failures {
    /// Writes to a new file.
    ///
    /// # Errors
    /// When the file exists, or cannot be made. A pipe or a device may exist.
    pub fn create(path: impl AsRef<Path>) -> Result<Failures, SinkError> {
        LineWriter::create(path.as_ref()).map(Failures::of)
    }

    /// Writes to a new file in place of an existing one.
    ///
    /// The existing file is emptied when the batch [begins](Sink::begin), or with the first failure: a batch that does
    /// not begin loses nothing.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn overwrite(path: impl AsRef<Path>) -> Result<Failures, SinkError> {
        LineWriter::overwrite(path.as_ref()).map(Failures::of)
    }

    /// Writes to the end of a file. The file is made if it does not exist.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> Result<Failures, SinkError> {
        LineWriter::append(path.as_ref(), Packing::Plain).map(Failures::of)
    }
}

impl<W: Write> Failures<W> {
    /// Writes to any writer.
    pub fn new(to: W) -> Failures<W> {
        Failures::of(LineWriter::to(to))
    }

    pub(super) fn of(lines: LineWriter<W>) -> Failures<W> {
        Failures {
            lines: Arc::new(Mutex::new(lines)),
            options: RecordOptions::new(),
            keep: Keep::Failed,
            follower: None,
            first_error: FirstError::default(),
        }
    }

    /// Sets the name of the writer in errors. Default "output".
    pub fn named(self, name: impl AsRef<str>) -> Failures<W> {
        self.lines().named(name.as_ref());
        self
    }

    /// Sets which bodies and headers the records keep. The limit of the body holds for `response_text` too.
    pub fn records(mut self, options: RecordOptions) -> Failures<W> {
        self.options = options;
        self
    }

    /// True: rejected requests are written too. Default false.
    pub fn and_rejected(mut self, rejected: bool) -> Failures<W> {
        self.keep = if rejected {
            Keep::Unsuccessful
        } else {
            Keep::Failed
        };
        self
    }
}

impl<W: Write> Failures<W> {
    fn lines(&self) -> MutexGuard<'_, LineWriter<W>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the held failure to the lines if the journal has taken its record.
    fn release(&mut self) {
        if let Some(line) = self.follower.as_mut().and_then(Follower::release) {
            self.take(&line);
        }
    }

    fn take(&self, line: &[u8]) {
        self.lines().take(|lines| lines.extend_from_slice(line));
    }

    /// Writes a line at once. After an error the line is not kept for a later write.
    fn write_at_once(&self, line: &[u8]) -> Result<(), SinkError> {
        let mut lines = self.lines();
        lines.add(|lines| lines.extend_from_slice(line))?;
        let written = lines.flush();
        if written.is_err() {
            lines.take_back(line.len());
        }
        written
    }

    /// Writes out the buffered lines, after the records of the journal that they follow.
    fn write_out(&self) -> Result<(), SinkError> {
        if let Some(follower) = &self.follower {
            follower.ahead().commit()?;
        }
        self.lines().flush()
    }

    /// Writes out the buffered lines, as [`Sink::finish`] does.
    ///
    /// # Errors
    /// When the lines cannot be written.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        self.release();
        self.write_out()?;
        told(&self.first_error)
    }
}

impl<T: 'static, W: Write> Sink<T> for Failures<W> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.lines().begin()
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        self.release();
        told(&self.first_error)?;
        if !outcome.is_final() || !self.keep.wants(outcome) {
            return Ok(());
        }
        let mut line = Vec::new();
        let (request, secrets) = (outcome.request(), self.options.keeps_secrets());
        Record::of_failure(outcome, &self.options).write_fitting(request, secrets, &mut line);
        if self.follower.is_none() {
            return self.write_at_once(&line);
        }
        let full = self.lines().is_full();
        if full {
            self.write_out()?;
        }
        let follower = self.follower.as_mut();
        if let Some(line) = follower.and_then(|follower| follower.pass(outcome.index, line)) {
            self.take(&line);
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.release();
        self.write_out()
    }

    fn finish(&mut self, _: &Summary) -> Result<(), SinkError> {
        self.flush()
    }
}

impl<W: Write> fmt::Debug for Failures<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failures")
            .field("to", self.lines().place())
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl<W: Write> Drop for Failures<W> {
    fn drop(&mut self) {
        self.release();
        if self.lines().is_untouched() {
            return;
        }
        // An error cannot be returned from here. A failure without a record in the journal must not be written later.
        if self.write_out().is_err() && self.follower.is_some() {
            self.lines().discard();
        }
    }
}
