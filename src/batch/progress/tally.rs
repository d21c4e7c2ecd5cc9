//! The figures of a batch, counted while it runs.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::attempt::Clock;
use crate::error::StopReason;
use crate::host::Host;
use crate::outcome::Outcome;
use crate::summary::{CountedOutcome, Summary};

/// Figures of a batch, readable at any time and from any thread.
///
/// Take the handle before the loop, print it after.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let outcomes = client.as_completed(["https://example.com/1", "https://example.com/2"]);
/// let summary = outcomes.summary();
/// for outcome in outcomes { /* ... */ }
/// println!("{summary}");
/// ```
#[derive(Clone)]
pub struct SummaryHandle(Arc<Mutex<RunningSummary>>);

/// Figures, and the times that they are measured by.
struct RunningSummary {
    summary: Summary,
    clock: Clock,
    total: ExpectedTotal,
    /// Time at which the first outcome was requested. `None`: none was requested.
    started: Option<Instant>,
    /// Time at which a request last ended without another attempt. `None`: no request has.
    last_end: Option<Instant>,
    /// Time at which the batch ended or was dropped. `None`: it goes on.
    ended: Option<Instant>,
    /// True if only requests that ended at this worker count, and not those that were handed back.
    only_final: bool,
}

/// Number of requests of the batch in all.
#[derive(Clone, Copy)]
enum ExpectedTotal {
    Unknown,
    /// The number that the program expects.
    Expected(u64),
    /// The number of requests read, or that the input says it has.
    Known(u64),
}

/// Figures that are cheap to read. The instants are those of [`RunningSummary`].
pub(super) struct Counts {
    pub(super) total: Option<u64>,
    pub(super) succeeded: u64,
    pub(super) rejected: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) not_done: u64,
    pub(super) started: Option<Instant>,
    pub(super) last_end: Option<Instant>,
    pub(super) ended: Option<Instant>,
}

impl SummaryHandle {
    /// Creates the figures of a batch on this number of workers, of which no outcome was handed out.
    pub(in super::super) fn new(workers: usize, clock: Clock) -> Self {
        let mut summary = Summary::new();
        summary.set_at_once(workers);
        SummaryHandle(Arc::new(Mutex::new(RunningSummary {
            summary,
            clock,
            total: ExpectedTotal::Unknown,
            started: None,
            last_end: None,
            ended: None,
            only_final: false,
        })))
    }

    /// Returns the figures of the outcomes handed out so far.
    pub fn snapshot(&self) -> Summary {
        let tallied = self.lock();
        let mut summary = tallied.summary.clone();
        if let Some(started) = tallied.started {
            let ended = tallied.ended.unwrap_or_else(|| tallied.clock.now());
            summary.set_wall(ended.saturating_duration_since(started));
        }
        summary
    }

    /// Returns the figures that are cheap to read.
    pub(super) fn counts(&self) -> Counts {
        let tallied = self.lock();
        let summary = &tallied.summary;
        Counts {
            total: tallied.total.number(),
            succeeded: summary.succeeded(),
            rejected: summary.rejected(),
            failed: summary.failed(),
            cancelled: summary.cancelled(),
            not_done: summary.not_done(),
            started: tallied.started,
            last_end: tallied.last_end,
            ended: tallied.ended,
        }
    }

    /// Sets the total to a number that is known.
    pub(in super::super) fn set_total(&self, total: u64) {
        self.update(|tallied| {
            // The number includes requests that were handed back to the queue, so it is no total.
            if !tallied.only_final {
                tallied.total = ExpectedTotal::Known(total);
            }
        });
    }

    /// Sets the total to a number that the program expects, unless the number is known.
    pub(super) fn expect_total(&self, total: u64) {
        self.update(|tallied| {
            if !matches!(tallied.total, ExpectedTotal::Known(_)) {
                tallied.total = ExpectedTotal::Expected(total);
            }
        });
    }

    /// Returns the host with the longest latency. `None`: there is only one host, or more than a hundred, which would
    /// be too many to compare often.
    pub(super) fn slowest(&self) -> Option<(Host, Duration)> {
        let tallied = self.lock();
        tallied.summary.slowest_of(100)
    }

    /// Notes that the batch begins.
    pub(in super::super) fn begin(&self) {
        self.update(|tallied| tallied.started = Some(tallied.clock.now()));
    }

    /// Counts, from now on, only requests that came to their end: others go on elsewhere.
    #[cfg(feature = "fleet")]
    pub(crate) fn count_only_final(&self) {
        self.update(|tallied| tallied.only_final = true);
    }

    /// Counts an outcome that is handed out.
    pub(in super::super) fn record<T>(&self, outcome: &Outcome<T>) {
        self.update(|tallied| {
            let goes_on =
                || !outcome.is_final() || outcome.stop_reason() == Some(StopReason::GivenBack);
            if !tallied.only_final || !goes_on() {
                tallied.summary.record(outcome);
            }
        });
    }

    /// Counts a request that was cut off as a failure, since its server may have acted.
    #[cfg(feature = "fleet")]
    pub(crate) fn record_interrupted<T>(&self, outcome: &Outcome<T>, message: &str) {
        self.update(|tallied| tallied.summary.record_interrupted(outcome, message));
    }

    /// Counts requests that were left out because an equal one came before.
    pub(in super::super) fn add_duplicates(&self, duplicates: u64) {
        self.update(|tallied| tallied.summary.add_duplicates(duplicates));
    }

    /// Counts an outcome as not done, after it was counted otherwise.
    pub(crate) fn take_back(&self, counted: CountedOutcome) {
        self.update(|tallied| tallied.summary.take_back(counted));
    }

    /// Notes that a request ended at this time without another attempt.
    pub(in super::super) fn ended_untried(&self, now: Instant) {
        self.update(|tallied| tallied.last_end = Some(now));
    }

    /// Notes that the batch ended, if that was not noted before.
    pub(in super::super) fn end(&self) {
        self.update(|tallied| {
            let clock = &tallied.clock;
            tallied.ended.get_or_insert_with(|| clock.now());
        });
    }

    fn update(&self, change: impl FnOnce(&mut RunningSummary)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, RunningSummary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ExpectedTotal {
    fn number(self) -> Option<u64> {
        match self {
            ExpectedTotal::Unknown => None,
            ExpectedTotal::Expected(number) | ExpectedTotal::Known(number) => Some(number),
        }
    }
}

impl fmt::Display for SummaryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

impl fmt::Debug for SummaryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = self.snapshot();
        f.debug_struct("SummaryHandle")
            .field("total", &summary.total())
            .finish_non_exhaustive()
    }
}
