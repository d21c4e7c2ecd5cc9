//! A summary as JSON: the figures that people ask for, and the counts that addition needs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Summary;
use super::codes::CodeRow;
use super::details::SummaryDetails;
use super::distribution::Distribution;
use super::rows::{ErrorKey, ErrorRow, Example, HostRow};
use super::sketch::Sketch;
use super::worst::Worst;
use crate::error::{ErrorType, Layer};
use crate::host::Host;
use crate::timing::{Phase, millis, millis_option};
use http::Uri;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SummaryWire {
    total: u64,
    succeeded: u64,
    rejected: u64,
    failed: u64,
    cancelled: u64,
    not_done: u64,
    duplicates: u64,
    numbered_files: u64,
    skipped: u64,
    unchecked: u64,
    interrupted: bool,
    #[serde(with = "millis")]
    wall_ms: Duration,
    at_once: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_s: Option<f64>,
    layers: BTreeMap<Layer, u64>,
    error_types: BTreeMap<ErrorType, u64>,
    #[serde(deserialize_with = "statuses")]
    statuses: BTreeMap<u16, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rejection_codes: BTreeMap<String, u64>,
    attempts: u64,
    retried_requests: u64,
    retry_attempts: u64,
    later_successes: u64,
    budget_refusals: u64,
    bytes_sent: u64,
    bytes_received: u64,
    connections_opened: u64,
    connections_reused: u64,
    latency: Distribution,
    queue_wait: Distribution,
    #[serde(flatten)]
    details: SummaryDetails,
    hosts: Vec<HostLine>,
    other_hosts: HostLine,
    top_errors: Vec<ErrorLine>,
    other_errors: ErrorRest,
}

