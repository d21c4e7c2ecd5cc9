//! Callers that should look again, and jobs that ended without one.

use super::Schedule;
use super::batches::Ended;
use super::slots::Id;

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

    /// Tells a caller that waits for room that there is some.
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
        let all: Vec<Id> = self.batches.ids().collect();
        all.into_iter().for_each(|batch| self.nudge(batch));
    }

    /// Has the caller of a batch look again.
    pub(super) fn nudge(&mut self, batch: Id) {
        if self.nudges.last() != Some(&batch) {
            self.nudges.push(batch);
        }
    }

    /// The batches whose caller should look again.
    pub(crate) fn nudges(&mut self) -> std::vec::Drain<'_, Id> {
        self.nudges.drain(..)
    }

    /// Whether a caller should look again, or ended jobs are to be delivered.
    pub(crate) fn has_news(&self) -> bool {
        !self.nudges.is_empty() || !self.undelivered.is_empty()
    }

    /// Ended jobs of batches without an iterator: whoever holds the schedule delivers them, outside the lock.
    pub(crate) fn undelivered(&mut self) -> Vec<(J, Ended)> {
        std::mem::take(&mut self.undelivered)
    }
}
