//! Members of gzip.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

pub(super) fn pack(lines: &[u8], member: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = GzEncoder::new(member, Compression::default());
    encoder.write_all(lines)?;
    encoder.finish().map(drop)
}
