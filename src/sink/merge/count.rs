//! First reading of the results: an entry for each record, and the lines that are none.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use super::MergeError;
use super::entry::{MOST_ROWS, ResultForm, ResultMark, SlotKind};
use super::marks::{NumberSet, SHOWN};
use super::report::{MergedLine, MergedLines};
use super::source::{ResultsFile, TABLE, is_title};
use crate::record::{Key, KeyVersion, Kind, SplitLine, unread_reason};
use crate::sink::journal::{OpenIntents, read_result};
use crate::spill::Partitions;

/// Records of all files of results.
pub(super) struct CountedResults {
    pub(super) files: Vec<ResultsFile>,
    pub(super) entries: Partitions<ResultForm>,
    kind: SlotKind,
    /// Rows that are no records.
    pub(super) left_out: NumberSet,
    pub(super) records: u64,
    pub(super) torn: MergedLines,
    /// Files whose runs had begun requests that have no outcome, with the numbers of these.
    pub(super) begun: Vec<(String, u64)>,
    /// Version of the keys, and the place of the first one. `None`: there are no keys.
    version: Option<(KeyVersion, String)>,
    hashes: RandomState,
    /// Number of lines of all files.
    pub(super) rows: u64,
}

impl CountedResults {
    pub(super) fn new(kind: SlotKind, folder: &Path) -> CountedResults {
        CountedResults {
            files: Vec::new(),
            entries: Partitions::new(folder),
            kind,
            left_out: NumberSet::default(),
            records: 0,
            torn: MergedLines::default(),
            begun: Vec::new(),
            version: None,
            hashes: RandomState::new(),
            rows: 0,
        }
    }

    /// Version of the keys.
    pub(super) fn version(&self) -> KeyVersion {
        self.version
            .as_ref()
            .map_or_else(KeyVersion::default, |(version, _)| *version)
    }

    /// Reads a file to its end. `folder`: directory of temporary files, for messages.
    pub(super) fn read(&mut self, path: &Path, folder: &Path) -> Result<(), MergeError> {
        let (file, mut reader) = ResultsFile::open(path, self.rows)?;
        let name = path.display().to_string();
        let mut begun =
            OpenIntents::beside(path).map_err(|e| MergeError::refused(e.to_string()))?;
        let (mut is_first, mut ends_torn) = (true, false);
        loop {
            let next = reader.lines.next();
            let next =
                next.map_err(|e| MergeError::unread(path, "cannot be read to its end", e))?;
            let Some(line) = next else { break };
            let row = self.rows;
            self.rows += 1;
            if row >= MOST_ROWS {
                return Err(MergeError::refused(format!(
                    "{name}: there are more than {MOST_ROWS} lines in all files"
                )));
            }
            let text = match content(&line) {
                Ok([]) => continue,
                Ok(text) => text,
                Err(reason) => {
                    self.leave_out(&name, line.number, row, reason);
                    continue;
                }
            };
            if std::mem::take(&mut is_first) && !text.starts_with(b"{") && is_title(text) {
                return Err(MergeError::refused(format!("{name}: {TABLE}")));
            }
            match read_result(text) {
                Ok(result) => {
                    begun.settle(&result);
                    self.check_version(&name, line.number, result.key)?;
                    let (key, page, index) = match &result.page {
                        Some(page) => (page.seed, Some(page.number), page.index),
                        None => (result.key, None, result.index),
                    };
                    self.check_version(&name, line.number, key)?;
                    let mut hasher = self.hashes.build_hasher();
                    hasher.write(text);
                    let (key, slot) = self.kind.place(key.digest(), page, index);
                    let mark = ResultMark {
                        key,
                        slot,
                        hash: hasher.finish(),
                        row,
                        is_success: result.outcome == Kind::Success,
                        supersedes: result.supersedes,
                        is_page: page.is_some(),
                    };
                    let added = self.entries.add(&mark.encode(self.kind));
                    added.map_err(|e| MergeError::temporary(folder, e))?;
                    self.records += 1;
                }
                Err(error) => {
                    let reason = match std::str::from_utf8(text) {
                        Ok(_) if !line.is_ended => "it is torn: the file ends within it".to_owned(),
                        Ok(text) => unread_reason(text, &error),
                        Err(_) => "it is not UTF-8".to_owned(),
                    };
                    ends_torn = !line.is_ended;
                    self.leave_out(&name, line.number, row, reason);
                }
            }
        }
        // A last line that is torn was told already.
        if let Some(torn) = reader.lines.reader().torn_end().filter(|_| !ends_torn) {
            let at = torn.file_position;
            let line = reader.lines.number() + 1;
            let reason = format!("it is torn: the compressed part from byte {at} on has no end");
            self.tell_torn(&name, line, reason);
        }
        let is_known = self.begun.iter().any(|(other, _)| *other == name);
        if begun.count() > 0 && !is_known {
            self.begun.push((name, begun.count()));
        }
        self.files.push(file);
        Ok(())
    }

    fn leave_out(&mut self, name: &str, line: u64, row: u64, reason: String) {
        self.left_out.insert(row);
        self.tell_torn(name, line, reason);
    }

    fn tell_torn(&mut self, name: &str, line: u64, reason: String) {
        self.torn.count += 1;
        if self.torn.first.len() < SHOWN {
            self.torn.first.push(MergedLine {
                source: name.to_owned(),
                line,
                text: reason,
            });
        }
    }

    fn check_version(&mut self, name: &str, line: u64, key: Key) -> Result<(), MergeError> {
        match &self.version {
            None => self.version = Some((key.version(), format!("{name}:{line}"))),
            Some((version, _)) if *version == key.version() => {}
            Some((version, place)) => {
                return Err(MergeError::refused(format!(
                    "{name}:{line}: its key is of version {}, and that of {place} is of version {}, so that equal requests cannot be told (files of one version are merged)",
                    key.version().number(),
                    version.number()
                )));
            }
        }
        Ok(())
    }
}

/// Returns the line without white space and without the zeros that a machine's crash may leave at the end of a file.
/// Empty: the line is blank. The error is the reason why the line is no record.
pub(super) fn content<'a>(line: &SplitLine<'a>) -> Result<&'a [u8], String> {
    let Some(bytes) = line.bytes else {
        return Err("it is longer than 256 MiB".to_owned());
    };
    let end = match line.is_ended {
        true => None,
        false => bytes.iter().rposition(|byte| *byte != 0),
    };
    let bytes = match (line.is_ended, end) {
        (true, _) => bytes,
        (false, end) => &bytes[..end.map_or(0, |end| end + 1)],
    };
    Ok(bytes.trim_ascii())
}
