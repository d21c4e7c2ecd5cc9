//! Links of a sitemap, or of an index of sitemaps (sitemaps.org).

use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::super::values::TextPlace;
use super::super::{InputFormat, InvalidInput};
use crate::record::{InvalidLine, LONGEST_LINE};

/// Upper bound for the length of a link, in bytes. The format allows 2,048.
const LONGEST_LINK: usize = 64 << 10;

/// Upper bound for the number of elements around one another.
const DEEPEST: usize = 64;

/// Reader of the links of a sitemap. Entities that the document declares are not expanded.
pub(super) struct SitemapReader {
    xml: Reader<XmlSource>,
    buffer: Vec<u8>,
    /// True if the document is an index of sitemaps.
    is_index: bool,
    /// Prefix of the names, with its colon. Empty: they have none.
    prefix: String,
    /// Number of elements around the current place.
    depth: usize,
    /// True if the current entry had a link.
    has_link: bool,
    ended: bool,
}

/// A link, or the reason why there is none.
pub(super) struct LinkRead {
    pub(super) line: u64,
    pub(super) link: Result<String, InvalidLine>,
}

impl SitemapReader {
    /// Reads to the first element.
    pub(super) fn new(from: Box<dyn BufRead + Send>) -> Result<SitemapReader, InvalidInput> {
        let place = TextPlace { line: 1, column: 1 };
        let left = LONGEST_LINE;
        let mut xml = Reader::from_reader(XmlSource { from, place, left });
        let config = xml.config_mut();
        config.expand_empty_elements = true;
        // An `&` in a link that was not escaped is more common than any entity.
        config.allow_dangling_amp = true;
        let mut reader = SitemapReader {
            xml,
            buffer: Vec::new(),
            is_index: false,
            prefix: String::new(),
            depth: 1,
            has_link: false,
            ended: false,
        };
        reader.read_root()?;
        Ok(reader)
    }

    /// True if the links lead to sitemaps.
    pub(super) fn is_index(&self) -> bool {
        self.is_index
    }

    fn read_root(&mut self) -> Result<(), InvalidInput> {
        let invalid = |place: TextPlace, reason: String| {
            InvalidInput::at(InputFormat::Sitemap, place.line, place.column, reason)
        };
        loop {
            let place = self.place();
            match next_event(&mut self.xml, &mut self.buffer) {
                Ok(Event::Start(tag)) => {
                    let name = tag.name();
                    let prefix = name.prefix();
                    self.prefix =
                        prefix.map_or(String::new(), |prefix| format!("{}:", prefix.as_ref()));
                    self.is_index = match name.local_name().as_ref() {
                        "urlset" => false,
                        "sitemapindex" => true,
                        other => {
                            let other: String = other.chars().take(40).collect();
                            return Err(invalid(
                                place,
                                format!(
                                    "its root is <{other}> (<urlset> or <sitemapindex> is expected)"
                                ),
                            ));
                        }
                    };
                    return Ok(());
                }
                Ok(Event::Eof) => {
                    let reason = "it has no element (<urlset> or <sitemapindex> is expected)";
                    return Err(invalid(place, reason.to_owned()));
                }
                Ok(Event::Text(text)) if !text.trim().is_empty() => {
                    return Err(invalid(place, "text stands before its root".to_owned()));
                }
                Ok(_) => {}
                Err(reason) => return Err(invalid(self.place(), reason)),
            }
        }
    }

