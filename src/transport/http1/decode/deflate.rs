//! Coding `deflate`, which is zlib (RFC 9110 section 8.4.1.2). The bare stream that some servers send is decoded too.

use std::io::{self, Chain, Cursor, Read};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};

use super::source::{CodedSource, begins, finish};

type DeflateInput<'a> = Chain<Cursor<Vec<u8>>, CodedSource<'a>>;

pub(super) struct Deflate<'a>(DeflateState<'a>);

enum DeflateState<'a> {
    Start(CodedSource<'a>),
    Zlib(ZlibDecoder<DeflateInput<'a>>),
    Bare(DeflateDecoder<DeflateInput<'a>>),
    End,
}

impl<'a> Deflate<'a> {
    pub(super) fn new(source: CodedSource<'a>) -> Deflate<'a> {
        Deflate(DeflateState::Start(source))
    }
}

/// Tells zlib from a bare stream by the first two bytes: a zlib header has a known method and check (RFC 1950 section
/// 2.2).
fn start(mut source: CodedSource<'_>) -> io::Result<DeflateState<'_>> {
    if !begins(&mut source)? {
        return Ok(DeflateState::End);
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
        true => DeflateState::Zlib(ZlibDecoder::new(input)),
        false => DeflateState::Bare(DeflateDecoder::new(input)),
    })
}

impl Read for Deflate<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, DeflateState::End) {
                DeflateState::End => return Ok(0),
                DeflateState::Start(source) => start(source)?,
                DeflateState::Zlib(mut decoder) => match decoder.read(into)? {
                    0 => {
                        finish(decoder.get_mut())?;
                        DeflateState::End
                    }
                    n => {
                        self.0 = DeflateState::Zlib(decoder);
                        return Ok(n);
                    }
                },
                DeflateState::Bare(mut decoder) => match decoder.read(into)? {
                    0 => {
                        finish(decoder.get_mut())?;
                        DeflateState::End
                    }
                    n => {
                        self.0 = DeflateState::Bare(decoder);
                        return Ok(n);
                    }
                },
            };
        }
    }
}
