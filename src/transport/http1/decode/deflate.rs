//! Coding `deflate`, which is zlib (RFC 9110 section 8.4.1.2). The bare stream that some servers send is decoded too.

use std::io::{self, Chain, Cursor, Read};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};

use super::source::{Source, begins, finish};

type Input<'a> = Chain<Cursor<Vec<u8>>, Source<'a>>;

pub(super) struct Deflate<'a>(State<'a>);

enum State<'a> {
    Start(Source<'a>),
    Zlib(ZlibDecoder<Input<'a>>),
    Bare(DeflateDecoder<Input<'a>>),
    End,
}

impl<'a> Deflate<'a> {
    pub(super) fn new(source: Source<'a>) -> Deflate<'a> {
        Deflate(State::Start(source))
    }
}

/// Tells zlib from a bare stream by the first two bytes: a zlib header has a known method and check (RFC 1950 section
/// 2.2).
fn start(mut source: Source<'_>) -> io::Result<State<'_>> {
    if !begins(&mut source)? {
        return Ok(State::End);
    }
    let mut first = Vec::with_capacity(2);
    source.by_ref().take(2).read_to_end(&mut first)?;
    let zlib = match first[..] {
        [method, flags] => {
            method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
        }
        _ => false,
    };
    let input = Cursor::new(first).chain(source);
    Ok(match zlib {
        true => State::Zlib(ZlibDecoder::new(input)),
        false => State::Bare(DeflateDecoder::new(input)),
    })
}

impl Read for Deflate<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, State::End) {
                State::End => return Ok(0),
                State::Start(source) => start(source)?,
                State::Zlib(mut decoder) => match decoder.read(into)? {
                    0 => {
                        finish(decoder.get_mut())?;
                        State::End
                    }
                    n => {
                        self.0 = State::Zlib(decoder);
                        return Ok(n);
                    }
                },
                State::Bare(mut decoder) => match decoder.read(into)? {
                    0 => {
                        finish(decoder.get_mut())?;
                        State::End
                    }
                    n => {
                        self.0 = State::Bare(decoder);
                        return Ok(n);
                    }
                },
            };
        }
    }
}