    /// Reads the next link. `None`: there is no further link.
    pub(super) fn next_link(&mut self) -> Option<LinkRead> {
        while !self.ended {
            let event = next_event(&mut self.xml, &mut self.buffer);
            let event = match event {
                Ok(event) => event,
                Err(reason) => return self.broken(reason),
            };
            match event {
                Event::Start(tag) => {
                    let is_link = self.depth == 2 && is_named(&tag, &self.prefix, "loc");
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return self.broken("its elements are nested too deep".to_owned());
                    }
                    if self.depth == 2 {
                        let name = if self.is_index { "sitemap" } else { "url" };
                        // Other elements have no link.
                        self.has_link = !is_named(&tag, &self.prefix, name);
                    }
                    if is_link && !std::mem::replace(&mut self.has_link, true) {
                        return Some(self.read_link());
                    }
                }
                Event::End(_) => {
                    self.depth -= 1;
                    self.ended = self.depth == 0;
                    if self.depth == 1 && !self.has_link {
                        return Some(self.wrong("an entry has no <loc>"));
                    }
                }
                Event::Eof => {
                    let reason = "it ends before its last element is closed";
                    return self.broken(reason.to_owned());
                }
                _ => {}
            }
        }
        None
    }

    /// Reads the text of a link, to the end of its element.
    fn read_link(&mut self) -> LinkRead {
        let (TextPlace { line, column }, depth) = (self.place(), self.depth);
        let (mut text, mut wrong) = (String::new(), None);
        let read = loop {
            match next_event(&mut self.xml, &mut self.buffer) {
                Ok(Event::Text(part)) => text += &part,
                Ok(Event::CData(part)) => text += &part,
                Ok(Event::GeneralRef(reference)) => match character(&reference) {
                    Some(part) => text += &part,
                    None => {
                        wrong = Some(
                            "the link has an entity that XML does not define (entities are not expanded)",
                        )
                    }
                },
                Ok(Event::Start(_)) => {
                    self.depth += 1;
                    wrong = Some("the link holds another element");
                    if self.depth > DEEPEST {
                        break Err("its elements are nested too deep".to_owned());
                    }
                }
                Ok(Event::End(_)) if self.depth == depth => break Ok(()),
                Ok(Event::End(_)) => self.depth -= 1,
                Ok(Event::Eof) => break Err("it ends in the middle of a link".to_owned()),
                Ok(_) => {}
                Err(reason) => break Err(reason),
            }
            if text.len() > LONGEST_LINK {
                text.clear();
                wrong = Some("the link is too long");
            }
        };
        self.depth = depth - 1;
        if let Err(reason) = read
            && let Some(broken) = self.broken(reason)
        {
            return broken;
        }
        let text = text.trim();
        let wrong = wrong.or_else(|| text.is_empty().then_some("the link is empty"));
        let link = match wrong {
            Some(wrong) => {
                let place = format!("a sitemap, column {column}");
                Err(InvalidLine::new(wrong).within(&place))
            }
            None => Ok(text.to_owned()),
        };
        LinkRead { line, link }
    }

    fn place(&self) -> TextPlace {
        self.xml.get_ref().place
    }

    /// Ends the reading at a fault of the document.
    fn broken(&mut self, reason: String) -> Option<LinkRead> {
        self.ended = true;
        let TextPlace { line, column } = self.place();
        let reason =
            format!("the sitemap is broken: {reason} (column {column}; nothing behind it is read)");
        Some(LinkRead {
            line,
            link: Err(InvalidLine::new(reason)),
        })
    }

    fn wrong(&self, reason: &'static str) -> LinkRead {
        let TextPlace { line, column } = self.place();
        let wrong = InvalidLine::new(reason).within(&format!("a sitemap, column {column}"));
        LinkRead {
            line,
            link: Err(wrong),
        }
    }
}

/// Reads the next event. The error is the reason alone.
fn next_event<'b>(
    xml: &mut Reader<XmlSource>,
    buffer: &'b mut Vec<u8>,
) -> Result<Event<'b>, String> {
    buffer.clear();
    buffer.shrink_to(1 << 20);
    xml.get_mut().left = LONGEST_LINE;
    xml.read_event_into(buffer).map_err(|e| e.to_string())
}

/// True if the tag has this name, with the prefix of the root.
fn is_named(tag: &BytesStart<'_>, prefix: &str, name: &str) -> bool {
    let own = tag.name();
    let rest = own.as_ref().strip_prefix(prefix);
    rest == Some(name)
}

/// Returns the character of a reference. `None`: XML does not define it.
fn character(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => Some(c.to_string()),
        Ok(None) => resolve_predefined_entity(reference).map(str::to_owned),
        Err(_) => None,
    }
}

/// Source of a document that counts lines, and bounds the length of one piece of it.
struct XmlSource {
    from: Box<dyn BufRead + Send>,
    place: TextPlace,
    /// Number of bytes that may still be read before the next event.
    left: usize,
}

impl Read for XmlSource {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut waiting = self.fill_buf()?;
        let n = waiting.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for XmlSource {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other(format!(
                "a text or tag has more than {LONGEST_LINE} bytes"
            )));
        }
        let waiting = self.from.fill_buf()?;
        Ok(&waiting[..waiting.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        // The buffer is not empty, so this reads nothing.
        if let Ok(waiting) = self.from.fill_buf() {
            self.place.advance(&waiting[..amount.min(waiting.len())]);
        }
        self.left = self.left.saturating_sub(amount);
        self.from.consume(amount);
    }
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
