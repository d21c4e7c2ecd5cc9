//! Reading of the few keys of a record that resuming needs, without the values of the others.
//!
//! A results file may have ten million lines. Nearly all of them are written as this crate writes them, and are
//! scanned; a line that is written otherwise, or is no record, is left to the JSON parser, which also makes the error.
//!
//! Measured on the 30th of November 2026: without the scan, a journal of 600,000 lines of 218 bytes takes 1.18 times as
//! long to open, one of lines of 596 bytes with a body 1.12 times, although the parser passes over the other values
//! (`IgnoredAny`) and checks the line's UTF-8 as a whole. Both took 1.47 and 1.50 times the instructions.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{IgnoredAny, IntoDeserializer};

use serde_json::value::RawValue;

use super::saves::digest;
use crate::error::ErrorType;
use crate::record::{Key, Kind, Version};

/// The part of a record that resuming needs.
#[derive(Debug, PartialEq)]
pub(in crate::sink) struct ResultLine {
    pub(in crate::sink) key: Key,
    pub(in crate::sink) outcome: Kind,
    pub(in crate::sink) supersedes: bool,
    pub(in crate::sink) interrupted: bool,
    /// True if the request was sent.
    pub(in crate::sink) sent: bool,
    /// Digest of the path of the file that the body was saved to. `None`: the body was not saved.
    pub(in crate::sink) saved: Option<u64>,
    /// Position in the input.
    pub(in crate::sink) index: u64,
    /// Place in a chain of pages. `None`: the request is of no chain.
    pub(in crate::sink) page: Option<Box<ResultPage>>,
}

/// The part of a page's record that resuming needs.
#[derive(Debug)]
pub(in crate::sink) struct ResultPage {
    /// Key of the first page.
    pub(in crate::sink) seed: Key,
    pub(in crate::sink) number: u32,
    /// Position of the first page in the input.
    pub(in crate::sink) index: u64,
    /// Link or cursor of the page after it. `None`: there is none.
    pub(in crate::sink) next: Option<Box<RawValue>>,
}

impl PartialEq for ResultPage {
    fn eq(&self, other: &ResultPage) -> bool {
        let next = |page: &ResultPage| page.next.as_ref().map(|next| next.get().to_owned());
        (self.seed, self.number, self.index) == (other.seed, other.number, other.index)
            && next(self) == next(other)
    }
}

/// Reads a line without its line feed.
///
/// # Errors
/// When the line is no record.
pub(in crate::sink) fn read(line: &[u8]) -> serde_json::Result<ResultLine> {
    match scan(line) {
        Some(line) => Ok(line),
        None => parse(line),
    }
}

/// The keys that the parser reads: those of [`scan`].
#[derive(Deserialize)]
struct ScannedKeys<'a> {
    #[serde(rename = "v")]
    _v: Version,
    key: Key,
    outcome: Kind,
    #[serde(default)]
    supersedes: bool,
    error_type: Option<ErrorType>,
    timestamp: Option<IgnoredAny>,
    #[serde(borrow)]
    output_file: Option<Cow<'a, str>>,
    index: Option<u64>,
    seed: Option<Key>,
    page: Option<u32>,
    next: Option<Box<RawValue>>,
}

/// Reads a line with the JSON parser.
pub(in crate::sink) fn parse(line: &[u8]) -> serde_json::Result<ResultLine> {
    let keys: ScannedKeys<'_> = serde_json::from_slice(line)?;
    let page = match (keys.seed, keys.page) {
        (Some(seed), Some(number)) => Some(Box::new(ResultPage {
            seed,
            number,
            index: keys.index.unwrap_or_default(),
            next: keys.next,
        })),
        _ => None,
    };
    Ok(ResultLine {
        page,
        index: keys.index.unwrap_or_default(),
        key: keys.key,
        outcome: keys.outcome,
        supersedes: keys.supersedes,
        interrupted: keys.error_type == Some(ErrorType::Interrupted),
        sent: keys.timestamp.is_some(),
        saved: keys.output_file.as_deref().map(digest),
    })
}

/// Returns the URL of a record, and false if its request had one attempt at most. `None`: the record has no URL.
pub(in crate::sink) fn url_of(record: &[u8]) -> Option<(String, bool)> {
    #[derive(Deserialize)]
    struct UrlOfRecord<'a> {
        #[serde(borrow)]
        url: Cow<'a, str>,
        #[serde(default)]
        attempts: u64,
    }
    let record: UrlOfRecord<'_> = serde_json::from_slice(record).ok()?;
    Some((record.url.into_owned(), record.attempts > 1))
}

