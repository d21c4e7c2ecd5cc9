//! Repair of header lines that break the rules of RFC 9112 section 5 and that curl, browsers and Go's net/http accept:
//! each is corrected or skipped, so that an odd line does not cost the response.

/// Corrected header lines, with the number of corrections.
#[derive(Debug, Default)]
pub(in crate::transport::http1) struct RepairedLines {
    /// Lines of the form `name: value`, each with a line break.
    pub(in crate::transport::http1) lines: Vec<u8>,
    /// Number of lines that were changed: a fold, a control byte, a space before the colon.
    pub(in crate::transport::http1) changed: usize,
    /// Number of lines that were left out: no colon, a bad name, a fold with nothing before it.
    pub(in crate::transport::http1) skipped: usize,
    /// True if a changed or skipped line may say where the body ends: another reader may read it differently.
    pub(in crate::transport::http1) doubtful: bool,
}

/// Corrects the lines of a head, from behind its status line to its empty line.
pub(in crate::transport::http1) fn repair(lines: &[u8]) -> RepairedLines {
    let mut repaired = RepairedLines::default();
    // The line that a fold continues. `None`: that line was skipped, or there is none.
    let mut open: Option<OpenLine> = None;
    for line in lines.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Some readers end a line at a CR alone (Python's http.client does).
        repaired.doubtful |= line.split(|&b| b == b'\r').skip(1).any(may_frame);
        match line.first() {
            None => {}
            Some(b' ' | b'\t') => match &mut open {
                Some(open) => {
                    open.change(&mut repaired);
                    repaired.lines.push(b' ');
                    put_value(&mut repaired.lines, trim_blanks(line));
                }
                None => repaired.skip(line),
            },
            Some(_) => {
                repaired.end(open.take());
                open = repaired.begin(line);
            }
        }
    }
    repaired.end(open);
    repaired
}

/// A line to which folds may be added.
struct OpenLine {
    /// True if the line has the name of a framing line.
    frames: bool,
    changed: bool,
}

impl OpenLine {
    fn change(&mut self, repaired: &mut RepairedLines) {
        repaired.changed += usize::from(!self.changed);
        repaired.doubtful |= self.frames;
        self.changed = true;
    }
}

impl RepairedLines {
    /// Begins a line with its name and the first part of its value, if it has a name.
    fn begin(&mut self, line: &[u8]) -> Option<OpenLine> {
        let colon = line.iter().position(|&b| b == b':');
        let name = colon.map(|colon| trim_blanks(&line[..colon]));
        let (Some(colon), Some(name)) = (colon, name.filter(|name| is_token(name))) else {
            self.skip(line);
            return None;
        };
        let mut open = OpenLine {
            frames: is_framing(name),
            changed: false,
        };
        if name.len() < colon {
            open.change(self);
        }
        self.lines.extend_from_slice(name);
        self.lines.extend_from_slice(b": ");
        if put_value(&mut self.lines, trim_blanks(&line[colon + 1..])) {
            open.change(self);
        }
        Some(open)
    }

    fn end(&mut self, open: Option<OpenLine>) {
        if open.is_some() {
            self.lines.extend_from_slice(b"\r\n");
        }
    }

    /// Leaves out a line. If other readers may take it for a framing line, the framing becomes doubtful.
    fn skip(&mut self, line: &[u8]) {
        self.skipped += 1;
        self.doubtful |= may_frame(line);
    }
}

/// Returns true if the letters of a line begin with the name of a framing line.
fn may_frame(line: &[u8]) -> bool {
    FRAMING.iter().any(|name| {
        let mut letters = line.iter().filter(|&&b| is_letter(b));
        name.bytes().all(|wanted| {
            letters
                .next()
                .is_some_and(|b| b.eq_ignore_ascii_case(&wanted))
        })
    })
}

/// Returns the text without spaces and tabs at its ends. Other control bytes are no blanks (RFC 9110 section 5.6.3).
fn trim_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Writes a value with a space in place of each control byte. Returns true if there was a control byte.
fn put_value(to: &mut Vec<u8>, value: &[u8]) -> bool {
    let steers = |b: u8| b != b'\t' && b.is_ascii_control();
    let had = value.iter().any(|&b| steers(b));
    to.extend(value.iter().map(|&b| if steers(b) { b' ' } else { b }));
    had
}

