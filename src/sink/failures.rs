//! The failure log as JSON Lines.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::jsonl::Keep;
use super::lines::Lines;
use super::{Sink, SinkError};
use crate::outcome::Outcome;
use crate::record::{Record, RecordOptions};
use crate::summary::Summary;

/// Writes each failure as it happens: the record, what the server said, and the request, so that it can be run again
/// (see [`request_of`](crate::record::request_of)).
///
/// Secret headers of the request are left out and named. Cancelled requests, and those ended by the batch's deadline,
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
pub struct Failures<W: Write = File> {
    lines: Lines<W>,
    options: RecordOptions,
    keep: Keep,
}

impl Failures {
    /// Writes to a new file.
    ///
    /// # Errors
    /// When the file exists, or cannot be made. A pipe or a device may exist.
    pub fn create(path: impl AsRef<Path>) -> Result<Failures, SinkError> {
        Lines::create(path.as_ref()).map(Failures::of)
    }

    /// Writes to a new file, in place of one there may be.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn overwrite(path: impl AsRef<Path>) -> Result<Failures, SinkError> {
        Lines::overwrite(path.as_ref()).map(Failures::of)
    }

    /// Writes to the end of a file, made if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> Result<Failures, SinkError> {
        Lines::append(path.as_ref()).map(Failures::of)
    }
}

impl<W: Write> Failures<W> {
    /// Writes to any writer.
    pub fn new(to: W) -> Failures<W> {
        Failures::of(Lines::to(to))
    }

    fn of(lines: Lines<W>) -> Failures<W> {
        Failures {
            lines,
            options: RecordOptions::new(),
            keep: Keep::Failed,
        }
    }

    /// What errors call the writer. Default "output".
    pub fn named(mut self, name: impl AsRef<str>) -> Failures<W> {
        self.lines.named(name.as_ref());
        self
    }

    /// Bodies and headers of the records. The limit of the body holds for `response_text` too.
    pub fn records(mut self, options: RecordOptions) -> Failures<W> {
        self.options = options;
        self
    }

    /// Whether rejected requests are written too. Default false.
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
    /// Writes out what is in the buffer: [`Sink::finish`], whatever the outcomes carry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(&mut self, _: &Summary) -> Result<(), SinkError> {
        self.lines.flush()
    }
}

impl<T: 'static, W: Write> Sink<T> for Failures<W> {
    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        if !outcome.is_final() || !self.keep.wants(outcome) {
            return Ok(());
        }
        self.lines
            .add(|lines| Record::of_failure(outcome, &self.options).write_to(lines))?;
        self.lines.flush()
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.lines.flush()
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.finish(summary)
    }
}
