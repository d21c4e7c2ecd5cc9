//! The progress of a batch, while it runs.

#[cfg(feature = "progress")]
mod bar;
mod pace;
mod tally;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::executor::Executor;
use crate::host::Host;
use crate::schedule::Id;

use self::pace::{RecentPace, rate, time_left};
use self::tally::Counts;

#[cfg(feature = "progress")]
pub(super) use self::bar::Bar;
pub use self::tally::SummaryHandle;

/// Time without a finished request after which the host that holds the most places is named: five seconds, less a
/// little, so that a display that asks every five seconds names it at the first time.
const QUIET: Duration = Duration::from_millis(4_900);

/// Progress of a batch at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Number of requests in all.
    ///
    /// `None`: not known, because the input has not been read to its end and does not say exactly how long it is. For a
    /// batch that ended early, the number of requests that were read.
    pub total: Option<u64>,
    /// Number of outcomes handed out of requests that came to their end: the sum of the next four fields.
    pub done: u64,
    /// Number of requests that succeeded.
    pub succeeded: u64,
    /// Number of requests that the application rejected.
    pub rejected: u64,
    /// Number of requests that failed, excluding cancelled requests and requests not done.
    pub failed: u64,
    /// Number of single requests that the program cancelled.
    pub cancelled: u64,
    /// Number of outcomes of requests that did not come to their end because the batch was stopped.
    ///
    /// Only outcomes that were handed out count; see [`Outcome::is_not_done`](crate::Outcome::is_not_done).
    pub not_done: u64,
    /// Number of attempts under way now.
    ///
    /// An attempt whose outcome was just handed out may still count for a moment.
    pub in_flight: u64,
    /// Number of requests that wait for a point in time.
    ///
    /// That is the time of their next attempt, or the time at which a limit or a breaker lets the next request to their
    /// host through.
    pub delayed: u64,
    /// Number of requests read from the input that wait for a worker.
    pub queued: u64,
    /// Requests done per second, over the last ten seconds.
    ///
    /// If the batch is over, over its whole duration. A slow consumer lowers the rate, since a request counts as done
    /// when its outcome is taken.
    pub per_second: f64,
    /// Time left at this rate, without regard to retries and slower hosts.
    ///
    /// `None`: the total is not known, or no request was done in the last seconds.
    pub eta: Option<Duration>,
    /// Host whose [adaptive](crate::Adaptive) limit is shown: the one with the most requests under way.
    ///
    /// `None`: no host of the batch has such a limit.
    pub adaptive: Option<AdaptiveHost>,
    /// Host that keeps most requests waiting, because of its `Retry-After`, its rate limit or its breaker.
    ///
    /// `None`: no host does.
    pub waiting: Option<WaitingHost>,
    /// Host that holds the most places, if no request has finished for five seconds.
    ///
    /// All batches of the client count together. `None`: requests finish, or no attempt is under way.
    pub holding: Option<HoldingHost>,
    /// Host with the longest latency that 95 % of its responses stayed within, and that latency.
    ///
    /// `None`: there is only one host, or more than a hundred.
    pub slowest: Option<(Host, Duration)>,
}

/// A host with a limit of requests at once that adapts, and the present limit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdaptiveHost {
    /// Host that the limit is for.
    pub host: Host,
    /// Number of attempts under way to the host, of all batches of the client together.
    pub places: u64,
    /// Upper bound for that number at present. Attempts that began under a higher limit may exceed it.
    pub limit: u64,
}

/// A host that keeps requests waiting.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WaitingHost {
    /// Host that requests wait for.
    pub host: Host,
    /// Number of requests of the batch that wait for it.
    pub requests: u64,
    /// Shortest time for which these requests will wait.
    pub time: Duration,
}

/// A host that holds places.
///
/// Places are workers that are busy with its requests, so that they can serve no other host.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HoldingHost {
    /// Host that holds the places.
    pub host: Host,
    /// Number of attempts under way to the host. A worker that is busy with such an attempt is a place.
    pub places: u64,
    /// Time for which the host has held places while no request of the batch finished.
    pub time: Duration,
}

