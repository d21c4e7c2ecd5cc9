//! Attempts of a host that are under way and since whose start no response head has come.

use std::collections::VecDeque;
use std::time::Instant;

use crate::slab::Id;

/// Start and job of each attempt, oldest first. The first has a field of its own: most hosts have one attempt at a
/// time.
#[derive(Debug, Default)]
pub(super) struct OpenAttempts {
    first: Option<(Instant, Id)>,
    others: VecDeque<(Instant, Id)>,
}

impl OpenAttempts {
    pub(super) fn push(&mut self, start: Instant, job: Id) {
        match self.first {
            None => self.first = Some((start, job)),
            Some(_) => self.others.push_back((start, job)),
        }
    }

    /// Start of the oldest attempt. `None`: no attempt waits for a head.
    pub(super) fn since(&self) -> Option<Instant> {
        self.first.map(|(start, _)| start)
    }

    /// Removes the attempt of a job, which has ended without a head.
    pub(super) fn remove(&mut self, job: Id) {
        if self.first.is_some_and(|(_, first)| first == job) {
            self.first = self.others.pop_front();
        } else if let Some(at) = self.position(job) {
            self.others.remove(at);
        }
    }

    /// Removes the attempt of a job whose response head has come, and all attempts that started before it.
    pub(super) fn remove_through(&mut self, job: Id) {
        if self.first.is_some_and(|(_, first)| first == job) {
            self.first = self.others.pop_front();
        } else if let Some(at) = self.position(job) {
            self.others.drain(..=at);
            self.first = self.others.pop_front();
        }
    }

    fn position(&self, job: Id) -> Option<usize> {
        self.others.iter().position(|(_, own)| *own == job)
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<(Instant, Id)> {
        self.first.iter().chain(&self.others).copied().collect()
    }
}
