//! The figures of a batch while it runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::host::Host;
use crate::outcome::Outcome;
use crate::summary::{Counted, Summary};

/// The figures of a batch, at any time and from any thread: take it before the loop, print it after.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let outcomes = client.as_completed(["https://example.com/1", "https://example.com/2"]);
/// let summary = outcomes.summary();
/// for outcome in outcomes { /* ... */ }
/// println!("{summary}");
/// ```
#[derive(Clone)]
pub struct SummaryHandle(Arc<Mutex<Running>>);

struct Running {
    summary: Summary,
    total: Option<u64>,
    /// The total is not a guess.
    counted: bool,
    started: Option<Instant>,
    /// When a request last ended without another attempt. `None`: none has.
    last_end: Option<Instant>,
    ended: Option<Instant>,
}

/// What is cheap to read of the figures.
pub(in crate::batch) struct Counts {
    pub(in crate::batch) total: Option<u64>,
    pub(in crate::batch) succeeded: u64,
    pub(in crate::batch) rejected: u64,
    pub(in crate::batch) failed: u64,
    pub(in crate::batch) cancelled: u64,
    pub(in crate::batch) not_done: u64,
    pub(in crate::batch) started: Option<Instant>,
    pub(in crate::batch) last_end: Option<Instant>,
    pub(in crate::batch) ended: Option<Instant>,
}

impl SummaryHandle {
    pub(in crate::batch) fn new(workers: usize) -> Self {
        let mut summary = Summary::new();
        summary.set_at_once(workers);
        SummaryHandle(Arc::new(Mutex::new(Running {
            summary,
            total: None,
            counted: false,
            started: None,
            last_end: None,
            ended: None,
        })))
    }

    /// The figures of the outcomes handed out so far.
    pub fn snapshot(&self) -> Summary {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut summary = running.summary.clone();
        if let Some(started) = running.started {
            let ended = running.ended.unwrap_or_else(Instant::now);
            summary.set_wall(ended.saturating_duration_since(started));
        }
        summary
    }

    pub(in crate::batch) fn counts(&self) -> Counts {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = &running.summary;
        Counts {
            total: running.total,
            succeeded: summary.succeeded(),
            rejected: summary.rejected(),
            failed: summary.failed(),
            cancelled: summary.cancelled(),
            not_done: summary.not_done(),
            started: running.started,
            last_end: running.last_end,
            ended: running.ended,
        }
    }

    /// How many requests there are in all is known.
    pub(in crate::batch) fn expect(&self, total: u64) {
        self.update(|running| (running.total, running.counted) = (Some(total), true));
    }

    /// Somebody says how many there will be.
    pub(in crate::batch) fn expect_about(&self, total: u64) {
        self.update(|running| {
            if !running.counted {
                running.total = Some(total);
            }
        });
    }

    /// The host with the longest latency, where there are several and not too many to ask often.
    pub(in crate::batch) fn slowest(&self) -> Option<(Host, Duration)> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.summary.slowest_of(100)
    }

    pub(in crate::batch) fn begin(&self) {
        self.update(|running| running.started = Some(Instant::now()));
    }

    pub(in crate::batch) fn record<T>(&self, outcome: &Outcome<T>) {
        self.update(|running| running.summary.record(outcome));
    }

    /// Counts an outcome as not done after all.
    pub(crate) fn take_back(&self, counted: Counted) {
        self.update(|running| running.summary.take_back(counted));
    }

    /// A request ended at this time without another attempt.
    pub(in crate::batch) fn ended_untried(&self, now: Instant) {
        self.update(|running| running.last_end = Some(now));
    }

    pub(in crate::batch) fn end(&self) {
        self.update(|running| {
            running.ended.get_or_insert_with(Instant::now);
        });
    }

    fn update(&self, change: impl FnOnce(&mut Running)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
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
