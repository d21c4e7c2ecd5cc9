//! Links of a sitemap, or of an index of sitemaps (sitemaps.org).

use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::super::bounded::class_of;
use super::super::values::TextPlace;
use super::super::{InputFormat, InvalidInput};
use crate::error::ErrorType;
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
    /// The current entry. `None`: the place is in no entry.
    entry: Option<EntryInProgress>,
    ended: bool,
    /// Fault of the document that is told after the entry before it. `None`: there is none.
    fault: Option<LinkRead>,
}

/// Entry of which not all elements were read.
#[derive(Default)]
struct EntryInProgress {
    /// The link with the number of its line. `None`: it has not come.
    link: Option<(u64, Result<String, InvalidLine>)>,
    others: Vec<(&'static str, String)>,
}

/// A link, or the reason why there is none.
pub(super) struct LinkRead {
    pub(super) line: u64,
    pub(super) link: Result<String, InvalidLine>,
    /// Other values of the entry, by their names.
    pub(super) others: Vec<(&'static str, String)>,
    /// Class of the fault at which the document ends. `None`: it goes on.
    pub(super) fault: Option<ErrorType>,
}

impl LinkRead {
    pub(super) fn new(line: u64, link: Result<String, InvalidLine>) -> LinkRead {
        LinkRead {
            line,
            link,
            others: Vec::new(),
            fault: None,
        }
    }
}

/// Elements of an entry that are read beside its link.
const OTHERS: [&str; 3] = ["lastmod", "changefreq", "priority"];

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
            entry: None,
            ended: false,
            fault: None,
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
                            let feed = match other {
                                "rss" | "feed" => "it is a feed, and ",
                                _ => "",
                            };
                            let other: String = other.chars().take(40).collect();
                            return Err(invalid(
                                place,
                                format!(
                                    "{feed}its root is <{other}> (<urlset> or <sitemapindex> is expected)"
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
                Err(fault) => return Err(invalid(self.place(), fault.reason)),
            }
        }
    }

    /// Reads the next link. `None`: there is no further link.
    pub(super) fn next_link(&mut self) -> Option<LinkRead> {
        while !self.ended {
            match self.next_piece() {
                Ok(Some(read)) => return Some(read),
                Ok(None) => {}
                Err(fault) => return self.broken(fault),
            }
        }
        self.fault.take()
    }

    /// Reads the next piece of the document. `None`: it ends no entry.
    fn next_piece(&mut self) -> Result<Option<LinkRead>, DocumentFault> {
        match next_event(&mut self.xml, &mut self.buffer)? {
            Event::Start(tag) => {
                let is_entry = self.depth == 1 && {
                    let name = if self.is_index { "sitemap" } else { "url" };
                    is_named(&tag, &self.prefix, name)
                };
                let named = |name: &&&str| is_named(&tag, &self.prefix, name);
                let of_entry = self.depth == 2 && self.entry.is_some();
                let is_link = of_entry && named(&&"loc");
                let other = OTHERS.iter().find(|name| of_entry && named(name));
                self.enter()?;
                if is_entry {
                    self.entry = Some(EntryInProgress::default());
                } else if is_link {
                    let TextPlace { line, column } = self.place();
                    let link = self.read_text("link")?;
                    let link = match link {
                        Ok(link) if link.is_empty() => Err(wrong_at(column, "the link is empty")),
                        link => link,
                    };
                    if let Some(entry) = &mut self.entry {
                        entry.link.get_or_insert((line, link));
                    }
                } else if let Some(name) = other {
                    let value = self.read_text("value")?;
                    let value = value.ok().filter(|value| !value.is_empty());
                    if let (Some(entry), Some(value)) = (&mut self.entry, value) {
                        entry.others.push((name, value));
                    }
                }
            }
            Event::End(_) => {
                self.depth -= 1;
                self.ended = self.depth == 0;
                if self.depth == 1
                    && let Some(entry) = self.entry.take()
                {
                    let TextPlace { line, column } = self.place();
                    let missing = || wrong_at(column, "an entry has no <loc>");
                    let read = entry.read();
                    return Ok(Some(
                        read.unwrap_or_else(|| LinkRead::new(line, Err(missing()))),
                    ));
                }
            }
            Event::Eof => {
                return Err(DocumentFault::of(
                    "it ends before its last element is closed",
                ));
            }
            _ => {}
        }
        Ok(None)
    }

