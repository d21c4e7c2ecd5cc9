//! Files that lines are written to, as they are opened.

use std::fs::{File, OpenOptions};
#[cfg(test)]
use std::io::Write;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::LineWriter;
use crate::sink::growing::{self, GrowingFile, GrowingWriter};
use crate::sink::lock;
use crate::sink::packing::Packing;
use crate::sink::stored::StoredForm;
use crate::sink::{SinkError, SinkTarget};

impl LineWriter<File> {
    /// Opens a new file. An existing target that is no regular file (a pipe, `/dev/null`) is written to as it is.
    pub(in crate::sink) fn create(path: &Path) -> Result<LineWriter<File>, SinkError> {
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

    /// Keeps other processes from writing the file.
    #[cfg(feature = "fleet")]
    pub(in crate::sink) fn alone(self) -> Result<LineWriter<File>, SinkError> {
        self.lock(lock::take)?;
        Ok(self)
    }

    /// Cuts off a last line that has no line feed.
    #[cfg(feature = "fleet")]
    pub(in crate::sink) fn cut_torn_line(&mut self, path: &Path) -> Result<(), SinkError> {
        let end = end_of_last_line(path).map_err(|e| self.error("cannot be read", e))?;
        match end == self.end {
            true => Ok(()),
            false => self.cut_to(end, true),
        }
    }

    /// Writes the waiting lines and brings them to the disk.
    #[cfg(feature = "fleet")]
    pub(in crate::sink) fn flush_to_disk(&mut self) -> Result<(), SinkError> {
        self.flush()?;
        let synced = match self.to.metadata() {
            Ok(about) if about.is_file() => self.to.sync_data(),
            _ => Ok(()),
        };
        synced.map_err(|e| self.error("cannot be brought to the disk", e))
    }

    /// Opens a new file that gets the name `path` when it is whole. Errors name `path`.
    pub(in crate::sink) fn create_beside(
        temporary: &Path,
        path: &Path,
    ) -> Result<LineWriter<File>, SinkError> {
        LineWriter::of_file(path, growing::options().create_new(true).open(temporary))
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
    pub(in crate::sink) fn overwrite(path: &Path) -> Result<LineWriter<File>, SinkError> {
        let mut lines = LineWriter::open(path, growing::options().create(true))?;
        // Alone: what another process writes would be lost, and it would write into what is new.
        lines.lock(lock::take)?;
        lines.empty = (lines.end > 0).then_some(|file: &File| growing::cut(file, 0));
        Ok(lines)
    }

    /// Opens a file at its end; the file is made if it does not exist. A last line without its line feed gets one, so
    /// that the next line does not join it. A compressed file has whole lines, and a last member that a kill tore is cut
    /// off, since nothing behind it could be read; while another process adds to the file too, it stays as it is.
    pub(in crate::sink) fn append(
        path: &Path,
        packing: Packing,
    ) -> Result<LineWriter<File>, SinkError> {
        let mut lines = LineWriter::open(path, growing::options().create(true))?;
        if lines.end > 0 {
            let content = File::open(path);
            let checked = content.and_then(|file| packing.check_content(&file));
            checked.map_err(|e| lines.error("cannot be continued", e))?;
        }
        if lines.end > 0 && packing.coder().is_some() && lines.lock(lock::take).is_ok() {
            let cut = lines.cut_torn_member(path, packing);
            cut.map_err(|e| lines.error("cannot be continued", e))?;
        }
        lines.lock(lock::share)?;
        if lines.end > 0
            && packing.coder().is_none()
            && !ends_with_line_feed(path).map_err(|e| lines.error("cannot be read", e))?
        {
            lines.end_last_line();
        }
        Ok(lines.packed(packing))
    }

    /// Removes a last member that was cut off, and gives back the lock.
    fn cut_torn_member(&mut self, path: &Path, packing: Packing) -> io::Result<()> {
        let form = StoredForm {
            packing,
            quoted: false,
        };
        form.cut_torn_member(&growing::options().read(true).open(path)?)?;
        growing::go_to_end(&self.to)?;
        self.end = self.to.length()?.unwrap_or_default();
        self.to.unlock()
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
        Ok(LineWriter::at(file, place, end, |file, from, to| {
            cut_back(file, from, to)
        }))
    }
}

impl LineWriter<GrowingWriter> {
    /// Writes lines to an open file that is positioned at its end.
    pub(in crate::sink) fn at_end_of(
        path: &Path,
        file: Arc<dyn GrowingFile>,
    ) -> Result<Self, SinkError> {
        let place = SinkTarget::File(path.to_owned());
        let end = file
            .length()
            .map_err(|e| SinkError::new(place.clone(), "cannot be read", e))?;
        let (to, end) = (GrowingWriter(file), end.unwrap_or_default());
        Ok(LineWriter::at(to, place, end, |file, from, to| {
            cut_back(&*file.0, from, to)
        }))
    }

    /// Replaces the lines that the file holds with the new ones.
    pub(in crate::sink) fn replacing(mut self) -> Self {
        self.empty = (self.end > 0).then_some(|file: &GrowingWriter| file.0.cut(0));
        self
    }

    /// Brings the written lines to the disk.
    pub(in crate::sink) fn sync(&self) -> Result<(), SinkError> {
        let synced = self.to.0.sync();
        synced.map_err(|e| self.error("cannot be brought to the disk", e))
    }
}

/// Number of bytes up to the last line feed of a file.
#[cfg(feature = "fleet")]
fn end_of_last_line(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut part = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(part.len() as u64);
        file.seek(SeekFrom::Start(start))?;
        let part = &mut part[..(end - start) as usize];
        file.read_exact(part)?;
        if let Some(place) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
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

#[cfg(test)]
impl<W: Write + GrowingFile> LineWriter<W> {
    /// Writes lines to a file under a layer of faults.
    pub(in crate::sink) fn under_layer(path: &Path, to: W) -> LineWriter<W> {
        let end = to.length().unwrap().unwrap_or_default();
        let place = SinkTarget::File(path.to_owned());
        LineWriter::at(to, place, end, |file, from, to| cut_back(file, from, to))
    }
}

#[cfg(test)]
impl<W: Write> LineWriter<W> {
    pub(in crate::sink) fn cut_back_by(&mut self, cut_back: fn(&W, u64, u64) -> io::Result<()>) {
        self.cut_back = cut_back;
    }

    pub(in crate::sink) fn target(&mut self) -> &mut W {
        &mut self.to
    }
}
