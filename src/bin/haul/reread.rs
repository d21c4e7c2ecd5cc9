//! Reads lines that an earlier run could not read again from the files that its failure log names.

use std::fs::{self, File};
use std::io;

use haul::record::{FileRegister, InputOptions, InputReader, InvalidLine};

/// Files that a failure log names, read one at a time.
pub(crate) struct Reread {
    register: FileRegister,
    options: InputOptions,
    /// File that was read last: entries of one file mostly come in the order of their lines. `None`: no file was read.
    last: Option<OpenFile>,
}

struct OpenFile {
    name: String,
    from: InputReader,
    /// Line and text of the entry that was read last and is not given yet. `None`: there is none.
    next: Option<ReadEntry>,
    /// Number of the line that was given last, from 1. 0: no line was given.
    number: u64,
}

struct ReadEntry {
    line: u64,
    text: Result<String, InvalidLine>,
}

impl Reread {
    /// Makes a reader. `register`: the files of the run. Files that the run writes are not read.
    pub(crate) fn new(register: FileRegister, options: InputOptions) -> Reread {
        Reread {
            register,
            options,
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
                OpenFile::new(name, &self.options).map_err(|e| gone(&e.to_string()))?
            }
        };
        let line = open.line(number);
        self.last = Some(open);
        line.map_err(gone)?
    }
}

impl OpenFile {
    fn new(name: &str, options: &InputOptions) -> io::Result<OpenFile> {
        // A pipe cannot be read again, and could keep the run waiting.
        if !fs::metadata(name)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let from = InputReader::open(File::open(name)?, options);
        let mut open = OpenFile {
            name: name.to_owned(),
            from: from.map_err(io::Error::other)?,
            next: None,
            number: 0,
        };
        open.advance();
        Ok(open)
    }

    fn advance(&mut self) {
        self.next = self.from.next_entry().map(|entry| ReadEntry {
            line: entry.line(),
            text: entry.text().map(str::to_owned),
        });
    }

    /// Returns the entry of the line, or its mistake. The outer error says why there is no such entry.
    fn line(&mut self, number: u64) -> Result<Result<String, InvalidLine>, &'static str> {
        self.number = number;
        while self.next.as_ref().is_some_and(|entry| entry.line < number) {
            self.advance();
        }
        let found = match self.next.take() {
            None => return Err("the file has fewer lines"),
            Some(entry) if entry.line == number => entry,
            Some(later) => {
                self.next = Some(later);
                return Err("no request begins in that line");
            }
        };
        self.advance();
        match &self.next {
            Some(other) if other.line == number => Err("several requests begin in that line"),
            _ => Ok(found.text),
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
        let mut files = Reread::new(register.clone(), InputOptions::new());
        for (number, text) in [(1, "one"), (3, "three"), (4, "four"), (3, "three")] {
            assert_eq!(files.line(list, number).as_deref(), Ok(text));
        }
        let wrong = files.line(list, 2).unwrap_err().to_string();
        assert!(wrong.ends_with("no request begins in that line"), "{wrong}");
        let wrong = files.line(list, 5).unwrap_err().to_string();
        assert!(wrong.ends_with("the file has fewer lines"), "{wrong}");
        assert!(files.line("no such file", 1).is_err());
        assert!(register.enter_written(list, "the results").is_err());
        assert!(files.line(folder.to_str().unwrap(), 1).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_line_in_which_several_requests_begin_leads_to_none_of_them() {
        let list = std::env::temp_dir().join(format!("haul-{:016x}", fastrand::u64(..)));
        fs::write(&list, "[\"one\", \"two\",\n\"three\"]").unwrap();
        let mut files = Reread::new(FileRegister::new(), InputOptions::new());
        let name = list.to_str().unwrap();
        let wrong = files.line(name, 1).unwrap_err().to_string();
        assert!(
            wrong.ends_with("several requests begin in that line"),
            "{wrong}"
        );
        assert_eq!(files.line(name, 2).as_deref(), Ok("\"three\""));
        fs::remove_file(&list).unwrap();
    }

    #[test]
    fn a_file_that_the_run_writes_is_not_read() {
        let register = FileRegister::new();
        register.enter_written("written", "--failures").unwrap();
        let mut files = Reread::new(register, InputOptions::new());
        for name in ["written", "./written"] {
            let wrong = files.line(name, 1).unwrap_err().to_string();
            assert!(
                wrong.ends_with("this run writes it (--failures)"),
                "{wrong}"
            );
        }
    }
}
