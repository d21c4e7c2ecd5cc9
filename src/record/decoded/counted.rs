//! Source of a decoder, which knows its position.

use std::io::{self, BufRead, Read};

/// Source of a decoder, with the number of bytes that the decoder took.
pub(crate) struct CountedSource<'s> {
    from: Box<dyn BufRead + Send + 's>,
    position: u64,
    /// True if the source itself failed: the error is not about the compression.
    failed: bool,
}

#[cfg_attr(not(any(feature = "gzip", feature = "zstd")), allow(dead_code))]
impl<'s> CountedSource<'s> {
    /// Makes a source. `position`: number of bytes in front of it that count.
    pub(crate) fn new(from: Box<dyn BufRead + Send + 's>, position: u64) -> CountedSource<'s> {
        CountedSource {
            from,
            position,
            failed: false,
        }
    }

    /// Returns the number of bytes that were taken.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// True if the last error is one of the source itself.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }
}

impl Read for CountedSource<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut waiting = self.fill_buf()?;
        let n = waiting.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for CountedSource<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let filled = self.from.fill_buf();
        let is_interrupted = |e: &io::Error| e.kind() == io::ErrorKind::Interrupted;
        self.failed |= filled.as_ref().is_err_and(|e| !is_interrupted(e));
        filled
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount as u64;
        self.from.consume(amount);
    }
}

/// A part that is read to its end, of any compression.
pub(crate) trait OpenPart<'s>: Read {
    /// Gives the source back, at the end of the part.
    fn end(self: Box<Self>) -> CountedSource<'s>;
}
