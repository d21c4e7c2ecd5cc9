//! Decision which lines of results stand, and which requests of the input have no outcome.

use std::io;

use super::entry::{
    Digest, IDENTICAL, InputEntryBytes, InputForm, RESULT, ResultEntryBytes, ResultForm,
    ResultMark, SlotKind, request_of, row_of,
};
use super::marks::{FirstRows, NumberSet};
use crate::spill::{LeafEntries, PartReceiver, Partitions, each_leaf};

/// Lines and requests as they are counted, key by key.
#[derive(Debug)]
pub(super) struct MergeDecisions {
    /// True if there is an input that the results are compared with.
    verifies: bool,
    /// Largest number of bytes that are loaded at once.
    largest: u64,
    /// Rows that are left out.
    pub(super) dropped: NumberSet,
    pub(super) copies: u64,
    pub(super) replaced: u64,
    pub(super) doubled: FirstRows,
    pub(super) foreign: FirstRows,
    /// Positions of requests without an outcome.
    pub(super) missing: NumberSet,
    pub(super) missing_count: u64,
}

impl MergeDecisions {
    /// `dropped`: rows that are left out already.
    pub(super) fn new(verifies: bool, largest: u64, dropped: NumberSet) -> MergeDecisions {
        MergeDecisions {
            verifies,
            largest,
            dropped,
            copies: 0,
            replaced: 0,
            doubled: FirstRows::default(),
            foreign: FirstRows::default(),
            missing: NumberSet::default(),
            missing_count: 0,
        }
    }

    fn kind(&self) -> SlotKind {
        match self.verifies {
            true => SlotKind::Page,
            false => SlotKind::Index,
        }
    }

    /// Leaves out all but the first of byte-identical lines. The entries are sorted.
    fn drop_copies(&mut self, entries: &[ResultEntryBytes]) {
        for pair in entries.windows(2) {
            if pair[0][..IDENTICAL] == pair[1][..IDENTICAL] {
                self.drop_copy(row_of(&pair[1]));
            }
        }
    }

    fn drop_copy(&mut self, row: u64) {
        self.dropped.insert(row);
        self.copies += 1;
    }

    /// Decides about the lines of one key, whose copies are left out, for `capacity` requests. Returns the number of lines
    /// that stand for these.
    fn decide(&mut self, lines: &mut [ResultEntryBytes], capacity: u64) -> io::Result<u64> {
        let kind = self.kind();
        let line_of = |entry: &ResultEntryBytes| ResultMark::decode(entry, kind);
        if !self.verifies && lines.len() > 1 {
            lines.sort_unstable_by_key(|entry| (line_of(entry).is_page, row_of(entry)));
            let plain = lines.partition_point(|entry| !line_of(entry).is_page);
            self.drop_replaced(&mut LoadedLines(&lines[..plain], kind))?;
        }
        self.decide_slots(lines, capacity)
    }

    /// Decides about the lines of whole slots of a key. Returns the number of lines that stand for its requests.
    fn decide_slots(&mut self, lines: &mut [ResultEntryBytes], capacity: u64) -> io::Result<u64> {
        let kind = self.kind();
        let slot_of = |entry: &ResultEntryBytes| ResultMark::decode(entry, kind).slot;
        lines.sort_unstable_by_key(|entry| (slot_of(entry), row_of(entry)));
        let mut standing = 0;
        for slot in lines.chunk_by(|one, other| slot_of(one) == slot_of(other)) {
            let first = ResultMark::decode(&slot[0], kind);
            let kept = self.decide_slot(&mut LoadedLines(slot, kind), first.is_page, capacity)?;
            standing += if first.slot == 1 { kept } else { 0 };
        }
        Ok(standing)
    }

    /// Decides about the lines of one slot of a key. Returns the number of lines that stand.
    fn decide_slot(
        &mut self,
        lines: &mut impl LineSource,
        is_page: bool,
        capacity: u64,
    ) -> io::Result<u64> {
        if self.verifies || is_page {
            self.drop_replaced(lines)?;
        }
        let capacity = if self.verifies { capacity } else { 1 };
        self.drop_surplus(lines, capacity)
    }

