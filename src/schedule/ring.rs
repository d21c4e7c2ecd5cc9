//! Whose turn it is: the host that was served longest ago.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::slots::Id;

/// The hosts that may have something to dispatch, by their turns. One that was served goes to the back. One that comes
/// back after it was blocked takes the place it would have had, were it never gone: at the back, a host with few places
/// would lose a round each time, and its work be left over when all else is done.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Sorted, for almost all join at the back.
    line: VecDeque<(u64, Id)>,
    /// Those that came back with an older turn.
    late: BinaryHeap<Reverse<(u64, Id)>>,
    turns: u64,
}

impl Ring {
    /// A turn after all others.
    pub(super) fn new_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    pub(super) fn join(&mut self, turn: u64, host: Id) {
        if self.line.back().is_none_or(|(last, _)| *last <= turn) {
            self.line.push_back((turn, host));
        } else {
            self.late.push(Reverse((turn, host)));
        }
    }

    pub(super) fn front(&self) -> Option<Id> {
        let host = match self.late_is_first() {
            true => self.late.peek().map(|Reverse(entry)| entry),
            false => self.line.front(),
        };
        host.map(|(_, host)| *host)
    }

    pub(super) fn pop(&mut self) {
        if self.late_is_first() {
            self.late.pop();
        } else {
            self.line.pop_front();
        }
    }

    fn late_is_first(&self) -> bool {
        match (self.late.peek(), self.line.front()) {
            (Some(Reverse(late)), Some(first)) => late < first,
            (late, _) => late.is_some(),
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.line.len() + self.late.len()
    }

    #[cfg(test)]
    pub(super) fn count(&self, host: Id) -> usize {
        let late = self.late.iter().filter(|Reverse((_, id))| *id == host);
        late.count() + self.line.iter().filter(|(_, id)| *id == host).count()
    }
}
