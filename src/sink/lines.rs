//! Lines written whole, several at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{Place, SinkError, growing};

/// How much is gathered before it is written.
const FULL: usize = 64 << 10;

/// Gathers lines and writes them. A failed write leaves nothing but whole lines behind where the target can be cut back
/// (a file can), and what was not written stays here, so that a later write goes on where this one stopped.
pub(super) struct Lines<W: Write> {
    to: W,
    place: Place,
    waiting: Vec<u8>,
    /// Where the file ends, as far as these lines are all that is added to it.
    end: u64,
    cut_back: fn(&W, from: u64, to: u64) -> io::Result<()>,
}

impl<W: Write> Lines<W> {
    pub(super) fn to(to: W) -> Lines<W> {
        Lines {
            to,
            place: Place::Named("output".to_owned()),
            waiting: Vec::new(),
            end: 0,
            cut_back: |_, _, _| Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// What errors call the target; a file keeps its path.
    pub(super) fn named(&mut self, name: &str) {
        if let Place::Named(place) = &mut self.place {
            name.clone_into(place);
        }
    }

    /// Adds one line, by `write`, which ends it with a line feed.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        // Before taking more: a target that fails must not fill the memory of a caller who goes on regardless.
        self.write_if_full()?;
        write(&mut self.waiting);
        debug_assert!(self.waiting.ends_with(b"\n"));
        self.write_if_full()
    }

    fn write_if_full(&mut self) -> Result<(), SinkError> {
        if self.waiting.len() < FULL {
            return Ok(());
        }
        self.write_waiting()
            .map_err(|e| self.error("cannot be written", e))
    }

    /// Writes what is waiting.
    pub(super) fn flush(&mut self) -> Result<(), SinkError> {
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
        if self.waiting.is_empty() && self.waiting.capacity() > 8 * FULL {
            self.waiting = Vec::new();
        }
        result
    }

    fn error(&self, action: &'static str, source: io::Error) -> SinkError {
        SinkError::new(self.place.clone(), action, source)
    }
}

impl Lines<File> {
    /// A new file. What exists and is no regular file (a pipe, `/dev/null`) is written to as it is.
    pub(super) fn create(path: &Path) -> Result<Lines<File>, SinkError> {
        match growing::options().create_new(true).open(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_file() => {
                Err(SinkError::new(
                    Place::File(path.to_owned()),
                    "not written, since it exists and is neither to be overwritten nor appended to",
                    e,
                ))
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Lines::open(path, &growing::options())
            }
            opened => Lines::of_file(path, opened),
        }
    }

    /// A new file in place of one there may be.
    pub(super) fn overwrite(path: &Path) -> Result<Lines<File>, SinkError> {
        let mut lines = Lines::open(path, growing::options().create(true))?;
        if lines.end > 0 {
            growing::cut(&lines.to, 0).map_err(|e| lines.error("cannot be emptied", e))?;
            lines.end = 0;
        }
        Ok(lines)
    }

    /// The end of a file, made if there is none. A last line without its end gets one, lest the next line grows
    /// onto it.
    pub(super) fn append(path: &Path) -> Result<Lines<File>, SinkError> {
        let mut lines = Lines::open(path, growing::options().create(true))?;
        if lines.end > 0
            && !ends_with_line_feed(path).map_err(|e| lines.error("cannot be read", e))?
        {
            lines.waiting.push(b'\n');
        }
        Ok(lines)
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), SinkError> {
        self.to
            .sync_data()
            .map_err(|e| self.error("cannot be brought to the disk", e))
    }

    fn open(path: &Path, options: &OpenOptions) -> Result<Lines<File>, SinkError> {
        Lines::of_file(path, options.open(path))
    }

    pub(super) fn of_file(path: &Path, opened: io::Result<File>) -> Result<Lines<File>, SinkError> {
        let place = Place::File(path.to_owned());
        let file = match opened {
            Ok(file) => file,
            Err(e) => return Err(SinkError::new(place, "cannot be opened for writing", e)),
        };
        let end = file
            .metadata()
            .map_or(0, |m| if m.is_file() { m.len() } else { 0 });
        if end > 0 {
            growing::go_to_end(&file)
                .map_err(|e| SinkError::new(place.clone(), "cannot be opened for writing", e))?;
        }
        Ok(Lines {
            to: file,
            place,
            waiting: Vec::new(),
            end,
            cut_back: |file, from, to| {
                let about = file.metadata()?;
                // Another program's lines behind ours are not ours to cut.
                if !about.is_file() || about.len() != from {
                    return Err(io::ErrorKind::Unsupported.into());
                }
                growing::cut(file, to)
            },
        })
    }
}

fn ends_with_line_feed(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl<W: Write> Drop for Lines<W> {
    fn drop(&mut self) {
        // Nobody is left to be told; whoever wants to know calls `finish`.
        let _ = self.flush();
    }
}

#[cfg(test)]
impl<W: Write> Lines<W> {
    pub(super) fn cut_back_by(&mut self, cut_back: fn(&W, u64, u64) -> io::Result<()>) {
        self.cut_back = cut_back;
    }

    pub(super) fn target(&mut self) -> &mut W {
        &mut self.to
    }
}
