//! Frames of zstd, with checksums.

use std::io::{self, Write};

use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use super::{Member, MemberSource};

pub(super) fn pack(lines: &[u8], frame: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = Encoder::new(frame, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(lines)?;
    encoder.finish().map(drop)
}

pub(super) fn open(source: MemberSource<'_>) -> io::Result<Box<dyn Member<'_> + '_>> {
    Ok(Box::new(Decoder::with_buffer(source)?.single_frame()))
}

impl<'f> Member<'f> for Decoder<'_, MemberSource<'f>> {
    fn into_source(self: Box<Self>) -> MemberSource<'f> {
        self.finish()
    }
}
