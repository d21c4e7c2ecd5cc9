//! Requests of the links of a sitemap.

use std::io::BufRead;

use super::super::InvalidInput;
use super::super::reader::{EntryRead, TextKind};
use super::encoding::in_utf8;
use super::links::SitemapReader;

/// Sitemap whose links are requests.
pub(in super::super) struct Sitemap(SitemapReader);

impl Sitemap {
    /// Reads to the root. `first`: first bytes of the document.
    pub(in super::super) fn open(
        from: Box<dyn BufRead + Send>,
        first: &[u8],
    ) -> Result<Sitemap, InvalidInput> {
        SitemapReader::new(in_utf8(from, first)?).map(Sitemap)
    }

    /// Reads the next link. The text becomes the link as JSON, in which every character of a link can be written.
    pub(in super::super) fn next_entry(&mut self, text: &mut Vec<u8>) -> Option<EntryRead> {
        text.clear();
        let read = self.0.next_link()?;
        let wrong = match read.link {
            Ok(link) => {
                let json = serde_json::Value::from(link).to_string();
                text.extend_from_slice(json.as_bytes());
                None
            }
            Err(wrong) => Some(wrong),
        };
        Some(EntryRead {
            is_sitemap: self.0.is_index() && wrong.is_none(),
            ..EntryRead::new(read.line, wrong, TextKind::Made)
        })
    }
}
