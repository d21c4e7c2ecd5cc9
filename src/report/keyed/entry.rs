//! Entry of one result in a partition: as much of the result as a comparison needs.

use super::super::body_digest::BodyDigest;
use super::super::result_line::BorrowedResult;
use crate::record::Kind;
use crate::spill::EntryFormat;
use crate::summary::{OutcomeFacts, ResultFacts, cut_text};

/// Longest texts that are kept, in bytes.
const URL: usize = 400;
const WORDS: usize = 120;
const PLACE: usize = 200;

/// Number of bytes of a key.
const KEY: usize = 17;

/// Bytes of a key, by which results are joined.
pub(in super::super) type KeyBytes = [u8; KEY];

/// Result of one request, as partitions hold it: its length, then its fields in order.
///
/// Texts have their lengths before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct ResultEntry<'a> {
    pub(in super::super) key: KeyBytes,
    pub(in super::super) kind: Kind,
    /// 0: no response came.
    pub(in super::super) status: u16,
    pub(in super::super) body: BodyDigest,
    pub(in super::super) index: u64,
    pub(in super::super) url: &'a str,
    /// Class and message of a failure, or code of a rejection.
    pub(in super::super) words: &'a str,
    /// Empty: the place is not known.
    pub(in super::super) place: &'a str,
}

/// Form of a [`ResultEntry`] in partitions.
pub(in super::super) enum ResultEntryForm {}

impl EntryFormat for ResultEntryForm {
    const KEY: usize = KEY;

    fn length(bytes: &[u8]) -> Option<usize> {
        let length = u32::from_le_bytes(*bytes.first_chunk()?);
        Some(4 + length as usize)
    }

    fn divider(entry: &[u8]) -> &[u8] {
        &entry[4..4 + KEY]
    }
}

/// Writes the entry of a result. `None`: the result has no key, and cannot be joined.
pub(super) fn write(
    result: &BorrowedResult<'_>,
    facts: &OutcomeFacts<'_>,
    to: &mut Vec<u8>,
) -> Option<()> {
    let key = result.key?;
    let mut bytes = [0; KEY];
    bytes[..KEY - 1].copy_from_slice(&key.digest());
    bytes[KEY - 1] = key.version().number();
    let words = match &facts.result {
        ResultFacts::Failed(failure) => format!("{} {}", failure.error_type, failure.message),
        ResultFacts::Rejected(code) => format!("rejected {code}"),
        _ => String::new(),
    };
    let entry = ResultEntry {
        key: bytes,
        kind: result.outcome,
        status: result.status.unwrap_or(0),
        body: result.digest.unwrap_or_default(),
        index: result.index,
        url: &cut_text(&facts.texts.url(), URL),
        words: &cut_text(words.trim_end(), WORDS),
        place: &cut_text(&facts.texts.place().unwrap_or_default(), PLACE),
    };
    entry.write(to);
    Some(())
}

impl<'a> ResultEntry<'a> {
    fn write(&self, to: &mut Vec<u8>) {
        to.clear();
        to.extend_from_slice(&[0; 4]);
        to.extend_from_slice(&self.key);
        to.push(match self.kind {
            Kind::Success => 0,
            Kind::Rejected => 1,
            Kind::Failed => 2,
        });
        to.extend_from_slice(&self.status.to_le_bytes());
        self.body.pack(to);
        to.extend_from_slice(&self.index.to_le_bytes());
        for text in [self.url, self.words, self.place] {
            // Texts are cut to a few hundred bytes.
            to.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_le_bytes());
            to.extend_from_slice(text.as_bytes());
        }
        let length = u32::try_from(to.len() - 4).unwrap_or(0);
        to[..4].copy_from_slice(&length.to_le_bytes());
    }

    /// Takes the first entry of the bytes. `None`: there is none.
    pub(in super::super) fn take(bytes: &mut &'a [u8]) -> Option<ResultEntry<'a>> {
        let length = u32::from_le_bytes(*bytes.split_first_chunk()?.0);
        let (mut entry, rest) = bytes[4..].split_at_checked(length as usize)?;
        *bytes = rest;
        let at = &mut entry;
        let key = *chunk(at)?;
        let [kind] = *chunk(at)?;
        let status = u16::from_le_bytes(*chunk(at)?);
        let body = BodyDigest::unpack(at)?;
        let index = u64::from_le_bytes(*chunk(at)?);
        Some(ResultEntry {
            key,
            kind: match kind {
                0 => Kind::Success,
                1 => Kind::Rejected,
                _ => Kind::Failed,
            },
            status,
            body,
            index,
            url: text(at)?,
            words: text(at)?,
            place: text(at)?,
        })
    }
}

fn chunk<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(first)
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = u16::from_le_bytes(*chunk(bytes)?);
    let (text, rest) = bytes.split_at_checked(length.into())?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}
