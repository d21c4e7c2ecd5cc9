//! Line ends of old programs: a carriage return alone.

use std::io::{self, BufReader, Read};

/// True if the beginning of a text has carriage returns alone for line ends.
pub(super) fn are_only_returns(first: &[u8]) -> bool {
    memchr::memchr(b'\n', first).is_none() && memchr::memchr(b'\r', first).is_some()
}

/// Reader that gives a line feed for each line end: a carriage return, a line feed, or both.
pub(super) struct LineFeeds<R> {
    from: R,
    is_after_return: bool,
}

impl<R: Read> LineFeeds<R> {
    pub(super) fn new(from: R) -> BufReader<LineFeeds<R>> {
        let feeds = LineFeeds {
            from,
            is_after_return: false,
        };
        BufReader::with_capacity(64 << 10, feeds)
    }
}

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.from.read(into)?;
            let mut length = 0;
            for at in 0..read {
                let byte = into[at];
                let is_second = byte == b'\n' && self.is_after_return;
                self.is_after_return = byte == b'\r';
                if !is_second {
                    into[length] = if byte == b'\r' { b'\n' } else { byte };
                    length += 1;
                }
            }
            // A line feed alone may have been all that came.
            if length > 0 || read == 0 {
                return Ok(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_end_becomes_one_line_feed() {
        for step in [1, 2, 3, 50] {
            let from = BufReader::with_capacity(step, &b"a\rb\r\n\r\rc\n\nd\r"[..]);
            let mut text = String::new();
            LineFeeds::new(from).read_to_string(&mut text).unwrap();
            assert_eq!(text, "a\nb\n\n\nc\n\nd\n");
        }
    }

    #[test]
    fn returns_count_as_line_ends_only_where_no_line_feed_is() {
        assert!(are_only_returns(b"url\rhttp://h/"));
        assert!(!are_only_returns(b"url\r\n") && !are_only_returns(b"url"));
    }
}
