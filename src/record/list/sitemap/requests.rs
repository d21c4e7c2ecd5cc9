//! Requests of the links of a sitemap.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::super::entry::{EntryRead, TextKind};
use super::super::{InputOptions, InvalidInput};
use super::encoding::in_utf8;
use super::links::{LinkRead, SitemapReader};
use super::text::{TextLinks, is_text};

/// Sitemap whose links are requests.
pub(in super::super) struct Sitemap {
    links: LinkSource,
    /// True if the text of an entry is an object of its values, for a template.
    has_template: bool,
}

enum LinkSource {
    Xml(Box<SitemapReader>),
    Text(TextLinks),
}

impl Sitemap {
    /// Reads to the root. `first`: first bytes of the document.
    pub(in super::super) fn open(
        from: Box<dyn BufRead + Send>,
        first: &[u8],
        options: &InputOptions,
    ) -> Result<Sitemap, InvalidInput> {
        let links = match is_text(first) {
            true => LinkSource::Text(TextLinks::new(from)),
            false => LinkSource::Xml(Box::new(SitemapReader::new(in_utf8(from, first)?)?)),
        };
        Ok(Sitemap {
            links,
            has_template: options.template.is_some(),
        })
    }

    /// Reads the next link. The text becomes the link as JSON, in which every character of a link can be written, or an
    /// object of the values that the entry has.
    pub(in super::super) fn next_entry(&mut self, text: &mut Vec<u8>) -> Option<EntryRead> {
        text.clear();
        let (read, is_index) = match &mut self.links {
            LinkSource::Xml(xml) => (xml.next_link()?, xml.is_index()),
            LinkSource::Text(lines) => (lines.next_link()?, false),
        };
        let LinkRead { line, link, .. } = read;
        let sitemap = link.as_ref().ok().filter(|_| is_index).cloned();
        let wrong = match link {
            Ok(link) if self.has_template => {
                text.extend_from_slice(values(link, read.others).as_bytes());
                None
            }
            Ok(link) => {
                text.extend_from_slice(Value::from(link).to_string().as_bytes());
                None
            }
            Err(wrong) => Some(wrong),
        };
        let entry = EntryRead {
            sitemap,
            row_keys: self.has_template.then(|| "{}".to_owned()),
            ..EntryRead::new(line, wrong, TextKind::Made)
        };
        Some(match read.fault {
            Some(fault) => entry.ending_by(fault),
            None => entry,
        })
    }
}

/// Returns the values of an entry by the names that a template has for them. The link is the whole line too.
fn values(link: String, others: Vec<(&'static str, String)>) -> String {
    let mut values = Map::new();
    values.insert("line".to_owned(), link.clone().into());
    values.insert("url".to_owned(), link.into());
    for (name, value) in others {
        values.insert(name.to_owned(), value.into());
    }
    Value::Object(values).to_string()
}
