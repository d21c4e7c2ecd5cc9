//! Records without success in a results file, for a failure log that lacks some of them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::scan::scan;
use super::{Journal, Witness, journal_error};
use crate::record::{Key, Kind, Layout, Record};
use crate::sink::SinkError;
use crate::sink::known::MarkFields;
use crate::sink::packing::Packing;
use crate::sink::stored::{RowPlace, StoredForm, StoredResults};
use crate::spill::TemporaryFile;

/// The records of a results file that are no success, by their positions in it.
pub(in super::super) struct UnsuccessfulRecords {
    results: StoredResults,
    /// File of the copies that `results` reads. `None`: it reads the results file itself.
    _copies: Option<TemporaryFile>,
    layout: Layout,
}

/// Copies of rows of a compressed file, since it would be decompressed from the beginning of a member for each of them.
struct RowCopies {
    to: BufWriter<File>,
    temporary: TemporaryFile,
    quoted: bool,
    length: u64,
}

impl RowCopies {
    fn new(quoted: bool) -> io::Result<RowCopies> {
        let mut temporary = TemporaryFile::new()?;
        Ok(RowCopies {
            to: BufWriter::new(temporary.file().try_clone()?),
            temporary,
            quoted,
            length: 0,
        })
    }

    /// Place of the next row.
    fn place(&self) -> RowPlace {
        RowPlace {
            at: self.length,
            within: 0,
        }
    }

    fn add(&mut self, row: &[u8]) -> io::Result<()> {
        self.to.write_all(row)?;
        self.length += row.len() as u64;
        if !row.ends_with(b"\n") {
            self.to.write_all(b"\n")?;
            self.length += 1;
        }
        Ok(())
    }

    fn into_results(self) -> io::Result<(StoredResults, Option<TemporaryFile>)> {
        let form = StoredForm {
            packing: Packing::Plain,
            quoted: self.quoted,
        };
        let file = self.to.into_inner().map_err(|e| e.into_error())?;
        Ok((StoredResults::File(file, form), Some(self.temporary)))
    }
}

impl Journal {
    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    /// Sets the witness that the requests of the input are shown to. Returns false if there is one already.
    pub(in super::super) fn watch(&self, witness: Box<dyn Witness>) -> bool {
        self.shared.witness.set(Mutex::new(witness)).is_ok()
    }

    /// Returns the columns that the file lacks, so that no failure log can be rebuilt from it.
    pub(in super::super) fn lacks_for_failures(&self) -> Vec<&'static str> {
        self.layout.lacks_for_failures()
    }

    /// Returns the further fields of failures that the file lacks.
    pub(in super::super) fn lacks_beside(&self) -> Vec<&'static str> {
        self.layout.lacks_beside()
    }

    /// Fields by which the failures of the file are known in a log.
    pub(in super::super) fn mark_fields(&self) -> MarkFields {
        let has = |name| {
            self.layout
                .columns()
                .is_none_or(|columns| columns.has(name))
        };
        if has("timestamp") {
            MarkFields::Time
        } else if has("elapsed_ms") {
            MarkFields::Elapsed
        } else {
            MarkFields::Class
        }
    }

    /// True if the file can take outcomes that only a failure log has: it tells when its outcomes were made, and which
    /// outcomes replace others.
    pub(in super::super) fn can_recover(&self) -> bool {
        let columns = self.layout.columns();
        columns.is_none_or(|columns| columns.has("timestamp") && columns.has("supersedes"))
    }

    /// True if the records have the bodies of responses.
    pub(in super::super) fn keeps_bodies(&self) -> bool {
        self.options.keeps_bodies()
    }

    /// Keys of requests that an earlier run announced and that have no outcome: they end as interrupted in this run.
    pub(in super::super) fn open_intents(&self) -> HashSet<Key> {
        let seen = self.shared.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).open_intents()
    }

    /// Lower bound for the time at which outcomes of this batch ended, also outcomes that were lost: the time at which
    /// the first request on record was handed in, since outcomes are recorded as they end, or in the order of the
    /// input. `None`: no request on record was sent.
    pub(in super::super) fn begun(&self) -> Result<Option<SystemTime>, SinkError> {
        let failed = |e| journal_error(&self.path, "cannot be read", e);
        let results = self.form.open(&self.path).map_err(failed)?;
        let mut rows = results.rows().map_err(failed)?;
        let mut line = Vec::new();
        while rows.next(&mut line).map_err(failed)?.is_some() {
            let begun = record_of(&self.layout, &line)
                .ok()
                .and_then(|record| handed_in(&record));
            if begun.is_some() {
                return Ok(begun);
            }
        }
        Ok(None)
    }

    /// Calls `each` for each record that is no success, in order, with its position. Returns those for which `each`
    /// returns true.
    pub(in super::super) fn unsuccessful(
        &self,
        mut each: impl FnMut(RowPlace, &Record<'_>) -> bool,
    ) -> Result<UnsuccessfulRecords, SinkError> {
        let failed = |e| journal_error(&self.path, "cannot be read", e);
        let results = self.form.open(&self.path).map_err(failed)?;
        let mut copies = match &results {
            StoredResults::File(_, form) if form.packing.coder().is_some() => {
                Some(RowCopies::new(form.quoted).map_err(failed)?)
            }
            _ => None,
        };
        let mut rows = results.rows().map_err(failed)?;
        let mut line = Vec::new();
        while let Some(row) = rows.next(&mut line).map_err(failed)? {
            let success =
                scan(line.trim_ascii_end()).is_some_and(|line| line.outcome == Kind::Success);
            // A line that is no record was refused when the journal was opened; a table has its title.
            if !success
                && let Ok(record) = record_of(&self.layout, &line)
                && record.outcome != Kind::Success
            {
                let place = copies.as_ref().map_or(row.place, RowCopies::place);
                if each(place, &record)
                    && let Some(copies) = &mut copies
                {
                    copies.add(&line).map_err(failed)?;
                }
            }
        }
        drop(rows);
        let (results, _copies) = match copies {
            Some(copies) => copies.into_results().map_err(failed)?,
            None => (results, None),
        };
        let layout = self.layout.clone();
        Ok(UnsuccessfulRecords {
            results,
            _copies,
            layout,
        })
    }
}

impl UnsuccessfulRecords {
    /// Reads the record at this position.
    pub(in super::super) fn at(&self, place: RowPlace) -> io::Result<Record<'static>> {
        let mut line = Vec::new();
        self.results.rows_at(place)?.next(&mut line)?;
        record_of(&self.layout, &line)
    }
}

/// Reads the record of a line, or of a row as far as its columns tell, which may end with empty fields.
fn record_of(layout: &Layout, row: &[u8]) -> io::Result<Record<'static>> {
    let wrong = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
    match layout.columns() {
        None => Record::parse(text(row).trim_end()).map_err(|e| wrong(e.to_string())),
        Some(_) => layout
            .record_of_row(row)
            .ok_or_else(|| wrong("no row of its columns".to_owned())),
    }
}

/// Returns a lower bound for the time at which the request of a record was handed in. `None`: the request was not sent.
fn handed_in(record: &Record<'_>) -> Option<SystemTime> {
    // Times in records are rounded to the millisecond.
    let rounding = Duration::from_millis(1);
    let total = record.total.unwrap_or_default();
    let before = total.saturating_sub(record.elapsed.unwrap_or_default());
    record.timestamp?.checked_sub(before + rounding)
}

fn text(line: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(line)
}
