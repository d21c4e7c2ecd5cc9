//! Members of gzip.

use std::io::{self, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use super::{Member, MemberSource};

pub(super) fn pack(lines: &[u8], member: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = GzEncoder::new(member, Compression::default());
    encoder.write_all(lines)?;
    encoder.finish().map(drop)
}

pub(super) fn open(source: MemberSource<'_>) -> io::Result<Box<dyn Member<'_> + '_>> {
    Ok(Box::new(GzDecoder::new(source)))
}

impl<'f> Member<'f> for GzDecoder<MemberSource<'f>> {
    fn into_source(self: Box<Self>) -> MemberSource<'f> {
        (*self).into_inner()
    }
}
