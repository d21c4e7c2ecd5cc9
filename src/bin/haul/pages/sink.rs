//! Sink that has the pages after recorded outcomes asked for.

use haul::sink::{Sink, SinkError};
use haul::{Outcome, Request, Summary};

use super::PageQueue;
use super::turns::{number_of, writes};

/// Number of pages that wait for the records before them to be written.
const TOGETHER: usize = 64;

/// Sink that hands in the next page once the record of the page before is written.
pub(crate) struct PageSink<'a, S> {
    to: &'a mut S,
    queue: PageQueue,
    ordered: bool,
    /// Pages whose predecessors may not be written yet.
    pending: Vec<Request>,
    /// Lists in order of which a record may not be written yet, for pages that wait for it.
    unwritten: Vec<u64>,
}

impl<'a, S> PageSink<'a, S> {
    pub(crate) fn new(to: &'a mut S, queue: PageQueue) -> PageSink<'a, S> {
        PageSink {
            to,
            ordered: queue.is_ordered(),
            queue,
            pending: Vec::new(),
            unwritten: Vec::new(),
        }
    }

    fn hand_in(&mut self) {
        if !self.pending.is_empty() {
            self.queue.add(self.pending.drain(..));
        }
        if !self.unwritten.is_empty() {
            self.queue.are_recorded(self.unwritten.drain(..));
        }
    }
}

impl<S: Sink> Sink for PageSink<'_, S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.to.begin()
    }

    fn write(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        if !self.queue.has_rule() {
            return self.to.write(outcome);
        }
        if self.ordered {
            // The next page was looked for when the outcome came.
            self.to.write(outcome)?;
            if writes(outcome) {
                self.unwritten.push(number_of(outcome));
            }
        } else {
            let next = self.queue.next_after(outcome);
            self.to.write(outcome)?;
            self.pending.extend(next);
        }
        match self.pending.len() + self.unwritten.len() {
            0..TOGETHER => Ok(()),
            _ => self.idle(),
        }
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.to.idle()?;
        self.hand_in();
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.queue.warn_of_absence();
        self.to.finish(summary)
    }

    fn written(&self) -> Option<u64> {
        self.to.written()
    }
}
