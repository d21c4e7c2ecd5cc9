//! Coding `zstd` (RFC 8878): frames in sequence.

use std::io::{self, Read};

use zstd::stream::read::Decoder;

use super::source::{CodedSource, begins};

/// Largest window that a server may ask for: 8 MiB (RFC 9659).
const WINDOW_LOG: u32 = 23;

pub(super) struct Zstd<'a>(ZstdState<'a>);

enum ZstdState<'a> {
    Start(CodedSource<'a>),
    Frames(Decoder<'static, CodedSource<'a>>),
    End,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(source: CodedSource<'a>) -> Zstd<'a> {
        Zstd(ZstdState::Start(source))
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, ZstdState::End) {
                ZstdState::End => return Ok(0),
                ZstdState::Start(mut source) => match begins(&mut source)? {
                    true => {
                        let mut decoder = Decoder::with_buffer(source)?;
                        decoder.window_log_max(WINDOW_LOG)?;
                        ZstdState::Frames(decoder)
                    }
                    false => ZstdState::End,
                },
                ZstdState::Frames(mut decoder) => {
                    let n = decoder.read(into)?;
                    self.0 = ZstdState::Frames(decoder);
                    return Ok(n);
                }
            };
        }
    }
}
