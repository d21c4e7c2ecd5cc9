//! Response body as a reader: from the connection, up to the end that its framing gives.

mod chunked;
pub(in crate::transport) mod collect;

use std::io::{self, Read};

use self::chunked::{Chunked, Step};
use super::decode::BodyRead;
use super::head::Head;
use super::head::framing::Framing;
use crate::transport::connection::Connection;
use crate::transport::connection::wire::Broken;

/// Response body, with transfer codings other than `chunked` still applied.
pub(in crate::transport) struct Body<'c> {
    connection: &'c mut Connection,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Number of bytes that are left of the body.
    Length(u64),
    Chunked(Chunked),
    /// All bytes up to the end of the connection. `ended`: true if the connection has ended.
    Close {
        ended: bool,
    },
}

impl<'c> Body<'c> {
    /// Returns the body that follows this head.
    pub(in crate::transport) fn of(
        head: &Head,
        connection: &'c mut Connection,
        header_limit: usize,
    ) -> Body<'c> {
        let state = match head.framed.framing {
            Framing::Bodiless => State::Length(0),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked | Framing::GzipChunked => {
                State::Chunked(Chunked::new(head.size, header_limit))
            }
            Framing::Close => State::Close { ended: false },
        };
        Body { connection, state }
    }

    /// Returns true if the body has been read to its end and the next response begins at the next byte of the
    /// connection.
    pub(in crate::transport) fn leaves_clean(&mut self) -> bool {
        let ended = match &mut self.state {
            State::Length(left) => *left == 0,
            State::Chunked(chunked) => {
                matches!(chunked.step(b""), Ok((_, Step::End))) && !chunked.doubtful
            }
            State::Close { .. } => false,
        };
        ended && !self.connection.buffers.has_input()
    }

    /// Returns the beginning of the body as far as it has come already, up to `most` bytes. Does not wait.
    pub(in crate::transport) fn at_hand(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most.min(self.connection.buffers.input().len())];
        let n = self.connection.buffers.take(&mut bytes);
        bytes.truncate(n);
        bytes
    }

    fn failed(&mut self, broken: Broken) -> io::Error {
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
            let State::Chunked(chunked) = &mut self.state else {
                return Ok(0);
            };
            let input = self.connection.buffers.input();
            let (read, step) = chunked.step(input).map_err(io::Error::other)?;
            self.connection.buffers.consume(read);
            match step {
                Step::Content(left) => return Ok(left),
                Step::End => return Ok(0),
                Step::More => match self.connection.fill(None) {
                    Ok(true) => {}
                    Ok(false) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Err(broken) => return Err(self.failed(broken)),
                },
            }
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let left = match self.state {
            State::Length(left) => left,
            State::Chunked(_) => self.content()?,
            State::Close { ended: true } => 0,
            State::Close { ended: false } => u64::MAX,
        };
        let n = self.take(into, left)?;
        match &mut self.state {
            State::Close { ended } => *ended = n == 0,
            _ if n == 0 && left > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            State::Length(left) => *left -= n as u64,
            State::Chunked(chunked) => chunked.took(n as u64),
        }
        Ok(n)
    }
}

impl BodyRead for Body<'_> {
    fn is_framed(&self) -> bool {
        !matches!(self.state, State::Close { .. })
    }
}

impl<T: BodyRead> BodyRead for &mut T {
    fn is_framed(&self) -> bool {
        (**self).is_framed()
    }
}
