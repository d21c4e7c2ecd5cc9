//! Figures of a batch, which can be added up.

mod adding;
mod codes;
mod counted;
mod counting;
mod course;
mod details;
mod display;
mod distribution;
mod duplicates;
mod facts;
mod layout;
pub(crate) mod numbers;
mod rows;
mod saved_files;
mod sketch;
mod slowest;
mod tables;
#[cfg(test)]
mod tests;
mod texts;
mod threshold;
mod timeline;
mod wire;
mod worst;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use counted::CountedOutcome;
pub use details::TimeFigures;
pub use distribution::Distribution;
pub(crate) use facts::{
    ExampleTexts, FailureFacts, OutcomeFacts, OutcomeTimes, ResultFacts, Traffic,
};
pub use rows::{HostFigures, TopError};
pub(crate) use saved_files::SavedFileFacts;
pub(crate) use sketch::Sketch;
pub use slowest::SlowRequest;
pub(crate) use texts::cut as cut_text;
pub use threshold::{InvalidThreshold, Threshold, ThresholdCheck};
pub use timeline::TimeSlice;

use crate::error::{ErrorType, Layer};
use crate::host::Host;
use crate::outcome::Outcome;
use crate::timing::millis;
use codes::CodeRow;
pub(crate) use codes::cut_code;
use details::SummaryDetails;
use rows::{ErrorKey, ErrorRow, HostRow};
use worst::Worst;

/// Figures of a batch: counts of each kind of outcome, reasons of failures, latencies.
///
/// Summaries add up: the summaries of several runs or machines make one. Its `Display` is the closing block of a run,
/// in lines of at most 80 columns (`{summary:120}`: of at most 120); `{summary:#}` adds a plot of the throughput. As JSON it also carries the counts that addition
/// needs, so that it can be read back and added to.
///
/// ```
/// use haul::summary::Summary;
///
/// # fn outcomes() -> Vec<haul::Outcome> { Vec::new() }
/// # let earlier = Summary::new();
/// let mut summary = Summary::new();
/// for outcome in outcomes() {
///     summary.record(&outcome);
/// }
/// summary += &earlier;
/// println!("{summary}");
/// assert_eq!(
///     summary.total(),
///     summary.succeeded() + summary.rejected() + summary.failed() + summary.cancelled() + summary.not_done(),
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "wire::SummaryWire", into = "wire::SummaryWire")]
pub struct Summary {
    succeeded: u64,
    rejected: u64,
    failed: u64,
    cancelled: u64,
    not_done: u64,
    duplicates: u64,
    numbered_files: u64,
    skipped: u64,
    unchecked: u64,
    error_types: BTreeMap<ErrorType, u64>,
    statuses: BTreeMap<u16, u64>,
    codes: Worst<String, CodeRow>,
    hosts: Worst<Host, HostRow>,
    errors: Worst<ErrorKey, ErrorRow>,
    attempts: u64,
    retried: u64,
    retry_attempts: u64,
    later_successes: u64,
    budget_refusals: u64,
    latency: Distribution,
    queue_wait: Distribution,
    details: SummaryDetails,
    bytes_sent: u64,
    bytes_received: u64,
    connections_opened: u64,
    connections_reused: u64,
    wall: Duration,
    at_once: usize,
    interrupted: bool,
}

impl Summary {
    /// Makes an empty summary.
    pub fn new() -> Summary {
        Summary::default()
    }

    /// Counts an outcome.
    pub fn record<T>(&mut self, outcome: &Outcome<T>) {
        self.count(&OutcomeFacts::of(outcome));
    }

    /// Sets the wall time: from the start of the batch to its end.
    pub fn set_wall(&mut self, wall: Duration) {
        self.wall = millis::round(wall);
    }

    /// Sets the number of requests that could be under way at once.
    pub fn set_at_once(&mut self, workers: usize) {
        self.at_once = workers;
    }

    /// True: the batch ended before its input did.
    pub fn set_interrupted(&mut self, interrupted: bool) {
        self.interrupted = interrupted;
    }

    /// Number of all requests: succeeded, rejected, failed, cancelled and not done.
    pub fn total(&self) -> u64 {
        self.finished() + self.cancelled + self.not_done
    }

    /// Number of requests that came to their end: succeeded, rejected and failed.
    pub fn finished(&self) -> u64 {
        self.succeeded + self.rejected + self.failed
    }

