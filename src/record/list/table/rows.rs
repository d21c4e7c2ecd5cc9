//! Rows of a table: CSV and TSV.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader};

use super::super::values::filled;
use super::super::{InputFormat, InvalidInput};
use super::invalid_row::InvalidRow;
use super::pushback::Pushback;
use super::results;
use super::row::{Row, cell};
use crate::record::{InvalidLine, LONGEST_LINE};

/// Upper bound for the number of cells of a row: more than a spreadsheet has.
const MOST_CELLS: usize = 1 << 17;

/// Reader of the rows of CSV (RFC 4180) or TSV with a header.
///
/// A cell in quotes may hold delimiters, line feeds and doubled quotes. Blank lines and rows whose cells are all empty
/// are skipped, and so are comments (`#`) before the header. A first line `sep=;`, which Excel writes, sets the
/// delimiter. Memory is flat: a row has at most [`LONGEST_LINE`] bytes.
///
/// In TSV, `\t`, `\n`, `\r` and `\\` in a cell stand for a tab, a line feed, a carriage return and a backslash. A quote is
/// itself, as in the rows that haul writes, until the table shows that quotes stand around cells: by a name in the header
/// that begins with one, or by a row with a quote before a cell whose cells are as many as the columns only if the quotes
/// stand around cells.
///
/// ```
/// use haul::record::RowReader;
///
/// let text = "id,url\n1,https://example.com/1\n2\n";
/// let mut rows = RowReader::csv(text.as_bytes(), b',')?;
/// assert_eq!(rows.columns(), ["id", "url"]);
/// let row = rows.next_row().unwrap()?;
/// assert_eq!((row.line(), row.value("url")), (2, Some("https://example.com/1")));
/// let wrong = rows.next_row().unwrap().unwrap_err();
/// assert_eq!(wrong.to_string(), "line 3: the row has 1 cell, and the header 2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RowReader {
    pub(super) from: Pushback,
    pub(super) parser: Box<Reader>,
    pub(super) delimiter: u8,
    pub(super) quotes: QuoteUse,
    format: InputFormat,
    pub(super) columns: Arc<[String]>,
    /// Number of the line that the next byte belongs to, from 1.
    pub(super) line: u64,
    /// Number of the line in which the current row begins.
    pub(super) begin: u64,
    pub(super) cells: Vec<u8>,
    /// Length of the cells up to the end of each.
    pub(super) ends: Vec<usize>,
    /// Byte that ended the current row. `None`: the end of the file did.
    pub(super) row_end: Option<u8>,
    /// Reading that comes next, since it was made while the row before was looked at. `None`: the next row is not read.
    pub(super) waiting: Option<RowRead>,
    ended: bool,
}

/// Meaning of quotes in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuoteUse {
    /// Quotes stand around cells.
    Quoting,
    /// A quote is itself.
    Plain,
    /// A quote is itself until a row shows that quotes stand around cells.
    Undecided,
}

/// Reading of the next row.
pub(super) enum RowRead {
    /// The cells were read.
    Whole,
    /// A quote has no end: the line in which it opens, and the number of its cell, from 0.
    Unclosed(u64, usize),
    /// The row has too many bytes or cells, and was skipped: the line in which it begins, and the number of the cell that
    /// is too long, from 0. `None`: all cells together are too long.
    TooLong(u64, Option<usize>),
    /// There is no further row.
    End,
}

impl RowReader {
    /// Reads the header of CSV whose cells this character delimits.
    ///
    /// # Errors
    /// When there is no header, or it cannot be read.
    pub fn csv(
        from: impl BufRead + Send + 'static,
        delimiter: u8,
    ) -> Result<RowReader, InvalidInput> {
        RowReader::new(Box::new(from), delimiter, InputFormat::Csv)
    }

    /// Reads the header of TSV.
    ///
    /// # Errors
    /// When there is no header, or it cannot be read.
    pub fn tsv(from: impl BufRead + Send + 'static) -> Result<RowReader, InvalidInput> {
        RowReader::new(Box::new(from), b'\t', InputFormat::Tsv)
    }

