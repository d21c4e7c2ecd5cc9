//! UTF-16 as UTF-8.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::content::Endian;

/// Converts UTF-16 to UTF-8 while it is read. Half a surrogate pair becomes a byte that is not UTF-8, so that its line
/// is refused.
pub(super) struct Utf16<R> {
    from: R,
    endian: Endian,
    /// Bytes that were read and are no whole character yet.
    raw: Vec<u8>,
    made: VecDeque<u8>,
}

/// Number of bytes that are decoded at once.
const STEP: usize = 8 << 10;

const NO_UTF8: u8 = 0xff;

impl<R: Read> Utf16<R> {
    pub(super) fn new(from: R, endian: Endian) -> Utf16<R> {
        Utf16 {
            from,
            endian,
            raw: Vec::new(),
            made: VecDeque::new(),
        }
    }

    /// Decodes the bytes that were read, except the beginning of a character; at the end of the input, that too.
    fn decode(&mut self, at_end: bool) {
        let unit = |pair: &[u8]| match self.endian {
            Endian::Little => u16::from_le_bytes([pair[0], pair[1]]),
            Endian::Big => u16::from_be_bytes([pair[0], pair[1]]),
        };
        let mut units: Vec<u16> = self.raw.chunks_exact(2).map(unit).collect();
        let begun = |last: &u16| (0xd800..0xdc00).contains(last);
        if !at_end && units.last().is_some_and(begun) {
            units.pop();
        }
        let torn = at_end && self.raw.len() % 2 == 1;
        self.raw.drain(..units.len() * 2);
        for c in char::decode_utf16(units) {
            match c {
                Ok(c) => self.made.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(_) => self.made.push_back(NO_UTF8),
            }
        }
        if torn {
            self.raw.clear();
            self.made.push_back(NO_UTF8);
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.made.is_empty() {
            let kept = self.raw.len();
            self.raw.resize(kept + STEP, 0);
            let read = self.from.read(&mut self.raw[kept..]);
            self.raw.truncate(kept + *read.as_ref().unwrap_or(&0));
            let at_end = read? == 0;
            self.decode(at_end);
            if at_end {
                break;
            }
        }
        self.made.read(into)
    }
}
