//! Lists whose pages come by list and then by page, while several lists are asked for side by side.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lists under way, by their numbers. `O`: outcome of a page; `P`: page to be asked for.
///
/// Outcomes of the first list are handed out as they come, those of later lists are held. The first list goes on
/// whatever is held, so that it always comes to its end; later ones are asked for ahead within [`AheadBounds`].
pub(super) struct ListsInOrder<O, P> {
    lists: BTreeMap<u64, OpenList<O, P>>,
    /// Numbers of the lists whose next page waits for room.
    waiting: BTreeSet<u64>,
    /// Number of pages that were asked for and have no outcome yet.
    asked: usize,
    /// Number of outcomes held.
    held: usize,
    /// Bytes of their bodies.
    bytes: u64,
    bounds: AheadBounds,
}

/// Bounds for what is asked for ahead of the first list.
///
/// At most `outcomes` outcomes and one of the first list are held, and as many bytes of bodies as `bytes` and one body
/// for each page that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AheadBounds {
    /// Pages that are asked for at once.
    pub(super) asked: usize,
    /// Outcomes that are held, together with pages that are asked for.
    pub(super) outcomes: usize,
    /// Bytes of held bodies at which no further page is asked for.
    pub(super) bytes: u64,
}

struct OpenList<O, P> {
    /// Outcomes and the bytes of their bodies, oldest first.
    held: VecDeque<(O, u64)>,
    next: ListStep<P>,
}

/// State of a list after its last outcome.
pub(super) enum ListStep<P> {
    /// A page is asked for.
    Asked,
    /// The page is to be asked for.
    Page(P),
    /// The page is to be asked for when the record of the page before is written.
    PageOnceRecorded(P),
    /// There is no further page.
    End,
}

impl AheadBounds {
    /// Returns the bounds of a run with this many requests at once: those that `--ordered` has without pages.
    pub(crate) fn of(jobs: usize) -> AheadBounds {
        AheadBounds {
            asked: jobs.saturating_mul(2),
            outcomes: jobs.saturating_mul(4).max(1_000),
            bytes: 64 << 20,
        }
    }
}

impl<O, P> ListsInOrder<O, P> {
    pub(super) fn new(bounds: AheadBounds) -> ListsInOrder<O, P> {
        ListsInOrder {
            lists: BTreeMap::new(),
            waiting: BTreeSet::new(),
            asked: 0,
            held: 0,
            bytes: 0,
            bounds,
        }
    }

    fn has_room(&self) -> bool {
        self.asked < self.bounds.asked
            && self.held.saturating_add(self.asked) < self.bounds.outcomes
            && self.bytes < self.bounds.bytes
    }

    /// True if a further list may begin. Pages of lists under way come first.
    pub(super) fn may_begin(&self) -> bool {
        self.lists.is_empty() || self.waiting.is_empty() && self.has_room()
    }

    /// Begins a list, whose first page is asked for.
    pub(super) fn begin(&mut self, list: u64) {
        self.asked += 1;
        let (held, next) = (VecDeque::new(), ListStep::Asked);
        self.lists.insert(list, OpenList { held, next });
    }

    /// Takes the outcome of the page that was asked for last, and the bytes of its body.
    pub(super) fn take(&mut self, list: u64, outcome: O, bytes: u64, next: ListStep<P>) {
        self.asked = self.asked.saturating_sub(1);
        self.held += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if let ListStep::Page(_) = next {
            self.waiting.insert(list);
        }
        let held = VecDeque::new();
        let entry = self.lists.entry(list);
        let open = entry.or_insert(OpenList {
            held,
            next: ListStep::End,
        });
        open.held.push_back((outcome, bytes));
        open.next = next;
    }

    /// Notes that the record of the last outcome of a list is written.
    pub(super) fn is_recorded(&mut self, list: u64) {
        let Some(open) = self.lists.get_mut(&list) else {
            return;
        };
        open.next = match std::mem::replace(&mut open.next, ListStep::Asked) {
            ListStep::PageOnceRecorded(page) if open.held.is_empty() => {
                self.waiting.insert(list);
                ListStep::Page(page)
            }
            next => next,
        };
    }

    /// Returns the list whose next page may be asked for: the first list, or the first one that waits if there is room.
    fn next_list(&self) -> Option<u64> {
        let (first, waits) = (*self.lists.first_key_value()?.0, *self.waiting.first()?);
        (waits == first || self.has_room()).then_some(waits)
    }

    /// True if [`next_page`](ListsInOrder::next_page) has a page.
    pub(super) fn has_page(&self) -> bool {
        self.next_list().is_some()
    }

    /// Takes the next page that is to be asked for.
    pub(super) fn next_page(&mut self) -> Option<P> {
        let list = self.next_list()?;
        self.waiting.remove(&list);
        let open = self.lists.get_mut(&list)?;
        match std::mem::replace(&mut open.next, ListStep::Asked) {
            ListStep::Page(page) => {
                self.asked += 1;
                Some(page)
            }
            _ => unreachable!("a list waits only with its next page"),
        }
    }

    /// Takes the outcome whose turn it is. `over`: true if no further outcome comes, so that no list goes on.
    pub(super) fn next_outcome(&mut self, over: bool) -> Option<O> {
        loop {
            let mut first = self.lists.first_entry()?;
            if let Some((outcome, bytes)) = first.get_mut().held.pop_front() {
                self.held -= 1;
                self.bytes = self.bytes.saturating_sub(bytes);
                return Some(outcome);
            }
            if !over && !matches!(first.get().next, ListStep::End) {
                return None;
            }
            self.waiting.remove(first.key());
            first.remove();
        }
    }
}

#[cfg(test)]
mod tests;
