//! Lines that wait until all others are read.

use std::io::{self, Read, Seek, Write};

use crate::record::TemporaryFile;

/// Number of bytes that are held in memory.
const HELD: usize = 1 << 20;

/// Lines that wait: few in memory, many in a temporary file.
#[derive(Debug, Default)]
pub(super) struct Spool {
    held: Vec<u8>,
    file: Option<TemporaryFile>,
}

impl Spool {
    /// Adds a line by `write`, which writes no line feed.
    pub(super) fn add(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        write(&mut self.held)?;
        self.held.push(b'\n');
        if self.held.len() < HELD {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(TemporaryFile::new()?),
        };
        file.file().write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    /// Returns a reader of all lines, oldest first.
    pub(super) fn into_reader(mut self) -> io::Result<impl Read> {
        if let Some(file) = &mut self.file {
            file.file().rewind()?;
        }
        Ok(SpoolReader {
            file: self.file,
            held: io::Cursor::new(self.held),
        })
    }
}

struct SpoolReader {
    /// `None`: the file is at its end, or there is none.
    file: Option<TemporaryFile>,
    held: io::Cursor<Vec<u8>>,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            match file.file().read(buffer)? {
                0 if !buffer.is_empty() => self.file = None,
                read => return Ok(read),
            }
        }
        self.held.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_their_order() {
        for lines in [0, 3, 100_000] {
            let mut spool = Spool::default();
            let mut expected = String::new();
            for n in 0..lines {
                expected += &format!("this is line {n}\n");
                spool.add(|line| write!(line, "this is line {n}")).unwrap();
            }
            let mut found = String::new();
            let mut reader = spool.into_reader().unwrap();
            reader.read_to_string(&mut found).unwrap();
            assert_eq!(found, expected);
        }
    }
}
