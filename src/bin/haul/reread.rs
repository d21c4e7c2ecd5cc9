//! Reads lines that an earlier run could not read again from the files that its failure log names.

use std::fs::{self, File};
use std::io::{self, BufRead};

use haul::record::{FileRegister, InvalidLine};

use crate::line::{LineRead, read_line};
use crate::reader::{RecognizedInput, look};

/// Files that a failure log names, read one at a time.
pub(crate) struct Reread {
    register: FileRegister,
    /// File that was read last: entries of one file mostly come in the order of their lines. `None`: no file was read.
    last: Option<OpenFile>,
}

struct OpenFile {
    name: String,
    from: Box<dyn BufRead + Send>,
    /// Number of the line that was read last, from 1. 0: no line was read.
    number: u64,
}

impl Reread {
    /// Makes a reader. `register`: the files of the run. Files that the run writes are not read.
    pub(crate) fn new(register: FileRegister) -> Reread {
        Reread {
            register,
            last: None,
        }
    }

    /// Reads a line of a file, counted from 1.
    pub(crate) fn line(&mut self, name: &str, number: u64) -> Result<String, InvalidLine> {
        let gone = |reason: &str| {
            InvalidLine::new(format!(
                "the line that the failure log names cannot be read again: {reason}"
            ))
        };
        let mut open = match self.last.take() {
            Some(open) if open.name == name && open.number < number => open,
            _ => {
                let entered = self.register.enter_read(name, "a list with bad lines");
                entered
                    .map_err(|clash| gone(&format!("this run writes it ({})", clash.other())))?;
                OpenFile::new(name).map_err(|e| gone(&e.to_string()))?
            }
        };
        let line = open.line(number);
        self.last = Some(open);
        match line.map_err(|e| gone(&e.to_string()))? {
            Some(Ok(text)) => Ok(text),
            Some(Err(wrong)) => Err(wrong),
            None => Err(gone("the file has fewer lines")),
        }
    }
}

impl OpenFile {
    fn new(name: &str) -> io::Result<OpenFile> {
        // A pipe cannot be read again, and could keep the run waiting.
        if !fs::metadata(name)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        match look(Box::new(File::open(name)?), false)? {
            RecognizedInput::Lines(from) => Ok(OpenFile {
                name: name.to_owned(),
                from,
                number: 0,
            }),
            RecognizedInput::Other(_) => Err(io::Error::other("the file is no list")),
        }
    }

    /// Returns the line, or its mistake. `None`: the file has fewer lines.
    fn line(&mut self, number: u64) -> io::Result<Option<Result<String, InvalidLine>>> {
        let mut line = Vec::new();
        loop {
            let read = read_line(&mut self.from, &mut line, self.number == 0)?;
            self.number += 1;
            match read {
                LineRead::End => return Ok(None),
                _ if self.number < number => {}
                LineRead::Whole => {
                    let text = String::from_utf8_lossy(&line);
                    return Ok(Some(Ok(text.trim_end().to_owned())));
                }
                LineRead::Wrong(wrong) => return Ok(Some(Err(wrong))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_any_order() {
        let folder = std::env::temp_dir().join(format!("haul-{:016x}", fastrand::u64(..)));
        fs::create_dir(&folder).unwrap();
        let list = folder.join("list");
        fs::write(&list, "\u{feff}one\r\n\nthree\nfour").unwrap();
        let list = list.to_str().unwrap();
        let register = FileRegister::new();
        let mut files = Reread::new(register.clone());
        for (number, text) in [(1, "one"), (3, "three"), (4, "four"), (3, "three"), (2, "")] {
            assert_eq!(files.line(list, number).as_deref(), Ok(text));
        }
        let wrong = files.line(list, 5).unwrap_err().to_string();
        assert!(wrong.ends_with("the file has fewer lines"), "{wrong}");
        assert!(files.line("no such file", 1).is_err());
        assert!(register.enter_written(list, "the results").is_err());
        assert!(files.line(folder.to_str().unwrap(), 1).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_that_the_run_writes_is_not_read() {
        let register = FileRegister::new();
        register.enter_written("written", "--failures").unwrap();
        let mut files = Reread::new(register);
        for name in ["written", "./written"] {
            let wrong = files.line(name, 1).unwrap_err().to_string();
            assert!(
                wrong.ends_with("this run writes it (--failures)"),
                "{wrong}"
            );
        }
    }
}
