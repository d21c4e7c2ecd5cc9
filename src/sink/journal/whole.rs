//! Whole rows of a file, and its end, which a kill may have torn.

use std::fmt;
use std::fs::File;
use std::io;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::stored::{RowPlace, StoredForm, StoredRow, StoredRows};
use crate::record::{Version, shown_fault};

/// First bytes of every record. A line without them cannot be the torn beginning of a record.
const BEGINNING: &[u8] = b"{\"v\":1,";

/// End of a file of lines.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum FileTail {
    /// The file ends with a line feed, or is empty.
    Whole,
    /// The file ends with a record, up to this byte, that lacks its line feed.
    Open(u64),
    /// The file ends with the beginning of a record, from this byte on.
    Torn(u64),
}

/// Calls `each` for each whole line of a file of JSON Lines, without its line feed, with the position of its first byte.
/// The last line needs no line feed.
pub(in super::super) fn whole_lines(
    file: &File,
    each: impl FnMut(u64, &[u8]) -> Result<(), String>,
) -> io::Result<FileTail> {
    read_rows(StoredForm::LINES.rows(file)?, &mut RecordLines(each))
}

/// Reason why a row is refused.
pub(super) enum RefusedRow {
    Unreadable(String),
    /// The record belongs to another shard.
    Foreign(String),
}

impl From<String> for RefusedRow {
    fn from(reason: String) -> RefusedRow {
        RefusedRow::Unreadable(reason)
    }
}

/// Record of another shard, as the source of an error.
#[derive(Debug)]
pub(super) struct ForeignRecord {
    reason: String,
    /// Number of its line or row, from 1.
    pub(super) line: u64,
}

impl ForeignRecord {
    /// Makes the error of a reader. `line`: number of the record's line or row.
    fn error(reason: String, line: u64) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, ForeignRecord { reason, line })
    }
}

impl fmt::Display for ForeignRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ForeignRecord {}

/// Receiver of the rows of a file.
pub(super) trait RowReceiver {
    /// Takes a row without its line feed.
    fn take(&mut self, place: RowPlace, row: &[u8]) -> Result<(), RefusedRow>;

    /// True if a last row that lacks its line feed is not whole.
    fn is_torn(&self, row: &[u8]) -> Result<bool, String>;
}

/// Receiver of lines of JSON.
struct RecordLines<F>(F);

impl<F: FnMut(u64, &[u8]) -> Result<(), String>> RowReceiver for RecordLines<F> {
    fn take(&mut self, place: RowPlace, line: &[u8]) -> Result<(), RefusedRow> {
        Ok((self.0)(place.at, line)?)
    }

    fn is_torn(&self, line: &[u8]) -> Result<bool, String> {
        Ok(is_torn_record(line))
    }
}

/// Hands on each whole row of a file.
pub(super) fn read_rows(
    mut rows: StoredRows<'_>,
    to: &mut impl RowReceiver,
) -> io::Result<FileTail> {
    let (mut row, mut number, unit) = (Vec::new(), 1_u64, rows.unit());
    loop {
        let wrong = |reason| {
            let reason = format!("{unit} {number}: {reason}");
            io::Error::new(io::ErrorKind::InvalidData, reason)
        };
        let check = |row: &[u8], is_stray| match is_stray {
            true => Err(wrong("a quote is opened and not closed".to_owned())),
            false => to.is_torn(row).map(drop).map_err(wrong),
        };
        let Some(StoredRow { place, is_whole }) = rows.next_checked(&mut row, check)? else {
            return Ok(FileTail::Whole);
        };
        if is_whole {
            row.pop();
        } else {
            // A machine's crash may leave zeros in place of the bytes that were to come.
            let end = row.iter().rposition(|byte| *byte != 0);
            row.truncate(end.map_or(0, |at| at + 1));
            if to.is_torn(&row).map_err(wrong)? {
                return Ok(FileTail::Torn(place.at));
            }
        }
        if !row.iter().all(u8::is_ascii_whitespace) {
            to.take(place, &row).map_err(|refused| match refused {
                RefusedRow::Unreadable(reason) => wrong(reason),
                RefusedRow::Foreign(reason) => ForeignRecord::error(reason, number),
            })?;
        }
        if !is_whole {
            return Ok(FileTail::Open(place.at + row.len() as u64));
        }
        number += 1 + memchr::memchr_iter(b'\n', &row).count() as u64;
    }
}

/// True if a last line without its line feed is the beginning of a record.
pub(super) fn is_torn_record(line: &[u8]) -> bool {
    !is_complete(line) && is_beginning(line)
}

/// True if the line is JSON to its end. A record that was cut off is not: its last brace is missing.
fn is_complete(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// True if the line begins as a record does.
fn is_beginning(line: &[u8]) -> bool {
    let most = line.len().min(BEGINNING.len());
    line[..most] == BEGINNING[..most]
}

/// Returns the reason why a line is refused. Another version comes before all other reasons, since the line's other
/// keys may then be anything.
pub(super) fn refusal(line: &[u8], error: &serde_json::Error) -> String {
    #[derive(Deserialize)]
    struct OtherVersion {
        v: u64,
    }
    let other = serde_json::from_slice::<OtherVersion>(line)
        .ok()
        .and_then(|line| Version::refusal(line.v));
    other.unwrap_or_else(|| {
        let (reason, column) = (shown_fault(error), error.column());
        format!("not a record: {reason} (column {column})")
    })
}
