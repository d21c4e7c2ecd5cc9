//! `Debug` of an outcome, without bodies and secrets.

use std::fmt;

use super::{Outcome, State};

impl<T> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Outcome");
        shown
            .field("index", &self.index)
            .field("request", &self.request);
        match &self.state {
            State::Success(_) => shown.field("success", &self.status()),
            State::Rejected(rejection) => shown.field("rejected", rejection),
            State::Failed(error) => shown.field("failed", error),
        };
        shown
            .field("attempts", &self.report.attempts)
            .finish_non_exhaustive()
    }
}
