//! Entries that stand for requests of the input and for lines of results, in partitions.
//!
//! An entry begins with the digest of a key, and its numbers are big-endian, so that entries sort by their fields in
//! order.

use crate::digest::Sha256;
use crate::spill::EntryFormat;

/// Number of bytes of the digest of a key.
const DIGEST: usize = 16;

/// Bytes of a key by which requests and results are matched.
pub(super) type Digest = [u8; DIGEST];

/// Length of the entry of a request: its key, and its position in the input.
pub(super) const INPUT: usize = DIGEST + 8;

/// Length of the entry of a line of results: key, slot and hash, row with flags.
pub(super) const RESULT: usize = 32;

/// Number of bytes of slot and hash.
const DETAIL: usize = 11;

/// Number of bytes that are equal in entries of byte-identical lines.
pub(super) const IDENTICAL: usize = DIGEST + DETAIL;

/// Number of bits of a row's flags.
const FLAGS: u32 = 3;

/// Upper bound for the number of rows: 37 bits.
pub(super) const MOST_ROWS: u64 = 1 << (40 - FLAGS);

/// Entry of a request of the input.
pub(super) type InputEntryBytes = [u8; INPUT];

/// Entry of a line of results.
pub(super) type ResultEntryBytes = [u8; RESULT];

/// Form of entries of requests.
pub(super) enum InputForm {}

impl EntryFormat for InputForm {
    const KEY: usize = DIGEST;

    fn length(bytes: &[u8]) -> Option<usize> {
        (bytes.len() >= INPUT).then_some(INPUT)
    }

    fn divider(entry: &[u8]) -> &[u8] {
        &entry[..DIGEST]
    }
}

/// Form of entries of lines of results. They can also be divided by what stands behind their keys.
pub(super) enum ResultForm {}

impl EntryFormat for ResultForm {
    const KEY: usize = DIGEST;

    fn length(bytes: &[u8]) -> Option<usize> {
        (bytes.len() >= RESULT).then_some(RESULT)
    }

    fn divider(entry: &[u8]) -> &[u8] {
        entry
    }
}

/// Makes the entry of a request.
pub(super) fn of_request(key: Digest, position: u64) -> InputEntryBytes {
    let mut entry = [0; INPUT];
    entry[..DIGEST].copy_from_slice(&key);
    entry[DIGEST..].copy_from_slice(&position.to_be_bytes());
    entry
}

/// Returns key and position of an entry of a request.
pub(super) fn request_of(entry: &InputEntryBytes) -> (Digest, u64) {
    let (key, position) = entry.split_at(DIGEST);
    let key = key.try_into().unwrap_or_default();
    (
        key,
        u64::from_be_bytes(position.try_into().unwrap_or_default()),
    )
}

/// Property that tells results of one key apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotKind {
    /// Number of the page in its list; 1 for other requests. Equal requests of the input share it.
    Page,
    /// Position in the input. Pages of one number share the digest of an entry.
    Index,
}

impl SlotKind {
    /// Number of bytes of a slot. The rest of the detail is the hash.
    pub(super) fn length(self) -> usize {
        match self {
            SlotKind::Page => 3,
            SlotKind::Index => 6,
        }
    }

    /// Number of bytes of key and slot.
    pub(super) fn key_and_slot(self) -> usize {
        DIGEST + self.length()
    }

    /// Returns digest and slot of a line with this key, page (`None`: it is of no list) and position. The key of a page is
    /// that of its first page.
    pub(super) fn place(self, key: Digest, page: Option<u32>, index: u64) -> (Digest, u64) {
        let bits = 8 * self.length() as u32;
        let most = (1 << bits) - 1;
        match (self, page) {
            (SlotKind::Page, page) => (key, u64::from(page.unwrap_or(1)).min(most)),
            (SlotKind::Index, None) => (key, index & (most >> 1)),
            // A slot has no room for two numbers. The highest bit tells pages from others.
            (SlotKind::Index, Some(page)) => {
                let mut digest = Sha256::new();
                digest.update(key);
                digest.update(page.to_be_bytes());
                let slot = index & (most >> 1) | (most ^ (most >> 1));
                (*digest.finish().first_chunk().unwrap_or(&key), slot)
            }
        }
    }
}

