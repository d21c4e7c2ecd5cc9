//! Rows of a file, read in the order in which they were written, whatever the file's format and compression.

mod quotes;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::database::OutcomeReader;
use super::growing;
use super::packing::{FULL, Members, Packing};
use crate::record::LONGEST_LINE;
use crate::redact::escape::log_line;
use quotes::RowQuotes;

/// Form of results.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResultsForm {
    /// A file of rows.
    File(StoredForm),
    /// A database, whose records are read as lines.
    Database,
}

/// Results that are read.
pub(super) enum StoredResults {
    File(File, StoredForm),
    /// Path of a database. Its file must not be opened beside SQLite, which would lose its locks when it is closed.
    Database(PathBuf),
}

impl ResultsForm {
    /// Opens results for reading.
    pub(super) fn open(self, path: &Path) -> io::Result<StoredResults> {
        Ok(match self {
            ResultsForm::File(form) => StoredResults::File(File::open(path)?, form),
            ResultsForm::Database => StoredResults::Database(path.to_owned()),
        })
    }
}

impl StoredResults {
    /// Reads the rows from the first.
    pub(super) fn rows(&self) -> io::Result<StoredRows<'_>> {
        self.rows_at(RowPlace::default())
    }

    /// Reads the rows from this one on.
    pub(super) fn rows_at(&self, place: RowPlace) -> io::Result<StoredRows<'_>> {
        match self {
            StoredResults::File(file, form) => form.rows_at(file, place),
            StoredResults::Database(path) => StoredRows::of_database(path, place),
        }
    }
}

/// Form in which a file has its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredForm {
    pub(super) packing: Packing,
    /// True if a line feed between quotes belongs to its row.
    pub(super) quoted: bool,
}

/// Place of a row in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowPlace {
    /// Position of its first byte in the file, or of the member that it begins in; in a database the number of the row.
    pub(super) at: u64,
    /// Number of bytes in front of it in the member. 0 in a file that is not compressed.
    pub(super) within: u64,
}

/// A row that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredRow {
    pub(super) place: RowPlace,
    /// False for a last row that lacks its line feed, or the quote that closes a field.
    pub(super) is_whole: bool,
}

/// Reader of the rows of a file.
pub(super) struct StoredRows<'f> {
    source: StoredSource<'f>,
    quoted: bool,
}

enum StoredSource<'f> {
    Plain(BufReader<&'f File>, u64),
    Packed(Members<'f>),
    Database(OutcomeReader),
}

impl StoredForm {
    /// Lines of a file that is not compressed.
    pub(super) const LINES: StoredForm = StoredForm {
        packing: Packing::Plain,
        quoted: false,
    };

    /// Reads the rows of a file from its beginning.
    pub(super) fn rows(self, file: &File) -> io::Result<StoredRows<'_>> {
        self.rows_at(file, RowPlace::default())
    }

    /// Reads the rows of a file from this one on.
    pub(super) fn rows_at(self, mut file: &File, place: RowPlace) -> io::Result<StoredRows<'_>> {
        let source = match self.packing.coder() {
            None => {
                file.seek(SeekFrom::Start(place.at))?;
                StoredSource::Plain(BufReader::with_capacity(256 << 10, file), place.at)
            }
            Some(coder) => {
                let mut members = Members::of(coder, file, place.at)?;
                io::copy(&mut members.by_ref().take(place.within), &mut io::sink())?;
                StoredSource::Packed(members)
            }
        };
        let quoted = self.quoted;
        Ok(StoredRows { source, quoted })
    }

    /// Removes a last member that was cut off from a file, which is open for reading and writing.
    ///
    /// # Errors
    /// When the file is damaged in another way, or the member was not written by this crate, so that removing it would
    /// lose more than the lines of one write.
    pub(super) fn cut_torn_member(self, file: &File) -> io::Result<()> {
        let Some(member) = self.torn_member(file)? else {
            return Ok(());
        };
        log_line!(
            Warn,
            "a last member that was torn is cut off, at byte {member}"
        );
        growing::cut(file, member)
    }

    /// Returns the position of a last member that was cut off. `None`: the file ends with a whole member, or is not
    /// compressed.
    fn torn_member(self, file: &File) -> io::Result<Option<u64>> {
        let Some(coder) = self.packing.coder() else {
            return Ok(None);
        };
        let (mut row, mut last) = (Vec::new(), RowPlace::default());
        let mut rows = match self.rows(file) {
            Ok(rows) => rows,
            Err(e) if coder.is_torn(&e, file, 0)? => return Ok(Some(0)),
            Err(e) => return Err(e),
        };
        loop {
            match rows.next(&mut row) {
                Ok(None) => return Ok(None),
                Ok(Some(row)) => last = row.place,
                Err(e) => {
                    let start = rows.place().at;
                    if !coder.is_torn(&e, file, start)? {
                        let reason = format!(
                            "its data are damaged behind byte {start}: {e} (the rows before are good: {} prints them)",
                            coder.reader()
                        );
                        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                    }
                    if last.at == start && last.within > FULL as u64 {
                        let reason = format!(
                            "its data end within a member that haul did not write, at byte {start} ({} prints its rows, \
                             which a file of its own can hold)",
                            coder.reader()
                        );
                        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                    }
                    return Ok(Some(start));
                }
            }
        }
    }
}

