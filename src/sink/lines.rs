//! Buffer that writes whole lines, several at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::growing::{self, GrowingFile, GrowingWriter};
use super::lock;
use super::{SinkError, SinkTarget};

/// Number of bytes that are gathered before a write.
const FULL: usize = 64 << 10;

/// Gathers lines and writes them. A failed write leaves nothing but whole lines behind if the target can be cut back (a
/// file can). The bytes not written stay in the buffer, so that a later write goes on at the same byte.
pub(super) struct LineWriter<W: Write> {
    to: W,
    place: SinkTarget,
    waiting: Vec<u8>,
    /// End of the file in bytes, if only this buffer adds to it.
    end: u64,
    /// Number of lines taken.
    taken: u64,
    /// Number of lines taken that are not written to their end.
    unwritten: u64,
    cut_back: fn(&W, from: u64, to: u64) -> io::Result<()>,
    /// Empties a file whose lines are replaced. `None`: the file holds no lines, or they stay.
    empty: Option<fn(&W) -> io::Result<()>>,
}

impl<W: Write> LineWriter<W> {
    pub(super) fn to(to: W) -> LineWriter<W> {
        LineWriter {
            to,
            place: SinkTarget::Named("output".to_owned()),
            waiting: Vec::new(),
            end: 0,
            taken: 0,
            unwritten: 0,
            cut_back: |_, _, _| Err(io::ErrorKind::Unsupported.into()),
            empty: None,
        }
    }

    /// Empties a file whose lines are replaced. Writing a line does the same; before that the file stays as it was.
    pub(super) fn begin(&mut self) -> Result<(), SinkError> {
        if let Some(empty) = self.empty {
            empty(&self.to).map_err(|e| self.error("cannot be emptied", e))?;
            self.empty = None;
            self.end = 0;
        }
        Ok(())
    }

    /// True if the file still holds lines that are to be replaced, and no new line waits.
    pub(super) fn is_untouched(&self) -> bool {
        self.empty.is_some() && self.waiting.is_empty()
    }

    /// Sets the name of the target in errors. A file keeps its path.
    pub(super) fn named(&mut self, name: &str) {
        if let SinkTarget::Named(place) = &mut self.place {
            name.clone_into(place);
        }
    }

    /// The file or writer, as errors name it.
    pub(super) fn place(&self) -> &SinkTarget {
        &self.place
    }

