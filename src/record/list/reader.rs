//! Inputs of every format, entry by entry.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::bounded::{BoundedContent, class_of};
use super::entry::{EntryRead, InputEntry, TextKind};
use super::kept::unpacked;
use super::line_ends::{LineFeeds, are_only_returns};
use super::lines::{LineRead, is_skipped, of_other_format, read_line};
use super::recognize::{FoundFormat, LOOKED_AT, format_of, needs_more};
use super::sitemap::Sitemap;
use super::table::Table;
use super::values::{TextPlace, ValueReader};
use super::{InputFormat, InputOptions, InvalidInput};
use crate::record::decoded::FailsAtEnd;
use crate::record::{DecodedReader, InvalidLine};

/// Reader of an input of any format, entry by entry.
///
/// Each entry has a text that [`InputLines`](crate::record::InputLines) reads as a line. The input may be compressed or
/// encoded as [`DecodedReader`] reads it. It is a list of lines, a JSON array, a table or a sitemap (features `csv` and
/// `sitemap` for tables and sitemaps), and is recognised by its content unless [`InputOptions::format`] names it. Lines
/// end in a line feed, in both characters, or in a carriage return alone if the beginning has no line feed. Memory is
/// flat: an entry has at most [`LONGEST_LINE`](crate::record::LONGEST_LINE) bytes.
///
/// ```
/// use haul::record::{InputLines, InputOptions, InputReader};
///
/// let text = "[{\"url\": \"https://example.com/1\", \"id\": 7},\n \"https://example.com/2\"]";
/// let mut input = InputReader::open(text.as_bytes(), &InputOptions::new())?;
/// let mut lines = InputLines::new();
/// let mut urls = Vec::new();
/// while let Some(entry) = input.next_entry() {
///     let read = entry.text().and_then(|text| lines.read(text));
///     urls.push((entry.line(), read?.request.url().to_owned()));
/// }
/// assert_eq!(urls[1], (2, "https://example.com/2".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InputReader {
    list: ListKind,
    format: InputFormat,
    /// Text of the current entry.
    text: Vec<u8>,
}

enum ListKind {
    Lines {
        from: Box<dyn BufRead + Send>,
        /// Number of the line that was read last.
        number: u64,
        ended: bool,
    },
    Values(ValueReader),
    Table(Table),
    Sitemap(Sitemap),
}

impl InputReader {
    /// Opens an input: reads as far as its format needs to be known.
    ///
    /// A pipe is read to the end of its first line; a table to the end of its header, and a sitemap to its root.
    ///
    /// # Errors
    /// When the format is none that is read, the header of a table lacks a column, or the beginning cannot be read.
    pub fn open(
        from: impl Read + Send + 'static,
        options: &InputOptions,
    ) -> Result<InputReader, InvalidInput> {
        let mut from = BoundedContent::new(DecodedReader::new(from), options.largest);
        let (mut first, failure) = first_bytes(&mut from).map_err(InvalidInput::unreadable)?;
        let has_returns = are_only_returns(&first);
        let written = has_returns.then(|| first.clone());
        if has_returns {
            first
                .iter_mut()
                .filter(|b| **b == b'\r')
                .for_each(|b| *b = b'\n');
        }
        let found = format_of(&first, options).map_err(InvalidInput::unread)?;
        let FoundFormat { format, delimiter } = found;
        let rest = FailsAtEnd { from, failure };
        let rest = BufReader::with_capacity(LOOKED_AT, rest);
        let from: Box<dyn BufRead + Send> = match written {
            Some(written) => Box::new(LineFeeds::new(Cursor::new(written).chain(rest))),
            None => Box::new(Cursor::new(first.clone()).chain(rest)),
        };
        let list = match format {
            InputFormat::Json => ListKind::Values(ValueReader::new(from)),
            InputFormat::Csv | InputFormat::Tsv => {
                ListKind::Table(Table::open(from, delimiter, format, options)?)
            }
            InputFormat::Sitemap => ListKind::Sitemap(Sitemap::open(from, &first, options)?),
            InputFormat::Lines
            | InputFormat::Urls
            | InputFormat::JsonLines
            | InputFormat::Results
            | InputFormat::Failures => ListKind::Lines {
                from,
                number: 0,
                ended: false,
            },
        };
        Ok(InputReader {
            list,
            format,
            text: Vec::new(),
        })
    }

