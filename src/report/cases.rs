//! Single requests of a run, as cases of a test report.

use std::time::Duration;

use crate::outcome::Outcome;
use crate::summary::{OutcomeFacts, ResultFacts, cut_text};

/// Longest message of a case, in bytes.
const MESSAGE: usize = 1000;

/// Longest URL of a case, in bytes.
const URL: usize = 2000;

/// Single requests of a run, which [`Report::junit`](super::Report::junit) writes as cases.
///
/// They are kept in memory up to a number. With more, none is kept, and each host becomes a case.
///
/// ```
/// use haul::report::{Report, RequestCases};
/// # use haul::summary::Summary;
///
/// # fn outcomes() -> Vec<haul::Outcome> { Vec::new() }
/// let (mut summary, mut cases) = (Summary::new(), RequestCases::new());
/// for outcome in outcomes() {
///     summary.record(&outcome);
///     cases.record(&outcome);
/// }
/// let mut xml = Vec::new();
/// Report::from(summary).with_cases(cases).junit(&mut xml)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "cases are empty until outcomes are recorded"]
pub struct RequestCases {
    most: usize,
    /// `None`: there were more than `most`.
    cases: Option<Vec<RequestCase>>,
}

impl Default for RequestCases {
    fn default() -> RequestCases {
        RequestCases::up_to(10_000)
    }
}

/// Request as a case of a test report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RequestCase {
    pub(super) index: u64,
    /// Host of the URL. `None`: the URL names none.
    pub(super) host: Option<String>,
    pub(super) url: String,
    /// Place that the request was read from. `None`: the place is not known.
    pub(super) place: Option<String>,
    pub(super) time: Duration,
    pub(super) result: CaseResult,
}

/// Result of a case.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CaseResult {
    Passed,
    Failed {
        /// Class of the failure, or `rejected`.
        kind: String,
        message: String,
    },
    /// The request was cancelled or not done.
    Skipped,
}

impl RequestCases {
    /// Makes an empty collection that keeps up to 10,000 requests.
    pub fn new() -> RequestCases {
        RequestCases::default()
    }

    /// Makes an empty collection that keeps up to `most` requests.
    pub fn up_to(most: usize) -> RequestCases {
        RequestCases {
            most,
            cases: Some(Vec::new()),
        }
    }

    /// Adds an outcome.
    pub fn record<T>(&mut self, outcome: &Outcome<T>) {
        self.add(&OutcomeFacts::of(outcome));
    }

    pub(super) fn add(&mut self, facts: &OutcomeFacts<'_>) {
        match &mut self.cases {
            Some(cases) if cases.len() < self.most => cases.push(RequestCase::of(facts)),
            cases => *cases = None,
        }
    }

    /// Adds the requests of another collection, up to the number that this one keeps.
    pub(super) fn extend(&mut self, other: &RequestCases) {
        match (&mut self.cases, &other.cases) {
            (Some(cases), Some(others)) if cases.len() + others.len() <= self.most => {
                cases.extend_from_slice(others);
            }
            (cases, _) => *cases = None,
        }
    }

    /// Returns the requests in the order of the input. `None`: there were too many.
    pub(super) fn sorted(&self) -> Option<Vec<&RequestCase>> {
        let mut cases: Vec<_> = self.cases.as_ref()?.iter().collect();
        cases.sort_by_key(|case| case.index);
        Some(cases)
    }
}

impl RequestCase {
    fn of(facts: &OutcomeFacts<'_>) -> RequestCase {
        RequestCase {
            index: facts.index,
            host: facts.host.as_ref().map(ToString::to_string),
            url: cut_text(&facts.texts.url(), URL),
            place: facts.texts.place(),
            time: facts.times.elapsed,
            result: match &facts.result {
                ResultFacts::Success => CaseResult::Passed,
                ResultFacts::Rejected(code) => CaseResult::Failed {
                    kind: "rejected".to_owned(),
                    message: format!("the application rejected it with code {code}"),
                },
                ResultFacts::Failed(failure) => CaseResult::Failed {
                    kind: failure.error_type.to_string(),
                    message: cut_text(failure.message, MESSAGE),
                },
                ResultFacts::Cancelled | ResultFacts::NotDone => CaseResult::Skipped,
            },
        }
    }
}