/// Progress of a batch, readable at any time and from any thread.
///
/// Clones are of the same batch. The handle keeps neither the client nor the batch alive, and stays readable after
/// both.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let outcomes = client.as_completed((0..1000).map(|i| format!("https://example.com/{i}")));
/// let progress = outcomes.progress();
/// for (n, outcome) in outcomes.enumerate() {
///     if n % 100 == 0 {
///         let now = progress.snapshot();
///         println!("{} of {:?}, {:.0}/s, left: {:?}", now.done, now.total, now.per_second, now.eta);
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ProgressHandle {
    summary: SummaryHandle,
    executor: Weak<Executor>,
    batch: Id,
    pace: Arc<Mutex<RecentPace>>,
}

impl ProgressHandle {
    pub(super) fn new(summary: &SummaryHandle, executor: &Arc<Executor>, batch: Id) -> Self {
        ProgressHandle {
            summary: summary.clone(),
            executor: Arc::downgrade(executor),
            batch,
            pace: Arc::default(),
        }
    }

    /// Sets the number of requests that the program expects.
    ///
    /// Meant for a batch whose input does not say how long it is, or that other threads [feed](crate::Client::channel).
    /// When all requests are read, their number takes its place.
    #[doc(alias = "total")]
    pub fn expect(&self, total: u64) {
        self.summary.expect_total(total);
    }

    /// Returns the progress at this moment.
    ///
    /// Takes microseconds: call it as often as a display needs it, not for each outcome.
    pub fn snapshot(&self) -> Progress {
        let executor = self.executor.upgrade();
        let standing = executor
            .as_ref()
            .and_then(|executor| executor.standing(self.batch));
        let standing = standing.unwrap_or_default();
        let counts = self.summary.counts();
        let holding = executor.and_then(|executor| holding(&executor, &counts, standing.last_end));
        let done = counts.succeeded + counts.rejected + counts.failed + counts.cancelled;
        let per_second = self.per_second(&counts, done);
        let left = counts
            .total
            .map(|total| total.saturating_sub(done + counts.not_done));
        Progress {
            total: counts.total,
            done,
            succeeded: counts.succeeded,
            rejected: counts.rejected,
            failed: counts.failed,
            cancelled: counts.cancelled,
            not_done: counts.not_done,
            in_flight: standing.in_flight as u64,
            delayed: standing.delayed as u64,
            queued: standing.queued as u64,
            per_second,
            eta: left.and_then(|left| time_left(left, per_second)),
            adaptive: standing.adapted.map(|adapted| AdaptiveHost {
                host: adapted.host,
                places: adapted.places as u64,
                limit: adapted.limit as u64,
            }),
            waiting: standing.waiting.map(|(host, jobs, time)| WaitingHost {
                host,
                requests: jobs as u64,
                time,
            }),
            holding,
            slowest: self.summary.slowest(),
        }
    }

    fn per_second(&self, counts: &Counts, done: u64) -> f64 {
        match (counts.started, counts.ended) {
            (None, _) => 0.0,
            (Some(started), Some(ended)) => rate(done, ended.saturating_duration_since(started)),
            (Some(started), None) => {
                let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
                pace.per_second(started, Instant::now(), done)
            }
        }
    }
}

impl fmt::Debug for ProgressHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProgressHandle")
            .field(&self.snapshot())
            .finish()
    }
}

/// Returns the host that holds the most places, if no request of the batch has finished for [`QUIET`]. `None`: no such
/// host.
fn holding(executor: &Executor, counts: &Counts, last_end: Option<Instant>) -> Option<HoldingHost> {
    if counts.ended.is_some() {
        return None;
    }
    let quiet_since = [counts.started, counts.last_end, last_end]
        .into_iter()
        .flatten()
        .max()?;
    let now = Instant::now();
    if now.saturating_duration_since(quiet_since) < QUIET {
        return None;
    }
    let held = executor.holding()?;
    Some(HoldingHost {
        host: held.host,
        places: held.places as u64,
        time: now.saturating_duration_since(held.since.max(quiet_since)),
    })
}