/// Names of the lines that say where the body ends.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

fn is_framing(name: &[u8]) -> bool {
    FRAMING
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing.as_bytes()))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-'
}

/// Returns true if the name is a token (RFC 9110 section 5.6.2).
fn is_token(name: &[u8]) -> bool {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !name.is_empty() && name.iter().all(is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[u8]) -> (String, usize, usize, bool) {
        let repaired = repair(lines);
        let text = String::from_utf8_lossy(&repaired.lines).into_owned();
        let RepairedLines {
            changed,
            skipped,
            doubtful,
            ..
        } = repaired;
        (text, changed, skipped, doubtful)
    }

    fn is(lines: &[u8], text: &str, changed: usize, skipped: usize, doubtful: bool) {
        let expected = (text.to_owned(), changed, skipped, doubtful);
        assert_eq!(read(lines), expected, "{}", lines.escape_ascii());
    }

    #[test]
    fn folds_are_joined_by_one_space() {
        is(
            b"A: b\r\n c\r\nD: e\r\n\r\n",
            "A: b c\r\nD: e\r\n",
            1,
            0,
            false,
        );
        is(b"A: b\r\n\t \tc\r\n  d\r\n", "A: b c d\r\n", 1, 0, false);
        is(b"A:\n b\n", "A:  b\r\n", 1, 0, false);
    }

    #[test]
    fn a_fold_without_a_line_before_it_is_skipped() {
        is(b" a: b\r\nC: d\r\n", "C: d\r\n", 0, 1, false);
        is(b"no colon\r\n a: b\r\nC: d\r\n", "C: d\r\n", 0, 2, false);
    }

    #[test]
    fn control_bytes_in_a_value_become_spaces() {
        is(b"A: b\x01c\x7fd\0e\rf\r\n", "A: b c d e f\r\n", 1, 0, false);
        is(b"A: b\tc\r\n", "A: b\tc\r\n", 0, 0, false);
        is("A: \u{e9}\r\n".as_bytes(), "A: \u{e9}\r\n", 0, 0, false);
    }

    #[test]
    fn a_space_before_the_colon_goes() {
        is(b"A : b\r\n", "A: b\r\n", 1, 0, false);
        is(b"A \t: b\r\n", "A: b\r\n", 1, 0, false);
    }

    #[test]
    fn lines_without_a_colon_or_with_a_bad_name_are_skipped() {
        let lines: [&[u8]; 6] = [
            b"no colon",
            b": value",
            b"a b: c",
            b"\"X: 0\"",
            b"X[0]: a",
            b"\x01: a",
        ];
        for line in lines {
            let lines = [line, b"\r\nA: b\r\n"].concat();
            is(&lines, "A: b\r\n", 0, 1, false);
        }
    }

    #[test]
    fn a_framing_line_that_is_put_right_or_skipped_is_doubtful() {
        for line in [
            "Content-Length : 5",
            "Content-Length: 5\r\n 6",
            "Transfer-Encoding: \u{1}chunked",
            "transfer-encoding\t: chunked",
            "Content-Length: 5\u{c}",
        ] {
            assert!(read(line.as_bytes()).3, "{line}");
        }
        for line in [
            " Content-Length: 5",
            "Content-Length 5",
            "Con\u{1}tent-Length: 5",
            "(Transfer-Encoding: chunked",
            "Content-Length\u{c}: 5",
        ] {
            let (text, _, skipped, doubtful) = read(line.as_bytes());
            assert!(text.is_empty() && skipped == 1 && doubtful, "{line}");
        }
        assert!(!read(b"Content-Length: 5\r\nA : b\r\n").3);
    }

    #[test]
    fn a_framing_line_behind_a_bare_cr_is_doubtful() {
        for line in [
            "A: b\rContent-Length: 5",
            "A: b\r\n c\r Transfer-Encoding: chunked",
            "no colon\rcontent-length: 0",
        ] {
            assert!(read(line.as_bytes()).3, "{line}");
        }
        assert!(!read(b"A: b\rC: d\r\n").3);
    }
}