    /// Leaves out lines that another line took the place of: the first without success of its key, or else, of pages,
    /// the first of its page, which a resumed run asks for again to learn the link in it.
    fn drop_replaced(&mut self, lines: &mut impl LineSource) -> io::Result<()> {
        let (mut replaceable, mut superseding, mut others) = ([0_u64; 4], 0_u64, 0_u64);
        lines.each(&mut |line| {
            if self.dropped.contains(line.row) {
                return;
            }
            superseding += u64::from(line.supersedes);
            match turn_of(line) {
                Some(turn) => replaceable[turn] += 1,
                None => others += u64::from(line.supersedes),
            }
        })?;
        let all: u64 = replaceable.iter().sum();
        let begins = replaceable[0] + replaceable[2] + others > 0;
        // No line takes its own place: if all take the place of another, that of the first is in no file.
        let mut left = if begins {
            superseding.min(all)
        } else {
            superseding.min(all.saturating_sub(1))
        };
        if left == 0 {
            return Ok(());
        }
        let quotas = replaceable.map(|count| {
            let quota = count.min(left);
            left -= quota;
            quota
        });
        let mut quotas = quotas;
        lines.each(&mut |line| {
            if let Some(turn) = turn_of(line)
                && quotas[turn] > 0
                && !self.dropped.contains(line.row)
            {
                quotas[turn] -= 1;
                self.dropped.insert(line.row);
                self.replaced += 1;
            }
        })
    }

    /// Leaves out lines beyond the number of requests, those without success first, and of these the later ones.
    /// Returns the number of lines that stand.
    fn drop_surplus(&mut self, lines: &mut impl LineSource, capacity: u64) -> io::Result<u64> {
        let mut counts = [0_u64; 2];
        lines.each(&mut |line| {
            let stands = !self.dropped.contains(line.row);
            counts[usize::from(line.is_success)] += u64::from(stands);
        })?;
        let [unsuccessful, successes] = counts;
        let successes = successes.min(capacity);
        let unsuccessful = unsuccessful.min(capacity - successes);
        let kept = successes + unsuccessful;
        if kept == counts[0] + counts[1] {
            return Ok(kept);
        }
        let is_foreign = self.verifies && capacity == 0;
        let mut room = [unsuccessful, successes];
        lines.each(&mut |line| {
            if self.dropped.contains(line.row) {
                return;
            }
            let room = &mut room[usize::from(line.is_success)];
            if *room > 0 {
                *room -= 1;
                return;
            }
            self.dropped.insert(line.row);
            match is_foreign {
                true => self.foreign.add(line.row),
                false => self.doubled.add(line.row),
            }
        })?;
        Ok(kept)
    }

    fn miss_all(&mut self, requests: &[InputEntryBytes]) {
        for request in requests {
            self.missing.insert(request_of(request).1);
        }
        self.missing_count += requests.len() as u64;
    }
}

/// Order in which lines are replaced. `None`: the line cannot be replaced.
fn turn_of(line: &ResultMark) -> Option<usize> {
    match (line.is_success, line.supersedes) {
        (false, supersedes) => Some(usize::from(supersedes)),
        (true, supersedes) if line.is_page => Some(2 + usize::from(supersedes)),
        (true, _) => None,
    }
}

/// Lines of results in their order, which can be read more than once.
trait LineSource {
    fn each(&mut self, take: &mut dyn FnMut(&ResultMark)) -> io::Result<()>;
}

/// Lines in memory.
struct LoadedLines<'a>(&'a [ResultEntryBytes], SlotKind);

impl LineSource for LoadedLines<'_> {
    fn each(&mut self, take: &mut dyn FnMut(&ResultMark)) -> io::Result<()> {
        let lines = self.0.iter().map(|entry| ResultMark::decode(entry, self.1));
        lines.for_each(|line| take(&line));
        Ok(())
    }
}

/// Lines of a partition on disk.
struct StoredLines<'a> {
    parts: &'a mut Partitions<ResultForm>,
    part: u8,
    kind: SlotKind,
    /// True if pages are passed over.
    without_pages: bool,
}

