//! Entries of one kind, divided by one byte of their keys, so that each part fits the memory.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::temporary::TemporaryFile;

/// Number of partitions: one for each value of a byte.
const PARTS: usize = 256;

/// Number of bytes that a partition holds in memory before they go to the file.
const BUFFER: usize = 16 << 10;

/// Form of entries that follow each other without anything between them.
pub(crate) trait EntryFormat {
    /// Number of bytes of the [divider](EntryFormat::divider) that are the key.
    const KEY: usize;

    /// Returns the length of the first entry. `None`: there is none.
    fn length(bytes: &[u8]) -> Option<usize>;

    /// Returns the bytes that an entry is divided by: its key, and in some forms further bytes behind it.
    fn divider(entry: &[u8]) -> &[u8];
}

/// Entries divided by one byte of their dividers. All partitions share one temporary file, of which each has blocks.
pub(crate) struct Partitions<F> {
    /// Position of the byte that divides.
    byte: usize,
    buffers: Vec<Vec<u8>>,
    blocks: Vec<Vec<FileBlock>>,
    /// Directory of the temporary file.
    folder: PathBuf,
    /// `None`: everything is in memory.
    file: Option<TemporaryFile>,
    /// Length of the file.
    length: u64,
    format: PhantomData<F>,
}

/// Part of the file that belongs to one partition, and holds whole entries.
#[derive(Clone, Copy, Debug)]
struct FileBlock {
    start: u64,
    length: usize,
}

impl<F> fmt::Debug for Partitions<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partitions")
            .field("byte", &self.byte)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl<F: EntryFormat> Partitions<F> {
    /// Makes partitions without entries. The folder is that of the temporary file.
    pub(crate) fn new(folder: &Path) -> Partitions<F> {
        Partitions::by_byte(0, folder)
    }

    fn by_byte(byte: usize, folder: &Path) -> Partitions<F> {
        Partitions {
            byte,
            buffers: vec![Vec::new(); PARTS],
            blocks: vec![Vec::new(); PARTS],
            folder: folder.to_owned(),
            file: None,
            length: 0,
            format: PhantomData,
        }
    }

    /// Adds the bytes of one entry.
    pub(crate) fn add(&mut self, entry: &[u8]) -> io::Result<()> {
        let part = usize::from(F::divider(entry)[self.byte]);
        let buffer = &mut self.buffers[part];
        if !buffer.is_empty() && buffer.len() + entry.len() > BUFFER {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(TemporaryFile::new_in(&self.folder)?),
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
    pub(crate) fn size(&self, part: u8) -> u64 {
        let part = usize::from(part);
        let in_file = self.blocks[part].iter().map(|block| block.length as u64);
        in_file.sum::<u64>() + self.buffers[part].len() as u64
    }

    /// Reads a partition into memory, in the order in which its entries were added.
    pub(crate) fn load(&mut self, part: u8) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size(part) as usize);
        let mut block = Vec::new();
        for at in 0..self.blocks(part) {
            self.block(part, at, &mut block)?;
            bytes.extend_from_slice(&block);
        }
        Ok(bytes)
    }

    /// Calls `take` for each entry of a partition, in the order in which they were added, until it returns false.
    pub(crate) fn each_entry(
        &mut self,
        part: u8,
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        let mut block = Vec::new();
        for at in 0..self.blocks(part) {
            self.block(part, at, &mut block)?;
            let mut rest = block.as_slice();
            while let Some(entry) = first_entry::<F>(&mut rest) {
                if !take(entry) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Number of blocks of a partition, with the one in memory.
    pub(crate) fn blocks(&self, part: u8) -> usize {
        self.blocks[usize::from(part)].len() + 1
    }

    /// Reads one block of a partition, which holds whole entries.
    pub(crate) fn block(&mut self, part: u8, at: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let part = usize::from(part);
        let Some(block) = self.blocks[part].get(at).copied() else {
            bytes.clear();
            bytes.extend_from_slice(&self.buffers[part]);
            return Ok(());
        };
        bytes.resize(block.length, 0);
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.file().seek(SeekFrom::Start(block.start))?;
        file.file().read_exact(bytes)
    }

    /// Cuts a prefix to the bytes that the dividers of a partition begin with too.
    pub(super) fn narrow(&mut self, part: u8, others: &mut KeyPrefix) -> io::Result<()> {
        // All entries of a partition have equal bytes up to the one that divides.
        let least = self.byte + 1;
        self.each_entry(part, |entry| {
            others.add(F::divider(entry));
            others.length() > least
        })
    }

    /// Number of bytes that the dividers of a partition have in common.
    pub(crate) fn common_length(&mut self, part: u8) -> io::Result<usize> {
        let mut prefix = KeyPrefix::default();
        self.narrow(part, &mut prefix)?;
        Ok(prefix.length())
    }

    /// Divides a partition by a later byte.
    pub(crate) fn divided(&mut self, part: u8, byte: usize) -> io::Result<Partitions<F>> {
        let mut parts = Partitions::by_byte(byte, &self.folder);
        let mut block = Vec::new();
        for at in 0..self.blocks(part) {
            self.block(part, at, &mut block)?;
            let mut rest = block.as_slice();
            while let Some(entry) = first_entry::<F>(&mut rest) {
                parts.add(entry)?;
            }
        }
        Ok(parts)
    }
}

/// Bytes that all dividers seen so far begin with.
#[derive(Debug, Default)]
pub(super) struct KeyPrefix(Option<Vec<u8>>);

impl KeyPrefix {
    fn add(&mut self, divider: &[u8]) {
        match &mut self.0 {
            None => self.0 = Some(divider.to_vec()),
            Some(common) => {
                let equal = common.iter().zip(divider).take_while(|(a, b)| a == b);
                let length = equal.count();
                common.truncate(length);
            }
        }
    }

    pub(super) fn length(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }
}

/// Takes the bytes of the first entry. `None`: there is none.
pub(crate) fn first_entry<'a, F: EntryFormat>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (entry, rest) = bytes.split_at_checked(F::length(bytes)?)?;
    *bytes = rest;
    Some(entry)
}