    /// Path of the file. `None`: the target is a writer.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.place {
            SinkTarget::File(path) => Some(path),
            SinkTarget::Named(_) => None,
        }
    }

    /// Adds one line, by `write`, which ends it with a line feed. On an error the line is not taken.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        // Write before more is taken: a target that fails must not fill the memory of a caller that goes on regardless.
        self.write_if_full()?;
        self.take(write);
        // The line is taken and stays in the buffer if this write fails, so that the next call returns the error.
        let _ = self.write_if_full();
        Ok(())
    }

    /// Adds one line as [`add`](LineWriter::add) does, but does not count it among the lines written.
    pub(super) fn add_aside(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        self.write_if_full()?;
        write(&mut self.waiting);
        Ok(())
    }

    /// Adds one line as [`add`](LineWriter::add) does, but writes nothing out.
    pub(super) fn take(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.waiting);
        debug_assert!(self.waiting.ends_with(b"\n"));
        self.taken += 1;
        self.unwritten += 1;
    }

    /// Removes the line that was taken last, of this length in bytes with its line feed, unless a part of it is
    /// written.
    pub(super) fn take_back(&mut self, length: usize) {
        if let Some(rest) = self.waiting.len().checked_sub(length) {
            self.waiting.truncate(rest);
            self.taken -= 1;
            self.unwritten -= 1;
        }
    }

    /// True if the buffer holds at least [`FULL`] bytes.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= FULL
    }

    fn write_if_full(&mut self) -> Result<(), SinkError> {
        if !self.is_full() {
            return Ok(());
        }
        self.begin()?;
        self.write_waiting()
            .map_err(|e| self.error("cannot be written", e))
    }

    /// Number of the taken lines that are written to their end.
    pub(super) fn written(&self) -> u64 {
        self.taken - self.unwritten
    }

    /// Adds a line feed to the file's last line, which was there before, so that the next line begins on its own.
    pub(super) fn end_last_line(&mut self) {
        self.waiting.push(b'\n');
    }

    /// Cuts the file at this byte, which is the end of a line with or without its line feed. No line was added before.
    pub(super) fn cut_to(&mut self, end: u64, ends_with_line_feed: bool) -> Result<(), SinkError> {
        let cut = (self.cut_back)(&self.to, self.end, end);
        cut.map_err(|e| self.error("cannot be repaired", e))?;
        self.end = end;
        self.waiting.clear();
        if !ends_with_line_feed {
            self.end_last_line();
        }
        Ok(())
    }

    /// Drops the waiting lines.
    pub(super) fn discard(&mut self) {
        self.waiting.clear();
        self.taken -= self.unwritten;
        self.unwritten = 0;
    }

    /// Writes the waiting lines.
    pub(super) fn flush(&mut self) -> Result<(), SinkError> {
        self.begin()?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.write_waiting()
            .and_then(|()| self.to.flush())
            .map_err(|e| self.error("cannot be written", e))
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        let mut written = 0;
        let result = loop {
            if written == self.waiting.len() {
                break Ok(());
            }
            match self.to.write(&self.waiting[written..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        if result.is_err() {
            let whole = self.waiting[..written]
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            let end = self.end + written as u64;
            let last_line = self.end + whole as u64;
            if whole < written && (self.cut_back)(&self.to, end, last_line).is_ok() {
                written = whole;
            }
        }
        self.waiting.drain(..written);
        self.end += written as u64;
        let line_feeds = self.waiting.iter().filter(|byte| **byte == b'\n');
        // A line feed among them may end a line that was there before.
        self.unwritten = self.unwritten.min(line_feeds.count() as u64);
        if self.waiting.is_empty() && self.waiting.capacity() > 8 * FULL {
            self.waiting = Vec::new();
        }
        result
    }

    fn error(&self, action: &'static str, source: io::Error) -> SinkError {
        SinkError::new(self.place.clone(), action, source)
    }
}

impl LineWriter<File> {
    /// Opens a new file. An existing target that is no regular file (a pipe, `/dev/null`) is written to as it is.
    pub(super) fn create(path: &Path) -> Result<LineWriter<File>, SinkError> {
        match growing::options().create_new(true).open(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_file() => {
                Err(SinkError::new(
                    SinkTarget::File(path.to_owned()),
                    "not written, since it exists and is neither to be overwritten nor appended to",
                    e,
                ))
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                LineWriter::open(path, &growing::options())
            }
            opened => {
                let lines = LineWriter::of_file(path, opened)?;
                lines.lock(lock::share)?;
                Ok(lines)
            }
        }
    }

    /// Locks the file, if it is a regular one.
    fn lock(&self, lock: impl FnOnce(&File) -> io::Result<()>) -> Result<(), SinkError> {
        let is_file = self.to.metadata().is_ok_and(|about| about.is_file());
        match is_file {
            true => lock(&self.to).map_err(|e| self.error("cannot be locked", e)),
            false => Ok(()),
        }
    }

    /// Opens a new file in place of an existing one, which stays as it is until the lines [begin](LineWriter::begin).
    pub(super) fn overwrite(path: &Path) -> Result<LineWriter<File>, SinkError> {
        let mut lines = LineWriter::open(path, growing::options().create(true))?;
        // Alone: what another process writes would be lost, and it would write into what is new.
        lines.lock(lock::take)?;
        lines.empty = (lines.end > 0).then_some(|file: &File| growing::cut(file, 0));
        Ok(lines)
    }

    /// Opens a file at its end; the file is made if it does not exist. A last line without its line feed gets one, so
    /// that the next line does not join it.
    pub(super) fn append(path: &Path) -> Result<LineWriter<File>, SinkError> {
        let mut lines = LineWriter::open(path, growing::options().create(true))?;
        lines.lock(lock::share)?;
        if lines.end > 0
            && !ends_with_line_feed(path).map_err(|e| lines.error("cannot be read", e))?
        {
            lines.end_last_line();
        }
        Ok(lines)
    }

    fn open(path: &Path, options: &OpenOptions) -> Result<LineWriter<File>, SinkError> {
        LineWriter::of_file(path, options.open(path))
    }

    fn of_file(path: &Path, opened: io::Result<File>) -> Result<LineWriter<File>, SinkError> {
        let place = SinkTarget::File(path.to_owned());
        let unopened = |e| SinkError::new(place.clone(), "cannot be opened for writing", e);
        let file = opened.map_err(unopened)?;
        let end = file.length().map_or(0, |length| length.unwrap_or_default());
        if end > 0 {
            growing::go_to_end(&file).map_err(unopened)?;
        }
        Ok(LineWriter {
            to: file,
            place,
            waiting: Vec::new(),
            end,
            taken: 0,
            unwritten: 0,
            cut_back: |file, from, to| cut_back(file, from, to),
            empty: None,
        })
    }
}

impl LineWriter<GrowingWriter> {
    /// Writes lines to an open file that is positioned at its end.
    pub(super) fn at_end_of(path: &Path, file: Arc<dyn GrowingFile>) -> Result<Self, SinkError> {
        let place = SinkTarget::File(path.to_owned());
        let end = file
            .length()
            .map_err(|e| SinkError::new(place.clone(), "cannot be read", e))?;
        Ok(LineWriter {
            to: GrowingWriter(file),
            place,
            waiting: Vec::new(),
            end: end.unwrap_or_default(),
            taken: 0,
            unwritten: 0,
            cut_back: |file, from, to| cut_back(&*file.0, from, to),
            empty: None,
        })
    }

    /// Replaces the lines that the file holds with the new ones.
    pub(super) fn replacing(mut self) -> Self {
        self.empty = (self.end > 0).then_some(|file: &GrowingWriter| file.0.cut(0));
        self
    }

    /// Brings the written lines to the disk.
    pub(super) fn sync(&self) -> Result<(), SinkError> {
        let synced = self.to.0.sync();
        synced.map_err(|e| self.error("cannot be brought to the disk", e))
    }
}

fn cut_back(file: &dyn GrowingFile, from: u64, to: u64) -> io::Result<()> {
    // Lines that another program added after these must not be cut.
    if file.length()? != Some(from) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    file.cut(to)
}

fn ends_with_line_feed(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl<W: Write> Drop for LineWriter<W> {
    fn drop(&mut self) {
        // If no line was begun, the file stays as it was.
        if !self.is_untouched() {
            // An error cannot be returned from here; a caller that needs it calls `flush`.
            let _ = self.flush();
        }
    }
}

#[cfg(test)]
impl<W: Write + GrowingFile> LineWriter<W> {
    /// Writes lines to a file under a layer of faults.
    pub(super) fn under_layer(path: &Path, to: W) -> LineWriter<W> {
        let end = to.length().unwrap().unwrap_or_default();
        let mut lines = LineWriter::to(to);
        lines.place = SinkTarget::File(path.to_owned());
        lines.end = end;
        lines.cut_back = |file, from, to| cut_back(file, from, to);
        lines
    }
}

#[cfg(test)]
impl<W: Write> LineWriter<W> {
    pub(super) fn cut_back_by(&mut self, cut_back: fn(&W, u64, u64) -> io::Result<()>) {
        self.cut_back = cut_back;
    }

    pub(super) fn target(&mut self) -> &mut W {
        &mut self.to
    }
}
