//! Stand-in for sitemaps in builds without the feature `sitemap`.

use std::io::BufRead;

use super::super::entry::EntryRead;
use super::super::{InputFormat, InputOptions, InvalidInput};

/// A sitemap, which this build does not read.
pub(in super::super) enum Sitemap {}

impl Sitemap {
    pub(in super::super) fn open(
        _: Box<dyn BufRead + Send>,
        _: &[u8],
        _: &InputOptions,
    ) -> Result<Sitemap, InvalidInput> {
        let reason = "this build does not read it (feature sitemap)";
        Err(InvalidInput::of(InputFormat::Sitemap, reason))
    }

    pub(in super::super) fn next_entry(&mut self, _: &mut Vec<u8>) -> Option<EntryRead> {
        match *self {}
    }
}
