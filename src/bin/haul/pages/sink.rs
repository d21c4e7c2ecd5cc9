//! Sink that looks in each outcome for the page that follows it.

use haul::batch::{NextPage, Pages};
use haul::sink::{Sink, SinkError};
use haul::{Outcome, Request, Summary};

use super::PageQueue;
use crate::messages::Messages;

/// Number of pages that wait for the records before them to be written.
const TOGETHER: usize = 64;

/// Upper bound for the warnings about chains that were stopped.
const WARNINGS: u64 = 10;

/// Sink that hands in the next page once the record of the page before is written.
pub(crate) struct PageSink<'a, S> {
    to: &'a mut S,
    /// `None`: no pages are asked for.
    pages: Option<Pages>,
    queue: PageQueue,
    /// Pages whose predecessors may not be written yet.
    pending: Vec<Request>,
    /// Number of first pages without any link or cursor.
    absent: u64,
    /// True if a page had a link or cursor, or said that it is the last.
    present: bool,
    stopped: u64,
    messages: Messages,
}

impl<'a, S> PageSink<'a, S> {
    pub(crate) fn new(
        to: &'a mut S,
        pages: Option<Pages>,
        queue: PageQueue,
        messages: &Messages,
    ) -> PageSink<'a, S> {
        PageSink {
            to,
            pages,
            queue,
            pending: Vec::new(),
            absent: 0,
            present: false,
            stopped: 0,
            messages: messages.clone(),
        }
    }

    /// Ends a chain although its last page names another.
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

    fn hand_in(&mut self) {
        if !self.pending.is_empty() {
            self.queue.add(self.pending.drain(..));
        }
    }
}

impl<S: Sink> Sink for PageSink<'_, S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.to.begin()
    }

    fn write(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        let Some(pages) = &self.pages else {
            return self.to.write(outcome);
        };
        let next = pages.after(outcome);
        self.to.write(outcome)?;
        self.present |= outcome.is_success() && !matches!(next, NextPage::Absent);
        match next {
            NextPage::Request(page) => {
                self.pending.push(*page);
                if self.pending.len() >= TOGETHER {
                    self.idle()?;
                }
                return Ok(());
            }
            NextPage::Absent => self.absent += 1,
            NextPage::Stopped(reason) => self.stop(outcome, &reason),
            _ => {}
        }
        self.queue.end_chain();
        Ok(())
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.to.idle()?;
        self.hand_in();
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        if self.absent > 0 && !self.present {
            self.messages.warning(
                "no first page names a next one: the link or value that was asked for is absent on each of them",
            );
        }
        self.to.finish(summary)
    }

    fn written(&self) -> Option<u64> {
        self.to.written()
    }
}
