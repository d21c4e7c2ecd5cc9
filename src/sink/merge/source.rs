//! Files of results as they are read, twice: to count their lines, and to copy those that stand.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::MergeError;
use crate::record::{DecodedReader, Layout, ResultSplitter, SQLITE};
use crate::sink::lock;

/// Fields of a record that the title of a table would name.
const TITLES: [&str; 6] = ["url", "key", "outcome", "status", "index", "method"];

/// File of results, as it was at the first reading.
#[derive(Debug)]
pub(super) struct ResultsFile {
    pub(super) path: PathBuf,
    /// Length in bytes.
    length: u64,
    /// Row of its first line.
    pub(super) first_row: u64,
}

/// Reader of the lines of a file, which keeps runs from writing the file meanwhile.
pub(super) struct ResultsReader {
    pub(super) lines: ResultSplitter<DecodedReader>,
    /// Holds the lock.
    _file: File,
}

impl ResultsFile {
    /// Opens a file for the first time.
    ///
    /// # Errors
    /// When the file cannot be opened, a run writes it, or it is no file of lines.
    pub(super) fn open(
        path: &Path,
        first_row: u64,
    ) -> Result<(ResultsFile, ResultsReader), MergeError> {
        let refused = |reason: &str| {
            let path = path.display();
            Err(MergeError::refused(format!("{path}: {reason}")))
        };
        let unread = |error| MergeError::unread(path, "cannot be read", error);
        // Opening a pipe could wait without end.
        let about = path.metadata().map_err(unread)?;
        if about.is_dir() {
            return refused("it is a directory (a file of results is expected)");
        }
        if !about.is_file() {
            return refused(
                "it is no regular file, and results are read twice (a file is expected)",
            );
        }
        let mut file = File::open(path).map_err(unread)?;
        let mut begin = Vec::new();
        let mut first = file.by_ref().take(SQLITE.len() as u64);
        first.read_to_end(&mut begin).map_err(unread)?;
        if begin == SQLITE {
            return refused(
                "it is a database, and merge reads JSON Lines (the column record of its table outcomes holds them)",
            );
        }
        if Layout::by_ending(path).titled().is_some() {
            return refused(TABLE);
        }
        file.rewind().map_err(unread)?;
        let of = ResultsFile {
            path: path.to_owned(),
            length: about.len(),
            first_row,
        };
        let reader = of.read(file)?;
        Ok((of, reader))
    }

    /// Opens the file once more.
    ///
    /// # Errors
    /// When the file cannot be opened, or was changed.
    pub(super) fn reopen(&self) -> Result<ResultsReader, MergeError> {
        let file = File::open(&self.path);
        self.read(file.map_err(|error| MergeError::unread(&self.path, "cannot be read", error))?)
    }

    fn read(&self, file: File) -> Result<ResultsReader, MergeError> {
        let unread = |error| MergeError::unread(&self.path, "cannot be read", error);
        match lock::share(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(MergeError::refused(format!(
                    "{}: a run is still writing it (it can be merged when the run has ended)",
                    self.path.display()
                )));
            }
            Err(error) => return Err(MergeError::unread(&self.path, "cannot be locked", error)),
        }
        if file.metadata().map_err(unread)?.len() != self.length {
            return Err(self.changed());
        }
        // Lines that another program adds from now on are read neither now nor in the second reading.
        let content = file.try_clone().map_err(unread)?.take(self.length);
        let content = DecodedReader::new(content).accept_torn_end(true);
        Ok(ResultsReader {
            lines: ResultSplitter::new(content),
            _file: file,
        })
    }

    pub(super) fn changed(&self) -> MergeError {
        let path = self.path.display();
        MergeError::refused(format!(
            "{path}: it was changed while it was read (it can be merged when nothing writes it)"
        ))
    }
}

/// Reason why a table is refused.
pub(super) const TABLE: &str =
    "it is a table, and merge reads JSON Lines (runs that are merged write -o FILE.jsonl)";

/// True if the first line of a file is the title of a table of results.
pub(super) fn is_title(line: &[u8]) -> bool {
    let names = line.split(|byte| matches!(byte, b',' | b'\t' | b';'));
    let known = names.filter(|name| {
        let name = name.trim_ascii();
        let name = name.strip_prefix(b"\"").unwrap_or(name);
        let name = name.strip_suffix(b"\"").unwrap_or(name);
        TITLES.iter().any(|title| title.as_bytes() == name)
    });
    known.count() > 1
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_that_are_added_while_a_file_is_read_are_told() {
        let path = std::env::temp_dir().join(format!("haul-{:016x}", fastrand::u64(..)));
        std::fs::write(&path, "{}\n").unwrap();
        let (file, mut reader) = ResultsFile::open(&path, 0).unwrap();
        let mut other = File::options().append(true).open(&path).unwrap();
        other.write_all(b"{}\n{}\n").unwrap();
        let mut lines = 0;
        while reader.lines.next().unwrap().is_some() {
            lines += 1;
        }
        let told = file.reopen().err().map(|error| error.to_string());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(lines, 1);
        assert!(told.unwrap().contains("it was changed while it was read"));
    }
}
