//! Values of JSON one by one: the elements of an array, or values one after the other.

use std::io::{self, BufRead};

use crate::record::{InvalidLine, LONGEST_LINE};

/// Reader of the values of a JSON text. It finds where each value ends, and does not look into it.
pub(super) struct ValueReader {
    from: Box<dyn BufRead + Send>,
    /// Place of the next byte.
    next: TextPlace,
    /// Text of the current value.
    text: Vec<u8>,
    /// Place where the current array opens. `None`: no array is open.
    array: Option<TextPlace>,
    expected: Expected,
    ended: bool,
}

/// Line and column in a text, from 1. The column counts bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextPlace {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// A value, or the reason why there is none.
pub(super) struct ValueRead {
    pub(super) place: TextPlace,
    pub(super) value: Result<(), InvalidLine>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// A value, or the end of the array.
    First,
    /// A comma, or the end of the array.
    Comma,
}

/// State of the search for the end of a value.
struct ValueScan {
    /// True if the value has neither brackets nor quotes.
    is_bare: bool,
    /// Number of open brackets.
    depth: u64,
    within_text: bool,
    escaped: bool,
}

impl ValueReader {
    pub(super) fn new(from: Box<dyn BufRead + Send>) -> ValueReader {
        ValueReader {
            from,
            next: TextPlace { line: 1, column: 1 },
            text: Vec::new(),
            array: None,
            expected: Expected::Value,
            ended: false,
        }
    }

    /// Returns the text of the value that was read last.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Reads the next value. `None`: there is no further value.
    pub(super) fn next_value(&mut self) -> Option<ValueRead> {
        if self.ended {
            return None;
        }
        self.text.clear();
        self.text.shrink_to(1 << 20);
        match self.read() {
            Ok(read) => read,
            Err(e) => {
                self.text.clear();
                self.end(self.next, InvalidLine::new(format!("cannot be read: {e}")))
            }
        }
    }

    fn read(&mut self) -> io::Result<Option<ValueRead>> {
        loop {
            let begins = self.skip_blanks()?;
            let place = self.next;
            let Some(first) = begins else {
                self.ended = true;
                let Some(array) = self.array else {
                    return Ok(None);
                };
                let TextPlace { line, column } = array;
                let reason = format!(
                    "the JSON array that opens in line {line}, column {column} is never closed"
                );
                return Ok(self.end(place, InvalidLine::new(reason)));
            };
            let expects_value = self.expected != Expected::Comma;
            let wrong = match (first, self.array.is_some()) {
                (b'[', false) => {
                    self.array = Some(place);
                    self.expected = Expected::First;
                    self.skip_byte();
                    continue;
                }
                (b']', true) if self.expected != Expected::Value => {
                    self.array = None;
                    self.expected = Expected::Value;
                    self.skip_byte();
                    continue;
                }
                (b',', true) if !expects_value => {
                    self.expected = Expected::Value;
                    self.skip_byte();
                    continue;
                }
                (b',' | b']' | b'}' | b':', _) if expects_value => "a value is expected",
                (_, true) if !expects_value => "a comma or ] is expected",
                _ => {
                    let mut read = self.read_value(first, place)?;
                    let placed = |wrong: InvalidLine| {
                        wrong.within(&format!("JSON, column {}", place.column))
                    };
                    read.value = read.value.map_err(placed);
                    return Ok(Some(read));
                }
            };
            let column = place.column;
            let reason = format!("not JSON: {wrong} (column {column}; nothing behind it is read)");
            return Ok(self.end(place, InvalidLine::new(reason)));
        }
    }

    /// Ends the reading with an error.
    fn end(&mut self, place: TextPlace, wrong: InvalidLine) -> Option<ValueRead> {
        self.ended = true;
        Some(ValueRead {
            place,
            value: Err(wrong),
        })
    }

    fn read_value(&mut self, first: u8, place: TextPlace) -> io::Result<ValueRead> {
        let is_bare = !matches!(first, b'{' | b'[' | b'"');
        let mut scan = ValueScan {
            is_bare,
            depth: 0,
            within_text: false,
            escaped: false,
        };
        let mut too_long = false;
        let value = loop {
            let waiting = filled(&mut *self.from)?;
            if waiting.is_empty() && !is_bare {
                self.ended = true;
                break Err(InvalidLine::new(
                    "not JSON: the text ends in the middle of this value",
                ));
            }
            let end = scan.end_in(waiting);
            let used = end.unwrap_or(waiting.len());
            too_long |= self.text.len() + used > LONGEST_LINE;
            if !too_long {
                self.text.extend_from_slice(&waiting[..used]);
            }
            self.next.advance(&waiting[..used]);
            let is_end = end.is_some() || waiting.is_empty();
            self.from.consume(used);
            if is_end {
                break Ok(());
            }
        };
        if self.array.is_some() {
            self.expected = Expected::Comma;
        }
        let value = match value {
            Ok(()) if too_long => Err(InvalidLine::new(format!(
                "the value is too long (at most {LONGEST_LINE} bytes are read; body_file sends a large body)"
            ))),
            Ok(()) if is_bare || first == b'[' => Err(InvalidLine::new(
                "a URL as text or a request as an object is expected, and no other value",
            )),
            value => value.and_then(|()| match std::str::from_utf8(&self.text) {
                Ok(_) => Ok(()),
                Err(e) => Err(e.into()),
            }),
        };
        if too_long {
            self.text = Vec::new();
        }
        Ok(ValueRead { place, value })
    }