    pub(super) fn new(
        from: Box<dyn BufRead + Send>,
        delimiter: u8,
        format: InputFormat,
    ) -> Result<RowReader, InvalidInput> {
        let mut rows = RowReader {
            from: Pushback::new(from),
            parser: Box::new(Reader::new()),
            delimiter,
            quotes: QuoteUse::Quoting,
            format,
            columns: Arc::new([]),
            line: 1,
            begin: 1,
            cells: Vec::new(),
            ends: Vec::new(),
            row_end: None,
            waiting: None,
            ended: false,
        };
        let quotes = match format {
            InputFormat::Tsv => QuoteUse::Undecided,
            _ => QuoteUse::Quoting,
        };
        rows.set_parser(delimiter, quotes);
        rows.read_header()?;
        Ok(rows)
    }

    /// Returns the names of the columns, as the header has them, without blanks around them.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads the next row. `None`: there is no further row.
    ///
    /// # Errors
    /// When the row has another number of cells than the header, is not UTF-8 or is too long: the next call returns the
    /// row after it. When a quote is never closed, or the file cannot be read: the reading ends there.
    pub fn next_row(&mut self) -> Option<Result<Row, InvalidRow>> {
        loop {
            let read = match self.ended {
                true => return None,
                false => self.read_table_row(),
            };
            match read {
                Ok(RowRead::End) => {
                    self.ended = true;
                    return None;
                }
                Ok(RowRead::Whole) if self.is_blank() => {}
                Ok(RowRead::Whole) => return Some(self.take_row()),
                Ok(RowRead::TooLong(line, cell)) => {
                    let since = match cell {
                        Some(_) => ", since a cell is",
                        None => "",
                    };
                    let reason = format!(
                        "the row is too long{since} (at most {LONGEST_LINE} bytes are read)"
                    );
                    return Some(Err(self.wrong_cell(line, cell, InvalidLine::new(reason))));
                }
                Ok(RowRead::Unclosed(line, cell)) => {
                    self.ended = true;
                    let wrong = InvalidLine::new(UNCLOSED);
                    return Some(Err(self.wrong_cell(line, Some(cell), wrong)));
                }
                Err(e) => {
                    self.ended = true;
                    let wrong = InvalidLine::new(format!("cannot be read: {e}"));
                    return Some(Err(self.wrong(self.line, wrong)));
                }
            }
        }
    }

    fn read_header(&mut self) -> Result<(), InvalidInput> {
        let invalid = |rows: &RowReader, line: u64, reason: String| {
            Err(InvalidInput::at(rows.format, line, 1, reason))
        };
        loop {
            self.skip_comments().map_err(InvalidInput::unreadable)?;
            match self
                .read_quoted_header()
                .map_err(InvalidInput::unreadable)?
            {
                RowRead::Whole => {}
                RowRead::End => {
                    return invalid(
                        self,
                        self.line,
                        "it has no header (a first line with the names of the columns is expected)"
                            .to_owned(),
                    );
                }
                RowRead::Unclosed(line, _) => return invalid(self, line, UNCLOSED.to_owned()),
                RowRead::TooLong(line, _) => {
                    return invalid(self, line, "the header is too long".to_owned());
                }
            }
            // Excel writes the delimiter in a line of its own.
            let Some(other) = self.separator_line(self.delimiter) else {
                break;
            };
            self.set_parser(other, self.quotes);
        }
        let Ok(text) = std::str::from_utf8(&self.cells) else {
            return invalid(self, self.begin, "the header is not UTF-8".to_owned());
        };
        let cells = (0..self.ends.len()).map(|at| cell(text, &self.ends, at).trim().to_owned());
        self.columns = cells.collect();
        if self.quotes == QuoteUse::Undecided && results::are_columns_of(&self.columns) {
            self.quotes = QuoteUse::Plain;
        }
        Ok(())
    }

    /// Returns the delimiter that a line `sep=;` sets. `None`: the row is no such line.
    fn separator_line(&self, delimiter: u8) -> Option<u8> {
        let (cells, ends) = (&self.cells, &self.ends);
        let is_alone = ends.len() == 1 || ends.len() == 2 && ends[0] == cells.len();
        match cells.get(..4) {
            Some(begin) if is_alone && begin.eq_ignore_ascii_case(b"sep=") => match cells[4..] {
                [] => Some(delimiter),
                [other] => Some(other),
                _ => None,
            },
            _ => None,
        }
    }

    fn skip_comments(&mut self) -> io::Result<()> {
        while self.skip_line_ends()? && self.from.fill_buf()?.first() == Some(&b'#') {
            self.skip_line()?;
        }
        Ok(())
    }

