//! Members of gzip (RFC 1952).

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::coded::PartDecoder;
use super::counted::{CountedSource, OpenPart};

pub(super) struct GzipMember<'s>(GzDecoder<CountedSource<'s>>);

/// Begins to read a member.
pub(crate) fn gzip_part<'s>(source: CountedSource<'s>) -> io::Result<Box<dyn OpenPart<'s> + 's>> {
    Ok(Box::new(GzipMember::begin(source)?))
}

impl<'s> PartDecoder<'s> for GzipMember<'s> {
    const CODING: &'static str = "gzip";
    const PART: &'static str = "member";

    fn may_begin(first: u8) -> bool {
        first == 0x1f
    }

    fn begin(source: CountedSource<'s>) -> io::Result<GzipMember<'s>> {
        Ok(GzipMember(GzDecoder::new(source)))
    }

    fn source(&self) -> &CountedSource<'s> {
        self.0.get_ref()
    }

    fn into_source(self) -> CountedSource<'s> {
        self.0.into_inner()
    }
}

impl Read for GzipMember<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}
