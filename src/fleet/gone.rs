//! Rule by which the workers of a run count as gone: a run that was cancelled is not waited for by then, though entries
//! are leased, since no worker takes them over.

use std::time::{Duration, Instant};

/// Answers about a run, from which its workers are judged.
#[derive(Debug)]
pub(super) struct GoneWorkers {
    lease: Duration,
    /// First and last of the answers that came without a gap of more than a third of a lease. Workers that were silent in
    /// a gap may have been cut off by what cut off the caller. `None`: there was no answer.
    unbroken: Option<(Instant, Instant)>,
}

impl GoneWorkers {
    pub(super) fn new(lease: Duration) -> GoneWorkers {
        let unbroken = None;
        GoneWorkers { lease, unbroken }
    }

    /// Notes an answer about the run.
    pub(super) fn answered(&mut self, now: Instant) {
        let goes_on = |last| now.saturating_duration_since(last) <= self.lease / 3;
        let first = match self.unbroken {
            Some((first, last)) if goes_on(last) => first,
            _ => now,
        };
        self.unbroken = Some((first, now));
    }

    /// True if answers are unbroken for a lease, and the last one says that each worker is silent for longer than that.
    /// `silent`: times since the last beats.
    pub(super) fn are_gone(&self, mut silent: impl Iterator<Item = Duration>) -> bool {
        let is_long = |(first, last): (Instant, Instant)| last - first >= self.lease;
        self.unbroken.is_some_and(is_long) && silent.all(|silent| silent > self.lease)
    }
}
