//! The page that follows each outcome, and the messages about lists that end early.

use haul::batch::{NextPage, Pages};
use haul::{Outcome, Request};

use crate::messages::Messages;

/// Upper bound for the warnings about chains that were stopped.
const WARNINGS: u64 = 10;

/// Rule for the next page, with the messages about its use.
pub(crate) struct NextPages {
    pages: Pages,
    /// Number of first pages without any link or cursor.
    absent: u64,
    /// True if a page had a link or cursor, or said that it is the last.
    present: bool,
    stopped: u64,
    messages: Messages,
}

impl NextPages {
    pub(crate) fn new(pages: Pages, messages: &Messages) -> NextPages {
        NextPages {
            pages,
            absent: 0,
            present: false,
            stopped: 0,
            messages: messages.clone(),
        }
    }

    /// Returns the page that follows an outcome. `None`: the list ends.
    pub(super) fn after(&mut self, outcome: &Outcome) -> Option<Request> {
        let next = self.pages.after(outcome);
        self.present |= outcome.is_success() && !matches!(next, NextPage::Absent);
        match next {
            NextPage::Request(page) => return Some(*page),
            NextPage::Absent => self.absent += 1,
            NextPage::Stopped(reason) => self.stop(outcome, &reason),
            _ => {}
        }
        None
    }

    /// Warns of a list that ends although its last page names another.
    fn stop(&mut self, outcome: &Outcome, reason: &str) {
        self.stopped += 1;
        let more = match self.stopped {
            ..WARNINGS => "",
            WARNINGS => " (further lists that end so are not named)",
            _ => return,
        };
        let page = outcome.page().unwrap_or(1);
        let place = match outcome.request().place() {
            Some(place) => place.to_string(),
            None => outcome.url(),
        };
        let text = format!("{place}: the list ends with page {page}: {reason}{more}");
        self.messages.warning(&text);
    }

    /// Warns if no list had a further page.
    pub(super) fn warn_of_absence(&self) {
        if self.absent > 0 && !self.present {
            self.messages.warning(
                "no first page names a next one: the link or value that was asked for is absent on each of them",
            );
        }
    }
}