impl<'f> StoredRows<'f> {
    /// Reads the records of a database from the row at this place on.
    pub(super) fn of_database(path: &Path, place: RowPlace) -> io::Result<StoredRows<'f>> {
        let after = place.at.saturating_sub(1);
        Ok(StoredRows {
            source: StoredSource::Database(OutcomeReader::open(path, after)?),
            quoted: false,
        })
    }

    /// Name of a row in messages: a line of a file, or a row of a database.
    pub(super) fn unit(&self) -> &'static str {
        match self.source {
            StoredSource::Database(_) => "row",
            _ => "line",
        }
    }

    /// Reads the next row into `row`, with its line feed, which the last one may lack. `None`: the file has ended.
    pub(super) fn next(&mut self, row: &mut Vec<u8>) -> io::Result<Option<StoredRow>> {
        self.next_checked(row, |_, _| Ok(()))
    }

    /// Reads the next row as [`next`](StoredRows::next) does, and calls `check` with the beginning of a row of several
    /// lines that is longer than [`LONGEST_LINE`], or that has a quote where no writer of CSV puts one (true): without
    /// it a quote that is never closed would bring the rest of the file into memory.
    pub(super) fn next_checked(
        &mut self,
        row: &mut Vec<u8>,
        check: impl Fn(&[u8], bool) -> io::Result<()>,
    ) -> io::Result<Option<StoredRow>> {
        row.clear();
        if let StoredSource::Database(records) = &mut self.source {
            return Ok(records.next(row)?.map(|at| StoredRow {
                place: RowPlace { at, within: 0 },
                is_whole: true,
            }));
        }
        // The end of a member is found only when the next one is read from.
        self.source.fill()?;
        let place = self.place();
        let (mut quotes, mut to_check) = (RowQuotes::default(), LONGEST_LINE);
        loop {
            let read = self.source.read_line(row)?;
            if self.quoted {
                quotes.add(&row[row.len() - read..]);
            }
            if row.is_empty() {
                return Ok(None);
            }
            let is_whole = !quotes.is_open() && row.ends_with(b"\n");
            if quotes.is_stray() && read > 0 && (quotes.is_open() || read < row.len()) {
                check(row, true)?;
            }
            if is_whole || read == 0 || !row.ends_with(b"\n") {
                return Ok(Some(StoredRow { place, is_whole }));
            }
            if row.len() > to_check {
                check(row, false)?;
                to_check = row.len().saturating_mul(2);
            }
        }
    }

    /// Place of the next row.
    fn place(&self) -> RowPlace {
        let (at, within) = match &self.source {
            StoredSource::Plain(_, at) => (*at, 0),
            StoredSource::Packed(members) => members.place(),
            StoredSource::Database(_) => (0, 0),
        };
        RowPlace { at, within }
    }
}

impl StoredSource<'_> {
    fn fill(&mut self) -> io::Result<()> {
        match self {
            StoredSource::Plain(..) | StoredSource::Database(_) => Ok(()),
            StoredSource::Packed(members) => members.fill_buf().map(drop),
        }
    }

    fn read_line(&mut self, row: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            StoredSource::Plain(file, at) => {
                let read = file.read_until(b'\n', row)?;
                *at += read as u64;
                Ok(read)
            }
            StoredSource::Packed(members) => members.read_until(b'\n', row),
            StoredSource::Database(records) => Ok(records.next(row)?.map_or(0, |_| row.len())),
        }
    }
}
