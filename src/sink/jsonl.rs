//! Results as JSON Lines.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::lines::LineWriter;
use super::packing::Packing;
use super::{Sink, SinkError};
use crate::outcome::Outcome;
use crate::record::{Layout, Record, RecordOptions};
use crate::summary::Summary;

/// Writes each outcome as one line, in the format of [`record`](crate::record).
///
/// [`layout`](JsonLines::layout) sets another form.
///
/// A file whose name ends with `.gz` or `.zst` (features `gzip`, `zstd`) is compressed: each write is a member or frame of
/// its own.
///
/// Lines are written whole, several at a time: at 64 KiB, when nothing further is ready, at the end, and when dropped.
/// After a failed write (a full disk) the file still holds nothing but whole lines. Outcomes that were cancelled or
/// ended by the batch's deadline are left out: a resumed batch runs their requests.
///
/// ```no_run
/// use haul::sink::{JsonLines, Keep};
///
/// let results = JsonLines::create("run.jsonl")?;
/// let rejected = JsonLines::new(std::io::stdout()).named("stdout").only(Keep::Rejected);
/// # Ok::<(), haul::sink::SinkError>(())
/// ```
#[must_use = "a sink holds what a batch gives it: `Client::run` or `Outcomes::record_to`"]
pub struct JsonLines<W: Write = File> {
    lines: LineWriter<W>,
    options: RecordOptions,
    layout: Layout,
    keep: Keep,
}

/// Selects the outcomes that a sink writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// All outcomes.
    #[default]
    All,
    /// Failed outcomes.
    Failed,
    /// Outcomes that the application rejected.
    Rejected,
    /// Failed and rejected outcomes.
    Unsuccessful,
}

impl Keep {
    pub(super) fn wants<T>(self, outcome: &Outcome<T>) -> bool {
        match self {
            Keep::All => true,
            Keep::Failed => outcome.is_failed(),
            Keep::Rejected => outcome.is_rejected(),
            Keep::Unsuccessful => !outcome.is_success(),
        }
    }
}

impl JsonLines {
    /// Writes to a new file.
    ///
    /// # Errors
    /// When the file exists, or cannot be made. A pipe or a device may exist.
    pub fn create(path: impl AsRef<Path>) -> Result<JsonLines, SinkError> {
        let (path, packing) = (path.as_ref(), Packing::by_ending(path.as_ref())?);
        LineWriter::create(path).map(|lines| JsonLines::of(lines.packed(packing)))
    }

    /// Writes to a new file in place of an existing one.
    ///
    /// The existing file is emptied when the batch [begins](Sink::begin), or with the first line: a batch that does not
    /// begin loses nothing.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn overwrite(path: impl AsRef<Path>) -> Result<JsonLines, SinkError> {
        let (path, packing) = (path.as_ref(), Packing::by_ending(path.as_ref())?);
        LineWriter::overwrite(path).map(|lines| JsonLines::of(lines.packed(packing)))
    }

    /// Writes to the end of a file. The file is made if it does not exist.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> Result<JsonLines, SinkError> {
        let (path, packing) = (path.as_ref(), Packing::by_ending(path.as_ref())?);
        LineWriter::append(path, packing).map(JsonLines::of)
    }
}

impl<W: Write> JsonLines<W> {
    /// Writes to any writer. The writer needs no buffer of its own.
    pub fn new(to: W) -> JsonLines<W> {
        JsonLines::of(LineWriter::to(to))
    }

    fn of(lines: LineWriter<W>) -> JsonLines<W> {
        JsonLines {
            lines,
            options: RecordOptions::new(),
            layout: Layout::records(),
            keep: Keep::All,
        }
    }

    /// Sets the name of the writer in errors. Default "output".
    pub fn named(mut self, name: impl AsRef<str>) -> JsonLines<W> {
        self.lines.named(name.as_ref());
        self
    }

    /// Sets which bodies and headers the records keep.
    pub fn records(mut self, options: RecordOptions) -> JsonLines<W> {
        self.options = self.layout.adapt(options);
        self
    }

    /// Sets the form in which outcomes are written. Default: [records](Layout::records).
    ///
    /// A title is written first, unless the file has content already.
    pub fn layout(mut self, layout: Layout) -> JsonLines<W> {
        let title = layout.title().filter(|_| !self.lines.has_content());
        self.lines.set_title(title);
        self.options = layout.adapt(self.options);
        self.layout = layout;
        self
    }

    /// Sets which outcomes are written. Default: all.
    pub fn only(mut self, keep: Keep) -> JsonLines<W> {
        self.keep = keep;
        self
    }
}

impl<W: Write> JsonLines<W> {
    /// Writes out the buffered lines, as [`Sink::finish`] does.
    ///
    /// # Errors
    /// When the lines cannot be written.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        self.lines.flush()
    }
}

impl<T: 'static, W: Write> Sink<T> for JsonLines<W> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.lines.begin()
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        if !outcome.is_final() || !self.keep.wants(outcome) {
            return Ok(());
        }
        let record = Record::new(outcome, &self.options);
        self.lines
            .add(|lines| self.layout.write(outcome, &record, &self.options, lines))
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.lines.flush()
    }

    fn finish(&mut self, _: &Summary) -> Result<(), SinkError> {
        self.flush()
    }

    fn written(&self) -> Option<u64> {
        (self.keep == Keep::All).then(|| self.lines.written())
    }
}

impl<W: Write> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("to", self.lines.place())
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}
