//! Frames of zstd, with checksums.

use std::io::{self, Write};

use zstd::stream::write::Encoder;

pub(super) fn pack(lines: &[u8], frame: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = Encoder::new(frame, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(lines)?;
    encoder.finish().map(drop)
}
