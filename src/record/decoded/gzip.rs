//! Members of gzip (RFC 1952).

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::coded::PartDecoder;
use super::counted::CountedSource;

pub(super) struct GzipMember(GzDecoder<CountedSource>);

impl PartDecoder for GzipMember {
    const CODING: &'static str = "gzip";
    const PART: &'static str = "member";

    fn may_begin(first: u8) -> bool {
        first == 0x1f
    }

    fn begin(source: CountedSource) -> io::Result<GzipMember> {
        Ok(GzipMember(GzDecoder::new(source)))
    }

    fn source(&self) -> &CountedSource {
        self.0.get_ref()
    }

    fn into_source(self) -> CountedSource {
        self.0.into_inner()
    }
}

impl Read for GzipMember {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}
