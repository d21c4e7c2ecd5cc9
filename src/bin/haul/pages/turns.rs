//! Order of outcomes by line and then by page.

use haul::batch::Turns;
use haul::{Outcome, State};

use super::lists::ListStep;
use super::{ListNumber, PageQueue};

/// Order by line and then by page. Looks for the next page of an outcome as soon as it comes.
pub(super) struct ByLineAndPage {
    pub(super) queue: PageQueue,
    /// True if a page that changes something at the server is asked for only when the record of the page before is
    /// written, so that a later run knows what was done.
    pub(super) writes_wait: bool,
}

impl Turns for ByLineAndPage {
    fn take(&mut self, outcome: Outcome) {
        let list = number_of(&outcome);
        let kept = match outcome.state() {
            State::Success(response) => Some(response),
            State::Rejected(rejection) => rejection.response(),
            State::Failed(error) => error.response(),
        };
        let bytes = kept.map_or(0, |response| response.bytes().len());
        let waits = self.writes_wait && writes(&outcome);
        let step = match self.queue.next_after(&outcome) {
            None => ListStep::End,
            Some(page) if waits => ListStep::PageOnceRecorded(page),
            Some(page) => ListStep::Page(page),
        };
        self.queue.take_in_order(list, outcome, bytes as u64, step);
    }

    fn next(&mut self, over: bool) -> Option<Outcome> {
        self.queue.next_in_order(over)
    }
}

/// True if the request of an outcome may change something at the server.
pub(super) fn writes(outcome: &Outcome) -> bool {
    !outcome.request().method().is_idempotent()
}

/// Returns the number of the list that an outcome belongs to.
pub(super) fn number_of(outcome: &Outcome) -> u64 {
    let number = outcome.extension::<ListNumber>();
    number.map_or(outcome.index(), |number| number.0)
}
