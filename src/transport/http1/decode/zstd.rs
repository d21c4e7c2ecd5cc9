//! Coding `zstd` (RFC 8878): frames in sequence.

use std::io::{self, Read};

use zstd::stream::read::Decoder;

use super::source::{Source, begins};

/// Largest window that a server may ask for: 8 MiB (RFC 9659).
const WINDOW_LOG: u32 = 23;

pub(super) struct Zstd<'a>(State<'a>);

enum State<'a> {
    Start(Source<'a>),
    Frames(Decoder<'static, Source<'a>>),
    End,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(source: Source<'a>) -> Zstd<'a> {
        Zstd(State::Start(source))
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, State::End) {
                State::End => return Ok(0),
                State::Start(mut source) => match begins(&mut source)? {
                    true => {
                        let mut decoder = Decoder::with_buffer(source)?;
                        decoder.window_log_max(WINDOW_LOG)?;
                        State::Frames(decoder)
                    }
                    false => State::End,
                },
                State::Frames(mut decoder) => {
                    let n = decoder.read(into)?;
                    self.0 = State::Frames(decoder);
                    return Ok(n);
                }
            };
        }
    }
}
