//! Lines of input, up to a longest length.

use std::io::{self, BufRead, Read};

use haul::record::InvalidLine;

/// Longest line that is read, in bytes: haul writes no longer ones. The rest of a longer line is skipped, up to its
/// end.
pub(crate) const LONGEST: usize = haul::record::LONGEST_LINE;

/// Capacity in bytes that the buffer keeps after a line. A larger buffer is given back.
const KEPT: usize = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineRead {
    /// The line is in the buffer, and is UTF-8.
    Whole,
    /// The line cannot be read, for this reason. The buffer holds it, unless it is too long.
    Wrong(InvalidLine),
    /// There is no further line.
    End,
}

/// Reads a line. A byte order mark before the first line is left out.
pub(crate) fn read_line(
    from: &mut impl BufRead,
    line: &mut Vec<u8>,
    is_first: bool,
) -> io::Result<LineRead> {
    line.clear();
    line.shrink_to(KEPT);
    let most = LONGEST as u64 + 1;
    let length = from.by_ref().take(most).read_until(b'\n', line)? as u64;
    if length == 0 {
        return Ok(LineRead::End);
    }
    if length == most && line.last() != Some(&b'\n') {
        skip_line(from)?;
        line.clear();
        line.shrink_to(KEPT);
        return Ok(LineRead::Wrong(InvalidLine::new(format!(
            "the line is too long (at most {LONGEST} bytes are read; body_file sends a large body)"
        ))));
    }
    if is_first && line.starts_with(b"\xef\xbb\xbf") {
        line.drain(..3);
    }
    Ok(match std::str::from_utf8(line) {
        Ok(_) => LineRead::Whole,
        Err(e) => LineRead::Wrong(e.into()),
    })
}

/// Reads to the end of the line and drops its bytes.
fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
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
        if over {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Result<String, (String, Option<u64>)>> {
        let (mut from, mut line) = (io::BufReader::with_capacity(7, text), Vec::new());
        let mut all = Vec::new();
        loop {
            match read_line(&mut from, &mut line, all.is_empty()).unwrap() {
                LineRead::Whole => all.push(Ok(String::from_utf8(line.clone()).unwrap())),
                LineRead::Wrong(wrong) => all.push(Err((wrong.to_string(), wrong.position()))),
                LineRead::End => return all,
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
    fn a_line_that_is_not_utf8_spoils_no_other() {
        let read = lines(b"a\xffb\nnext\n");
        assert_eq!(read[0], Err(("not UTF-8".to_owned(), Some(2))));
        assert_eq!(read[1], Ok("next\n".to_owned()));
    }

    #[test]
    fn a_line_too_long_spoils_no_other() {
        let mut text = vec![b'x'; LONGEST + 10];
        text.extend(b"\nnext\n");
        let read = lines(&text);
        let (reason, _) = read[0].clone().unwrap_err();
        assert!(reason.starts_with("the line is too long"), "{reason}");
        assert_eq!(read[1], Ok("next\n".to_owned()));
        // The longest line is read with its line feed and without it.
        text.truncate(LONGEST);
        assert!(lines(&text)[0].is_ok());
        text.push(b'\n');
        assert!(lines(&text)[0].is_ok());
    }
}
