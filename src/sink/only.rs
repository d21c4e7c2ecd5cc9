//! A sink that is given a selection of the outcomes.

use super::{Keep, Sink, SinkError};
use crate::outcome::Outcome;
use crate::summary::Summary;

/// Passes the selected outcomes on to a sink.
///
/// ```
/// use haul::sink::{JsonLines, Keep, Only};
///
/// let rejected = Only::new(Keep::Rejected, JsonLines::new(std::io::stdout()).named("stdout"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a sink holds what a batch gives it: `Client::run` or `Outcomes::record_to`"]
pub struct Only<S> {
    keep: Keep,
    sink: S,
}

impl<S> Only<S> {
    /// Passes the outcomes that `keep` selects on to `sink`.
    pub fn new(keep: Keep, sink: S) -> Only<S> {
        Only { keep, sink }
    }

    /// Returns the inner sink.
    pub fn into_inner(self) -> S {
        self.sink
    }
}

impl<T, S: Sink<T>> Sink<T> for Only<S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.sink.begin()
    }

    fn begin_follow(&mut self) -> Result<(), SinkError> {
        self.sink.begin_follow()
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        if self.keep.wants(outcome) {
            self.sink.write(outcome)
        } else {
            Ok(())
        }
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.sink.idle()
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.sink.finish(summary)
    }
}
