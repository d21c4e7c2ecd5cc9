//! One line of input, as far as lines may go.

use std::io::{self, BufRead, Read};

/// The longest line that is read: what haul writes is no longer. The rest of a longer one is skipped, up to its end.
pub(crate) const LONGEST: usize = haul::record::LONGEST_LINE;

/// A buffer that grew beyond this for one line is given back after it.
const KEPT: usize = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is in the buffer, and is UTF-8.
    Whole,
    /// It is none, for this reason; its beginning is in the buffer.
    Wrong(String),
    /// There is no further line.
    End,
}

/// Reads a line. A byte order mark before the first one is left out.
pub(crate) fn read_line(
    from: &mut impl BufRead,
    line: &mut Vec<u8>,
    is_first: bool,
) -> io::Result<Line> {
    line.clear();
    line.shrink_to(KEPT);
    let most = LONGEST as u64 + 1;
    let mut length = from.by_ref().take(most).read_until(b'\n', line)? as u64;
    if length == 0 {
        return Ok(Line::End);
    }
    if length == most && line.last() != Some(&b'\n') {
        length += skip_line(from)?;
        line.truncate(200);
        line.shrink_to(KEPT);
        return Ok(Line::Wrong(format!(
            "a line of {length} bytes is too long (at most {LONGEST} are read; body_file sends a large body)"
        )));
    }
    if is_first && line.starts_with(b"\xef\xbb\xbf") {
        line.drain(..3);
    }
    match std::str::from_utf8(line) {
        Ok(_) => Ok(Line::Whole),
        Err(e) => {
            let at = e.valid_up_to() + 1;
            line.truncate(line.len().min(200));
            Ok(Line::Wrong(format!("not UTF-8 at byte {at}")))
        }
    }
}

/// Reads to the end of the line and keeps none of it. Says how much that was.
fn skip_line(from: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let waiting = match from.fill_buf() {
            Ok(waiting) => waiting,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let (used, over) = match waiting.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (waiting.len(), waiting.is_empty()),
        };
        from.consume(used);
        length += used as u64;
        if over {
            return Ok(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Result<String, String>> {
        let (mut from, mut line) = (io::BufReader::with_capacity(7, text), Vec::new());
        let mut all = Vec::new();
        loop {
            match read_line(&mut from, &mut line, all.is_empty()).unwrap() {
                Line::Whole => all.push(Ok(String::from_utf8(line.clone()).unwrap())),
                Line::Wrong(reason) => all.push(Err(reason)),
                Line::End => return all,
            }
        }
    }

    #[test]
    fn a_byte_order_mark_a_last_line_without_its_end_and_empty_lines_are_fine() {
        let read = lines(b"\xef\xbb\xbfone\r\n\ntwo");
        assert_eq!(
            read,
            ["one\r\n", "\n", "two"].map(|line| Ok(line.to_owned()))
        );
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn what_is_not_utf8_is_wrong_and_the_next_line_is_not() {
        let read = lines(b"a\xffb\nnext\n");
        assert_eq!(read[0], Err("not UTF-8 at byte 2".to_owned()));
        assert_eq!(read[1], Ok("next\n".to_owned()));
    }

    #[test]
    fn a_line_too_long_is_let_go_of_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST + 10];
        text.extend(b"\nnext\n");
        let read = lines(&text);
        let reason = read[0].clone().unwrap_err();
        assert!(
            reason.starts_with("a line of 16777227 bytes is too long"),
            "{reason}"
        );
        assert_eq!(read[1], Ok("next\n".to_owned()));
        // The longest there may be, with its end and without.
        text.truncate(LONGEST);
        assert!(lines(&text)[0].is_ok());
        text.push(b'\n');
        assert!(lines(&text)[0].is_ok());
    }
}
