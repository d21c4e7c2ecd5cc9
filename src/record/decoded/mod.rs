//! Compressed and encoded files as UTF-8, recognised by their first bytes.

#[cfg(any(feature = "gzip", feature = "zstd"))]
mod coded;
mod content;
mod counted;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(test)]
mod tests;
mod utf16;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::{Arc, OnceLock};

use content::{Coding, RawContent};
pub(crate) use counted::{CountedSource, OpenPart};
#[cfg(feature = "gzip")]
pub(crate) use gzip::gzip_part;
use utf16::Utf16;
#[cfg(feature = "zstd")]
pub(crate) use zstd::zstd_part;

/// Size of a buffer, in bytes.
const BUFFER: usize = 64 << 10;

/// Upper bound for the compressions of one file, one within the other.
const DEEPEST: usize = 3;

/// Reader of a file that is compressed or not UTF-8, as UTF-8.
///
/// The format is recognised by the first bytes, never by a name: gzip (all members; feature `gzip`), zstd (all frames;
/// feature `zstd`), also one within the other, UTF-16 with and without a byte order mark, and UTF-8. A byte order mark
/// is left out. Other content is given as it is. Memory is flat.
///
/// Content that a pipe has given is read at once, and is not held back until more comes. Half a surrogate pair of
/// UTF-16 becomes the byte 0xFF, so that only its line cannot be read.
///
/// # Errors of reading
/// Broken data is [`InvalidData`](io::ErrorKind::InvalidData), a file that was cut off
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof). Both name the format and the position in the file in bytes, from
/// 0. All content before comes first. Behind an error the content ends.
///
/// ```no_run
/// use std::fs::File;
/// use std::io::BufRead;
///
/// use haul::record::DecodedReader;
///
/// for line in DecodedReader::new(File::open("run.jsonl.gz")?).lines() {
///     println!("{}", line?.len());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct DecodedReader {
    state: ReaderState,
    accepts_torn_end: bool,
    torn_end: Arc<OnceLock<TornEnd>>,
}

/// Place where the last part of a compressed file begins that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TornEnd {
    /// Position in the file, in bytes: length of the whole members or frames before.
    pub file_position: u64,
    /// Length of the decompressed content of the whole members or frames before, in bytes.
    pub content_position: u64,
}

enum ReaderState {
    Unopened(Box<dyn Read + Send>),
    Open(Box<dyn BufRead + Send>),
    /// The content has ended by an error.
    Ended,
}

/// Facts that the decoders of a file share.
#[cfg_attr(not(any(feature = "gzip", feature = "zstd")), allow(dead_code))]
#[derive(Clone)]
struct EndRules {
    accepts_torn_end: bool,
    torn_end: Arc<OnceLock<TornEnd>>,
}

impl DecodedReader {
    /// Makes a reader. Nothing is read until content is asked for.
    pub fn new(from: impl Read + Send + 'static) -> DecodedReader {
        DecodedReader {
            state: ReaderState::Unopened(Box::new(from)),
            accepts_torn_end: false,
            torn_end: Arc::default(),
        }
    }

    /// True: a compressed file whose last member or frame is not whole ends there, without an error.
    ///
    /// The content of that part is given as far as it can be read. Zeros behind the last whole part, which a crash of
    /// the machine leaves, are accepted too. Default false: a part that is not whole is an error.
    #[must_use = "the reader is returned"]
    pub fn accept_torn_end(mut self, accepted: bool) -> DecodedReader {
        self.accepts_torn_end = accepted;
        self
    }

    /// Returns the place of the last part if it was not whole. Known when the content has ended.
    ///
    /// `None`: the file is whole, is not compressed, or was not read to its end. A writer that goes on cuts the file
    /// there.
    pub fn torn_end(&self) -> Option<TornEnd> {
        self.torn_end.get().copied()
    }

