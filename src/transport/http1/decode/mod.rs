//! Content codings (RFC 9110 section 8.4): the codings of a response, and its body without them.
//!
//! Decoders are stacked, each reads as much as it needs, and the bytes of every layer are counted: a body that grows
//! beyond the limit ends there, however deep it is nested.

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "gzip")]
mod gzip;
mod source;
#[cfg(feature = "zstd")]
mod zstd;

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read};

pub(in crate::transport) use self::source::BodyRead;
use self::source::{CodedSource, Layers};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// Upper bound for the codings of one body.
pub(in crate::transport) const MOST_CODINGS: usize = 4;
/// Number of bytes by which a layer below the outermost may exceed the limit of the body: a coded body is mostly
/// smaller than its decoded form, and otherwise only a little larger.
pub(in crate::transport) const SLACK: u64 = 64 * 1024;

/// Coding that this build decodes.
#[derive(Clone, Copy)]
pub(in crate::transport) struct ContentCoding {
    /// Name in `Content-Encoding`.
    name: &'static str,
    open: for<'a> fn(CodedSource<'a>) -> Box<dyn Read + 'a>,
}

const KNOWN: &[ContentCoding] = &[
    #[cfg(feature = "gzip")]
    ContentCoding {
        name: "gzip",
        open: |source| Box::new(gzip::Gzip::new(source)),
    },
    #[cfg(feature = "gzip")]
    ContentCoding {
        name: "x-gzip",
        open: |source| Box::new(gzip::Gzip::new(source)),
    },
    #[cfg(feature = "deflate")]
    ContentCoding {
        name: "deflate",
        open: |source| Box::new(deflate::Deflate::new(source)),
    },
    #[cfg(feature = "brotli")]
    ContentCoding {
        name: "br",
        open: |source| Box::new(brotli::Brotli::new(source)),
    },
    #[cfg(feature = "zstd")]
    ContentCoding {
        name: "zstd",
        open: |source| Box::new(zstd::Zstd::new(source)),
    },
];

impl ContentCoding {
    /// Returns the coding of this name. `None`: this build does not decode it.
    pub(in crate::transport) fn named(name: &[u8]) -> Option<ContentCoding> {
        let is = |coding: &&ContentCoding| name.eq_ignore_ascii_case(coding.name.as_bytes());
        KNOWN.iter().find(is).copied()
    }
}

/// Codings in the `Content-Encoding` of a body.
pub(in crate::transport) enum Codings {
    /// Codings to remove, in the order in which they were applied. Empty: the body has no coding.
    Known(Vec<ContentCoding>),
    /// A coding that this build does not know is among them: the body stays as it came.
    Unknown,
    /// There are more than [`MOST_CODINGS`].
    TooMany,
}

impl Codings {
    /// True if the body has no coding.
    pub(in crate::transport) fn is_none(&self) -> bool {
        matches!(self, Codings::Known(codings) if codings.is_empty())
    }

    /// Returns the codings that the headers name, in one line or several.
    pub(in crate::transport) fn of(headers: &HeaderMap) -> Codings {
        let lines = headers.get_all(CONTENT_ENCODING);
        let names = lines
            .iter()
            .flat_map(|line| line.as_bytes().split(|&b| b == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty());
        let mut codings = Vec::new();
        let mut unknown = false;
        for (number, name) in names.enumerate() {
            if number == MOST_CODINGS {
                return Codings::TooMany;
            }
            match ContentCoding::named(name) {
                Some(coding) => codings.push(coding),
                None => unknown |= !name.eq_ignore_ascii_case(b"identity"),
            }
        }
        match unknown {
            true => Codings::Unknown,
            false => Codings::Known(codings),
        }
    }
}

/// Returns the body without these codings, of which the last was applied last. `limit`: upper bound for the body in
/// bytes.
pub(in crate::transport) fn decode<'a>(
    codings: &[ContentCoding],
    body: impl BodyRead + 'a,
    limit: u64,
) -> Decoded<'a> {
    let layers = Layers::new(limit.saturating_add(SLACK));
    let mut layer = Layer::Body(Box::new(body));
    for coding in codings.iter().rev() {
        layer = Layer::Coded {
            coding: coding.name,
            decoder: (coding.open)(layers.over(layer)),
            ended: false,
        };
    }
    Decoded(layer)
}

/// Body without its codings.
pub(in crate::transport) struct Decoded<'a>(Layer<'a>);

/// Body as it came, or with one coding removed.
enum Layer<'a> {
    Body(Box<dyn BodyRead + 'a>),
    Coded {
        coding: &'static str,
        decoder: Box<dyn Read + 'a>,
        ended: bool,
    },
}

impl Read for Layer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (coding, decoder, ended) = match self {
            // A connection error is no error of the decoder.
            Layer::Body(body) => {
                return body
                    .read(into)
                    .map_err(|e| io::Error::other(PassedError(e)));
            }
            Layer::Coded {
                coding,
                decoder,
                ended,
            } => (*coding, decoder, ended),
        };
        // Some decoders continue after an error or their end, as if there had been none.
        if *ended || into.is_empty() {
            return Ok(0);
        }
        let result = decoder.read(into);
        *ended = !matches!(result, Ok(n) if n > 0);
        result.map_err(|error| match error.get_ref() {
            Some(inner) if inner.is::<PassedError>() => error,
            _ => io::Error::other(PassedError(io::Error::other(Undecoded { coding, error }))),
        })
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0
            .read(into)
            .map_err(|error| match error.downcast::<PassedError>() {
                Ok(passed) => passed.0,
                Err(error) => error,
            })
    }
}

/// Error of a body that is not in its declared coding, or is not complete.
#[derive(Debug)]
pub(in crate::transport) struct Undecoded {
    pub(in crate::transport) coding: &'static str,
    pub(in crate::transport) error: io::Error,
}

impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not valid {}: {}", self.coding, self.error)
    }
}

impl StdError for Undecoded {}

/// Error of a body with more bytes than its limit, on the wire or in a layer below the outermost.
#[derive(Debug)]
pub(in crate::transport) struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("larger than the limit")
    }
}

impl StdError for TooLarge {}

/// Error that decoders pass on unchanged.
#[derive(Debug)]
struct PassedError(io::Error);

impl fmt::Display for PassedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for PassedError {}

#[cfg(all(
    test,
    feature = "brotli",
    feature = "deflate",
    feature = "gzip",
    feature = "zstd"
))]
mod tests;
