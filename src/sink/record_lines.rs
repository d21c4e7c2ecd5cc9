//! File of records that were made elsewhere, and come as lines.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::last_lines::LastLines;
use super::lines::LineWriter;
use super::packing::Packing;
use super::{SinkError, SinkTarget};
use crate::record::{DecodedReader, LONGEST_LINE, Record};

/// Choice between a new file and one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExistingFile {
    Refuse,
    Replace,
    /// Lines are added to it; a last line that was torn is cut off.
    GoOn,
}

/// Writes lines that are records already. No other process may write the file meanwhile.
pub(crate) struct ForeignRecords {
    lines: LineWriter<File>,
    path: PathBuf,
    /// True if there was no file before.
    is_new: bool,
    /// Last lines of a file that was gone on with.
    standing: LastLines,
}

impl ForeignRecords {
    /// Opens a file. One that is to be replaced stays as it is until the records [begin](ForeignRecords::begin).
    ///
    /// `last`: number of lines at the end of a file that is gone on with which are not added once more.
    pub(crate) fn open(
        path: &Path,
        existing: ExistingFile,
        last: usize,
    ) -> Result<ForeignRecords, SinkError> {
        let packing = Packing::by_ending(path)?;
        let is_new = path.symlink_metadata().is_err();
        let lines = match existing {
            ExistingFile::Refuse => LineWriter::create(path)?.packed(packing),
            ExistingFile::Replace => LineWriter::overwrite(path)?.packed(packing),
            ExistingFile::GoOn => {
                check_records(path)?;
                let mut lines = LineWriter::append(path, packing)?;
                if packing.coder().is_none() && path.is_file() {
                    lines.discard();
                    lines.cut_torn_line(path)?;
                }
                lines
            }
        };
        let mut records = ForeignRecords {
            lines: lines.alone()?,
            path: path.to_owned(),
            is_new,
            standing: LastLines::default(),
        };
        if existing == ExistingFile::GoOn && !is_new && path.is_file() {
            let standing = LastLines::of(path, packing, last);
            records.standing = standing.map_err(|e| unresumed(path, e))?;
        }
        Ok(records)
    }

    /// Empties a file that is to be replaced.
    pub(crate) fn begin(&mut self) -> Result<(), SinkError> {
        self.lines.begin()
    }

    /// Removes the file if it is new and empty.
    pub(crate) fn withdraw(self) {
        let is_empty = |path: &Path| fs::metadata(path).is_ok_and(|about| about.len() == 0);
        if self.is_new && is_empty(&self.path) {
            // A file that stays is empty.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Adds a line, without its line feed. Returns false if it stood at the end of the file that is gone on with.
    pub(crate) fn add(&mut self, line: &[u8]) -> Result<bool, SinkError> {
        if self.standing.take(line) {
            return Ok(false);
        }
        self.lines.add(|lines| {
            lines.extend_from_slice(line);
            lines.push(b'\n');
        })?;
        Ok(true)
    }

    /// Returns when all lines are on the disk.
    pub(crate) fn sync(&mut self) -> Result<(), SinkError> {
        self.lines.flush_to_disk()
    }
}

fn unresumed(path: &Path, error: io::Error) -> SinkError {
    SinkError::new(
        SinkTarget::File(path.to_owned()),
        "cannot be resumed",
        error,
    )
}

/// Refuses to go on with a file that does not begin with a record: it is the file of something else.
fn check_records(path: &Path) -> Result<(), SinkError> {
    let wrong = |e| unresumed(path, e);
    // A pipe would be waited for.
    if !path.is_file() {
        return Ok(());
    }
    let file = File::open(path).map_err(wrong)?;
    let most = 2 * LONGEST_LINE as u64;
    let lines = BufReader::new(DecodedReader::new(BufReader::new(file)));
    let mut first = Vec::new();
    match lines.take(most).read_until(b'\n', &mut first) {
        // A compressed file may have been cut within its first line.
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {}
        read => drop(read.map_err(wrong)?),
    }
    let text = String::from_utf8_lossy(&first);
    let is_torn = !text.ends_with('\n') && (text.is_empty() || text.starts_with("{\""));
    match is_torn || Record::parse(text.trim_end()).is_ok() {
        true => Ok(()),
        false => Err(wrong(io::Error::new(
            io::ErrorKind::InvalidData,
            "its first line is no record of haul",
        ))),
    }
}
