//! File of records that were made elsewhere, and come as lines.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

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
pub(crate) struct ForeignRecords(LineWriter<File>);

impl ForeignRecords {
    pub(crate) fn open(path: &Path, existing: ExistingFile) -> Result<ForeignRecords, SinkError> {
        let packing = Packing::by_ending(path)?;
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
        let mut lines = lines.alone()?;
        lines.begin()?;
        Ok(ForeignRecords(lines))
    }

    /// Adds a line, without its line feed.
    pub(crate) fn add(&mut self, line: &[u8]) -> Result<(), SinkError> {
        self.0.add(|lines| {
            lines.extend_from_slice(line);
            lines.push(b'\n');
        })
    }

    /// Returns when all lines are on the disk.
    pub(crate) fn sync(&mut self) -> Result<(), SinkError> {
        self.0.flush_to_disk()
    }
}

/// Refuses to go on with a file that does not begin with a record: it is the file of something else.
fn check_records(path: &Path) -> Result<(), SinkError> {
    let wrong = |e| SinkError::new(SinkTarget::File(path.to_owned()), "cannot be resumed", e);
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
