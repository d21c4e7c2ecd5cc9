//! Lines of a reader, of any length up to a bound, without copying.

use std::io::{self, ErrorKind, Read};

/// Number of bytes that are read at once.
const STEP: usize = 256 << 10;

/// Number of bytes by which the buffer grows at most: doubling it would take twice the memory of a long line.
const GROWTH: usize = 8 << 20;

/// Upper bound for the length of a line: longer ones are skipped, so that a file without line feeds does not fill the
/// memory.
const LONGEST: usize = 256 << 20;

/// Splits a reader into lines.
#[derive(Debug)]
pub(crate) struct ResultSplitter<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are read and not yet taken.
    start: usize,
    end: usize,
    /// True if the reader has no more bytes.
    is_over: bool,
    /// Number of lines taken.
    number: u64,
    longest: usize,
}

/// A line without its line feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SplitLine<'a> {
    /// Number of the line, from 1.
    pub(crate) number: u64,
    /// `None`: the line is too long.
    pub(crate) bytes: Option<&'a [u8]>,
    /// False: the file ends without a line feed.
    pub(crate) is_ended: bool,
}

impl<R: Read> ResultSplitter<R> {
    pub(crate) fn new(reader: R) -> ResultSplitter<R> {
        ResultSplitter {
            reader,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            is_over: false,
            number: 0,
            longest: LONGEST,
        }
    }

    /// Reader that the lines come from.
    pub(crate) fn reader(&self) -> &R {
        &self.reader
    }

    /// Number of lines taken.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the next line. `None`: there is none.
    ///
    /// # Errors
    /// When the reader fails.
    pub(crate) fn next(&mut self) -> io::Result<Option<SplitLine<'_>>> {
        let mut searched = self.start;
        let mut is_too_long = false;
        let feed = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..self.end]) {
                break Some(searched + at);
            }
            if self.is_over {
                break None;
            }
            if self.end - self.start > self.longest {
                is_too_long = true;
                self.start = self.end;
            }
            searched = self.end - self.start;
            self.fill()?;
        };
        let (from, to) = (self.start, feed.unwrap_or(self.end));
        if feed.is_none() && from == to && !is_too_long {
            return Ok(None);
        }
        self.start = feed.map_or(to, |at| at + 1);
        self.number += 1;
        Ok(Some(SplitLine {
            number: self.number,
            bytes: (!is_too_long).then_some(&self.buffer[from..to]),
            is_ended: feed.is_some(),
        }))
    }

    /// Moves the bytes that are left to the beginning of the buffer, and reads more behind them.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < self.end + STEP {
            let growth = self.buffer.len().clamp(2 * STEP, GROWTH);
            self.buffer.reserve_exact(growth);
            self.buffer.resize(self.buffer.len() + growth, 0);
        } else if self.buffer.len() > 4 * GROWTH && self.end < GROWTH {
            // The long line is over.
            self.buffer.truncate(2 * GROWTH);
            self.buffer.shrink_to_fit();
        }
        let read = loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.end += read;
        self.is_over = read == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reader that hands out few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn split(text: &str, drops: usize) -> Vec<(u64, String, bool)> {
        let mut splitter = ResultSplitter::new(Drops(text.as_bytes(), drops));
        let mut lines = Vec::new();
        while let Some(line) = splitter.next().unwrap() {
            let text = std::str::from_utf8(line.bytes.unwrap()).unwrap();
            lines.push((line.number, text.to_owned(), line.is_ended));
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        let long = "x".repeat(3 * STEP);
        let text = format!("a\n\n{long}\nend");
        let expected = [
            (1, "a".to_owned(), true),
            (2, String::new(), true),
            (3, long, true),
            (4, "end".to_owned(), false),
        ];
        for drops in [7, 1000, usize::MAX] {
            assert_eq!(split(&text, drops), expected);
        }
    }

    #[test]
    fn nothing_follows_the_last_line_feed() {
        assert_eq!(split("a\n", 1), [(1, "a".to_owned(), true)]);
        assert_eq!(split("", 1), []);
    }

    #[test]
    fn a_line_without_end_is_skipped() {
        let endless = io::repeat(b'x').take(10 * STEP as u64);
        let mut splitter = ResultSplitter::new(endless.chain(&b"\nnext"[..]));
        splitter.longest = 4 * STEP;
        assert_eq!(splitter.next().unwrap().unwrap().bytes, None);
        let next = splitter.next().unwrap().unwrap();
        assert_eq!((next.number, next.bytes), (2, Some(&b"next"[..])));
    }

    #[test]
    fn a_long_line_takes_little_more_memory_than_its_length() {
        let length = 100 << 20;
        let lines = io::repeat(b'x').take(length).chain(&b"\n"[..]);
        let rest = io::repeat(b'y').take(STEP as u64).chain(&b"\nend"[..]);
        let mut splitter = ResultSplitter::new(lines.chain(rest));
        let first = splitter.next().unwrap().unwrap();
        assert_eq!(first.bytes.map(<[u8]>::len), Some(length as usize));
        let most = length as usize + 2 * GROWTH;
        assert!(splitter.buffer.capacity() < most);
        let mut last = 0;
        while let Some(line) = splitter.next().unwrap() {
            last = line.number;
        }
        assert_eq!(last, 3);
        assert!(splitter.buffer.capacity() < 4 * GROWTH);
    }
}
