//! Queue of the pages that outcomes led to, between the thread that takes outcomes and the one that hands pages in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use haul::batch::Intake;
use haul::{Outcome, Request};

use super::lists::{AheadBounds, ListStep, ListsInOrder};
use super::{ListNumber, NextPages};
use crate::failure::CommandError;

/// Queue of pages. Clones share one queue. At most one page of a chain waits, so the queue is as short as there are
/// chains under way.
#[derive(Clone)]
pub(crate) struct PageQueue(Arc<SharedQueue>);

struct SharedQueue {
    /// Rule for the next page. `None`: no pages are asked for.
    rule: Option<Mutex<NextPages>>,
    state: Mutex<QueueState>,
    changed: Condvar,
}

struct QueueState {
    waiting: WaitingPages,
    /// Number of chains that were handed in and have not ended.
    open: u64,
    /// True if the input gave its last request.
    input_ended: bool,
    /// True if no further outcome is taken.
    over: bool,
}

enum WaitingPages {
    /// Pages in the order in which their predecessors were recorded.
    AsTheyCome(VecDeque<Request>),
    /// Pages and outcomes by line and then by page.
    InOrder(Box<ListsInOrder<Outcome, Request>>),
}

impl WaitingPages {
    fn is_any(&self) -> bool {
        match self {
            WaitingPages::AsTheyCome(pages) => !pages.is_empty(),
            WaitingPages::InOrder(lists) => lists.has_page(),
        }
    }

    fn take(&mut self) -> Option<Request> {
        match self {
            WaitingPages::AsTheyCome(pages) => pages.pop_front(),
            WaitingPages::InOrder(lists) => lists.next_page(),
        }
    }

    /// True if a further chain may begin. Pages come first.
    fn may_begin(&self) -> bool {
        match self {
            WaitingPages::AsTheyCome(pages) => pages.is_empty(),
            WaitingPages::InOrder(lists) => lists.may_begin(),
        }
    }

    fn begin(&mut self, request: &Request) {
        if let WaitingPages::InOrder(lists) = self
            && let Some(ListNumber(list)) = request.extension_value()
        {
            lists.begin(*list);
        }
    }

    fn in_order(&mut self) -> Option<&mut ListsInOrder<Outcome, Request>> {
        match self {
            WaitingPages::AsTheyCome(_) => None,
            WaitingPages::InOrder(lists) => Some(lists),
        }
    }
}

impl PageQueue {
    /// Creates the queue of a run. `ordered`: given if outcomes are handed out by line and then by page.
    pub(crate) fn new(rule: Option<NextPages>, ordered: Option<AheadBounds>) -> PageQueue {
        let waiting = match ordered {
            None => WaitingPages::AsTheyCome(VecDeque::new()),
            Some(bounds) => WaitingPages::InOrder(Box::new(ListsInOrder::new(bounds))),
        };
        PageQueue(Arc::new(SharedQueue {
            rule: rule.map(Mutex::new),
            state: Mutex::new(QueueState {
                waiting,
                open: 0,
                input_ended: false,
                over: false,
            }),
            changed: Condvar::new(),
        }))
    }

    /// True if pages are asked for.
    pub(super) fn has_rule(&self) -> bool {
        self.0.rule.is_some()
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, change: impl FnOnce(&mut QueueState) -> R) -> R {
        let result = change(&mut self.state());
        self.0.changed.notify_all();
        result
    }

    fn with_rule<R>(&self, look: impl FnOnce(&mut NextPages) -> R) -> Option<R> {
        let rule = self.0.rule.as_ref()?;
        Some(look(
            &mut rule.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// Returns the page that follows an outcome. `None`: its list ends, as is noted.
    pub(super) fn next_after(&self, outcome: &Outcome) -> Option<Request> {
        let next = self.with_rule(|rule| rule.after(outcome)).flatten();
        if next.is_none() {
            self.change(|state| state.open = state.open.saturating_sub(1));
        }
        next
    }

    /// Warns if no list had a further page.
    pub(super) fn warn_of_absence(&self) {
        self.with_rule(|rule| rule.warn_of_absence());
    }

    /// Adds pages, whose turn comes before that of further requests of the input.
    pub(super) fn add(&self, pages: impl Iterator<Item = Request>) {
        self.change(|state| match &mut state.waiting {
            WaitingPages::AsTheyCome(waiting) => waiting.extend(pages),
            WaitingPages::InOrder(_) => {
                unreachable!("pages of ordered lists are taken with their outcomes")
            }
        });
    }

    /// Takes the outcome of a page, and what follows it.
    pub(super) fn take_in_order(
        &self,
        list: u64,
        outcome: Outcome,
        bytes: u64,
        step: ListStep<Request>,
    ) {
        self.change(|state| {
            if let Some(lists) = state.waiting.in_order() {
                lists.take(list, outcome, bytes, step);
            }
        });
    }

    /// Takes the outcome whose turn it is. `over`: true if no further outcome comes.
    pub(super) fn next_in_order(&self, over: bool) -> Option<Outcome> {
        self.change(|state| state.waiting.in_order()?.next_outcome(over))
    }

    /// Notes that the records of the last outcomes of these lists are written.
    pub(super) fn are_recorded(&self, recorded: impl Iterator<Item = u64>) {
        self.change(|state| {
            if let Some(lists) = state.waiting.in_order() {
                recorded.for_each(|list| lists.is_recorded(list));
            }
        });
    }

    /// True if outcomes are handed out by line and then by page.
    pub(super) fn is_ordered(&self) -> bool {
        self.state().waiting.in_order().is_some()
    }

    /// Notes that no further outcome is taken.
    pub(crate) fn close(&self) {
        self.change(|state| state.over = true);
    }

    /// Waits until the queue is as it should be, or closed.
    fn wait_for(&self, is_so: impl Fn(&QueueState) -> bool) -> MutexGuard<'_, QueueState> {
        let waits = |state: &mut QueueState| !state.over && !is_so(state);
        let waited = self.0.changed.wait_while(self.state(), waits);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands pages in on a thread of its own, until every chain has ended.
    pub(crate) fn feed(&self, intake: Intake) -> Result<(), CommandError> {
        let queue = self.clone();
        let send = move || {
            while let Some(page) = queue.next() {
                if intake.send(page).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new()
            .name("haul-pages".to_owned())
            .spawn(send)
            .map_err(|e| CommandError::unwritten(format!("no thread to ask for pages: {e}")))?;
        Ok(())
    }

    /// Waits for the next page. `None`: every chain has ended, or no further outcome is taken.
    fn next(&self) -> Option<Request> {
        let ended = |state: &QueueState| state.input_ended && state.open == 0;
        let mut state = self.wait_for(|state| state.waiting.is_any() || ended(state));
        state.waiting.take()
    }
}

/// Requests of the input, each held back while pages wait, since pages come first.
pub(crate) struct HeldBack<I> {
    input: I,
    queue: PageQueue,
}

impl<I> HeldBack<I> {
    pub(crate) fn new(input: I, queue: PageQueue) -> HeldBack<I> {
        HeldBack { input, queue }
    }
}

impl<I: Iterator<Item = Request>> Iterator for HeldBack<I> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let Some(request) = self.input.next() else {
            self.queue.change(|state| state.input_ended = true);
            return None;
        };
        let mut state = self.queue.wait_for(|state| state.waiting.may_begin());
        state.open += 1;
        state.waiting.begin(&request);
        Some(request)
    }
}

impl<I> Drop for HeldBack<I> {
    fn drop(&mut self) {
        self.queue.change(|state| state.input_ended = true);
    }
}
