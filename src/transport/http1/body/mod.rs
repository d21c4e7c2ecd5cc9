//! Response body as a reader: from the connection, up to the end that its framing gives.

pub(in crate::transport) mod bandwidth;
mod chunked;
pub(in crate::transport) mod collect;
mod lines;
pub(in crate::transport) mod stream;

use std::io::{self, Read};

use self::chunked::{Chunked, ChunkedPart};
use super::decode::BodyRead;
use super::head::ResponseHead;
use super::head::framing::Framing;
use crate::transport::connection::Connection;
use crate::transport::connection::wire::WireError;

/// Response body, with transfer codings other than `chunked` still applied.
pub(in crate::transport) struct ResponseBody<'c> {
    connection: &'c mut Connection,
    state: BodyState,
    /// Number of bytes of content that were read.
    received: u64,
}

#[derive(Debug)]
enum BodyState {
    /// Number of bytes that are left of the body.
    Length(u64),
    Chunked(Chunked),
    /// All bytes up to the end of the connection. `ended`: true if the connection has ended.
    Close {
        ended: bool,
    },
}

impl<'c> ResponseBody<'c> {
    /// Returns the body that follows this head.
    pub(in crate::transport) fn of(
        head: &ResponseHead,
        connection: &'c mut Connection,
        header_limit: usize,
    ) -> ResponseBody<'c> {
        let state = match head.framed.framing {
            Framing::Bodiless => BodyState::Length(0),
            Framing::Length(length) => BodyState::Length(length),
            Framing::Chunked | Framing::GzipChunked => {
                BodyState::Chunked(Chunked::new(head.size, header_limit))
            }
            Framing::Close => BodyState::Close { ended: false },
        };
        ResponseBody {
            connection,
            state,
            received: 0,
        }
    }

    /// Returns true if the body has been read to its end and the next response begins at the next byte of the
    /// connection.
    pub(in crate::transport) fn leaves_clean(&mut self) -> bool {
        let ended = match &mut self.state {
            BodyState::Length(left) => *left == 0,
            BodyState::Chunked(chunked) => {
                matches!(chunked.step(b""), Ok((_, ChunkedPart::End))) && !chunked.doubtful
            }
            BodyState::Close { .. } => false,
        };
        ended && !self.connection.buffers.has_input()
    }

    /// Returns the beginning of the body as far as it has come already, up to `most` bytes. Does not wait.
    pub(in crate::transport) fn at_hand(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most.min(self.connection.buffers.input().len())];
        let n = self.connection.buffers.take(&mut bytes);
        bytes.truncate(n);
        self.received += n as u64;
        bytes
    }

    /// Number of bytes of content that were read: without the framing of chunks, and with content codings.
    pub(in crate::transport) fn received(&self) -> u64 {
        self.received
    }

    fn failed(&mut self, broken: WireError) -> io::Error {
        self.connection.attempt.broken = Some(broken);
        io::Error::other("the connection broke")
    }

    /// Reads bytes that are buffered or come next. Reads none if none are wanted.
    fn take(&mut self, into: &mut [u8], most: u64) -> io::Result<usize> {
        let wanted = usize::try_from(most).map_or(into.len(), |most| most.min(into.len()));
        if wanted == 0 {
            return Ok(0);
        }
        match self.connection.take(&mut into[..wanted]) {
            Ok(n) => Ok(n),
            Err(broken) => Err(self.failed(broken)),
        }
    }

    /// Reads on to the content of a chunk. Returns the number of bytes left of it: 0 at the end of the body.
    fn content(&mut self) -> io::Result<u64> {
        loop {
            let BodyState::Chunked(chunked) = &mut self.state else {
                return Ok(0);
            };
            let input = self.connection.buffers.input();
            let (read, step) = chunked.step(input).map_err(io::Error::other)?;
            self.connection.buffers.consume(read);
            match step {
                ChunkedPart::Content(left) => return Ok(left),
                ChunkedPart::End => return Ok(0),
                ChunkedPart::More => match self.connection.fill(None) {
                    Ok(true) => {}
                    Ok(false) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Err(broken) => return Err(self.failed(broken)),
                },
            }
        }
    }
}

impl Read for ResponseBody<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let left = match self.state {
            BodyState::Length(left) => left,
            BodyState::Chunked(_) => self.content()?,
            BodyState::Close { ended: true } => 0,
            BodyState::Close { ended: false } => u64::MAX,
        };
        let n = self.take(into, left)?;
        match &mut self.state {
            BodyState::Close { ended } => *ended = n == 0,
            _ if n == 0 && left > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            BodyState::Length(left) => *left -= n as u64,
            BodyState::Chunked(chunked) => chunked.took(n as u64),
        }
        self.received += n as u64;
        Ok(n)
    }
}

impl BodyRead for ResponseBody<'_> {
    fn is_framed(&self) -> bool {
        !matches!(self.state, BodyState::Close { .. })
    }
}

/// Body that counts the bytes that are read.
pub(in crate::transport) struct CountedBody<T> {
    body: T,
    pub(in crate::transport) received: u64,
}

impl<T> CountedBody<T> {
    pub(in crate::transport) fn new(body: T) -> CountedBody<T> {
        CountedBody { body, received: 0 }
    }
}

impl<T: Read> Read for CountedBody<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.body.read(into)?;
        self.received += n as u64;
        Ok(n)
    }
}

impl<T: BodyRead> BodyRead for CountedBody<T> {
    fn is_framed(&self) -> bool {
        self.body.is_framed()
    }
}

impl<T: BodyRead> BodyRead for &mut T {
    fn is_framed(&self) -> bool {
        (**self).is_framed()
    }
}