    /// Recognises the format, if that was not done yet, and returns the decoded content.
    fn content(&mut self) -> io::Result<&mut (dyn BufRead + Send + 'static)> {
        if let ReaderState::Unopened(_) = self.state {
            let unopened = std::mem::replace(&mut self.state, ReaderState::Ended);
            if let ReaderState::Unopened(from) = unopened {
                let rules = EndRules {
                    accepts_torn_end: self.accepts_torn_end,
                    torn_end: Arc::clone(&self.torn_end),
                };
                self.state = ReaderState::Open(open(from, 0, &rules)?);
            }
        }
        if let ReaderState::Ended = self.state {
            self.state = ReaderState::Open(Box::new(io::empty()));
        }
        match &mut self.state {
            ReaderState::Open(content) => Ok(&mut **content),
            ReaderState::Unopened(_) | ReaderState::Ended => {
                unreachable!("the reader was opened above")
            }
        }
    }

    /// Notes an error, behind which the content ends.
    fn noted<T>(&mut self, read: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &read
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.state = ReaderState::Ended;
        }
        read
    }
}

impl Read for DecodedReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.content().and_then(|content| content.read(into));
        self.noted(read)
    }
}

impl BufRead for DecodedReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let filled = self
            .content()
            .and_then(|content| content.fill_buf().map(|_| ()));
        self.noted(filled)?;
        self.content()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let ReaderState::Open(content) = &mut self.state {
            content.consume(amount);
        }
    }
}

impl fmt::Debug for DecodedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedReader")
            .field("torn_end", &self.torn_end())
            .finish_non_exhaustive()
    }
}

/// Recognises the format of a source and opens it, with all that is within. `depth`: number of compressions around it.
fn open(
    mut from: Box<dyn Read + Send>,
    depth: usize,
    rules: &EndRules,
) -> io::Result<Box<dyn BufRead + Send>> {
    let (mut first, mut failure) = (Vec::new(), None);
    let mut piece = vec![0; BUFFER];
    let content = loop {
        let read = from.read(&mut piece);
        let is_last = match read {
            Ok(n) => {
                first.extend_from_slice(&piece[..n]);
                n == 0
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) if first.is_empty() => return Err(e),
            // Content that came before the error is given first.
            Err(e) => {
                failure = Some(e);
                true
            }
        };
        if let Some(content) = RawContent::of(&first, is_last) {
            break content;
        }
    };
    drop(piece);
    let mut first = Cursor::new(first);
    first.set_position(content.mark_length());
    let whole = BufReader::with_capacity(BUFFER, FailsAtEnd { from, failure });
    let whole = first.chain(whole);
    Ok(match content {
        RawContent::Utf8 { .. } => Box::new(whole),
        RawContent::Utf16 { endian, .. } => {
            Box::new(BufReader::with_capacity(BUFFER, Utf16::new(whole, endian)))
        }
        RawContent::Coded(coding) if depth == DEEPEST => {
            let reason = format!("it is compressed more than {DEEPEST} times ({coding} again)");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        RawContent::Coded(coding) => {
            let source = CountedSource::new(Box::new(whole), 0);
            open(decoder(coding, source, rules)?, depth + 1, rules)?
        }
    })
}

/// Makes the decoder of a compressed source.
fn decoder(
    coding: Coding,
    source: CountedSource<'static>,
    rules: &EndRules,
) -> io::Result<Box<dyn Read + Send>> {
    // Unused in builds that decompress no format.
    let _ = (&source, rules);
    match coding {
        #[cfg(feature = "gzip")]
        Coding::Gzip => Ok(coded::reader::<gzip::GzipMember<'_>>(source, rules)),
        #[cfg(feature = "zstd")]
        Coding::Zstd => Ok(coded::reader::<zstd::ZstdFrame<'_>>(source, rules)),
        #[cfg(not(all(feature = "gzip", feature = "zstd")))]
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "it is compressed with {coding}, which this build does not read (feature {coding})"
            ),
        )),
    }
}

/// Reader that ends with an error, if there is one.
pub(super) struct FailsAtEnd<R> {
    pub(super) from: R,
    /// Error that came while the first bytes were read. `None`: reading goes on.
    pub(super) failure: Option<io::Error>,
}

impl<R: Read> Read for FailsAtEnd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.from.read(into),
        }
    }
}
