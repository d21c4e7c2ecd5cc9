//! Buffer that writes whole lines, several at a time.

mod open;
mod waiting;

use std::io::{self, Write};
use std::path::Path;

use super::packing::{Coder, FULL, Packing};
use super::{SinkError, SinkTarget};
use waiting::WaitingLines;

/// Gathers lines and writes them. A failed write leaves nothing but whole lines behind if the target can be cut back (a
/// file can). The bytes not written stay in the buffer, so that a later write goes on at the same byte.
///
/// A compressed target gets the lines of each write as one member, which is written whole or cut back as a whole.
pub(super) struct LineWriter<W: Write> {
    to: W,
    place: SinkTarget,
    packing: Packing,
    waiting: WaitingLines,
    member: WaitingMember,
    /// Line that is written before all others. `None`: it is written, or there is none.
    title: Option<Vec<u8>>,
    /// End of the file in bytes, if only this buffer adds to it.
    end: u64,
    cut_back: fn(&W, from: u64, to: u64) -> io::Result<()>,
    /// Empties a file whose lines are replaced. `None`: the file holds no lines, or they stay.
    empty: Option<fn(&W) -> io::Result<()>>,
}

/// Compressed lines that are being written.
#[derive(Default)]
struct WaitingMember {
    /// Empty: no member was begun.
    bytes: Vec<u8>,
    /// Number of its bytes that are written.
    written: usize,
    /// Number of bytes of the waiting lines in it.
    lines: usize,
}

impl<W: Write> LineWriter<W> {
    pub(super) fn to(to: W) -> LineWriter<W> {
        let place = SinkTarget::Named("output".to_owned());
        LineWriter::at(to, place, 0, |_, _, _| {
            Err(io::ErrorKind::Unsupported.into())
        })
    }

    /// Writes lines from this end of a target on.
    fn at(
        to: W,
        place: SinkTarget,
        end: u64,
        cut_back: fn(&W, from: u64, to: u64) -> io::Result<()>,
    ) -> LineWriter<W> {
        LineWriter {
            to,
            place,
            packing: Packing::Plain,
            waiting: WaitingLines::default(),
            member: WaitingMember::default(),
            title: None,
            end,
            cut_back,
            empty: None,
        }
    }

    /// Sets the compression of the target.
    pub(super) fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// Sets the line that is written before all others.
    pub(super) fn set_title(&mut self, title: Option<Vec<u8>>) {
        self.title = title;
    }

    /// Empties a file whose lines are replaced. Writing a line does the same; before that the file stays as it was.
    pub(super) fn begin(&mut self) -> Result<(), SinkError> {
        if let Some(empty) = self.empty {
            empty(&self.to).map_err(|e| self.error("cannot be emptied", e))?;
            self.empty = None;
            self.end = 0;
        }
        if let Some(title) = self.title.take() {
            self.waiting.add_first(&title);
        }
        Ok(())
    }

    /// True if the target is a file with content that stays.
    pub(super) fn has_content(&self) -> bool {
        self.end > 0 && self.empty.is_none()
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
            SinkTarget::File(path) | SinkTarget::Line(path, _) => Some(path),
            SinkTarget::Named(_) => None,
        }
    }

    /// Adds one line, by `write`. On an error the line is not taken.
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
        self.waiting.add(false, write);
        Ok(())
    }

    /// Adds one line as [`add`](LineWriter::add) does, but writes nothing out.
    pub(super) fn take(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.waiting.add(true, write);
    }

    /// Removes the line that was taken last, of this length in bytes with its line feed, unless a part of it is
    /// written.
    pub(super) fn take_back(&mut self, length: usize) {
        if self.member.bytes.is_empty() {
            self.waiting.take_back(length);
        }
    }

    /// True if the buffer holds at least [`FULL`] bytes.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.bytes().len() >= FULL
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
        self.waiting.written()
    }

    /// Adds a line feed to the file's last line, which was there before, so that the next line begins on its own.
    pub(super) fn end_last_line(&mut self) {
        self.waiting.add(false, |lines| lines.push(b'\n'));
    }

    /// Cuts the file at this byte, which is the end of a line with or without its line feed. No line was added before.
    pub(super) fn cut_to(&mut self, end: u64, ends_with_line_feed: bool) -> Result<(), SinkError> {
        let cut = (self.cut_back)(&self.to, self.end, end);
        cut.map_err(|e| self.error("cannot be repaired", e))?;
        self.end = end;
        self.discard();
        if !ends_with_line_feed {
            self.end_last_line();
        }
        Ok(())
    }

    /// Drops the waiting lines.
    pub(super) fn discard(&mut self) {
        self.waiting.discard();
        self.member = WaitingMember::default();
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
        match self.packing.coder() {
            None => self.write_plain(),
            Some(coder) => self.write_members(coder),
        }
    }

    fn write_plain(&mut self) -> io::Result<()> {
        let (mut written, result) = put(&mut self.to, self.waiting.bytes());
        if result.is_err() {
            let whole = self.waiting.whole(written);
            let end = self.end + written as u64;
            let last_line = self.end + whole as u64;
            if whole < written && (self.cut_back)(&self.to, end, last_line).is_ok() {
                written = whole;
            }
        }
        self.waiting.remove(written, 8 * FULL);
        self.end += written as u64;
        result
    }

    /// Writes the waiting lines as a member, after the rest of a member that could not be written before.
    fn write_members(&mut self, coder: Coder) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let member = &mut self.member;
            if member.bytes.is_empty() {
                let lines = self.waiting.bytes();
                coder.pack(lines, &mut member.bytes)?;
                member.lines = lines.len();
            }
            let (written, result) = put(&mut self.to, &member.bytes[member.written..]);
            member.written += written;
            self.end += written as u64;
            let start = self.end - member.written as u64;
            if let Err(error) = result {
                let is_gone =
                    member.written == 0 || (self.cut_back)(&self.to, self.end, start).is_ok();
                if is_gone {
                    self.end = start;
                    self.member = WaitingMember::default();
                }
                return Err(error);
            }
            self.waiting.remove(member.lines, 8 * FULL);
            self.member = WaitingMember::default();
        }
        Ok(())
    }

    fn error(&self, action: &'static str, source: io::Error) -> SinkError {
        SinkError::new(self.place.clone(), action, source)
    }
}

/// Writes the bytes, and returns the number of those that were written.
fn put(to: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(n) => written += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (written, Err(e)),
        }
    }
    (written, Ok(()))
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