/// Reads numbers by status. The keys are read as text, which also works within another value.
fn statuses<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u16, u64>, D::Error> {
    let read = |(status, n): (String, u64)| match status.parse() {
        Ok(status) => Ok((status, n)),
        Err(_) => Err(D::Error::custom(format!("{status:?} is no status"))),
    };
    let numbers = BTreeMap::<String, u64>::deserialize(from)?;
    numbers.into_iter().map(read).collect()
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct HostLine {
    #[serde(skip_serializing_if = "String::is_empty")]
    host: String,
    /// Number of hosts that the line stands for. `None`: the line is of one host.
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<u64>,
    requests: u64,
    failed: u64,
    rejected: u64,
    #[serde(skip_serializing_if = "Option::is_none", with = "millis_option")]
    p95_ms: Option<Duration>,
    /// Last limit of places, if it adapts. `None`: it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    counts_us: Vec<(u64, u64)>,
}

#[derive(Serialize, Deserialize)]
struct ErrorLine {
    error_type: ErrorType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    count: u64,
    message: String,
    /// Words that tell failures of one class apart. Empty: the class, phase and status tell them apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    words: String,
    index: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    url: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct ErrorRest {
    kinds: u64,
    count: u64,
}

impl From<Summary> for SummaryWire {
    fn from(mut s: Summary) -> SummaryWire {
        s.hosts.settle();
        s.errors.settle();
        let codes = s.by_code().into_iter().collect();
        let hosts = s.hosts.sorted().into_iter();
        let errors = s.errors.sorted().into_iter();
        SummaryWire {
            total: s.total(),
            succeeded: s.succeeded,
            rejected: s.rejected,
            failed: s.failed,
            cancelled: s.cancelled,
            not_done: s.not_done,
            duplicates: s.duplicates,
            numbered_files: s.numbered_files,
            skipped: s.skipped,
            unchecked: s.unchecked,
            interrupted: s.interrupted,
            wall_ms: s.wall,
            at_once: s.at_once,
            requests_per_s: s.rate().map(|rate| (rate * 10.0).round() / 10.0),
            layers: s.by_layer(),
            hosts: hosts
                .map(|(host, row)| HostLine::of(host.to_string(), row))
                .collect(),
            other_hosts: HostLine {
                hosts: Some(s.hosts.others),
                ..HostLine::of(String::new(), &s.hosts.rest)
            },
            top_errors: errors
                .filter_map(|(key, row)| ErrorLine::of(key, row))
                .collect(),
            other_errors: ErrorRest {
                kinds: s.errors.others,
                count: s.errors.rest.count,
            },
            error_types: s.error_types,
            statuses: s.statuses,
            rejection_codes: codes,
            attempts: s.attempts,
            retried_requests: s.retried,
            retry_attempts: s.retry_attempts,
            later_successes: s.later_successes,
            budget_refusals: s.budget_refusals,
            bytes_sent: s.bytes_sent,
            bytes_received: s.bytes_received,
            connections_opened: s.connections_opened,
            connections_reused: s.connections_reused,
            latency: s.latency,
            queue_wait: s.queue_wait,
            details: s.details,
        }
    }
}

impl From<SummaryWire> for Summary {
    fn from(w: SummaryWire) -> Summary {
        let mut hosts = Worst::<Host, HostRow>::default();
        for line in &w.hosts {
            let host = line.host.parse::<Uri>().ok().and_then(|uri| Host::of(&uri));
            match host {
                Some(host) => *hosts.row(&host) += &line.row(),
                // A host whose name cannot be parsed still has figures.
                None => {
                    hosts.rest += &line.row();
                    hosts.others += 1;
                }
            }
        }
        hosts.rest += &w.other_hosts.row();
        hosts.others += w.other_hosts.hosts.unwrap_or(0);
        let mut codes = Worst::<String, CodeRow>::default();
        for (code, count) in w.rejection_codes {
            codes.row(&code).count += count;
        }
        let mut errors = Worst::<ErrorKey, ErrorRow>::default();
        for line in w.top_errors {
            let (key, row) = line.row();
            *errors.row(&key) += &row;
        }
        errors.others = w.other_errors.kinds;
        errors.rest.count = w.other_errors.count;
        Summary {
            succeeded: w.succeeded,
            rejected: w.rejected,
            failed: w.failed,
            cancelled: w.cancelled,
            not_done: w.not_done,
            duplicates: w.duplicates,
            numbered_files: w.numbered_files,
            skipped: w.skipped,
            unchecked: w.unchecked,
            error_types: w.error_types,
            statuses: w.statuses,
            codes,
            hosts,
            errors,
            attempts: w.attempts,
            retried: w.retried_requests,
            retry_attempts: w.retry_attempts,
            later_successes: w.later_successes,
            budget_refusals: w.budget_refusals,
            latency: w.latency,
            queue_wait: w.queue_wait,
            details: w.details,
            bytes_sent: w.bytes_sent,
            bytes_received: w.bytes_received,
            connections_opened: w.connections_opened,
            connections_reused: w.connections_reused,
            wall: w.wall_ms,
            at_once: w.at_once,
            interrupted: w.interrupted,
        }
    }
}

impl HostLine {
    fn of(host: String, row: &HostRow) -> HostLine {
        HostLine {
            host,
            hosts: None,
            requests: row.requests,
            failed: row.failed,
            rejected: row.rejected,
            p95_ms: row.latency.quantile(0.95),
            limit: row.limit,
            counts_us: row.latency.pairs(),
        }
    }

    fn row(&self) -> HostRow {
        HostRow {
            requests: self.requests,
            failed: self.failed,
            rejected: self.rejected,
            latency: Sketch::of_pairs(&self.counts_us),
            limit: self.limit,
        }
    }
}

impl ErrorLine {
    fn of(key: &ErrorKey, row: &ErrorRow) -> Option<ErrorLine> {
        let example = row.example.clone()?;
        Some(ErrorLine {
            error_type: key.error_type,
            phase: key.phase,
            status: key.status,
            count: row.count,
            message: example.message,
            words: key.words.clone(),
            index: example.index,
            place: example.place,
            url: example.url,
        })
    }

    fn row(self) -> (ErrorKey, ErrorRow) {
        let key = ErrorKey {
            error_type: self.error_type,
            phase: self.phase,
            status: self.status,
            words: self.words,
        };
        let row = ErrorRow {
            count: self.count,
            example: Some(Example {
                index: self.index,
                place: self.place,
                url: self.url,
                message: self.message,
            }),
        };
        (key, row)
    }
}
