//! `deflate`, which is zlib (RFC 9110 §8.4.1.2); some servers send the bare stream instead, and are understood.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};

use super::{Source, nothing};

/// How much behind the end of the stream is read and thrown away, to keep the connection.
const BEHIND: u64 = 4 * 1024;

type Input<'a> = Chain<Cursor<Vec<u8>>, BufReader<Source<'a>>>;

pub(super) struct Deflate<'a>(State<'a>);

enum State<'a> {
    Start(Option<Source<'a>>),
    Zlib(ZlibDecoder<Input<'a>>),
    Bare(DeflateDecoder<Input<'a>>),
}

impl<'a> Deflate<'a> {
    pub(super) fn new(source: Source<'a>) -> Deflate<'a> {
        Deflate(State::Start(Some(source)))
    }

    /// Looks at the first two bytes: a zlib header is one by its method and its check (RFC 1950 §2.2).
    fn start(source: Source<'a>) -> io::Result<State<'a>> {
        let mut source = BufReader::new(source);
        let mut first = Vec::with_capacity(2);
        source.by_ref().take(2).read_to_end(&mut first)?;
        let zlib = match first[..] {
            [] => return Err(nothing()),
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
}

impl Read for Deflate<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let State::Start(source) = &mut self.0 {
            let source = source.take().ok_or_else(nothing)?;
            self.0 = Deflate::start(source)?;
        }
        let (n, input) = match &mut self.0 {
            State::Start(_) => return Err(nothing()),
            State::Zlib(decoder) => (decoder.read(into)?, decoder.get_mut()),
            State::Bare(decoder) => (decoder.read(into)?, decoder.get_mut()),
        };
        if n == 0 && !into.is_empty() {
            finish(input)?;
        }
        Ok(n)
    }
}

/// Reads to where the coded body ends.
fn finish(input: &mut impl BufRead) -> io::Result<()> {
    io::copy(&mut input.take(BEHIND), &mut io::sink()).map(drop)
}
