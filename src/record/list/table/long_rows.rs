//! Rows that are too long: they are skipped, and the rows behind them are read.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;

use super::super::values::filled;
use super::rows::{RowRead, RowReader, line_feeds};
use crate::record::LONGEST_LINE;

impl RowReader {
    /// Skips the rest of a row that is too long. A quote that is still open at the end of the file is never closed.
    pub(super) fn skip_long_row(&mut self, length: usize, mut count: usize) -> io::Result<RowRead> {
        let (cell, mut opened) = (self.long_cell(length, count), self.line_of_quote(count));
        (self.cells, self.ends) = (Vec::new(), Vec::new());
        // Taking one end at a time tells the line in which the next cell begins.
        let (cells, ends) = (&mut [0; 4 << 10][..], &mut [0; 1][..]);
        loop {
            let waiting = filled(&mut self.from)?;
            let at_end = waiting.is_empty();
            let input = if at_end { b"\n" } else { waiting };
            let (result, used, _, ended) = self.parser.read_record(input, cells, ends);
            if !at_end {
                self.line += line_feeds(&waiting[..used]);
                self.from.consume(used);
            }
            if ended > 0 {
                (opened, count) = (self.line, count + ended);
            }
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => {
                    return Ok(RowRead::TooLong(self.begin, cell));
                }
                ReadRecordResult::InputEmpty if at_end => {
                    return Ok(RowRead::Unclosed(opened, count));
                }
                _ => {}
            }
        }
    }

    /// Returns the number of a cell that is most of a row. `None`: no cell is. `length`: number of bytes of the row.
    pub(super) fn long_cell(&self, length: usize, count: usize) -> Option<usize> {
        let begins = [0].into_iter().chain(self.ends[..count].iter().copied());
        let ends = self.ends[..count].iter().copied().chain([length]);
        let mut lengths = begins.zip(ends).map(|(begin, end)| end - begin);
        lengths.position(|length| length > LONGEST_LINE / 2)
    }

    /// Returns the line in which the cell behind these cells begins.
    pub(super) fn line_of_quote(&self, cells: usize) -> u64 {
        let before = cells.checked_sub(1).map_or(0, |last| self.ends[last]);
        self.begin + line_feeds(&self.cells[..before])
    }
}
