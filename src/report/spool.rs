//! Results that wait until all are read, as bytes.

use std::io::{self, BufRead, BufReader, Read, Seek, Write};

use crate::spill::TemporaryFile;

/// Number of bytes that are held in memory.
const HELD: usize = 1 << 20;

/// Bytes of results that wait: few in memory, many in a temporary file.
///
/// Each result has its length before it.
#[derive(Debug, Default)]
pub(super) struct Spool {
    held: Vec<u8>,
    file: Option<TemporaryFile>,
}

impl Spool {
    /// Adds a result by `write`.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let start = self.held.len();
        self.held.extend_from_slice(&[0; 4]);
        write(&mut self.held);
        let length = u32::try_from(self.held.len() - start - 4).map_err(io::Error::other)?;
        self.held[start..start + 4].copy_from_slice(&length.to_le_bytes());
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

    /// Hands all results to `take`, oldest first.
    pub(super) fn each(&mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut one = Vec::new();
        if let Some(file) = &mut self.file {
            file.file().rewind()?;
            // Results are written to the file whole.
            let mut file = BufReader::with_capacity(256 << 10, file.file());
            let mut length = [0; 4];
            while !file.fill_buf()?.is_empty() {
                file.read_exact(&mut length)?;
                one.resize(u32::from_le_bytes(length) as usize, 0);
                file.read_exact(&mut one)?;
                take(&one)?;
            }
        }
        let mut held = self.held.as_slice();
        while let Some((length, rest)) = held.split_first_chunk() {
            let (bytes, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
            held = rest;
            take(bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_in_their_order_each_time() {
        for count in [0, 3, 100_000] {
            let mut spool = Spool::default();
            let text = |n| format!("this is result\n{n}");
            for n in 0..count {
                spool.add(|to| to.extend(text(n).as_bytes())).unwrap();
            }
            for _ in 0..2 {
                let mut found = 0;
                let read = spool.each(|one| {
                    assert_eq!(one, text(found).as_bytes());
                    found += 1;
                    Ok(())
                });
                read.unwrap();
                assert_eq!(found, count);
            }
        }
    }
}
