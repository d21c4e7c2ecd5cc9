//! Order of writes: a journal's records are in its file before a failure log has the failures made from them.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::out::{JournalProgress, JournalWriter};
use super::{Journal, journal_error};
use crate::record::Record;
use crate::sink::SinkError;

/// Handle by which a sink that follows the journal's records has them written out first.
pub(in super::super) struct JournalFlush {
    out: Weak<Mutex<JournalWriter>>,
    progress: Arc<JournalProgress>,
    path: PathBuf,
}

impl Journal {
    pub(in super::super) fn ahead(&self) -> JournalFlush {
        JournalFlush {
            out: Arc::downgrade(&self.out),
            progress: Arc::clone(self.out().progress()),
            path: self.path.clone(),
        }
    }
}

impl JournalFlush {
    /// Writes an outcome of an earlier run that the journal lacks to it.
    pub(in super::super) fn add(&self, record: &Record<'_>) -> Result<(), SinkError> {
        match self.out.upgrade() {
            Some(out) => out
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add_aside(record),
            None => Ok(()),
        }
    }

    /// Writes out the records that the journal was given so far; if it is durable, to the disk.
    ///
    /// # Errors
    /// When the records cannot be written, or the journal was dropped and could not write them before.
    pub(in super::super) fn commit(&self) -> Result<(), SinkError> {
        if let Some(out) = self.out.upgrade() {
            return out.lock().unwrap_or_else(PoisonError::into_inner).commit();
        }
        if self.progress.has_lost() {
            let reason = io::Error::other("an earlier write failed");
            return Err(journal_error(&self.path, "cannot be written", reason));
        }
        Ok(())
    }
}

/// The failure that a log was given last, for a log that follows the records of a journal.
///
/// A log may be given an outcome before its journal or after it. A failure whose record the journal has not taken yet
/// is held until the next call, when all sinks of the batch were given it; if the journal refused the outcome, the
/// failure is dropped.
pub(in super::super) struct Follower<F> {
    ahead: Arc<JournalFlush>,
    held: Option<(u64, F)>,
}

impl<F> Follower<F> {
    pub(in super::super) fn of(journal: &Journal) -> Follower<F> {
        Follower {
            ahead: Arc::new(journal.ahead()),
            held: None,
        }
    }

    pub(in super::super) fn ahead(&self) -> &Arc<JournalFlush> {
        &self.ahead
    }

    /// Returns the failure of the outcome at this place in its batch if the journal has taken its record, else holds the
    /// failure. The failure held before was [released](Follower::release).
    pub(in super::super) fn pass(&mut self, place: u64, failure: F) -> Option<F> {
        if self.ahead.progress.has_taken(place) {
            return Some(failure);
        }
        self.held = Some((place, failure));
        None
    }

    /// Returns the held failure if the journal has taken its record meanwhile. `None`: no failure was held, or the
    /// journal refused its record.
    pub(in super::super) fn release(&mut self) -> Option<F> {
        let (place, failure) = self.held.take()?;
        self.ahead.progress.has_taken(place).then_some(failure)
    }
}