    /// Number of requests that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// Number of requests that the application rejected.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Number of failed requests, without the cancelled and those not done.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Number of single requests that the program cancelled.
    ///
    /// For example with [`Handle::cancel`](crate::Handle::cancel).
    pub fn cancelled(&self) -> u64 {
        self.cancelled
    }

    /// Number of requests that did not come to their end because their batch was stopped before.
    ///
    /// Only requests that were read count; see [`Outcome::is_not_done`]. Sinks have no record of them, and a resumed
    /// batch runs them.
    pub fn not_done(&self) -> u64 {
        self.not_done
    }

    /// Numbers of failed requests by layer.
    pub fn by_layer(&self) -> BTreeMap<Layer, u64> {
        let mut layers = BTreeMap::new();
        for (class, n) in &self.error_types {
            *layers.entry(class.layer()).or_default() += n;
        }
        layers
    }

    /// Numbers of failed requests by class.
    pub fn by_error_type(&self) -> &BTreeMap<ErrorType, u64> {
        &self.error_types
    }

    /// Numbers of outcomes by the status of their last response.
    pub fn by_status(&self) -> &BTreeMap<u16, u64> {
        &self.statuses
    }

    /// Figures of the hosts, worst first: by failed requests, then by p95.
    ///
    /// At most 1,000; see [`other_hosts`](Summary::other_hosts).
    pub fn hosts(&self) -> Vec<HostFigures> {
        let mut hosts: Vec<_> = self
            .hosts
            .sorted()
            .into_iter()
            .map(|(host, row)| HostFigures::of(host, row))
            .collect();
        hosts.truncate(worst::KEPT);
        hosts
    }

    /// Number of hosts that are not among [`hosts`](Summary::hosts), and their sums.
    ///
    /// The sums are those of their requests and failures.
    ///
    /// A host is counted more than once if its row was dropped and the host came again.
    pub fn other_hosts(&self) -> (u64, u64, u64) {
        let mut hosts = self.hosts.clone();
        hosts.settle();
        (hosts.others, hosts.rest.requests, hosts.rest.failed)
    }

    /// The most frequent failures, each with an example. At most 1,000.
    pub fn top_errors(&self) -> Vec<TopError> {
        let mut errors: Vec<_> = self
            .errors
            .sorted()
            .into_iter()
            .map(|(key, row)| TopError::of(key, row))
            .collect();
        errors.truncate(worst::KEPT);
        errors
    }

    /// Number of attempts of all requests.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Number of requests with more than one attempt.
    pub fn retried_requests(&self) -> u64 {
        self.retried
    }

    /// Number of attempts beyond the first of each request.
    pub fn retry_attempts(&self) -> u64 {
        self.retry_attempts
    }

    /// Number of requests that succeeded after more than one attempt.
    pub fn later_successes(&self) -> u64 {
        self.later_successes
    }

    /// Number of requests not retried because the retry budget of their host was spent.
    pub fn budget_refusals(&self) -> u64 {
        self.budget_refusals
    }

    /// Latency of the attempts that got a response of any status, body included.
    pub fn latency(&self) -> &Distribution {
        &self.latency
    }

    /// Time that sent requests waited for a worker or a limit.
    pub fn queue_wait(&self) -> &Distribution {
        &self.queue_wait
    }

    /// Number of bytes sent on the wire.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent
    }

    /// Number of bytes received on the wire.
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// Number of connections opened.
    pub fn connections_opened(&self) -> u64 {
        self.connections_opened
    }

    /// Number of times that a kept-alive connection was used again.
    pub fn connections_reused(&self) -> u64 {
        self.connections_reused
    }

    /// Wall time from the start of the batch to its end. Zero if it was not [set](Summary::set_wall).
    pub fn wall(&self) -> Duration {
        self.wall
    }

    /// [Finished](Summary::finished) requests per second of wall time. `None`: the wall time is not known.
    pub fn rate(&self) -> Option<f64> {
        (!self.wall.is_zero()).then(|| self.finished() as f64 / self.wall.as_secs_f64())
    }

    /// Number of requests that could be under way at once. Zero if it was not [set](Summary::set_at_once).
    pub fn at_once(&self) -> usize {
        self.at_once
    }

    /// True if the batch ended before its input did.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }
}