    fn enter(&mut self) -> Result<(), DocumentFault> {
        self.depth += 1;
        match self.depth > DEEPEST {
            true => Err(DocumentFault::of("its elements are nested too deep")),
            false => Ok(()),
        }
    }

    /// Reads the text of an element to its end. The inner error says why it cannot be used. `what`: what the text is.
    fn read_text(&mut self, what: &str) -> Result<Result<String, InvalidLine>, DocumentFault> {
        let (depth, TextPlace { column, .. }) = (self.depth, self.place());
        let (mut text, mut wrong) = (String::new(), None);
        loop {
            match next_event(&mut self.xml, &mut self.buffer)? {
                Event::Text(part) => text += &part,
                Event::CData(part) => text += &part,
                Event::GeneralRef(reference) => match character(&reference) {
                    Some(part) => text += &part,
                    None => {
                        wrong = Some(
                            "has an entity that XML does not define (entities are not expanded)",
                        )
                    }
                },
                Event::Start(_) => {
                    wrong = Some("holds another element");
                    self.enter()?;
                }
                Event::End(_) if self.depth == depth => break,
                Event::End(_) => self.depth -= 1,
                Event::Eof => return Err(DocumentFault::of("it ends in the middle of a link")),
                _ => {}
            }
            if text.len() > LONGEST_LINK {
                text.clear();
                wrong = Some("is too long");
            }
        }
        self.depth -= 1;
        Ok(match wrong {
            Some(wrong) => Err(wrong_at(column, &format!("the {what} {wrong}"))),
            None => Ok(text.trim().to_owned()),
        })
    }

    fn place(&self) -> TextPlace {
        self.xml.get_ref().place
    }

    /// Ends the reading at a fault of the document. The entry before it comes first, if its link was read.
    fn broken(&mut self, fault: DocumentFault) -> Option<LinkRead> {
        self.ended = true;
        let TextPlace { line, column } = self.place();
        let reason = fault.reason;
        let reason =
            format!("the sitemap is broken: {reason} (column {column}; nothing behind it is read)");
        let told = LinkRead {
            fault: Some(fault.class),
            ..LinkRead::new(line, Err(InvalidLine::new(reason)))
        };
        match self.entry.take().and_then(EntryInProgress::read) {
            Some(entry) => {
                self.fault = Some(told);
                Some(entry)
            }
            None => Some(told),
        }
    }
}

impl EntryInProgress {
    /// Returns the link with its values. `None`: it has not come.
    fn read(self) -> Option<LinkRead> {
        let (line, link) = self.link?;
        Some(LinkRead {
            others: self.others,
            ..LinkRead::new(line, link)
        })
    }
}

/// Makes the mistake of an entry, told with its column.
fn wrong_at(column: u64, reason: &str) -> InvalidLine {
    InvalidLine::new(reason.to_owned()).within(&format!("a sitemap, column {column}"))
}

/// Fault at which a document ends.
struct DocumentFault {
    class: ErrorType,
    reason: String,
}

impl DocumentFault {
    fn of(reason: &str) -> DocumentFault {
        DocumentFault {
            class: ErrorType::Decode,
            reason: reason.to_owned(),
        }
    }
}

impl From<quick_xml::Error> for DocumentFault {
    fn from(error: quick_xml::Error) -> DocumentFault {
        DocumentFault {
            class: match &error {
                quick_xml::Error::Io(error) => class_of(error),
                _ => ErrorType::Decode,
            },
            reason: error.to_string(),
        }
    }
}

/// Reads the next event.
fn next_event<'b>(
    xml: &mut Reader<XmlSource>,
    buffer: &'b mut Vec<u8>,
) -> Result<Event<'b>, DocumentFault> {
    buffer.clear();
    buffer.shrink_to(1 << 20);
    xml.get_mut().left = LONGEST_LINE;
    Ok(xml.read_event_into(buffer)?)
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
