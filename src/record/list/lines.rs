//! Lines of input, up to a longest length.

use std::io::{self, BufRead, Read};

use super::InputFormat;
use crate::record::fields::ObjectFields;
use crate::record::{InvalidLine, LONGEST_LINE};

/// Capacity in bytes that the buffer keeps after a line. A larger buffer is given back.
const KEPT: usize = 1 << 20;

/// First bytes of a line that holds an entry.
const BEGIN: &[u8] = b"{\"haul_entry\":";

/// Upper bound for the length of a line that holds an entry, whose bytes take up to six each.
const LONGEST_KEPT: usize = 6 * LONGEST_LINE + (1 << 20);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineRead {
    /// The line is in the buffer, and is UTF-8.
    Whole,
    /// The line cannot be read, for this reason. The buffer holds it, unless it is too long.
    Wrong(InvalidLine),
    /// There is no further line.
    End,
}

/// Reads a line, of [`LONGEST_LINE`] bytes at most. The rest of a longer line is skipped.
pub(super) fn read_line(from: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<LineRead> {
    line.clear();
    line.shrink_to(KEPT);
    let mut most = LONGEST_LINE as u64 + 1;
    let mut length = from.take(most).read_until(b'\n', line)? as u64;
    if length == 0 {
        return Ok(LineRead::End);
    }
    let goes_on = |length, most, line: &[u8]| length == most && line.last() != Some(&b'\n');
    if goes_on(length, most, line) && is_kept(line) {
        // The text of the entry in it is no longer than other lines.
        most = LONGEST_KEPT as u64;
        length += from.take(most - length).read_until(b'\n', line)? as u64;
    }
    if goes_on(length, most, line) {
        skip_line(from)?;
        line.clear();
        line.shrink_to(KEPT);
        return Ok(LineRead::Wrong(InvalidLine::new(format!(
            "the line is too long (at most {LONGEST_LINE} bytes are read; body_file sends a large body)"
        ))));
    }
    Ok(match std::str::from_utf8(line) {
        Ok(_) => LineRead::Whole,
        Err(e) => LineRead::Wrong(e.into()),
    })
}

/// Reads to the end of the line and drops its bytes.
fn skip_line(from: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let waiting = match from.fill_buf() {
            Ok(waiting) => waiting,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let (used, over) = match memchr::memchr(b'\n', waiting) {
            Some(at) => (at + 1, true),
            None => (waiting.len(), waiting.is_empty()),
        };
        from.consume(used);
        if over {
            return Ok(());
        }
    }
}

/// True if a line begins as one that holds an entry.
pub(super) fn is_kept(line: &[u8]) -> bool {
    line.starts_with(BEGIN)
}

/// True for blank lines and comments.
pub(super) fn is_skipped(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.is_empty() || text.starts_with(b"#")
}

/// Returns the mistake of a line that is not of the format that was asked for. `None`: it is of the format.
pub(super) fn of_other_format(text: &str, format: InputFormat) -> Option<InvalidLine> {
    let begin = text.trim_start();
    let is_json = begin.starts_with(['{', '"']);
    let has = |names: &[&str]| {
        let keys = ObjectFields::read(begin.trim_end());
        keys.is_ok_and(|keys| names.iter().all(|name| keys.has(name)))
    };
    let reason = match format {
        InputFormat::Urls if is_json => "a URL is expected (--input-format auto reads JSON)",
        InputFormat::JsonLines if !is_json => "JSON is expected (--input-format auto reads URLs)",
        InputFormat::Results if !has(&["v", "key", "outcome"]) => {
            "a record of a results file is expected (--input-format auto reads other lines)"
        }
        InputFormat::Failures if !has(&["v", "request"]) => {
            "a record of a failure log is expected (--input-format auto reads other lines)"
        }
        _ => return None,
    };
    Some(InvalidLine::new(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Result<String, (String, Option<u64>)>> {
        let (mut from, mut line) = (io::BufReader::with_capacity(7, text), Vec::new());
        let mut all = Vec::new();
        loop {
            match read_line(&mut from, &mut line).unwrap() {
                LineRead::Whole => all.push(Ok(String::from_utf8(line.clone()).unwrap())),
                LineRead::Wrong(wrong) => all.push(Err((wrong.to_string(), wrong.position()))),
                LineRead::End => return all,
            }
        }
    }

    #[test]
    fn a_last_line_without_its_end_and_empty_lines_are_fine() {
        let read = lines(b"one\r\n\ntwo");
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
        let mut text = vec![b'x'; LONGEST_LINE + 10];
        text.extend(b"\nnext\n");
        let read = lines(&text);
        let (reason, _) = read[0].clone().unwrap_err();
        assert!(reason.starts_with("the line is too long"), "{reason}");
        assert_eq!(read[1], Ok("next\n".to_owned()));
        // The longest line is read with its line feed and without it.
        text.truncate(LONGEST_LINE);
        assert!(lines(&text)[0].is_ok());
        text.push(b'\n');
        assert!(lines(&text)[0].is_ok());
    }
}