/// Reads a line without a parser. `None`: only a parser can tell what the line is.
pub(in crate::sink) fn scan(line: &[u8]) -> Option<ResultLine> {
    std::str::from_utf8(line).ok()?;
    let mut rest = LineRest(line);
    let (mut version, mut key, mut outcome, mut error_type) = (false, None, None, None);
    let (mut supersedes, mut timestamp, mut saved, mut index) = (None, None, None, None);
    rest.take(b'{')?;
    loop {
        let name = rest.plain_text()?;
        rest.take(b':')?;
        match name {
            b"v" if !version => version = rest.word()? == b"1",
            b"key" if key.is_none() => key = Some(text(rest.plain_text()?)?.parse().ok()?),
            b"outcome" if outcome.is_none() => {
                outcome = Some(match rest.plain_text()? {
                    b"success" => Kind::Success,
                    b"rejected" => Kind::Rejected,
                    b"failed" => Kind::Failed,
                    _ => return None,
                });
            }
            b"error_type" if error_type.is_none() => {
                let name: StrDeserializer<'_, Error> =
                    text(rest.plain_text()?)?.into_deserializer();
                error_type = Some(ErrorType::deserialize(name).ok()?);
            }
            b"supersedes" if supersedes.is_none() => {
                supersedes = Some(match rest.word()? {
                    b"true" => true,
                    b"false" => false,
                    _ => return None,
                });
            }
            b"timestamp" if timestamp.is_none() => timestamp = Some(rest.plain_text()?),
            b"output_file" if saved.is_none() => saved = Some(digest(text(rest.plain_text()?)?)),
            b"index" if index.is_none() => index = Some(text(rest.word()?)?.parse().ok()?),
            b"v" | b"index" | b"key" | b"outcome" | b"error_type" | b"supersedes"
            | b"timestamp" | b"output_file" => {
                return None;
            }
            // Records of pages are left to the parser.
            b"seed" => return None,
            _ => rest.skip()?,
        }
        match rest.next()? {
            b',' => {}
            b'}' if rest.0.is_empty() => break,
            _ => return None,
        }
    }
    version.then_some(ResultLine {
        key: key?,
        outcome: outcome?,
        supersedes: supersedes.unwrap_or_default(),
        interrupted: error_type == Some(ErrorType::Interrupted),
        sent: timestamp.is_some(),
        saved,
        index: index.unwrap_or_default(),
        page: None,
    })
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The unread rest of a line.
struct LineRest<'a>(&'a [u8]);

impl<'a> LineRest<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    /// Reads a text without escapes. `None`: the line has no such text here.
    fn plain_text(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let end = special(self.0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        self.take(b'"')?;
        Some(text)
    }

    /// Reads a number or one of JSON's three words. `None`: the line has none here.
    fn word(&mut self) -> Option<&'a [u8]> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']');
        let (word, rest) = self.0.split_at(self.0.iter().position(ends)?);
        self.0 = rest;
        let is_number = || {
            let of_numbers = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
            word.iter().all(of_numbers) && word.iter().any(u8::is_ascii_digit)
        };
        (matches!(word, b"true" | b"false" | b"null") || is_number()).then_some(word)
    }

    /// Skips any value. Objects and lists are only searched for their end. `None`: only a parser can tell what the
    /// value is.
    fn skip(&mut self) -> Option<()> {
        match self.0.first()? {
            b'"' => self.skip_text(),
            b'{' | b'[' => self.skip_nested(),
            _ => self.word().map(drop),
        }
    }

    fn skip_text(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let at = special(self.0)?;
            let special = self.0[at];
            // An escape takes the byte after it too.
            self.0 = self.0.get(at + if special == b'\\' { 2 } else { 1 }..)?;
            match special {
                b'"' => return Some(()),
                b'\\' => {}
                _ => return None,
            }
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            match self.0.first()? {
                b'"' => self.skip_text()?,
                bracket @ (b'{' | b'[') => {
                    open.push(*bracket);
                    self.next()?;
                }
                bracket @ (b'}' | b']') => {
                    // Each closing bracket is two places after its opening one in ASCII.
                    if open.pop()? + 2 != *bracket {
                        return None;
                    }
                    self.next()?;
                    if open.is_empty() {
                        return Some(());
                    }
                }
                byte if *byte < b' ' => return None,
                _ => drop(self.next()?),
            }
        }
    }
}

/// Position at which a run of text ends: at its quote, at an escape, or at a byte that may not stand in text (RFC 8259
/// §7). The search takes eight bytes at once, since bodies are long. `memchr2` in its place, with one look for control
/// characters over the whole line, takes 0.8 to 1.03 times as long, but 1.13 times where JSON stands in the body, whose
/// quotes are escaped every few bytes; such bodies are the usual ones.
fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    // Sets the highest bit of each byte that is less than `bound`; bytes after the first such byte may be marked
    // wrongly.
    let below =
        |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & (ONES << 7);
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk() {
        let word = u64::from_le_bytes(*eight);
        let found = below(word, b' ') | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += eight.len();
    }
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    Some(at + bytes[at..].iter().position(is_special)?)
}
