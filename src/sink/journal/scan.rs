//! The few keys that resuming needs of a record, found without reading the values of the others.
//!
//! A results file may have ten million lines. Nearly all of them are written as this crate writes them; what is written
//! otherwise, or is no record, is left to the JSON parser, which also says what is wrong with it.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::saves::digest;
use crate::error::ErrorType;
use crate::record::{Key, Kind};

/// What resuming needs of a record.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) key: Key,
    pub(super) outcome: Kind,
    pub(super) supersedes: bool,
    pub(super) interrupted: bool,
    /// It was sent.
    pub(super) sent: bool,
    /// Digest of the path of the file that its body was saved to.
    pub(super) saved: Option<u64>,
}

/// The line without its line feed. `None` where it takes a parser to say.
pub(super) fn scan(line: &[u8]) -> Option<Line> {
    std::str::from_utf8(line).ok()?;
    let mut rest = Rest(line);
    let (mut version, mut key, mut outcome, mut error_type) = (false, None, None, None);
    let (mut supersedes, mut timestamp, mut saved) = (None, None, None);
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
            b"v" | b"key" | b"outcome" | b"error_type" | b"supersedes" | b"timestamp"
            | b"output_file" => {
                return None;
            }
            _ => rest.skip()?,
        }
        match rest.next()? {
            b',' => {}
            b'}' if rest.0.is_empty() => break,
            _ => return None,
        }
    }
    version.then_some(Line {
        key: key?,
        outcome: outcome?,
        supersedes: supersedes.unwrap_or_default(),
        interrupted: error_type == Some(ErrorType::Interrupted),
        sent: timestamp.is_some(),
        saved,
    })
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// What of a line is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    /// A text in which nothing is escaped.
    fn plain_text(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let end = special(self.0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        self.take(b'"')?;
        Some(text)
    }

    /// A number, or one of JSON's three words.
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

    /// Any value. Of an object or a list only where it ends.
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
            // Of an escape, the byte behind it too.
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
                    // Each closes its own kind, two places on in ASCII.
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

/// Where a run of text ends: at its quote, at an escape, or at what may not stand in it (RFC 8259 §7). Eight bytes at
/// once, since bodies are long.
fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    // The highest bit of each byte that is less; bytes behind the first such one may be marked wrongly.
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
