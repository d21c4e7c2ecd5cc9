//! Lane of a run, as a loader knows it.

use crate::fleet::engine::{Entry, Sequence};

#[derive(Debug, Default)]
pub(super) struct LaneLoad {
    /// Number of the last entry that the lane has, as far as it is known.
    pub(super) last: Sequence,
    /// Number of the last entry that the lane had before this loader.
    before: Sequence,
    /// Number of the last line that does not wait any more.
    passed: Sequence,
    pub(super) waiting: Vec<Entry>,
    bytes: u64,
}

impl LaneLoad {
    /// Takes a line of the input. Returns the number of lines that the lane had before this loader: 1 or 0.
    pub(super) fn take(&mut self, entry: Entry) -> u64 {
        if entry.sequence > self.last {
            self.bytes += entry.size();
            self.waiting.push(entry);
            return 0;
        }
        self.passed = entry.sequence;
        u64::from(entry.sequence <= self.before)
    }

    /// True if as many lines wait as are loaded at once.
    pub(super) fn is_full(&self, (entries, bytes): (usize, u64)) -> bool {
        self.waiting.len() >= entries || self.bytes >= bytes
    }

    /// Takes the number of the lane's last entry. Returns the number of lines that need not wait any more.
    pub(super) fn learn(&mut self, last: Sequence) -> u64 {
        self.last = last;
        let count = self
            .waiting
            .iter()
            .take_while(|entry| entry.sequence <= last);
        let count = count.count();
        for entry in self.waiting.drain(..count) {
            self.passed = entry.sequence;
            self.bytes -= entry.size();
        }
        count as u64
    }

    /// Takes the number of the last entry that the lane has before this loader loads. Returns as [`learn`](LaneLoad::learn).
    pub(super) fn learn_before(&mut self, last: Sequence) -> u64 {
        self.before = last;
        self.learn(last)
    }

    /// True if the lane lacks a line that does not wait any more.
    pub(super) fn has_gap(&self) -> bool {
        self.last < self.passed
    }

    /// Passes over the lines that wait, which an earlier loader is taken to have loaded. Returns their number.
    pub(super) fn pass_over(&mut self) -> u64 {
        let count = self.waiting.len() as u64;
        let last = self.waiting.last();
        self.passed = last.map_or(self.passed, |entry| entry.sequence);
        (self.waiting, self.bytes) = (Vec::new(), 0);
        count
    }

    /// Prepares for the first line of the input, which comes again.
    pub(super) fn rewind(&mut self) {
        self.before = self.before.min(self.last);
        (self.passed, self.waiting, self.bytes) = (0, Vec::new(), 0);
    }
}
