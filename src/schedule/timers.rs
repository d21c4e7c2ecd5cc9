//! Queues of jobs and hosts by the time at which they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use crate::slab::Id;

/// All timer queues of the schedule.
#[derive(Debug, Default)]
pub(super) struct TimerQueues {
    /// Delayed jobs by the time at which they are due.
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

/// Heap of instants. A stale entry is not searched for in the heap: callers that pop an entry check it, and
/// [`discard`](TimerQueue::discard) keeps stale entries from outnumbering valid ones.
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    heap: BinaryHeap<Reverse<TimerEntry>>,
    /// Number of entries pushed so far. Keeps entries that are due at the same instant in the order they came.
    counter: u64,
    /// Number of entries known to be stale.
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

    /// Returns the next entry and the time at which it is due.
    pub(super) fn first(&self) -> Option<(Instant, Id)> {
        let Reverse(entry) = self.heap.peek()?;
        Some((entry.due, entry.id))
    }

    /// Takes the next entry that is due at `now`, and the time at which it was due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, Id)> {
        if self.next()? > now {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.shrink();
        Some((entry.due, entry.id))
    }

    /// Notes that one more entry is stale; `stands` returns true for a valid entry. Drops stale entries at the head, so
    /// that no wake-up is planned for them, and all stale entries once they are half of all.
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
