//! Entries on disk, divided by the first bits of their keys: each part fits the memory.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::entry::{KeyBytes, ResultEntry};
use crate::record::TemporaryFile;

/// Number of partitions: one for each value of a byte of the key.
const PARTS: usize = 256;

/// Number of bytes that a partition holds in memory before they go to the file.
const BUFFER: usize = 16 << 10;

/// Entries divided by one byte of their keys. All partitions share one temporary file, of which each has blocks.
#[derive(Debug)]
pub(in super::super) struct Partitions {
    /// Position of the byte of the key that divides.
    byte: usize,
    buffers: Vec<Vec<u8>>,
    blocks: Vec<Vec<FileBlock>>,
    /// `None`: everything is in memory.
    file: Option<TemporaryFile>,
    /// Length of the file.
    length: u64,
}

/// Part of the file that belongs to one partition, and holds whole entries.
#[derive(Clone, Copy, Debug)]
struct FileBlock {
    start: u64,
    length: usize,
}

impl Partitions {
    pub(super) fn new(byte: usize) -> Partitions {
        Partitions {
            byte,
            buffers: vec![Vec::new(); PARTS],
            blocks: vec![Vec::new(); PARTS],
            file: None,
            length: 0,
        }
    }

    /// Adds the bytes of one entry.
    pub(super) fn add(&mut self, key: &KeyBytes, entry: &[u8]) -> io::Result<()> {
        let part = usize::from(key[self.byte]);
        let buffer = &mut self.buffers[part];
        if !buffer.is_empty() && buffer.len() + entry.len() > BUFFER {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(TemporaryFile::new()?),
            };
            file.file().write_all(buffer)?;
            self.blocks[part].push(FileBlock {
                start: self.length,
                length: buffer.len(),
            });
            self.length += buffer.len() as u64;
            buffer.clear();
        }
        buffer.extend_from_slice(entry);
        Ok(())
    }

    /// Number of bytes of a partition.
    pub(in super::super) fn size(&self, part: u8) -> u64 {
        let part = usize::from(part);
        let in_file = self.blocks[part].iter().map(|block| block.length as u64);
        in_file.sum::<u64>() + self.buffers[part].len() as u64
    }

    /// Hands the blocks of a partition to `take`, in the order in which they were added, each with whole entries.
    pub(in super::super) fn each_block(
        &mut self,
        part: u8,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let part = usize::from(part);
        let mut bytes = Vec::new();
        for at in 0..self.blocks[part].len() {
            self.read_block(part, at, &mut bytes)?;
            take(&bytes)?;
        }
        take(&self.buffers[part])
    }

    /// Number of blocks of a partition, with the one in memory.
    pub(in super::super) fn blocks(&self, part: u8) -> usize {
        self.blocks[usize::from(part)].len() + 1
    }

    /// Reads one block of a partition.
    pub(in super::super) fn block(
        &mut self,
        part: u8,
        at: usize,
        bytes: &mut Vec<u8>,
    ) -> io::Result<()> {
        let part = usize::from(part);
        if at < self.blocks[part].len() {
            return self.read_block(part, at, bytes);
        }
        bytes.clear();
        bytes.extend_from_slice(&self.buffers[part]);
        Ok(())
    }

    fn read_block(&mut self, part: usize, at: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let block = self.blocks[part][at];
        bytes.resize(block.length, 0);
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.file().seek(SeekFrom::Start(block.start))?;
        file.file().read_exact(bytes)
    }

    /// Divides a partition by the next byte of the keys.
    pub(in super::super) fn divided(&mut self, part: u8) -> io::Result<Partitions> {
        let mut parts = Partitions::new(self.byte + 1);
        self.each_block(part, |block| {
            let mut rest = block;
            while let Some((entry, key)) = first_entry(&mut rest) {
                parts.add(&key, entry)?;
            }
            Ok(())
        })?;
        Ok(parts)
    }
}

/// Takes the bytes of the first entry, and its key. `None`: there is none.
pub(in super::super) fn first_entry<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], KeyBytes)> {
    let whole = *bytes;
    ResultEntry::take(bytes)?;
    let entry = &whole[..whole.len() - bytes.len()];
    Some((entry, ResultEntry::key_of(entry)?))
}
