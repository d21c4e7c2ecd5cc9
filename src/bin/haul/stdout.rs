//! Streams of JSON lines, with escapes if they go to a terminal.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use haul::redact::Escaped;

use crate::failure::CommandError;

/// Checks before the run that standard output can be written.
///
/// # Errors
/// When standard output is not open for writing, or is full in a way that shows without writing a byte. A descriptor
/// that was closed when the process began cannot be told from `/dev/null`, which Rust's runtime opens in its place.
pub(crate) fn check() -> Result<(), CommandError> {
    #[cfg(unix)]
    {
        use rustix::io::Errno;

        // std treats a descriptor that is not open for writing as one that swallows all bytes.
        match rustix::io::write(io::stdout(), b"") {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::PIPE) => {}
            Err(e) => return Err(unwritten(&e.into())),
        }
    }
    Ok(())
}

/// Prints text on standard output. A reader that closed the pipe is no failure.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn print(text: &[u8]) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text).and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&e)),
        _ => Ok(()),
    }
}

/// Failure of a write to standard output.
pub(crate) fn unwritten(error: &io::Error) -> CommandError {
    CommandError::unwritten(format!("stdout: cannot be written: {error}"))
}

/// Standard output, or a terminal that a path names. Characters that would steer a terminal are written to a terminal
/// as JSON escapes (`\u009b`), which read back as the same characters; other targets get every byte as it is.
pub(crate) struct OutputStream {
    out: Box<dyn Write + Send>,
    is_terminal: bool,
}

impl OutputStream {
    pub(crate) fn stdout() -> OutputStream {
        OutputStream {
            is_terminal: io::stdout().is_terminal(),
            out: unbuffered(),
        }
    }

    /// Opens the terminal of a path. `None`: the path is no terminal, or cannot be opened.
    pub(crate) fn terminal(path: &Path) -> Option<OutputStream> {
        // Opening a pipe would wait for its reader.
        let opened = is_character_device(path).then(|| OpenOptions::new().append(true).open(path));
        let file = opened?.ok()?;
        file.is_terminal().then(|| OutputStream {
            out: Box::new(file),
            is_terminal: true,
        })
    }
}

#[cfg(unix)]
fn is_character_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata()
        .is_ok_and(|about| about.file_type().is_char_device())
}

/// Returns false: terminals are not files on this system, and have no path.
#[cfg(not(unix))]
fn is_character_device(_: &Path) -> bool {
    false
}

/// Standard output without the buffer of [`io::stdout`], which takes a part of a line that the file behind it has no
/// room for, while the written lines must be known. If no descriptor is left for it, the buffered stream is used.
#[cfg(unix)]
fn unbuffered() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd;

    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(out) => Box::new(std::fs::File::from(out)),
        Err(_) => Box::new(io::stdout()),
    }
}

#[cfg(not(unix))]
fn unbuffered() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}

impl Write for OutputStream {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.out.write(lines);
        }
        let text = String::from_utf8_lossy(lines);
        self.out.write_all(escaped(&text).as_bytes())?;
        Ok(lines.len())
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
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_a_terminal_gets_escapes() {
        for (is_terminal, expected) in [
            (true, "{\"a\":\"\\u007f\\u0085\\u2066\"}\n"),
            (false, "{\"a\":\"\u{7f}\u{85}\u{2066}\"}\n"),
        ] {
            let kept = Kept::default();
            let out = Box::new(kept.clone());
            let mut stream = OutputStream { out, is_terminal };
            stream
                .write_all("{\"a\":\"\u{7f}\u{85}\u{2066}\"}\n".as_bytes())
                .unwrap();
            assert_eq!(*kept.0.lock().unwrap(), expected.as_bytes());
        }
    }

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
