//! Lines of an input, after its format was recognised.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use crate::recognize::{DetectedFormat, Endian, LOOKED_AT, UnreadFormat, format_of, needs_more};

/// An input whose format is known.
pub(crate) enum RecognizedInput {
    /// Lines in UTF-8, from the first byte on.
    Lines(Box<dyn BufRead + Send>),
    /// A format that is not read.
    Other(UnreadFormat),
}

/// Examines the first bytes of an input: up to the end of its first line, so that a slow input is not waited for
/// longer. UTF-16 with a byte order mark becomes UTF-8.
pub(crate) fn look(mut from: Box<dyn Read + Send>, tables: bool) -> io::Result<RecognizedInput> {
    let first = first_bytes(&mut *from)?;
    let format = format_of(&first, tables);
    let whole = Cursor::new(first).chain(from);
    match format {
        DetectedFormat::Lines => {
            let lines = BufReader::with_capacity(LOOKED_AT, whole);
            Ok(RecognizedInput::Lines(Box::new(lines)))
        }
        DetectedFormat::Utf16(endian) => look(Box::new(Utf16::new(whole, endian)), tables),
        DetectedFormat::Other(other) => Ok(RecognizedInput::Other(other)),
    }
}

fn first_bytes(from: &mut (dyn Read + Send)) -> io::Result<Vec<u8>> {
    let (mut first, mut piece) = (Vec::new(), vec![0; LOOKED_AT]);
    while needs_more(&first) {
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => first.extend_from_slice(&piece[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(first)
}

/// Converts UTF-16 to UTF-8 while it is read. Half a surrogate pair becomes a byte that is not UTF-8, so that its line
/// is refused.
struct Utf16<R> {
    from: R,
    endian: Endian,
    /// Bytes that were read and are no whole character yet.
    raw: Vec<u8>,
    made: VecDeque<u8>,
}

/// Number of bytes that are decoded at once.
const PIECE: usize = 8 << 10;

const NO_UTF8: u8 = 0xff;

impl<R: Read> Utf16<R> {
    fn new(from: R, endian: Endian) -> Utf16<R> {
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
            self.raw.resize(kept + PIECE, 0);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Reader that gives a few bytes at a time.
    struct Slowly(Cursor<Vec<u8>>, usize);

    impl Read for Slowly {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(into.len());
            self.0.read(&mut into[..most])
        }
    }

    fn read(bytes: &[u8], at_once: usize) -> Vec<u8> {
        let slowly = Slowly(Cursor::new(bytes.to_vec()), at_once);
        let RecognizedInput::Lines(mut lines) = look(Box::new(slowly), true).unwrap() else {
            panic!("it is read");
        };
        let mut all = Vec::new();
        lines.read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn utf16_is_read_in_both_orders_however_it_is_cut() {
        let text = "\u{feff}http://h/1\r\nhttp://h/余额/🦀\n";
        for endian in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(endian).collect();
            for at_once in [1, 2, 3, 7, 10_000] {
                assert_eq!(read(&bytes, at_once), text.as_bytes());
            }
        }
    }

    #[test]
    fn half_a_character_is_no_utf8() {
        let bytes = |units: &[u16]| {
            units
                .iter()
                .flat_map(|u| u.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let mut torn = bytes(&[0xfeff, 0x61, 0x0a, 0x62]);
        torn.push(0x63);
        assert_eq!(read(&torn, 3), b"\xef\xbb\xbfa\nb\xff");
        let pairs = bytes(&[0xfeff, 0xdc00, 0x0a, 0xd83e]);
        assert_eq!(read(&pairs, 3), b"\xef\xbb\xbf\xff\n\xff");
    }

    #[test]
    fn lines_come_from_their_first_byte_on() {
        let text = b"\xef\xbb\xbf# list\n\nhttp://h/1\nhttp://h/2\n";
        for at_once in [1, 5, 100] {
            assert_eq!(read(text, at_once), text);
        }
        assert_eq!(read(b"", 1), b"");
    }

    #[test]
    fn a_table_in_utf16_is_known_after_it_is_decoded() {
        let text = "\u{feff}id\turl\n1\thttp://h/\n";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let looked = look(Box::new(Cursor::new(bytes)), true).unwrap();
        assert!(matches!(
            looked,
            RecognizedInput::Other(UnreadFormat::Table { column: 2, .. })
        ));
    }
}
