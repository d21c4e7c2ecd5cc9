//! Requests that differ between two runs: their number, and the first of them.

use serde::Serialize;

use super::super::keyed::ResultEntry;
use crate::record::Kind;

/// Number of requests that are kept as examples.
const KEPT: usize = 1000;

/// Requests that differ in one way between two runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Differences {
    count: u64,
    examples: Vec<DifferentRequest>,
}

/// Request that differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct DifferentRequest {
    /// Position in the input of the new run, from 0.
    pub index: u64,
    /// Place that the request of the new run was read from: `urls.txt:17`. `None`: the place is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// URL, with secrets masked.
    pub url: String,
    /// Outcome in the old run: `200`, or the class and message of the failure.
    pub old: String,
    /// Outcome in the new run.
    pub new: String,
}

impl Differences {
    /// Number of requests.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first of the requests in the input of the new run, at most 1,000.
    pub fn examples(&self) -> &[DifferentRequest] {
        &self.examples
    }

    pub(super) fn count_pair(&mut self, old: &ResultEntry<'_>, new: &ResultEntry<'_>) {
        self.count += 1;
        // Sorting is put off until there are twice as many as are kept, so that each request costs little.
        if self.examples.len() >= 2 * KEPT {
            self.settle();
        }
        self.examples.push(DifferentRequest {
            index: new.index,
            place: (!new.place.is_empty()).then(|| new.place.to_owned()),
            url: new.url.to_owned(),
            old: shown(old),
            new: shown(new),
        });
    }

    /// Keeps the first requests.
    pub(super) fn settle(&mut self) {
        self.examples.sort();
        self.examples.truncate(KEPT);
    }
}

/// Returns the outcome in words.
fn shown(entry: &ResultEntry<'_>) -> String {
    match (entry.kind, entry.status) {
        (Kind::Success, 0) => "success".to_owned(),
        (Kind::Success, status) => status.to_string(),
        (_, 0) => entry.words.to_owned(),
        (_, status) => format!("{status} {}", entry.words),
    }
}
