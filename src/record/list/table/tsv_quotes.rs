//! Quotes in TSV: themselves, unless the table shows that they stand around cells.
//!
//! Results that haul writes have no quotes around cells, so a cell may begin and end with a quote of its own. Tables of
//! spreadsheets and databases have them around cells that hold a tab, a line feed or a quote. A table counts as such a
//! one from the first row on that shows it: a name in the header begins with a quote, or a row in which a cell begins
//! with a quote has another number of cells than the header, or has an open quote in its last cell and a next line with
//! another number of cells.

use std::io;

use csv_core::ReaderBuilder;

use super::rows::{QuoteUse, RowRead, RowReader};

impl RowReader {
    /// Makes a parser for the delimiter and the use of quotes.
    pub(super) fn set_parser(&mut self, delimiter: u8, quotes: QuoteUse) {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter);
        builder.quoting(quotes == QuoteUse::Quoting);
        *self.parser = builder.build();
        (self.delimiter, self.quotes) = (delimiter, quotes);
    }

    /// Reads the next row, and finds out whether quotes stand around cells.
    pub(super) fn read_table_row(&mut self) -> io::Result<RowRead> {
        if let Some(read) = self.waiting.take() {
            return Ok(read);
        }
        let read = self.read_row()?;
        let is_open = self.quotes == QuoteUse::Undecided && matches!(read, RowRead::Whole);
        if !is_open || !self.has_quote_in_front() {
            return Ok(read);
        }
        let (begin, mut raw) = (self.begin, self.raw_row());
        if !self.has_other_count() {
            if !self.ends_within_quotes() {
                return Ok(read);
            }
            let first = (
                std::mem::take(&mut self.cells),
                std::mem::take(&mut self.ends),
            );
            let next = self.read_row()?;
            let is_rest = matches!(next, RowRead::Whole) && self.has_other_count();
            if !is_rest {
                match next {
                    RowRead::Whole => {
                        let next = self.raw_row();
                        self.push_back(next, self.begin);
                    }
                    RowRead::End => {}
                    other => self.waiting = Some(other),
                }
                (self.cells, self.ends) = first;
                self.begin = begin;
                return Ok(read);
            }
            if raw.last() == Some(&b'\n') {
                raw.pop();
            }
            let feeds = usize::try_from(self.begin - begin).unwrap_or_default();
            raw.resize(raw.len() + feeds, b'\n');
            raw.extend(self.raw_row());
        }
        self.push_back(raw, begin);
        self.set_parser(self.delimiter, QuoteUse::Quoting);
        self.read_row()
    }

    /// Reads the row of the header again with quotes around its names, if a name begins with a quote.
    pub(super) fn read_quoted_header(&mut self) -> io::Result<RowRead> {
        let read = self.read_row()?;
        let is_open = self.quotes == QuoteUse::Undecided && matches!(read, RowRead::Whole);
        if !is_open || !self.has_quote_in_front() {
            return Ok(read);
        }
        let raw = self.raw_row();
        self.push_back(raw, self.begin);
        self.set_parser(self.delimiter, QuoteUse::Quoting);
        self.read_row()
    }

    /// Takes back a row that begins in this line.
    fn push_back(&mut self, raw: Vec<u8>, line: u64) {
        self.from.push(raw);
        self.line = line;
    }

    /// Returns the current row as it was written, with the byte that ended it.
    fn raw_row(&self) -> Vec<u8> {
        let mut raw = Vec::with_capacity(self.cells.len() + self.ends.len());
        for (at, cell) in self.cells_of_row().enumerate() {
            if at > 0 {
                raw.push(self.delimiter);
            }
            raw.extend_from_slice(cell);
        }
        raw.extend(self.row_end);
        raw
    }

    fn cells_of_row(&self) -> impl Iterator<Item = &[u8]> {
        let begins = [0].into_iter().chain(self.ends.iter().copied());
        begins
            .zip(&self.ends)
            .map(|(begin, end)| &self.cells[begin..*end])
    }

    fn has_quote_in_front(&self) -> bool {
        self.cells.contains(&b'"') && self.cells_of_row().any(|cell| cell.starts_with(b"\""))
    }

    fn has_other_count(&self) -> bool {
        self.ends.len() != self.columns.len()
    }

    /// True if the last cell begins with a quote that is not closed.
    fn ends_within_quotes(&self) -> bool {
        let last = self.cells_of_row().last().unwrap_or_default();
        last.starts_with(b"\"") && memchr::memchr_iter(b'"', last).count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::super::RowReader;
    use crate::record::tsv::escaped;

    /// Returns line and cells of each row, or line and reason.
    fn rows(text: &str, step: usize) -> Vec<(u64, Result<Vec<String>, String>)> {
        let text = Cursor::new(text.as_bytes().to_vec());
        let mut rows = RowReader::tsv(BufReader::with_capacity(step, text)).unwrap();
        let read = std::iter::from_fn(|| {
            Some(match rows.next_row()? {
                Ok(row) => {
                    let cells = row.cells().map(|(_, cell)| cell.to_owned());
                    (row.line(), Ok(cells.collect()))
                }
                Err(wrong) => (wrong.line(), Err(wrong.mistake().to_string())),
            })
        });
        read.collect()
    }

    fn cells<const N: usize>(cells: [&str; N]) -> Result<Vec<String>, String> {
        Ok(cells.map(str::to_owned).to_vec())
    }

    #[test]
    fn rows_that_haul_writes_read_back_with_any_quotes() {
        let mut random = fastrand::Rng::with_seed(31);
        let letters = ['"', '"', 'a', '\t', '\n', '\r', '\\', ' ', ','];
        for _ in 0..4000 {
            let width = random.usize(2..5);
            let mut cell = || -> String {
                let length = random.usize(..6);
                let letters = (0..length).map(|_| *random.choice(&letters).unwrap());
                letters.collect()
            };
            let mut table = Vec::new();
            for _ in 0..5 {
                let mut row: Vec<String> = (0..width).map(|_| cell()).collect();
                // Rows without any text are skipped.
                row[0].push('x');
                table.push(row);
            }
            let mut text = (0..width)
                .map(|n| format!("c{n}"))
                .collect::<Vec<_>>()
                .join("\t");
            for row in &table {
                let row: Vec<_> = row.iter().map(|cell| escaped(cell)).collect();
                text += "\n";
                text += &row.join("\t");
            }
            let expected: Vec<_> = (2..).zip(table.into_iter().map(Ok)).collect();
            for step in [1, 3, 64] {
                assert_eq!(rows(&text, step), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn quotes_around_cells_are_told_by_the_header() {
        let text = "\"a\"\t\"b\"\r\n\"1\"\t\"x \"\"y\"\"\"\r\n";
        assert_eq!(rows(text, 2), [(2, cells(["1", "x \"y\""]))]);
    }

    #[test]
    fn quotes_around_cells_are_told_by_a_tab_within() {
        let text = "a\tb\n1\t\"2\"\n3\t\"4\t5\"\n6\t\"7\"\n";
        for step in [1, 5, 64] {
            let expected = [
                (2, cells(["1", "\"2\""])),
                (3, cells(["3", "4\t5"])),
                (4, cells(["6", "7"])),
            ];
            assert_eq!(rows(text, step), expected);
        }
    }

    #[test]
    fn quotes_around_cells_are_told_by_a_line_end_within() {
        for end in ["\n", "\r\n"] {
            let text = format!("a\tb{end}\"1{end}2\"\t3{end}4\t5{end}");
            let first = format!("1{end}2");
            let expected = [(2, cells([&first, "3"])), (4, cells(["4", "5"]))];
            assert_eq!(rows(&text, 2), expected, "{text:?}");
            let text = format!("a\tb{end}1\t\"2{end}{end}3\"{end}4\t5{end}");
            let second = format!("2{end}{end}3");
            let read = rows(&text, 2);
            assert_eq!(read[0].0, 2, "{text:?}");
            assert_eq!(read[1], (5, cells(["4", "5"])), "{text:?}");
            let plain = |text: &str| text.replace('\r', "");
            assert_eq!(plain(&read[0].1.clone().unwrap()[1]), plain(&second));
        }
    }

    #[test]
    fn an_open_quote_of_a_last_cell_is_itself_before_a_whole_row() {
        let text = "a\tb\n1\t\"2\n\n3\t4\n5\t\"6";
        let expected = [
            (2, cells(["1", "\"2"])),
            (4, cells(["3", "4"])),
            (5, cells(["5", "\"6"])),
        ];
        for step in [1, 64] {
            assert_eq!(rows(text, step), expected);
        }
    }
}
