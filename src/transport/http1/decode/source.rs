//! Coded bytes that a decoder reads: counted, with knowledge of how they end.
#![cfg_attr(
    not(any(
        feature = "brotli",
        feature = "deflate",
        feature = "gzip",
        feature = "zstd"
    )),
    allow(dead_code)
)]

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use super::{Layer, PassedError, TooLarge};

/// Coded bytes of the body as it came, or of the layer below.
pub(super) type CodedSource<'a> = BufReader<CountedLayer<'a>>;

/// Body that knows how it ended.
pub(in crate::transport) trait BodyRead: Read {
    /// Returns true if the framing marked the end of the body; false if only the end of the connection did.
    fn is_framed(&self) -> bool;
}

/// Facts that the layers of one body share.
pub(super) struct Layers {
    limit: u64,
    empty: Rc<Cell<bool>>,
}

impl Layers {
    /// Creates the facts of layers none of which gives more than `limit` bytes to the layer above.
    pub(super) fn new(limit: u64) -> Layers {
        Layers {
            limit,
            empty: Rc::default(),
        }
    }

    /// Returns the source of a decoder on this layer.
    pub(super) fn over<'a>(&self, layer: Layer<'a>) -> CodedSource<'a> {
        BufReader::new(CountedLayer {
            layer,
            left: self.limit,
            begun: false,
            empty: Rc::clone(&self.empty),
        })
    }
}

/// Layer below a decoder, with its bytes counted.
pub(super) struct CountedLayer<'a> {
    layer: Layer<'a>,
    /// Number of bytes that the layer may still give.
    left: u64,
    begun: bool,
    /// True if the body is empty by its framing: such a body is empty in every coding. All layers of a body share this.
    empty: Rc<Cell<bool>>,
}

impl Read for CountedLayer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.layer.read(into)?;
        let left = self.left.checked_sub(n as u64);
        self.left =
            left.ok_or_else(|| io::Error::other(PassedError(io::Error::other(TooLarge))))?;
        self.begun |= n > 0;
        Ok(n)
    }
}

impl CountedLayer<'_> {
    /// Returns true if the body is empty by its framing. Called after a read of its first byte.
    fn is_empty_body(&self) -> bool {
        if let Layer::Body(body) = &self.layer {
            self.empty.set(body.is_framed() && !self.begun);
        }
        self.empty.get()
    }
}

/// Reads the first byte. Returns false for a body that is empty by its framing.
pub(super) fn begins(source: &mut CodedSource<'_>) -> io::Result<bool> {
    if !source.fill_buf()?.is_empty() {
        return Ok(true);
    }
    match source.get_ref().is_empty_body() {
        true => Ok(false),
        // The error is not about an early end, because there is no beginning.
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "nothing came, not even a beginning",
        )),
    }
}

/// Reads on from the end of a coded stream to the end of the body. No bytes may be between them: a text that is not
/// coded may begin like a bare `deflate` stream, and end like one long before the text is over.
#[cfg(any(feature = "brotli", feature = "deflate"))]
pub(super) fn finish(source: &mut impl BufRead) -> io::Result<()> {
    match source.fill_buf()?.is_empty() {
        true => Ok(()),
        false => Err(follows()),
    }
}

/// Returns the error for bytes behind the end of a coded stream.
#[cfg(any(feature = "brotli", feature = "deflate"))]
pub(super) fn follows() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "something follows its end")
}
