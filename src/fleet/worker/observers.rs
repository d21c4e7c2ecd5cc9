//! Views of a worker while it is at work: its progress, and the outcomes of its requests.

use std::iter::Empty;

use super::Worker;
use crate::batch::{Outcomes, ProgressHandle};
use crate::outcome::Outcome;
use crate::request::Request;

/// Function that is called with the progress of a worker when it begins.
type OnBegin<'w> = dyn FnOnce(ProgressHandle) + Send + 'w;

/// Function that is called with each outcome.
type OnOutcome<'w> = dyn FnMut(&Outcome) + Send + 'w;

/// Observers of a worker.
#[derive(Default)]
pub(super) struct Observers<'w> {
    begun: Option<Box<OnBegin<'w>>>,
    outcome: Option<Box<OnOutcome<'w>>>,
    #[cfg(feature = "progress")]
    bar: bool,
}

impl Observers<'_> {
    /// Begins to show the progress of these outcomes.
    pub(super) fn begin(&mut self, outcomes: Outcomes<Empty<Request>>) -> Outcomes<Empty<Request>> {
        if let Some(begun) = self.begun.take() {
            begun(outcomes.progress());
        }
        #[cfg(feature = "progress")]
        if self.bar {
            return outcomes.with_bar();
        }
        outcomes
    }

    /// Shows an outcome.
    pub(super) fn see(&mut self, outcome: &Outcome) {
        if let Some(seen) = &mut self.outcome {
            seen(outcome);
        }
    }
}

impl<'r> Worker<'r> {
    /// Calls a function with the progress of the worker when it begins.
    ///
    /// The total is not known: a worker takes requests until the run has no more. Those that it hands back are not
    /// counted.
    pub fn on_begin(mut self, begun: impl FnOnce(ProgressHandle) + Send + 'r) -> Worker<'r> {
        self.observers.begun = Some(Box::new(begun));
        self
    }

    /// Calls a function with the outcome of each request that comes to its end at this worker.
    pub fn on_outcome(mut self, seen: impl FnMut(&Outcome) + Send + 'r) -> Worker<'r> {
        self.observers.outcome = Some(Box::new(seen));
        self
    }

    /// Shows a bar on the terminal, as [`Outcomes::with_bar`] does. Feature `progress`.
    #[cfg(feature = "progress")]
    pub fn with_bar(mut self) -> Worker<'r> {
        self.observers.bar = true;
        self
    }
}
