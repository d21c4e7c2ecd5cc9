//! Results of two runs, joined by key and n-th occurrence.

use std::io;

use super::super::keyed::{ResultEntry, ResultEntryForm};
use crate::spill::{PartReceiver, Partitions, each_part};

/// Largest partition that is loaded, in bytes of both runs.
const LARGEST: u64 = 32 << 20;

/// Receiver of joined results. One side is `None` if the other run has more results of the key.
pub(super) trait JoinTarget {
    fn joined(&mut self, old: Option<ResultEntry<'_>>, new: Option<ResultEntry<'_>>);
}

/// Joins the results of all partitions.
pub(super) fn join(
    old: &mut Partitions<ResultEntryForm>,
    new: &mut Partitions<ResultEntryForm>,
    target: &mut impl JoinTarget,
) -> io::Result<()> {
    each_part(old, new, LARGEST, &mut JoinedParts(target))
}

/// Receiver of parts, whose results it joins.
struct JoinedParts<'t, T>(&'t mut T);

impl<T: JoinTarget> PartReceiver<ResultEntryForm, ResultEntryForm> for JoinedParts<'_, T> {
    fn take_loaded(&mut self, old: Vec<u8>, new: Vec<u8>) -> io::Result<()> {
        let (old, new) = (sorted(&old), sorted(&new));
        let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
        loop {
            match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(a), Some(b)) if a.key == b.key => self.0.joined(old.next(), new.next()),
                (Some(a), Some(b)) if a.key > b.key => self.0.joined(None, new.next()),
                (None, Some(_)) => self.0.joined(None, new.next()),
                (Some(_), _) => self.0.joined(old.next(), None),
            }
        }
    }

    /// Joins a partition of a single key as two streams, in the order in which the results were counted: so many equal
    /// requests cannot be told apart by their positions without sorting them on disk.
    fn take_single_key(
        &mut self,
        old: &mut Partitions<ResultEntryForm>,
        new: &mut Partitions<ResultEntryForm>,
        part: u8,
    ) -> io::Result<()> {
        let (mut old, mut new) = (EntryStream::of(old, part), EntryStream::of(new, part));
        loop {
            let has_old = old.advance()?;
            let has_new = new.advance()?;
            if !has_old && !has_new {
                return Ok(());
            }
            self.0.joined(old.entry(), new.entry());
        }
    }
}

/// Returns the entries by key; those of one key by their positions in the input.
fn sorted(mut bytes: &[u8]) -> Vec<ResultEntry<'_>> {
    let mut entries = Vec::new();
    while let Some(entry) = ResultEntry::take(&mut bytes) {
        entries.push(entry);
    }
    entries.sort_by_key(|entry| (entry.key, entry.index));
    entries
}

/// Entries of a partition, one after the other.
struct EntryStream<'a> {
    from: &'a mut Partitions<ResultEntryForm>,
    part: u8,
    /// Index of the next block.
    next: usize,
    bytes: Vec<u8>,
    /// Position of the current entry, and of the one behind it.
    start: usize,
    end: usize,
}

impl EntryStream<'_> {
    fn of(from: &mut Partitions<ResultEntryForm>, part: u8) -> EntryStream<'_> {
        EntryStream {
            from,
            part,
            next: 0,
            bytes: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    /// Goes to the next entry. Returns false if there is none.
    fn advance(&mut self) -> io::Result<bool> {
        self.start = self.end;
        while self.start >= self.bytes.len() {
            if self.next >= self.from.blocks(self.part) {
                return Ok(false);
            }
            self.from.block(self.part, self.next, &mut self.bytes)?;
            self.next += 1;
            (self.start, self.end) = (0, 0);
        }
        let mut rest = &self.bytes[self.start..];
        let is_there = ResultEntry::take(&mut rest).is_some();
        self.end = self.bytes.len() - rest.len();
        Ok(is_there)
    }

    fn entry(&self) -> Option<ResultEntry<'_>> {
        ResultEntry::take(&mut &self.bytes[self.start..self.end])
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::counted::HostNames;
    use super::super::super::keyed::KeyedResults;
    use super::super::super::result_line::BorrowedResult;
    use super::*;

    /// Joined pairs as text: the indices of both sides.
    #[derive(Default)]
    struct Pairs(Vec<(Option<u64>, Option<u64>)>);

    impl JoinTarget for Pairs {
        fn joined(&mut self, old: Option<ResultEntry<'_>>, new: Option<ResultEntry<'_>>) {
            self.0.push((old.map(|e| e.index), new.map(|e| e.index)));
        }
    }

    /// Partitions of results with these keys, in this order.
    fn of(keys: impl Iterator<Item = u128>) -> Partitions<ResultEntryForm> {
        let mut results = KeyedResults::new();
        for (index, key) in keys.enumerate() {
            let line = format!(
                r#"{{"index":{index},"key":"2-{key:032x}","outcome":"success","url":"http://h/"}}"#
            );
            let line = BorrowedResult::parse(line.as_bytes()).unwrap();
            let facts = line.facts(&mut HostNames::default());
            results.add(&line, &facts).unwrap();
        }
        results.parts
    }

    fn pairs(old: &[u128], new: &[u128], largest: u64) -> Vec<(Option<u64>, Option<u64>)> {
        let mut pairs = Pairs::default();
        let mut old = of(old.iter().copied());
        let mut new = of(new.iter().copied());
        each_part(&mut old, &mut new, largest, &mut JoinedParts(&mut pairs)).unwrap();
        pairs.0.sort();
        pairs.0
    }

    #[test]
    fn results_are_joined_by_key_and_occurrence() {
        let found = pairs(&[1, 2, 1, 3], &[1, 1, 1, 2], LARGEST);
        let expected = [
            (None, Some(2)),
            (Some(0), Some(0)),
            (Some(1), Some(3)),
            (Some(2), Some(1)),
            (Some(3), None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_size_of_partitions_changes_nothing() {
        let mix = |n: u128| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) % (1 << 127);
        let old: Vec<_> = (0..2_000).map(|n| mix(n % 700)).collect();
        let new: Vec<_> = (0..3_000).map(|n| mix(n % 900)).collect();
        let all = pairs(&old, &new, LARGEST);
        assert_eq!(all.len(), 3_000);
        for largest in [0, 300, 10_000] {
            assert_eq!(pairs(&old, &new, largest), all, "{largest}");
        }
    }

    #[test]
    fn a_key_of_many_results_is_joined_as_a_stream() {
        let found = pairs(&[7; 3_000], &[7; 2_000], 0);
        let both = |n| (Some(n), Some(n));
        let mut expected: Vec<_> = (0..2_000).map(both).collect();
        expected.extend((2_000..3_000).map(|n| (Some(n), None)));
        assert_eq!(found, expected);
    }
}
