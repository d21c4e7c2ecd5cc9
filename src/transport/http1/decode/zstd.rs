//! `zstd` (RFC 8878).

use std::io::{self, BufReader, Read};

use zstd::stream::read::Decoder;

use super::{Source, nothing};

/// The largest window a server may ask for: 8 MiB (RFC 9659).
const WINDOW_LOG: u32 = 23;

/// Frames, one after the other.
pub(super) struct Zstd<'a>(State<'a>);

enum State<'a> {
    Start(Option<Source<'a>>),
    Frames(Decoder<'static, BufReader<Source<'a>>>),
}

impl<'a> Zstd<'a> {
    pub(super) fn new(source: Source<'a>) -> Zstd<'a> {
        Zstd(State::Start(Some(source)))
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let State::Start(source) = &mut self.0 {
            let source = source.take().ok_or_else(nothing)?;
            let mut decoder = Decoder::new(source)?;
            decoder.window_log_max(WINDOW_LOG)?;
            self.0 = State::Frames(decoder);
        }
        let State::Frames(decoder) = &mut self.0 else {
            return Err(nothing());
        };
        let n = decoder.read(into)?;
        if n == 0 && decoder.get_ref().get_ref().read == 0 && !into.is_empty() {
            return Err(nothing());
        }
        Ok(n)
    }
}