    /// Returns the format that was named or recognised.
    pub fn format(&self) -> InputFormat {
        self.format
    }

    /// Returns the names of the columns of a table. `None`: the input is no table.
    pub fn columns(&self) -> Option<&[String]> {
        match &self.list {
            ListKind::Table(table) => Some(table.columns()),
            ListKind::Lines { .. } | ListKind::Values(_) | ListKind::Sitemap(_) => None,
        }
    }

    /// Reads the next entry. `None`: there is no further entry.
    ///
    /// Blank lines and comments of a list of lines are skipped. An entry that cannot be read has its reason as
    /// [`text`](InputEntry::text), and the ones behind it are read, unless the input itself is broken there.
    pub fn next_entry(&mut self) -> Option<InputEntry<'_>> {
        let read = match &mut self.list {
            ListKind::Lines {
                from,
                number,
                ended,
            } => next_line(&mut **from, number, ended, &mut self.text, self.format)?,
            ListKind::Values(values) => {
                let read = values.next_value()?;
                self.text.clear();
                self.text.extend_from_slice(values.text());
                let TextPlace { line, column } = read.place;
                EntryRead::new(line, read.value.err(), TextKind::Part(column))
            }
            ListKind::Table(table) => table.next_entry(&mut self.text)?,
            ListKind::Sitemap(sitemap) => sitemap.next_entry(&mut self.text)?,
        };
        let text = match read.wrong {
            Some(wrong) => Err(wrong),
            None => std::str::from_utf8(&self.text).map_err(InvalidLine::from),
        };
        Some(InputEntry {
            line: read.line,
            text,
            bytes: &self.text,
            place: read.place,
            sitemap: read.sitemap,
            row_keys: read.row_keys,
            fault: read.fault,
        })
    }
}

impl fmt::Debug for InputReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputReader")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Reads the next line that is neither blank nor a comment.
fn next_line(
    from: &mut dyn BufRead,
    number: &mut u64,
    ended: &mut bool,
    text: &mut Vec<u8>,
    format: InputFormat,
) -> Option<EntryRead> {
    loop {
        if *ended {
            return None;
        }
        *number += 1;
        let wrong = match read_line(from, text) {
            Ok(LineRead::End) => {
                *ended = true;
                return None;
            }
            Ok(LineRead::Whole) if is_skipped(text) => continue,
            Ok(LineRead::Whole) => {
                text.truncate(text.trim_ascii_end().len());
                if let Some(kept) = unpacked(text, *number) {
                    return Some(kept);
                }
                std::str::from_utf8(text)
                    .ok()
                    .and_then(|text| of_other_format(text, format))
            }
            Ok(LineRead::Wrong(wrong)) => Some(wrong),
            // Lines read before keep their outcomes. The line that could not be read fails.
            Err(e) => {
                *ended = true;
                text.clear();
                let wrong = Some(InvalidLine::new(format!("cannot be read: {e}")));
                let read = EntryRead::new(*number, wrong, TextKind::Line);
                return Some(read.ending_by(class_of(&e)));
            }
        };
        return Some(EntryRead::new(*number, wrong, TextKind::Line));
    }
}

/// Reads as many bytes as are needed to recognise the format, and the error behind them.
fn first_bytes(from: &mut impl Read) -> io::Result<(Vec<u8>, Option<io::Error>)> {
    let (mut first, mut piece) = (Vec::new(), vec![0; LOOKED_AT]);
    while needs_more(&first) {
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => first.extend_from_slice(&piece[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if first.is_empty() => return Err(e),
            Err(e) => return Ok((first, Some(e))),
        }
    }
    Ok((first, None))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