/// Line of results, as far as counting needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResultMark {
    pub(super) key: Digest,
    pub(super) slot: u64,
    /// Hash of the line's bytes, of which as many bits are kept as there is room.
    pub(super) hash: u64,
    /// Number of the line among those of all files, from 0.
    pub(super) row: u64,
    pub(super) is_success: bool,
    pub(super) supersedes: bool,
    pub(super) is_page: bool,
}

impl ResultMark {
    pub(super) fn encode(&self, kind: SlotKind) -> ResultEntryBytes {
        let (mut entry, length) = ([0; RESULT], kind.length());
        entry[..DIGEST].copy_from_slice(&self.key);
        let detail = &mut entry[DIGEST..IDENTICAL];
        detail[..length].copy_from_slice(&self.slot.to_be_bytes()[8 - length..]);
        let hash = &self.hash.to_be_bytes()[..DETAIL - length];
        detail[length..].copy_from_slice(hash);
        let flags = [self.is_success, self.supersedes, self.is_page];
        let flags = flags
            .iter()
            .fold(0, |flags, flag| flags << 1 | u64::from(*flag));
        let row = self.row << FLAGS | flags;
        entry[IDENTICAL..].copy_from_slice(&row.to_be_bytes()[8 - (RESULT - IDENTICAL)..]);
        entry
    }

    pub(super) fn decode(entry: &ResultEntryBytes, kind: SlotKind) -> ResultMark {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let slot_end = DIGEST + kind.length();
        let row = number(&entry[IDENTICAL..]);
        ResultMark {
            key: entry[..DIGEST].try_into().unwrap_or_default(),
            slot: number(&entry[DIGEST..slot_end]),
            hash: number(&entry[slot_end..IDENTICAL]),
            row: row >> FLAGS,
            is_success: row & 4 != 0,
            supersedes: row & 2 != 0,
            is_page: row & 1 != 0,
        }
    }
}

/// Returns the row of an entry.
pub(super) fn row_of(entry: &ResultEntryBytes) -> u64 {
    let row = entry[IDENTICAL..].iter();
    row.fold(0, |row, byte| row << 8 | u64::from(*byte)) >> FLAGS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_from_its_entry() {
        for (kind, slot, hash) in [
            (SlotKind::Page, 77, u64::MAX),
            (SlotKind::Index, 1 << 46, 0xff_ffff_ffff),
        ] {
            let mark = ResultMark {
                key: [7; DIGEST],
                slot,
                hash,
                row: MOST_ROWS - 1,
                is_success: true,
                supersedes: false,
                is_page: true,
            };
            let entry = mark.encode(kind);
            let kept = (1_u128 << (8 * (DETAIL - kind.length()))) - 1;
            let decoded = ResultMark::decode(&entry, kind);
            assert_eq!(
                decoded.hash,
                (u128::from(hash) & kept) as u64 >> (decoded_shift(kind, hash))
            );
            assert_eq!(ResultMark { hash, ..decoded }, mark);
            assert_eq!(row_of(&entry), mark.row);
        }
    }

    /// The highest bits of a hash are kept.
    fn decoded_shift(kind: SlotKind, hash: u64) -> u32 {
        match (kind, hash) {
            (SlotKind::Page, _) => 0,
            (SlotKind::Index, _) => 24,
        }
    }

    #[test]
    fn no_two_pages_of_equal_lists_share_a_slot() {
        let mut places = std::collections::HashSet::new();
        // Page and position of the first two meet if they are mixed into 47 bits by 0x9e3779b97f4a7c15.
        for (page, index) in [(1, 0), (11_978, 533_890_855), (2, 0), (1, 1 << 32)] {
            assert!(places.insert(SlotKind::Index.place([7; DIGEST], Some(page), index)));
        }
    }

    #[test]
    fn pages_of_a_list_and_other_lines_have_slots_of_their_own() {
        let slot = |page, index| SlotKind::Index.place([7; DIGEST], page, index);
        let slots = [
            slot(None, 3),
            slot(Some(1), 3),
            slot(Some(2), 3),
            slot(Some(1), 4),
            slot(None, 4),
            slot(Some(u32::MAX), 3),
            slot(Some(2), (1 << 37) - 1),
        ];
        for (at, one) in slots.iter().enumerate() {
            assert!(!slots[..at].contains(one), "{at}");
        }
        assert_eq!(
            SlotKind::Page.place([7; DIGEST], None, 9),
            SlotKind::Page.place([7; DIGEST], Some(1), 4)
        );
    }
}
