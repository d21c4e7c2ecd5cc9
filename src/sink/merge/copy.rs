//! Second reading of the results: the lines that stand are copied to the output, which then gets its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::MergeError;
use super::count::content;
use super::marks::{FirstRows, NumberSet};
use super::report::{MergedLine, MergedLines};
use super::source::ResultsFile;
use crate::record::FileRegister;
use crate::sink::journal::url_of;
use crate::sink::lines::LineWriter;
use crate::sink::lock;
use crate::sink::packing::Packing;
use crate::sink::{SinkError, SinkTarget};

/// Output that gets its name when it is whole. A pipe or a device is written to directly.
struct MergeOutput {
    lines: LineWriter<File>,
    /// Temporary name and name. `None`: the output is a pipe or a device.
    names: Option<(PathBuf, PathBuf)>,
}

impl MergeOutput {
    fn open(output: &Path) -> Result<MergeOutput, MergeError> {
        let packing = Packing::by_ending(output).map_err(MergeError::unwritten)?;
        let is_stream = output
            .metadata()
            .is_ok_and(|about| !about.is_file() && !about.is_dir());
        if is_stream {
            let lines = LineWriter::create(output).map_err(MergeError::unwritten)?;
            return Ok(MergeOutput {
                lines: lines.packed(packing),
                names: None,
            });
        }
        let place = FileRegister::place_of(output);
        let temporary = place.with_file_name(format!(".haul-{:016x}", fastrand::u64(..)));
        let lines = LineWriter::create_beside(&temporary, &place).map_err(MergeError::unwritten)?;
        Ok(MergeOutput {
            lines: lines.packed(packing),
            names: Some((temporary, place)),
        })
    }

    /// Brings the lines to the disk, and gives the output its name.
    fn finish(&mut self) -> Result<(), SinkError> {
        self.lines.flush()?;
        let Some((temporary, place)) = &self.names else {
            return Ok(());
        };
        let finish = || -> io::Result<()> {
            // Some file systems tell only now that they are full.
            File::open(temporary)?.sync_all()?;
            if let Ok(about) = place.metadata() {
                fs::set_permissions(temporary, about.permissions())?;
            }
            fs::rename(temporary, place)?;
            lock::sync_folder(place)
        };
        finish().map_err(|error| {
            let place = SinkTarget::File(place.clone());
            SinkError::new(place, "cannot be written", error)
        })?;
        self.names = None;
        Ok(())
    }
}

impl Drop for MergeOutput {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.names {
            self.lines.discard();
            // The error that is told is the first one.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Copies all lines but those that are left out, and returns the number of them. The places of `shown` rows are added
/// to the lines beside them.
pub(super) fn copy(
    (files, rows): (&[ResultsFile], u64),
    left_out: &NumberSet,
    shown: &mut [(&FirstRows, &mut MergedLines)],
    output: &Path,
) -> Result<u64, MergeError> {
    let mut wanted = BTreeMap::new();
    for (kind, (rows, lines)) in shown.iter_mut().enumerate() {
        lines.count = rows.count;
        wanted.extend(rows.first.iter().map(|row| (*row, kind)));
    }
    let (mut to, mut kept, mut row) = (MergeOutput::open(output)?, 0, 0);
    for (at, file) in files.iter().enumerate() {
        if row != file.first_row {
            return Err(files[at.saturating_sub(1)].changed());
        }
        let mut reader = file.reopen()?;
        loop {
            let next = reader.lines.next();
            let next =
                next.map_err(|e| MergeError::unread(&file.path, "cannot be read to its end", e))?;
            let Some(line) = next else { break };
            let own = row;
            row += 1;
            let text = content(&line).unwrap_or_default();
            if !left_out.contains(own) {
                if !text.is_empty() {
                    kept += 1;
                    let added = to.lines.add(|lines| {
                        lines.extend_from_slice(text);
                        lines.push(b'\n');
                    });
                    added.map_err(MergeError::unwritten)?;
                }
                continue;
            }
            if let Some(kind) = wanted.get(&own) {
                shown[*kind].1.first.push(MergedLine {
                    source: file.path.display().to_string(),
                    line: line.number,
                    text: url_of(text).map_or_else(String::new, |(url, _)| url),
                });
            }
        }
    }
    if let Some(last) = files.last().filter(|_| row != rows) {
        return Err(last.changed());
    }
    to.finish().map_err(MergeError::unwritten)?;
    Ok(kept)
}
