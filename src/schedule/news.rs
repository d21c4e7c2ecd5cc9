//! Callers that should look again, and ended jobs without a caller.

use super::Schedule;
use super::end_reason::EndReason;
use crate::slab::Id;

/// News that callers and deliverers have not been told yet.
#[derive(Debug)]
pub(super) struct PendingNews<J> {
    /// Batches whose caller should look again: there is room, or a job ended.
    pub(super) nudges: Vec<Id>,
    /// Ended jobs of batches that no caller iterates over.
    pub(super) undelivered: Vec<(J, EndReason)>,
}

impl<J> Default for PendingNews<J> {
    fn default() -> Self {
        PendingNews {
            nudges: Vec::new(),
            undelivered: Vec::new(),
        }
    }
}

impl<J> Schedule<J> {
    /// Asks for a nudge as soon as there is room.
    pub(crate) fn want_room(&mut self, batch: Id) {
        if let Some(known) = self.batches.get_mut(batch) {
            known.hungry = true;
            self.note_room(batch);
        }
        let watch = self.next_watch();
        let known = self.batches.get(batch);
        if watch.is_some_and(|watch| known.is_some_and(|batch| batch.looks_after(watch))) {
            self.nudge(batch);
        }
    }

    /// Nudges a caller that waits for room if there is some.
    pub(super) fn note_room(&mut self, batch: Id) {
        if let Some(known) = self.batches.get_mut(batch)
            && known.hungry
            && known.room(self.settings.in_flight) > 0
        {
            known.hungry = false;
            self.nudge(batch);
        }
    }

    /// Has the callers of all batches look again.
    pub(crate) fn nudge_all(&mut self) {
        let all = self.batches.open.clone();
        all.into_iter().for_each(|batch| self.nudge(batch));
    }

    /// Has the caller of a batch look again.
    pub(crate) fn nudge(&mut self, batch: Id) {
        if self.news.nudges.last() != Some(&batch) {
            self.news.nudges.push(batch);
        }
    }

    /// Takes the batches whose caller should look again.
    pub(crate) fn nudges(&mut self) -> std::vec::Drain<'_, Id> {
        self.news.nudges.drain(..)
    }

    /// True if a caller should look again, ended jobs are to be delivered, or the limiter is to be asked.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.nudges.is_empty() || !self.news.undelivered.is_empty() || self.has_limiter_news()
    }

    /// Takes the ended jobs of batches without an iterator. The caller delivers them, outside the lock.
    pub(crate) fn undelivered(&mut self) -> Vec<(J, EndReason)> {
        std::mem::take(&mut self.news.undelivered)
    }
}
