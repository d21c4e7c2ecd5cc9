//! Frames of zstd (RFC 8878).

use std::io::{self, Read};

use zstd::stream::read::Decoder;

use super::coded::PartDecoder;
use super::counted::{CountedSource, OpenPart};

/// Largest window that a file may ask for: 128 MiB, which the tool `zstd` reads without an option.
const WINDOW_LOG: u32 = 27;

pub(super) struct ZstdFrame<'s>(Decoder<'static, CountedSource<'s>>);

/// Begins to read a frame.
pub(crate) fn zstd_part<'s>(source: CountedSource<'s>) -> io::Result<Box<dyn OpenPart<'s> + 's>> {
    Ok(Box::new(ZstdFrame::begin(source)?))
}

impl<'s> PartDecoder<'s> for ZstdFrame<'s> {
    const CODING: &'static str = "zstd";
    const PART: &'static str = "frame";

    fn may_begin(first: u8) -> bool {
        first == 0x28 || (0x50..=0x5f).contains(&first)
    }

    fn begin(source: CountedSource<'s>) -> io::Result<ZstdFrame<'s>> {
        let mut decoder = Decoder::with_buffer(source)?;
        decoder.window_log_max(WINDOW_LOG)?;
        Ok(ZstdFrame(decoder.single_frame()))
    }

    fn source(&self) -> &CountedSource<'s> {
        self.0.get_ref()
    }

    fn into_source(self) -> CountedSource<'s> {
        self.0.finish()
    }
}

impl Read for ZstdFrame<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}
