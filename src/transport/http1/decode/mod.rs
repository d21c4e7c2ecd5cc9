//! Content codings that ureq does not know. With none of them compiled in, nothing here is ever made.

#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "zstd")]
mod zstd;

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read};

use crate::http::HeaderMap;
use crate::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

/// A coding.
#[derive(Clone, Copy)]
pub(in crate::transport) struct Coding {
    /// As a `Content-Encoding` names it.
    name: &'static str,
    open: for<'a> fn(Source<'a>) -> Box<dyn Read + 'a>,
}

const OWN: &[Coding] = &[
    #[cfg(feature = "deflate")]
    Coding {
        name: "deflate",
        open: |source| Box::new(deflate::Deflate::new(source)),
    },
    #[cfg(feature = "zstd")]
    Coding {
        name: "zstd",
        open: |source| Box::new(zstd::Zstd::new(source)),
    },
];

impl Coding {
    /// The coding of a body whose headers still have one: what ureq decodes it takes off. The headers that describe the
    /// body as it was sent go, as they go there.
    pub(in crate::transport) fn take_from(headers: &mut HeaderMap) -> Option<Coding> {
        let name = headers.get(CONTENT_ENCODING)?.as_bytes().trim_ascii();
        let coding = OWN.iter().find(|own| own.name.as_bytes() == name)?;
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Some(*coding)
    }

    /// The body, decoded. Its end is that of the coded body, so that the connection can serve again.
    pub(in crate::transport) fn decode<'a>(self, body: impl Read + 'a) -> impl Read + 'a {
        let source = Source {
            body: Box::new(body),
            read: 0,
        };
        Decoder {
            coding: self.name,
            decoded: (self.open)(source),
        }
    }
}

/// A body that is not what it is said to be, or not all of it.
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

struct Decoder<'a> {
    coding: &'static str,
    decoded: Box<dyn Read + 'a>,
}

impl Read for Decoder<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.decoded.read(into).map_err(|error| {
            match error.downcast::<Received>() {
                // Not the decoder's, but the connection's.
                Ok(received) => received.0,
                Err(error) => io::Error::other(Undecoded {
                    coding: self.coding,
                    error,
                }),
            }
        })
    }
}

/// The coded body. What goes wrong with it is told apart from what the decoder says.
struct Source<'a> {
    body: Box<dyn Read + 'a>,
    read: u64,
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self
            .body
            .read(into)
            .map_err(|error| io::Error::other(Received(error)))?;
        self.read += n as u64;
        Ok(n)
    }
}

#[derive(Debug)]
struct Received(io::Error);

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Received {}

/// Nothing came, where at least the beginning of a coded body should have.
#[cfg(any(feature = "deflate", feature = "zstd"))]
fn nothing() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

#[cfg(all(test, feature = "deflate", feature = "zstd"))]
mod tests;
