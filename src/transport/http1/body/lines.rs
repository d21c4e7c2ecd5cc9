//! Lines of a body that comes in pieces.

/// Byte order mark, as UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Splitter of a body into lines, which end with LF or CRLF.
#[derive(Debug)]
pub(super) struct LineSplitter {
    /// Upper bound for a line, in bytes.
    limit: usize,
    /// Beginning of the line that has not ended yet.
    line: Vec<u8>,
    /// True if a line has ended already.
    begun: bool,
    /// True if the line is longer than the limit. Its rest is dropped, and no line follows it.
    too_long: bool,
}

impl LineSplitter {
    pub(super) fn new(limit: usize) -> LineSplitter {
        LineSplitter {
            limit,
            line: Vec::new(),
            begun: false,
            too_long: false,
        }
    }

    /// Returns true if a line is longer than the limit.
    pub(super) fn is_over_limit(&self) -> bool {
        self.too_long
    }

    /// Takes bytes up to the end of the next line that is not empty, and returns that line. `None`: all bytes are
    /// taken, or a line is too long.
    pub(super) fn next_line(&mut self, bytes: &mut &[u8]) -> Option<String> {
        while !self.too_long && !bytes.is_empty() {
            let Some(end) = bytes.iter().position(|&b| b == b'\n') else {
                self.extend(bytes);
                *bytes = &[];
                break;
            };
            self.extend(&bytes[..end]);
            *bytes = &bytes[end + 1..];
            if !self.too_long
                && let Some(line) = self.end()
            {
                return Some(line);
            }
        }
        None
    }

    /// Ends the line, and returns it unless it is empty. Called by the reader at the end of the body.
    pub(super) fn end(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(MARK).unwrap_or(line);
        }
        (!line.is_empty()).then(|| String::from_utf8_lossy(line).into_owned())
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.too_long = bytes.len() > self.limit.saturating_sub(self.line.len());
        if !self.too_long {
            self.line.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut splitter = LineSplitter::new(100);
        let mut lines = Vec::new();
        for mut piece in pieces {
            while let Some(line) = splitter.next_line(&mut piece) {
                lines.push(line);
            }
        }
        lines.extend(splitter.end());
        lines
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_the_last_one_with_the_body() {
        let body = b"{\"a\":1}\n{\"b\":2}\r\n\"x\ry\"\n3";
        assert_eq!(
            lines([&body[..]]),
            ["{\"a\":1}", "{\"b\":2}", "\"x\ry\"", "3"]
        );
    }

    #[test]
    fn empty_lines_and_a_byte_order_mark_are_left_out() {
        let body = b"\xef\xbb\xbf1\n\n\r\n2\n\n";
        assert_eq!(lines([&body[..]]), ["1", "2"]);
        assert_eq!(lines([&b"\xef\xbb\xbf\n"[..]]), [] as [&str; 0]);
    }

    #[test]
    fn a_split_at_any_two_bytes_gives_the_same_lines() {
        let body = "\u{feff}a€\r\n\n😀b\r\r\nlast €".as_bytes();
        let whole = lines([body]);
        assert_eq!(whole, ["a€", "😀b\r", "last €"]);
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let pieces = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(lines(pieces), whole, "{first}, {second}");
            }
        }
    }

    #[test]
    fn a_line_longer_than_the_limit_is_known_before_it_ends() {
        let mut splitter = LineSplitter::new(4);
        let mut bytes = &b"1234\n123"[..];
        assert_eq!(splitter.next_line(&mut bytes).as_deref(), Some("1234"));
        assert_eq!(splitter.next_line(&mut bytes), None);
        assert!(!splitter.is_over_limit());
        assert_eq!(splitter.next_line(&mut &b"45"[..]), None);
        assert!(splitter.is_over_limit() && splitter.line.len() <= 4);
    }
}