    /// Skips blank lines. Returns false at the end of the file.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            let waiting = filled(&mut self.from)?;
            let ends = waiting.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
            let skipped = ends.count();
            let is_end = waiting.is_empty();
            let more = skipped < waiting.len();
            self.line += line_feeds(&waiting[..skipped]);
            self.from.consume(skipped);
            if is_end || more {
                return Ok(more);
            }
        }
    }

    /// Skips the rest of the current line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let waiting = filled(&mut self.from)?;
            let (used, over) = match memchr::memchr(b'\n', waiting) {
                Some(at) => (at + 1, true),
                None => (waiting.len(), waiting.is_empty()),
            };
            self.line += u64::from(over && used > 0);
            self.from.consume(used);
            if over {
                return Ok(());
            }
        }
    }

    /// Reads the next row with the current use of quotes.
    pub(super) fn read_row(&mut self) -> io::Result<RowRead> {
        if !self.skip_line_ends()? {
            return Ok(RowRead::End);
        }
        self.begin = self.line;
        self.cells
            .resize(self.cells.capacity().clamp(1 << 10, 1 << 20), 0);
        self.ends.resize(self.ends.capacity().max(32), 0);
        let (mut length, mut count) = (0, 0);
        loop {
            let waiting = filled(&mut self.from)?;
            let at_end = waiting.is_empty();
            // A row at the end of the file may lack its line end. Within quotes a line end ends no row.
            let input = if at_end { b"\n" } else { waiting };
            let (result, used, written, ended) =
                self.parser
                    .read_record(input, &mut self.cells[length..], &mut self.ends[count..]);
            (length, count) = (length + written, count + ended);
            self.row_end = (!at_end && used > 0).then(|| waiting[used - 1]);
            if !at_end {
                self.line += line_feeds(&waiting[..used]);
                self.from.consume(used);
            }
            let is_too_long = length > LONGEST_LINE || count > MOST_CELLS;
            match result {
                ReadRecordResult::Record if is_too_long => {
                    let cell = self.long_cell(length, count);
                    (self.cells, self.ends) = (Vec::new(), Vec::new());
                    return Ok(RowRead::TooLong(self.begin, cell));
                }
                ReadRecordResult::Record => {
                    self.cells.truncate(length);
                    self.ends.truncate(count);
                    return Ok(RowRead::Whole);
                }
                ReadRecordResult::End => return Ok(RowRead::End),
                ReadRecordResult::InputEmpty if at_end => {
                    return Ok(RowRead::Unclosed(self.line_of_quote(count), count));
                }
                _ if is_too_long => return self.skip_long_row(length, count),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            }
        }
    }

    fn is_blank(&self) -> bool {
        self.cells.trim_ascii().is_empty()
    }

    fn take_row(&mut self) -> Result<Row, InvalidRow> {
        let text = match std::str::from_utf8(&self.cells) {
            Ok(text) => text,
            Err(e) => {
                let at = self.ends.iter().position(|end| *end > e.valid_up_to());
                let wrong = InvalidLine::new("a cell is not UTF-8");
                return Err(self.wrong_cell(self.begin, at, wrong));
            }
        };
        let (cells, columns) = (self.ends.len(), self.columns.len());
        let row = match self.format {
            InputFormat::Tsv => Row::unescaped(self.begin, &self.columns, text, &self.ends),
            _ => Row::new(self.begin, &self.columns, text, &self.ends),
        };
        if cells != columns {
            let s = if cells == 1 { "" } else { "s" };
            let reason = format!("the row has {cells} cell{s}, and the header {columns}");
            let wrong = self.wrong(self.begin, InvalidLine::new(reason));
            return Err(InvalidRow {
                cells: row.to_list(),
                ..wrong.at_cell(Some(cells.min(columns)))
            });
        }
        Ok(row)
    }

    fn wrong(&self, line: u64, wrong: InvalidLine) -> InvalidRow {
        InvalidRow {
            line,
            wrong,
            column: None,
            cells: String::new(),
        }
    }

    /// Makes the error of a cell with this number, from 0, and shows the name of its column.
    fn wrong_cell(&self, line: u64, cell: Option<usize>, wrong: InvalidLine) -> InvalidRow {
        let name = cell.and_then(|cell| self.columns.get(cell));
        let wrong = match name {
            Some(name) => wrong.showing(name),
            None => wrong,
        };
        self.wrong(line, wrong).at_cell(cell)
    }
}

const UNCLOSED: &str = "a quote is never closed (a quote within a cell is written twice)";

pub(super) fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

impl fmt::Debug for RowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader")
            .field("format", &self.format)
            .field("columns", &self.columns)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
