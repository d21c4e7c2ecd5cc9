//! Things by the time they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::slots::Id;

/// A heap of instants. An entry is never removed from its middle: whoever pops one checks that it still stands.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u64, Id)>>,
    /// Keeps those due at the same instant in the order they came.
    counter: u64,
}

impl Timers {
    pub(super) fn push(&mut self, due: Instant, id: Id) {
        self.counter += 1;
        self.heap.push(Reverse((due, self.counter, id)));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, ..))| *due)
    }

    /// The next one due at `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Id> {
        if self.next()? > now {
            return None;
        }
        let Reverse((.., id)) = self.heap.pop()?;
        if self.heap.is_empty() && self.heap.capacity() > 1 << 16 {
            self.heap.shrink_to(1 << 12);
        }
        Some(id)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}
