//! Outcomes that were counted and then could not be written.

use super::Summary;
use super::codes::code_shown;
use super::saved_files::SavedFileFacts;
use crate::error::ErrorType;
use crate::outcome::{Outcome, State};

/// Counts that one outcome added to. Small, since it is kept for every outcome until that is written.
#[derive(Clone, Debug)]
pub(crate) struct CountedOutcome {
    class: OutcomeClass,
    status: Option<u16>,
    /// True if the request succeeded after more than one attempt.
    later_success: bool,
    file: SavedFileFacts,
}

#[derive(Clone, Debug)]
enum OutcomeClass {
    Succeeded,
    /// Rejected with this code.
    Rejected(Box<str>),
    Failed(ErrorType),
    /// Cancelled or not done: the outcome is not to be written, and stays counted as it is.
    Unfinished,
}

impl CountedOutcome {
    pub(crate) fn of<T>(outcome: &Outcome<T>) -> CountedOutcome {
        CountedOutcome {
            class: match &outcome.state {
                _ if !outcome.is_final() => OutcomeClass::Unfinished,
                State::Success(_) => OutcomeClass::Succeeded,
                State::Rejected(rejection) => OutcomeClass::Rejected(code_shown(rejection).into()),
                State::Failed(error) => OutcomeClass::Failed(error.error_type()),
            },
            status: outcome.status(),
            later_success: outcome.is_success() && outcome.attempts() > 1,
            file: SavedFileFacts::of(outcome),
        }
    }
}

impl Summary {
    /// Counts an outcome that was counted before as not done. The figures of its attempts stay, since they took place.
    pub(crate) fn take_back(&mut self, counted: CountedOutcome) {
        let count = match counted.class {
            OutcomeClass::Succeeded => &mut self.succeeded,
            OutcomeClass::Rejected(code) => {
                lower(&mut self.codes.row(&code.into()).count);
                &mut self.rejected
            }
            OutcomeClass::Failed(class) => {
                lower(self.error_types.entry(class).or_default());
                self.error_types.retain(|_, count| *count > 0);
                &mut self.failed
            }
            OutcomeClass::Unfinished => return,
        };
        lower(count);
        self.not_done += 1;
        self.uncount_file(counted.file);
        if let Some(status) = counted.status {
            lower(self.statuses.entry(status).or_default());
            self.statuses.retain(|_, count| *count > 0);
        }
        if counted.later_success {
            lower(&mut self.later_successes);
        }
    }
}

fn lower(count: &mut u64) {
    *count = count.saturating_sub(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::sample::{self, response};
    use crate::rejection::Rejection;

    #[test]
    fn an_outcome_that_is_taken_back_counts_as_not_done() {
        let answer = || response("http://h/", 200, "text/plain", b"");
        let outcomes = [
            sample::success(0, "http://h/", answer()),
            sample::rejected(1, "http://h/", answer(), Rejection::new(1, "no")),
            sample::connect_timeout(2, "http://h/"),
        ];
        for outcome in &outcomes {
            let mut summary = Summary::new();
            summary.record(outcome);
            summary.take_back(CountedOutcome::of(outcome));
            assert_eq!((summary.total(), summary.not_done()), (1, 1));
            assert_eq!(summary.finished(), 0);
            assert!(summary.by_error_type().is_empty() && summary.by_status().is_empty());
            assert!(summary.by_code().is_empty());
        }
    }

    #[test]
    fn a_cancelled_outcome_that_is_taken_back_stays_counted() {
        let outcome = sample::unsent(0, "http://h/", ErrorType::Cancelled);
        let mut summary = Summary::new();
        summary.record(&outcome);
        let before = summary.clone();
        summary.take_back(CountedOutcome::of(&outcome));
        assert_eq!(summary, before);
    }
}