    /// Skips blanks. Returns the first other byte; `None`: there is none.
    fn skip_blanks(&mut self) -> io::Result<Option<u8>> {
        loop {
            let waiting = filled(&mut *self.from)?;
            let blanks = waiting.iter().take_while(|b| b.is_ascii_whitespace());
            let skipped = blanks.count();
            let found = waiting.get(skipped).copied();
            let is_end = waiting.is_empty();
            self.next.advance(&waiting[..skipped]);
            self.from.consume(skipped);
            if is_end || found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Skips the next byte, which is no line feed.
    fn skip_byte(&mut self) {
        self.from.consume(1);
        self.next.column += 1;
    }
}

impl TextPlace {
    /// Moves the place behind these bytes.
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        let feeds = memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.line += feeds;
        match memchr::memrchr(b'\n', bytes) {
            Some(last) => self.column = (bytes.len() - last) as u64,
            None => self.column += bytes.len() as u64,
        }
    }
}

impl ValueScan {
    /// Returns the length of the part that belongs to the value. `None`: it goes on behind these bytes.
    fn end_in(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.is_bare {
            let ends = |b: &u8| b.is_ascii_whitespace() || b",]}".contains(b);
            return bytes.iter().position(ends);
        }
        for (at, byte) in bytes.iter().enumerate() {
            if self.within_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.within_text = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.within_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth -= 1,
                    _ => {}
                }
            }
            if self.depth == 0 && !self.within_text {
                return Some(at + 1);
            }
        }
        None
    }
}

/// Fills the buffer of a reader, if it is empty.
pub(super) fn filled(from: &mut (dyn BufRead + Send)) -> io::Result<&[u8]> {
    loop {
        match from.fill_buf() {
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    from.fill_buf()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    type Read = (u64, u64, Result<String, String>);

    fn values(text: impl AsRef<[u8]>, step: usize) -> Vec<Read> {
        let text = Cursor::new(text.as_ref().to_vec());
        let mut values = ValueReader::new(Box::new(BufReader::with_capacity(step, text)));
        let read = std::iter::from_fn(|| {
            let read = values.next_value()?;
            let text = || String::from_utf8_lossy(values.text()).into_owned();
            let value = read.value.map(|()| text()).map_err(|e| e.to_string());
            Some((read.place.line, read.place.column, value))
        });
        read.collect()
    }

    fn value(line: u64, column: u64, text: &str) -> Read {
        (line, column, Ok(text.to_owned()))
    }

    #[test]
    fn elements_come_with_the_place_where_each_begins() {
        let text = " [\n  \"a,]\\\"\", {\"b\": [1, {}],\n \"c\": \"}\"}\r\n]\n";
        let expected = [
            value(2, 3, r#""a,]\"""#),
            value(2, 12, "{\"b\": [1, {}],\n \"c\": \"}\"}"),
        ];
        for step in [1, 2, 5, 1000] {
            assert_eq!(values(text, step), expected);
        }
        assert_eq!(values("[]", 1), []);
        assert_eq!(values("", 1), []);
    }

    #[test]
    fn values_without_an_array_come_one_after_the_other() {
        let text = "{\n\"a\":1}\n{\"b\":2}[\"c\"]\n\"d\"";
        let expected = [
            value(1, 1, "{\n\"a\":1}"),
            value(3, 1, "{\"b\":2}"),
            value(3, 9, "\"c\""),
            value(4, 1, "\"d\""),
        ];
        assert_eq!(values(text, 3), expected);
    }

    #[test]
    fn an_array_that_is_never_closed_keeps_the_values_before() {
        for text in ["[\n\"a\"", "[\n\"a\",", "[\n\"a\" \n\n"] {
            let read = values(text, 2);
            assert_eq!(read[0], value(2, 1, "\"a\""));
            let reason = read[1].2.clone().unwrap_err();
            assert!(reason.contains("opens in line 1, column 1 is never closed"));
            assert_eq!(read.len(), 2);
        }
        let read = values("[\"a\",\n {\"b\": 1, ", 2);
        assert_eq!((read[1].0, read[1].1), (2, 2));
        let reason = read[1].2.clone().unwrap_err();
        assert!(
            reason.contains("ends in the middle of this value"),
            "{reason}"
        );
    }

    #[test]
    fn a_value_of_another_kind_spoils_no_other() {
        let read = values("[1, null, [\"x\"], \"a\"]", 2);
        assert!(read[..3].iter().all(|(.., value)| value.is_err()));
        assert_eq!(read[3], value(1, 18, "\"a\""));
    }

    #[test]
    fn a_mistake_between_values_ends_the_reading_at_its_place() {
        for (text, column) in [
            ("[\"a\" \"b\"]", 6),
            ("[\"a\",,\"b\"]", 6),
            ("[\"a\",]", 6),
            ("\"a\",\"b\"", 4),
        ] {
            let read = values(text, 2);
            assert_eq!(read.len(), 2, "{text}");
            let (line, at, wrong) = &read[1];
            assert_eq!((*line, *at), (1, column), "{text}");
            assert!(wrong.as_ref().unwrap_err().starts_with("not JSON: "));
        }
    }

    #[test]
    fn a_value_that_is_too_long_spoils_no_other() {
        let text = format!("[\"{}\",\"a\"]", "x".repeat(LONGEST_LINE));
        let read = values(text, 1 << 16);
        assert!(
            read[0]
                .2
                .as_ref()
                .is_err_and(|e| e.starts_with("the value is too long"))
        );
        assert!(read[1].2.is_ok());
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut random = fastrand::Rng::with_seed(30);
        for _ in 0..5000 {
            let length = random.usize(..30);
            let bytes = (0..length).map(|_| *random.choice(b"[]{}\",\\:a 1\n\xff").unwrap());
            values(bytes.collect::<Vec<u8>>(), 3);
        }
    }
}
