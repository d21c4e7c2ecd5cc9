//! How far a batch is, while it runs.

#[cfg(feature = "progress")]
mod bar;
pub(super) mod tally;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::executor::Executor;
use crate::host::Host;
use crate::request::Request;
use crate::schedule::Id;

use self::tally::{Counts, SummaryHandle};
use super::outcomes::Outcomes;

/// Over how much of the past the rate is measured.
const RECENT: Duration = Duration::from_secs(10);
/// The least time between two samples: so their number has a bound.
const APART: Duration = Duration::from_millis(250);

/// Time without a finished request after which the host that holds the most places is named: five seconds, less a
/// little, so that a display that asks every five seconds names it at the first time.
const QUIET: Duration = Duration::from_millis(4_900);

/// How far a batch is.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many requests there are in all. `None` while that is not known: the input has not been read to its end, and
    /// does not say exactly how long it is. Of a batch that ended early, those that were read.
    pub total: Option<u64>,
    /// Outcomes handed out of requests that came to their end: the sum of the next four.
    pub done: u64,
    /// Requests that succeeded.
    pub succeeded: u64,
    /// Requests the application said no to.
    pub rejected: u64,
    /// Requests that failed, without the cancelled ones and those not done.
    pub failed: u64,
    /// Single requests that the program cancelled.
    pub cancelled: u64,
    /// Outcomes handed out of requests that did not come to their end because the batch was stopped before; see
    /// [`Outcome::is_not_done`](crate::Outcome::is_not_done).
    pub not_done: u64,
    /// Attempts under way now. One whose outcome was just handed out may still count for a moment.
    pub in_flight: u64,
    /// Requests that wait for a time: that of their next attempt, or that at which a limit or a breaker lets their
    /// host's next request through.
    pub delayed: u64,
    /// Requests read from the input that wait for a worker.
    pub queued: u64,
    /// Requests done per second, over the last ten seconds; once the batch is over, over all of it. It says how
    /// fast they are taken, too: a slow consumer makes it slow.
    pub per_second: f64,
    /// How long it will take at this rate, retries and slower hosts not reckoned with. `None` while the total is not
    /// known, or nothing was done in the last seconds.
    pub eta: Option<Duration>,
    /// The host that keeps most requests waiting for a time, as its `Retry-After`, its rate or its breaker has it.
    pub waiting: Option<WaitingHost>,
    /// While nothing has finished for five seconds: the host that holds the most places, of all batches of the client
    /// together. `None` while requests finish, and if no attempt is under way.
    pub holding: Option<HoldingHost>,
    /// The host with the longest latency that 95 % of its answers stayed within. `None` where there is only one, and
    /// where there are more than a hundred.
    pub slowest: Option<(Host, Duration)>,
}

/// A host that keeps requests waiting.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WaitingHost {
    /// Which one.
    pub host: Host,
    /// How many requests of the batch wait for it.
    pub requests: u64,
    /// For how much longer at least.
    pub time: Duration,
}

/// A host that holds places: workers that are busy with its requests, so that they can serve no other host.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HoldingHost {
    /// The host.
    pub host: Host,
    /// Number of attempts under way there. A worker that is busy with one is a place.
    pub places: u64,
    /// Time for which the host has held places while no request of the batch finished.
    pub time: Duration,
}

/// How far a batch is, at any time and from any thread. Clones are of the same batch. It keeps neither the client nor
/// the batch alive, and stays readable after both.
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
    pace: Arc<Mutex<Pace>>,
}

impl<I, T> Outcomes<I, T>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    /// How far the batch is, to be asked from any thread while it runs: take it before the loop.
    #[doc(alias = "tqdm")]
    pub fn progress(&self) -> ProgressHandle {
        if let (least, Some(most)) = self.size_hint()
            && least == most
        {
            self.summary.expect(self.handed_out + most as u64);
        }
        ProgressHandle {
            summary: self.summary.clone(),
            executor: Arc::downgrade(self.owner.executor()),
            batch: self.batch,
            pace: Arc::default(),
        }
    }
}

impl ProgressHandle {
    /// Says how many requests there will be, where that is known otherwise: of a batch whose input does not say how long
    /// it is, or that other threads [feed](crate::Client::channel). Once all are read, their number holds.
    #[doc(alias = "total")]
    pub fn expect(&self, total: u64) {
        self.summary.expect_about(total);
    }

    /// How far it is now. Takes microseconds: call it as often as a display needs it, not for each outcome.
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
            eta: left.and_then(|left| eta(left, per_second)),
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

/// Returns the host that holds the most places, if nothing of the batch has finished for [`QUIET`].
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

fn eta(left: u64, per_second: f64) -> Option<Duration> {
    if left == 0 {
        return Some(Duration::ZERO);
    }
    // Nothing done is no time, and neither is one that no `Duration` holds.
    Duration::try_from_secs_f64(left as f64 / per_second).ok()
}

fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    count as f64 / time.as_secs_f64()
}

/// What was done by when, as far back as the rate is measured.
#[derive(Default)]
struct Pace(VecDeque<(Instant, u64)>);

impl Pace {
    fn per_second(&mut self, started: Instant, now: Instant, done: u64) -> f64 {
        let samples = &mut self.0;
        if samples.is_empty() {
            samples.push_back((started, 0));
        }
        let age = |at: Instant| now.saturating_duration_since(at);
        // One that is older stays where the next is not old enough.
        while samples.get(1).is_some_and(|(at, _)| age(*at) >= RECENT) {
            samples.pop_front();
        }
        let per_second = samples.front().map_or(0.0, |(at, before)| {
            rate(done.saturating_sub(*before), age(*at))
        });
        if samples.back().is_some_and(|(at, _)| age(*at) >= APART) {
            samples.push_back((now, done));
        }
        per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: f64) -> Duration {
        Duration::from_secs_f64(n)
    }

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds_and_forgets_what_was_before() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut at = |time: f64, done| pace.per_second(start, start + seconds(time), done).round();
        assert_eq!(at(0.0, 0), 0.0);
        assert_eq!(at(2.0, 200), 100.0);
        for second in 3..=20_u32 {
            assert_eq!(at(f64::from(second), u64::from(second) * 100), 100.0);
        }
        // Half a minute without anything.
        for second in 21..=50_u32 {
            at(f64::from(second), 2000);
        }
        assert_eq!(at(51.0, 2000), 0.0);
        assert_eq!(at(52.0, 2100), 10.0);
    }

    #[test]
    fn asked_for_seldom_it_is_the_rate_since_it_was_asked_last() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.per_second(start, start + seconds(60.0), 600), 10.0);
        assert_eq!(pace.per_second(start, start + seconds(120.0), 1800), 20.0);
    }

    #[test]
    fn however_often_it_is_asked_for_it_keeps_few_samples() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for ms in 0..100_000 {
            pace.per_second(start, start + Duration::from_millis(ms), ms);
        }
        assert!(pace.0.len() <= 42);
    }

    #[test]
    fn the_time_left_is_none_where_nothing_is_done_and_zero_where_nothing_is_left() {
        assert_eq!(eta(100, 50.0), Some(seconds(2.0)));
        assert_eq!((eta(0, 0.0), eta(1, 0.0)), (Some(Duration::ZERO), None));
        assert_eq!(eta(u64::MAX, f64::MIN_POSITIVE), None);
    }
}
