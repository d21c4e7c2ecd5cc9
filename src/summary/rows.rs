//! Rows of the tables: hosts, and kinds of failure.

use std::ops::AddAssign;
use std::time::Duration;

use super::Summary;
use super::facts::{FailureFacts, OutcomeFacts};
use super::sketch::Sketch;
use super::texts::{MESSAGE, URL, cut};
use super::worst::RankedRow;
use crate::error::{ErrorType, Layer};
use crate::host::Host;
use crate::timing::{Phase, millis};
use http::StatusCode;

/// Figures of one host.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HostFigures {
    /// Scheme, name and port.
    pub host: Host,
    /// Number of outcomes of the host.
    ///
    /// Left out are outcomes that are not done or were cancelled before they were sent.
    pub requests: u64,
    /// Number of failed requests.
    pub failed: u64,
    /// Number of rejected requests.
    pub rejected: u64,
    /// Latency that 95 % of the host's responses did not exceed, to one per cent.
    ///
    /// `None`: the host gave no response.
    pub p95: Option<Duration>,
    /// Requests at once that the host took when its last request began.
    ///
    /// `None`: the limit does not [adapt](crate::Adaptive).
    pub limit: Option<u32>,
}

/// A kind of failure, its count, and one example.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TopError {
    /// Class of the failures.
    pub error_type: ErrorType,
    /// Phase of the failures. `None`: no attempt was made, or the kind is told by its status.
    pub phase: Option<Phase>,
    /// Status of the response. `None`: no response head arrived.
    pub status: Option<u16>,
    /// Message: the name of the status, or for other kinds the message of the example.
    pub message: String,
    /// Number of failures of this kind.
    pub count: u64,
    /// Position of the example in the input, from 0.
    ///
    /// The example is the first failure of this kind in the input.
    pub index: u64,
    /// Place that the example was read from: `urls.txt:17`, `stdin:17` or `argument 2`.
    ///
    /// `None`: the place is not known.
    pub place: Option<String>,
    /// URL of the example, with secrets masked.
    ///
    /// For a line without a URL, the part that may be shown ([`Error::text`](crate::Error::text)).
    pub url: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HostRow {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) rejected: u64,
    pub(super) latency: Sketch,
    /// Last limit of places, if it adapts. `None`: it does not.
    pub(super) limit: Option<u32>,
}

impl AddAssign<&HostRow> for HostRow {
    fn add_assign(&mut self, other: &HostRow) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.rejected += other.rejected;
        self.latency += &other.latency;
        // The other run is the later one.
        self.limit = other.limit.or(self.limit);
    }
}

impl RankedRow for HostRow {
    fn badness(&self) -> (u64, u64) {
        let p95 = self.latency.quantile(0.95).unwrap_or_default();
        (self.failed, millis::micros(p95))
    }
}

impl Summary {
    /// Returns the host with the longest latency at p95. `None`: there are fewer than two hosts with a latency, or more
    /// than `most` hosts.
    pub(crate) fn slowest_of(&self, most: usize) -> Option<(Host, Duration)> {
        let times = self.hosts.few(most).filter_map(|(host, row)| {
            let p95 = row.latency.quantile(0.95)?;
            Some((host, p95))
        });
        let times: Vec<_> = times.collect();
        let (host, p95) = times.iter().max_by_key(|(host, p95)| (*p95, *host))?;
        (times.len() > 1).then(|| ((*host).clone(), *p95))
    }
}

impl Summary {
    /// Latencies of the hosts that have a row.
    pub(crate) fn host_latencies(&self) -> impl Iterator<Item = (&Host, &Sketch)> {
        let rows = self.hosts.sorted().into_iter();
        rows.map(|(host, row)| (host, &row.latency))
    }

    /// Latencies of a host. `None`: it has no row.
    pub(crate) fn latency_of(&self, host: &Host) -> Option<&Sketch> {
        self.hosts.get(host).map(|row| &row.latency)
    }
}

impl HostFigures {
    pub(super) fn of(host: &Host, row: &HostRow) -> HostFigures {
        HostFigures {
            host: host.clone(),
            requests: row.requests,
            failed: row.failed,
            rejected: row.rejected,
            p95: row.latency.quantile(0.95),
            limit: row.limit,
        }
    }
}

/// Properties that make failures one kind: class, phase and status. For failures that the caller's code or this side
/// reports, the words count too, since the class alone says little.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ErrorKey {
    pub(super) error_type: ErrorType,
    pub(super) phase: Option<Phase>,
    pub(super) status: Option<u16>,
    pub(super) words: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ErrorRow {
    pub(super) count: u64,
    pub(super) example: Option<Example>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Example {
    pub(super) index: u64,
    pub(super) place: Option<String>,
    pub(super) url: String,
    pub(super) message: String,
}

impl ErrorKey {
    pub(super) fn of(failure: &FailureFacts<'_>) -> ErrorKey {
        let by_status = failure.error_type == ErrorType::HttpStatus;
        ErrorKey {
            error_type: failure.error_type,
            phase: failure.phase.filter(|_| !by_status),
            status: failure.status,
            words: match failure.error_type.layer() {
                Layer::Application => cut(failure.message, MESSAGE),
                Layer::Local => cut(&without_numbers(failure.message), MESSAGE),
                _ => String::new(),
            },
        }
    }
}

impl ErrorRow {
    pub(super) fn count(&mut self, failure: &FailureFacts<'_>, facts: &OutcomeFacts<'_>) {
        self.count += 1;
        // The example is the first failure in the input, whatever the order in which failures arrive.
        if self.example.as_ref().is_none_or(|e| facts.index < e.index) {
            self.example = Some(Example {
                index: facts.index,
                place: facts.texts.place(),
                url: cut(&facts.texts.url(), URL),
                message: message(failure, facts),
            });
        }
    }
}

impl AddAssign<&ErrorRow> for ErrorRow {
    fn add_assign(&mut self, other: &ErrorRow) {
        self.count += other.count;
        let first = match (&self.example, &other.example) {
            (Some(a), Some(b)) if b.index < a.index => Some(b),
            (None, b) => b.as_ref(),
            _ => None,
        };
        if let Some(first) = first {
            self.example = Some(first.clone());
        }
    }
}

impl RankedRow for ErrorRow {
    fn badness(&self) -> (u64, u64) {
        (self.count, 0)
    }
}

impl TopError {
    pub(super) fn of(key: &ErrorKey, row: &ErrorRow) -> TopError {
        let example = row.example.clone().unwrap_or_default();
        TopError {
            error_type: key.error_type,
            phase: key.phase,
            status: key.status,
            message: example.message,
            count: row.count,
            index: example.index,
            place: example.place,
            url: example.url,
        }
    }
}

/// Returns the words of a failure without the host, which differs from request to request and stands in the example's
/// URL.
fn message(failure: &FailureFacts<'_>, facts: &OutcomeFacts<'_>) -> String {
    if failure.error_type == ErrorType::HttpStatus
        && let Some(status) = facts.status
    {
        let name = StatusCode::from_u16(status)
            .ok()
            .and_then(|s| s.canonical_reason());
        return name.map_or_else(|| status.to_string(), |name| format!("{status} {name}"));
    }
    let text = failure.message;
    let text = match &facts.host {
        Some(host) => text.replacen(&format!(" to {}:{}", host.name(), host.port()), "", 1),
        None => text.to_owned(),
    };
    cut(&text, MESSAGE)
}

/// Returns the message with `#` for each number, since a mistake is the same at any byte of its line.
fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_digit() {
            kept.push(c);
        } else if !kept.ends_with('#') {
            kept.push('#');
        }
    }
    kept
}
