//! Lines that wait to be written.

use std::collections::VecDeque;

/// Lines in the order in which they are written. A line may have line feeds within it, or none at its end.
#[derive(Default)]
pub(super) struct WaitingLines {
    bytes: Vec<u8>,
    lengths: VecDeque<LineLength>,
    /// Number of counted lines that were added.
    taken: u64,
    /// Number of counted lines that wait, or whose rest waits.
    unwritten: u64,
}

struct LineLength {
    bytes: usize,
    counted: bool,
}

impl WaitingLines {
    /// Adds the line that `write` writes. `counted`: true if it counts among the lines written.
    pub(super) fn add(&mut self, counted: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        let bytes = self.bytes.len() - before;
        self.lengths.push_back(LineLength { bytes, counted });
        self.taken += u64::from(counted);
        self.unwritten += u64::from(counted);
    }

    /// Adds a line in front of all others.
    pub(super) fn add_first(&mut self, line: &[u8]) {
        self.bytes.splice(..0, line.iter().copied());
        self.lengths.push_front(LineLength {
            bytes: line.len(),
            counted: false,
        });
    }

    /// Removes the last line, of this length, unless a part of it is written.
    pub(super) fn take_back(&mut self, length: usize) {
        let is_whole = |last: &&LineLength| last.bytes == length;
        if let Some(last) = self.lengths.back().filter(is_whole) {
            self.taken -= u64::from(last.counted);
            self.unwritten -= u64::from(last.counted);
            self.bytes.truncate(self.bytes.len() - length);
            self.lengths.pop_back();
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Number of counted lines that are written to their end.
    pub(super) fn written(&self) -> u64 {
        self.taken - self.unwritten
    }

    /// Returns the number of bytes in the lines that end within the first `written` bytes.
    pub(super) fn whole(&self, written: usize) -> usize {
        let ends = self.lengths.iter().scan(0, |end, line| {
            *end += line.bytes;
            Some(*end)
        });
        ends.take_while(|end| *end <= written).last().unwrap_or(0)
    }

    /// Removes the first bytes, which are written. `spare`: capacity in bytes up to which an empty buffer is kept.
    pub(super) fn remove(&mut self, mut written: usize, spare: usize) {
        self.bytes.drain(..written);
        while let Some(line) = self.lengths.pop_front() {
            if line.bytes > written {
                let bytes = line.bytes - written;
                self.lengths.push_front(LineLength { bytes, ..line });
                break;
            }
            written -= line.bytes;
            self.unwritten -= u64::from(line.counted);
        }
        if self.bytes.is_empty() && self.bytes.capacity() > spare {
            self.bytes = Vec::new();
        }
    }

    /// Drops the lines, as if they had not been added.
    pub(super) fn discard(&mut self) {
        self.bytes.clear();
        self.lengths.clear();
        self.taken -= self.unwritten;
        self.unwritten = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> WaitingLines {
        let mut waiting = WaitingLines::default();
        for line in lines {
            waiting.add(true, |to| to.extend_from_slice(line.as_bytes()));
        }
        waiting
    }

    #[test]
    fn a_line_with_line_feeds_in_it_is_whole_at_its_end() {
        let waiting = of(&["\"a\nb\"\n", "c\n"]);
        let whole: Vec<_> = (0..=8).map(|written| waiting.whole(written)).collect();
        assert_eq!(whole, [0, 0, 0, 0, 0, 0, 6, 6, 8]);
    }

    #[test]
    fn the_rest_of_a_line_is_not_written() {
        let mut waiting = of(&["one\n", "two\n"]);
        waiting.remove(6, 0);
        assert_eq!((waiting.written(), waiting.bytes()), (1, &b"o\n"[..]));
        waiting.take_back(4);
        waiting.remove(2, 0);
        assert_eq!((waiting.written(), waiting.is_empty()), (2, true));
    }

    #[test]
    fn a_title_is_not_counted() {
        let mut waiting = of(&["one\n"]);
        waiting.add_first(b"title\n");
        assert_eq!(waiting.bytes(), b"title\none\n");
        waiting.remove(6, 0);
        assert_eq!(waiting.written(), 0);
    }
}
