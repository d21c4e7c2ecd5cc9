//! The settings of circuit breakers.

use std::time::Duration;

/// A circuit breaker per host: a host most of whose calls fail is given a rest, and then let back by a few calls on
/// trial. Off unless set.
///
/// Failures are calls without an answer, and 5xx; a 4xx, a rejection by the application, a cancel are none. A call
/// that has no response head yet, and has waited 10 s for its host to take or send a byte, counts as a failure until it
/// ends; then its real end counts instead.
///
/// The default: at least half of at least 20 calls in 30 s (or as many calls as there are workers, if these are fewer,
/// and at least 5) open it for 5 s, each time after that for twice as long, up to 60 s (spread by a fifth to either
/// side; a `Retry-After` lengthens it); of 3 calls on trial 2 must succeed; meanwhile requests to it fail at once.
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(alias = "circuit breaker")]
pub struct BreakerSettings {
    /// How far back calls count.
    pub window: Duration,
    /// With fewer calls than these in the window it stays closed. `None`: as many as the client has workers, but at
    /// least 5 and at most 20.
    pub min_calls: Option<u32>,
    /// The share of failures, above 0 and at most 1, at which it opens.
    pub failure_ratio: f64,
    /// How long it is open the first time.
    pub open: Duration,
    /// How long it is open at most.
    pub open_max: Duration,
    /// Calls let through on trial after that.
    pub trials: u32,
    /// How many of those must succeed to close it again.
    pub trials_to_close: u32,
    /// Whether requests wait while it is open, those with time enough, instead of failing at once with
    /// [`BreakerOpen`](crate::ErrorType::BreakerOpen).
    pub wait: bool,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        BreakerSettings {
            window: Duration::from_secs(30),
            min_calls: None,
            failure_ratio: 0.5,
            open: Duration::from_secs(5),
            open_max: Duration::from_secs(60),
            trials: 3,
            trials_to_close: 2,
            wait: false,
        }
    }
}

impl BreakerSettings {
    /// Smallest number of calls in the window that can open the breaker, on a client with this many workers. Fewer
    /// workers make fewer calls: 20 of them may take one worker longer than the window is.
    pub(crate) fn min_calls_with(&self, workers: usize) -> u32 {
        let of_workers = u32::try_from(workers).unwrap_or(u32::MAX).clamp(5, 20);
        self.min_calls.unwrap_or(of_workers)
    }

    /// What is contradictory in it, naming the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.window.is_zero() {
            return Err("window is zero: no call would count".into());
        }
        if self.min_calls == Some(0) {
            return Err("min_calls is 0: it needs at least one call".into());
        }
        if !(self.failure_ratio > 0.0 && self.failure_ratio <= 1.0) {
            return Err(format!(
                "failure_ratio is {}: it must be above 0 and at most 1",
                self.failure_ratio
            ));
        }
        if self.open.is_zero() || self.open > self.open_max {
            return Err(format!(
                "open is {:?}: it must be above 0 and at most open_max ({:?})",
                self.open, self.open_max
            ));
        }
        if self.trials_to_close == 0 || self.trials_to_close > self.trials {
            return Err(format!(
                "trials_to_close is {}: it must be between 1 and trials ({})",
                self.trials_to_close, self.trials
            ));
        }
        Ok(())
    }
}
