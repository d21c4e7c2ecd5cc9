//! Compressed outputs. Each flush is a gzip member (RFC 1952 §2.2) or a zstd frame (RFC 8878 §3.1) of its own, so that a
//! file holds whole lines after each, and a kill tears no more than the last.

mod found;
#[cfg(feature = "gzip")]
mod gzip;
mod torn;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::{SinkError, SinkTarget};
use crate::record::{CountedSource, OpenPart, split_ending};
#[cfg(feature = "gzip")]
use crate::record::{GZIP_DEFLATE, gzip_part};
#[cfg(feature = "zstd")]
use crate::record::{ZSTD, zstd_part};

/// Number of bytes of lines that are gathered before a write, and so come into one member.
pub(super) const FULL: usize = 64 << 10;

/// Compression of an output.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packing {
    Plain,
    Packed(Coder),
}

/// Compression that this build knows.
#[derive(Clone, Copy)]
pub(super) struct Coder {
    /// Ending of the names of such files.
    ending: &'static str,
    /// Command that writes the content of such a file to its output.
    reader: &'static str,
    /// Bytes that a member begins with.
    magic: &'static [u8],
    /// Compresses lines into one member.
    pack: fn(&[u8], &mut Vec<u8>) -> io::Result<()>,
    /// Begins to read a member.
    open: PartOpener,
}

/// Function that begins to read a member.
type PartOpener = for<'f> fn(CountedSource<'f>) -> io::Result<Box<dyn OpenPart<'f> + 'f>>;

/// Endings of compressed files, with the feature that each needs.
const ENDINGS: [(&str, &str); 2] = [("gz", "gzip"), ("zst", "zstd")];

const KNOWN: &[Coder] = &[
    #[cfg(feature = "gzip")]
    Coder {
        ending: "gz",
        reader: "gzip -dc",
        magic: GZIP_DEFLATE,
        pack: gzip::pack,
        open: gzip_part,
    },
    #[cfg(feature = "zstd")]
    Coder {
        ending: "zst",
        reader: "zstd -dc",
        magic: ZSTD,
        pack: zstd::pack,
        open: zstd_part,
    },
];

impl Packing {
    /// Returns the compression that the ending of a file's name promises.
    ///
    /// # Errors
    /// When this build does not know the compression.
    pub(super) fn by_ending(path: &Path) -> Result<Packing, SinkError> {
        let end = split_ending(path).map_or("", |(_, end)| end);
        let Some((ending, feature)) = ENDINGS.iter().find(|(e, _)| end.eq_ignore_ascii_case(e))
        else {
            return Ok(Packing::Plain);
        };
        match KNOWN.iter().find(|coder| coder.ending == *ending) {
            Some(coder) => Ok(Packing::Packed(*coder)),
            None => {
                let reason = format!(
                    "its name promises {feature}, and the feature {feature} is not part of this build"
                );
                let place = SinkTarget::File(path.to_owned());
                let reason = io::Error::new(io::ErrorKind::InvalidInput, reason);
                Err(SinkError::new(place, "cannot be written", reason))
            }
        }
    }

    pub(super) fn coder(self) -> Option<Coder> {
        match self {
            Packing::Plain => None,
            Packing::Packed(coder) => Some(coder),
        }
    }
}

impl Coder {
    /// Adds the lines to `member` as a member of their own.
    pub(super) fn pack(self, lines: &[u8], member: &mut Vec<u8>) -> io::Result<()> {
        (self.pack)(lines, member)
    }

    /// Command that writes the content of such a file to its output.
    pub(super) fn reader(self) -> &'static str {
        self.reader
    }
}

impl fmt::Debug for Coder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coder({})", self.ending)
    }
}

/// Content of all members.
pub(super) struct Members<'f> {
    coder: Coder,
    /// `None`: the file has ended, or cannot be read further.
    member: Option<Box<dyn OpenPart<'f> + 'f>>,
    /// Position of the member in the file.
    start: u64,
    /// Number of bytes of its content that were taken.
    taken: u64,
    buffer: Vec<u8>,
    at: usize,
}

/// Number of bytes that are decoded at once.
const BUFFER: usize = 64 << 10;

impl<'f> Members<'f> {
    /// Reads from the member at `start`.
    pub(super) fn of(coder: Coder, file: &'f File, start: u64) -> io::Result<Members<'f>> {
        Members::between(coder, file, start, u64::MAX)
    }

    /// Reads from the member at `start` as if the file ended at `end`.
    fn between(coder: Coder, mut file: &'f File, start: u64, end: u64) -> io::Result<Members<'f>> {
        file.seek(SeekFrom::Start(start))?;
        let content = BufReader::with_capacity(BUFFER, file.take(end - start));
        let source = CountedSource::new(Box::new(content), start);
        let mut members = Members {
            coder,
            member: None,
            start,
            taken: 0,
            buffer: Vec::new(),
            at: 0,
        };
        members.begin(source)?;
        Ok(members)
    }

    /// Position of the member that is read, and the number of bytes of its content that were taken.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.start, self.taken)
    }

    fn begin(&mut self, mut source: CountedSource<'f>) -> io::Result<()> {
        (self.start, self.taken) = (source.position(), 0);
        if !source.fill_buf()?.is_empty() {
            self.member = Some((self.coder.open)(source)?);
        }
        Ok(())
    }
}

impl BufRead for Members<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.buffer.len() {
            let Some(mut member) = self.member.take() else {
                return Ok(&[]);
            };
            self.buffer.resize(BUFFER, 0);
            self.at = BUFFER;
            let read = member.read(&mut self.buffer)?;
            self.buffer.truncate(read);
            self.at = 0;
            match read {
                0 => self.begin(member.end())?,
                _ => self.member = Some(member),
            }
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes;
        self.taken += bytes as u64;
    }
}

impl Read for Members<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}