impl LineSource for StoredLines<'_> {
    fn each(&mut self, take: &mut dyn FnMut(&ResultMark)) -> io::Result<()> {
        let (kind, without_pages) = (self.kind, self.without_pages);
        self.parts.each_entry(self.part, |entry| {
            if let Some(entry) = entry.first_chunk() {
                let line = ResultMark::decode(entry, kind);
                if !(without_pages && line.is_page) {
                    take(&line);
                }
            }
            true
        })
    }
}

/// Returns the key of a line.
fn key_of(entry: &ResultEntryBytes) -> Digest {
    entry.first_chunk().copied().unwrap_or_default()
}

/// Splits requests behind the last one of those that `is_before` is true for.
fn split_while(
    requests: &[InputEntryBytes],
    is_before: impl Fn((Digest, u64)) -> bool,
) -> (&[InputEntryBytes], &[InputEntryBytes]) {
    requests.split_at(requests.partition_point(|request| is_before(request_of(request))))
}

/// Returns the entries in order.
fn sorted(bytes: &mut [u8]) -> &mut [ResultEntryBytes] {
    let (entries, _) = bytes.as_chunks_mut::<RESULT>();
    entries.sort_unstable();
    entries
}

impl PartReceiver<InputForm, ResultForm> for MergeDecisions {
    fn take_loaded(&mut self, mut input: Vec<u8>, mut results: Vec<u8>) -> io::Result<()> {
        let (requests, _) = input.as_chunks_mut();
        requests.sort_unstable();
        let mut requests = &*requests;
        let entries = sorted(&mut results);
        self.drop_copies(entries);
        for lines in entries.chunk_by_mut(|one, other| key_of(one) == key_of(other)) {
            let key = key_of(&lines[0]);
            let (before, rest) = split_while(requests, |(other, _)| other < key);
            let (equal, rest) = split_while(rest, |(other, _)| other == key);
            requests = rest;
            let standing = self.decide(lines, equal.len() as u64)?;
            self.miss_all(before);
            self.miss_all(equal.get(standing as usize..).unwrap_or_default());
        }
        self.miss_all(requests);
        Ok(())
    }

    fn take_single_key(
        &mut self,
        input: &mut Partitions<InputForm>,
        results: &mut Partitions<ResultForm>,
        part: u8,
    ) -> io::Result<()> {
        let (kind, largest) = (self.kind(), self.largest);
        let mut capacity = 0;
        input.each_entry(part, |_| {
            capacity += 1;
            true
        })?;
        each_leaf(results, part, largest, IDENTICAL, &mut |leaf| match leaf {
            LeafEntries::Loaded(mut bytes) => {
                self.drop_copies(sorted(&mut bytes));
                Ok(())
            }
            LeafEntries::Stored(parts, part) => {
                let mut is_first = true;
                parts.each_entry(part, |entry| {
                    if let Some(entry) = entry.first_chunk().filter(|_| !is_first) {
                        self.drop_copy(row_of(entry));
                    }
                    is_first = false;
                    true
                })
            }
        })?;
        if !self.verifies {
            self.drop_replaced(&mut StoredLines {
                parts: results,
                part,
                kind,
                without_pages: true,
            })?;
        }
        let mut standing = 0;
        each_leaf(results, part, largest, kind.key_and_slot(), &mut |leaf| {
            match leaf {
                LeafEntries::Loaded(mut bytes) => {
                    let (lines, _) = bytes.as_chunks_mut();
                    standing += self.decide_slots(lines, capacity)?;
                }
                LeafEntries::Stored(parts, part) => {
                    let mut lines = StoredLines {
                        parts,
                        part,
                        kind,
                        without_pages: false,
                    };
                    let mut first = None;
                    lines.each(&mut |line| {
                        first.get_or_insert((line.slot, line.is_page));
                    })?;
                    let (slot, is_page) = first.unwrap_or_default();
                    let kept = self.decide_slot(&mut lines, is_page, capacity)?;
                    standing += if slot == 1 { kept } else { 0 };
                }
            }
            Ok(())
        })?;
        let mut position = 0;
        input.each_entry(part, |entry| {
            position += 1;
            if let Some(entry) = entry.first_chunk().filter(|_| position > standing) {
                self.miss_all(std::slice::from_ref(entry));
            }
            true
        })
    }
}
