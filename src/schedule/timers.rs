//! What is due at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use crate::slab::Id;

/// Everything that is due at a time.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Retries by the time they are due.
    pub(super) delayed: TimerQueue,
    /// Hosts by the time at which they open.
    pub(super) waking: TimerQueue,
    /// Attempts under a breaker, by the time at which they are looked at: they may hang.
    pub(super) looks: TimerQueue,
    /// Jobs by their deadline.
    pub(super) deadlines: TimerQueue,
    /// Hosts by the time at which they may have become slow.
    pub(super) watching: TimerQueue,
}

/// A heap of instants. An entry that no longer stands is not looked for in its middle: whoever pops one checks it, and
/// [`discard`](TimerQueue::discard) sees to it that those that fell never outnumber those that stand.
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    heap: BinaryHeap<Reverse<TimerEntry>>,
    /// Keeps those due at the same instant in the order they came.
    counter: u64,
    /// Entries known not to stand any more.
    stale: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TimerEntry {
    due: Instant,
    number: u64,
    id: Id,
}

impl TimerQueue {
    pub(super) fn push(&mut self, due: Instant, id: Id) {
        self.counter += 1;
        let number = self.counter;
        self.heap.push(Reverse(TimerEntry { due, number, id }));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.due)
    }

    /// The next one, and when it is due.
    pub(super) fn first(&self) -> Option<(Instant, Id)> {
        let Reverse(entry) = self.heap.peek()?;
        Some((entry.due, entry.id))
    }

    /// The next one due at `now`, and when it was.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, Id)> {
        if self.next()? > now {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.shrink();
        Some((entry.due, entry.id))
    }

    /// One entry more does not stand: `stands` tells which do. Drops those at the head, so that nothing wakes for them,
    /// and all once they are half of all.
    pub(super) fn discard(&mut self, stands: impl Fn(Instant, Id) -> bool) {
        self.stale += 1;
        while let Some(Reverse(head)) = self.heap.peek()
            && !stands(head.due, head.id)
        {
            self.heap.pop();
            self.stale = self.stale.saturating_sub(1);
        }
        if self.stale > 64 && self.stale * 2 > self.heap.len() {
            self.heap
                .retain(|Reverse(entry)| stands(entry.due, entry.id));
            self.stale = 0;
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        let (used, held) = (self.heap.len(), self.heap.capacity());
        if held > 1 << 12 && used < held / 4 {
            self.heap.shrink_to(held / 2);
        }
    }

    #[cfg(test)]
    pub(super) fn has(&self, due: Instant, id: Id) -> bool {
        let mut entries = self.heap.iter();
        entries.any(|Reverse(entry)| (entry.due, entry.id) == (due, id))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}
