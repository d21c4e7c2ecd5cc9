//! Iteration with a time limit of its own.

use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::response::Response;

use super::ending::{End, Unfinished};
use super::outcomes::{NextOutcome, Outcomes};
use super::requests::Requests;

/// [`Outcomes`] with a time limit: see [`Outcomes::timeout`].
#[must_use = "nothing is sent until its outcomes are asked for"]
#[derive(Debug)]
pub struct InTime<I, T = Response> {
    outcomes: Outcomes<I, T>,
    /// End of the limit. `None`: the limit has passed and its error was given, or it lies beyond the end of time.
    until: Option<Instant>,
}

impl<I, T> Outcomes<I, T> {
    /// Limits the iteration to `limit`, counted from now.
    ///
    /// The iterator gives the outcomes that have come by then, then one error with the number of unfinished requests,
    /// then those requests as cancelled. A request's own time limits are independent of this limit, and fail that
    /// request alone.
    pub fn timeout(self, limit: Duration) -> InTime<I, T> {
        InTime {
            until: self.batch().executor().now().checked_add(limit),
            outcomes: self,
        }
    }
}

impl<I, T> Iterator for InTime<I, T>
where
    I: Requests<T>,
{
    type Item = Result<Outcome<T>, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.outcomes.advance(self.until) {
            NextOutcome::Outcome(outcome) => Some(Ok(outcome)),
            NextOutcome::End => None,
            NextOutcome::Late => {
                self.until = None;
                let unfinished = self.outcomes.unfinished();
                self.outcomes.stop(End::TimedOut);
                Some(Err(unfinished))
            }
        }
    }
}

impl<I, T> FusedIterator for InTime<I, T> where I: Requests<T> {}
