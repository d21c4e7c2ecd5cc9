//! Queue of the pages that outcomes led to, between the thread that takes outcomes and the one that hands pages in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use haul::Request;
use haul::batch::Intake;

use crate::failure::CommandError;

/// Queue of pages. Clones share one queue. At most one page of a chain waits, so the queue is as short as there are
/// chains under way.
#[derive(Clone, Default)]
pub(crate) struct PageQueue(Arc<SharedQueue>);

#[derive(Default)]
struct SharedQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<Request>,
    /// Number of chains that were handed in and have not ended.
    open: u64,
    /// True if the input gave its last request.
    input_ended: bool,
    /// True if no further outcome is taken.
    over: bool,
}

impl PageQueue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut QueueState)) {
        change(&mut self.state());
        self.0.changed.notify_all();
    }

    /// Adds pages, whose turn comes before that of further requests of the input.
    pub(super) fn add(&self, pages: impl Iterator<Item = Request>) {
        self.change(|state| state.waiting.extend(pages));
    }

    /// Notes that a chain has no further page.
    pub(super) fn end_chain(&self) {
        self.change(|state| state.open = state.open.saturating_sub(1));
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
        let mut state = self.wait_for(|state| !state.waiting.is_empty() || ended(state));
        state.waiting.pop_front()
    }
}

/// Requests of the input, each held back while pages wait, since pages come first.
pub(crate) struct HeldBack<I> {
    input: I,
    queue: PageQueue,
    /// True if a chain begins only when the one before has ended, so that pages come in the order of lines.
    one_by_one: bool,
}

impl<I> HeldBack<I> {
    pub(crate) fn new(input: I, queue: PageQueue, one_by_one: bool) -> HeldBack<I> {
        HeldBack {
            input,
            queue,
            one_by_one,
        }
    }
}

impl<I: Iterator<Item = Request>> Iterator for HeldBack<I> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let request = self.input.next();
        if request.is_none() {
            self.queue.change(|state| state.input_ended = true);
            return None;
        }
        let may_begin =
            |state: &QueueState| state.waiting.is_empty() && (state.open == 0 || !self.one_by_one);
        self.queue.wait_for(may_begin).open += 1;
        request
    }
}

impl<I> Drop for HeldBack<I> {
    fn drop(&mut self) {
        self.queue.change(|state| state.input_ended = true);
    }
}
