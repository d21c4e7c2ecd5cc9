//! File of records that were made elsewhere, and come as lines.

use std::fs::File;
use std::path::Path;

use super::SinkError;
use super::lines::LineWriter;
use super::packing::Packing;

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
