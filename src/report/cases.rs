//! Single requests of a run, as cases of a test report.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::outcome::Outcome;
use crate::summary::{OutcomeFacts, ResultFacts, cut_text};

/// Longest message of a case, in bytes.
const MESSAGE: usize = 1000;

/// Longest URL of a case, in bytes.
const URL: usize = 2000;

/// Longest URL by which a request is found again, in bytes.
const FOUND: usize = 300;

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
    /// Method, URL and name of the request: `GET https://example.com/ [a]`.
    pub(super) name: String,
    pub(super) url: String,
    /// Place that the request was read from. `None`: the place is not known.
    pub(super) place: Option<String>,
    pub(super) time: Duration,
    pub(super) result: CaseResult,
    /// True if the request failed in an earlier run too.
    pub(super) is_known: bool,
}

/// Position in the input and URL of requests that a comparison has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FoundRequests(HashSet<(u64, String)>);

impl FoundRequests {
    pub(super) fn add(&mut self, index: u64, url: &str) {
        self.0.insert((index, cut_text(url, FOUND)));
    }

    fn has(&self, case: &RequestCase) -> bool {
        let key = (case.index, cut_text(&case.url, FOUND));
        self.0.contains(&key)
    }
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

    /// True if there were not too many requests.
    pub(super) fn are_kept(&self) -> bool {
        self.cases.is_some()
    }

    /// Marks the failed requests that failed in an earlier run too.
    pub(super) fn mark_known(&mut self, found: &FoundRequests) {
        let cases = self.cases.iter_mut().flatten();
        for case in cases.filter(|case| matches!(case.result, CaseResult::Failed { .. })) {
            case.is_known = found.has(case);
        }
    }

    /// Returns the requests in the order of the input, each with a name that no other one has. `None`: there were too
    /// many.
    pub(super) fn named(&self) -> Option<Vec<(String, &RequestCase)>> {
        let mut cases: Vec<_> = self.cases.as_ref()?.iter().collect();
        cases.sort_by_key(|case| case.index);
        let mut names = HashMap::new();
        let named = cases.into_iter().map(|case| {
            let count: &mut u64 = names.entry(case.name.as_str()).or_default();
            *count += 1;
            let name = match *count {
                1 => case.name.clone(),
                nth => format!("{} #{nth}", case.name),
            };
            (name, case)
        });
        Some(named.collect())
    }
}

impl RequestCase {
    fn of(facts: &OutcomeFacts<'_>) -> RequestCase {
        let url = cut_text(&facts.texts.url(), URL);
        let method = facts.texts.method();
        let id = facts.texts.id();
        let id = id.map(|id| format!("[{}]", cut_text(&id, URL)));
        let name = method.into_iter().chain([url.clone()]).chain(id);
        RequestCase {
            index: facts.index,
            host: facts.host.as_ref().map(ToString::to_string),
            name: name.collect::<Vec<_>>().join(" "),
            url,
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
            is_known: false,
        }
    }
}
