//! `br` (RFC 7932).

use std::io::{self, BufRead, Read};

use brotli_decompressor::Decompressor;

use super::source::{CodedSource, begins, finish, follows};

/// Size of the decoder's input buffer, in bytes.
const INPUT: usize = 4 * 1024;

pub(super) struct Brotli<'a>(BrotliState<'a>);

enum BrotliState<'a> {
    Start(CodedSource<'a>),
    Stream(Box<Decompressor<EndingSource<'a>>>),
    End,
}

impl<'a> Brotli<'a> {
    pub(super) fn new(source: CodedSource<'a>) -> Brotli<'a> {
        Brotli(BrotliState::Start(source))
    }
}

impl Read for Brotli<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, BrotliState::End) {
                BrotliState::End => return Ok(0),
                BrotliState::Start(mut source) => match begins(&mut source)? {
                    true => {
                        refuse_large_window(&mut source)?;
                        let source = EndingSource {
                            source,
                            ended: false,
                        };
                        BrotliState::Stream(Box::new(Decompressor::new(source, INPUT)))
                    }
                    false => BrotliState::End,
                },
                BrotliState::Stream(mut stream) => match stream.read(into) {
                    Ok(0) => {
                        // Another read fails if the decoder holds input that is not part of the stream.
                        if stream.read(&mut [0]).is_err() {
                            return Err(follows());
                        }
                        finish(&mut stream.get_mut().source)?;
                        BrotliState::End
                    }
                    Ok(n) => {
                        self.0 = BrotliState::Stream(stream);
                        return Ok(n);
                    }
                    // The decoder has the same error for a stream that ends too early and for bytes that are no Brotli.
                    Err(error)
                        if error.kind() == io::ErrorKind::InvalidData && stream.get_ref().ended =>
                    {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    Err(error) => return Err(error),
                },
            };
        }
    }
}

/// Refuses the extension of the format with windows of up to 1 GiB, which a decoder would take as memory at once. The
/// window of RFC 7932 is at most 16 MiB.
fn refuse_large_window(source: &mut CodedSource<'_>) -> io::Result<()> {
    match source.fill_buf()?.first() {
        Some(first) if first & 0x7f == 0x11 => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its window is larger than 16 MiB",
        )),
        _ => Ok(()),
    }
}

/// Source that knows if its end was met.
struct EndingSource<'a> {
    source: CodedSource<'a>,
    ended: bool,
}

impl Read for EndingSource<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(into)?;
        self.ended |= n == 0;
        Ok(n)
    }
}
