//! Standard output for lines of JSON, fit for a terminal where it is one.

use std::io::{self, IsTerminal, Write};

use haul::Escaped;

/// Standard output. What would steer a terminal is written to one as an escape of JSON (`\u009b`), which reads back as
/// the same character; anything else gets every byte as it is.
pub(crate) struct Stdout {
    out: Box<dyn Write>,
    is_terminal: bool,
}

impl Stdout {
    pub(crate) fn new() -> Stdout {
        Stdout {
            is_terminal: io::stdout().is_terminal(),
            out: unbuffered(),
        }
    }
}

/// Standard output without the buffer of [`io::stdout`], which takes a part of a line that the file behind it has no room
/// for: which lines are written must be known. Where there is no descriptor left for it, the buffered one has to do.
#[cfg(unix)]
fn unbuffered() -> Box<dyn Write> {
    use std::os::fd::AsFd;

    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(out) => Box::new(std::fs::File::from(out)),
        Err(_) => Box::new(io::stdout()),
    }
}

#[cfg(not(unix))]
fn unbuffered() -> Box<dyn Write> {
    Box::new(io::stdout())
}

impl Write for Stdout {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(lines) {
            Ok(text) if self.is_terminal => {
                self.out.write_all(escaped(text).as_bytes())?;
                Ok(lines.len())
            }
            _ => self.out.write(lines),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes characters that steer a terminal as JSON escapes, which leaves the JSON the same: only strings hold such
/// characters.
fn escaped(lines: &str) -> String {
    let mut text = String::with_capacity(lines.len());
    for c in lines.chars() {
        if c == '\n' || !Escaped::steers(c) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            text += &format!("\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_a_terminal_reads_back_the_same() {
        let given = "{\"a\":\"x\u{7f}\u{9b}31m\u{202e}\u{e0041}y \u{4f59}\"}\n";
        let shown = escaped(given);
        let expected = "{\"a\":\"x\\u007f\\u009b31m\\u202e\\udb40\\udc41y \u{4f59}\"}\n";
        assert_eq!(shown, expected);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&shown), value(given));
    }
}
