//! That a journal's records are in its file before what others make of them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Journal;
use super::out::Out;
use crate::sink::SinkError;

/// Lets what goes by the journal's records write these out first.
pub(in super::super) struct Ahead(Weak<Mutex<Out>>);

impl Journal {
    pub(in super::super) fn ahead(&self) -> Ahead {
        Ahead(Arc::downgrade(&self.out))
    }
}

impl Ahead {
    /// The records that the journal was given so far are in its file; where it is durable, on the disk. A journal that
    /// is gone has seen to it itself.
    pub(in super::super) fn commit(&self) -> Result<(), SinkError> {
        match self.0.upgrade() {
            Some(out) => out.lock().unwrap_or_else(PoisonError::into_inner).commit(),
            None => Ok(()),
        }
    }
}
