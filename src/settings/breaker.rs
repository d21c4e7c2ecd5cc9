//! The settings of circuit breakers.

use std::time::Duration;

/// Settings of the circuit breaker that each host has. Off unless set.
///
/// A breaker gives a host most of whose calls fail a rest, and then lets a few calls through on trial.
///
/// A call without a response, and a 5xx, is a failure; a 4xx, a rejection by the application or a cancel is not. A call
/// that has no response head yet, and has waited 10 s for its host to take or send a byte, counts as a failure until it
/// ends; then its real end counts instead.
///
/// The default: the breaker opens if at least half of at least 20 calls in 30 s fail (or of as many calls as there are
/// workers, if these are fewer, and at least 5). It opens for 5 s, each time after that for twice as long, up to 60 s
/// (spread by a fifth to either side; a `Retry-After` lengthens it). Of 3 calls on trial 2 must succeed. Requests to
/// the host fail at once while the breaker is open.
///
/// ```
/// use std::time::Duration;
/// use haul::Client;
/// use haul::settings::BreakerSettings;
///
/// let breaker = BreakerSettings::new()
///     .failure_ratio(0.8)
///     .open(Duration::from_secs(10))
///     .wait(true);
/// let client = Client::builder().breaker(breaker).build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(alias = "circuit breaker")]
#[must_use = "a breaker works where it is given to `ClientBuilder::breaker` or `HostRule::breaker`"]
pub struct BreakerSettings {
    pub(crate) window: Duration,
    /// Smallest number of calls that can open the breaker. `None`: the number of the client's workers, but at least 5
    /// and at most 20.
    pub(crate) min_calls: Option<u32>,
    pub(crate) failure_ratio: f64,
    pub(crate) open: Duration,
    pub(crate) open_max: Duration,
    pub(crate) trials: u32,
    pub(crate) trials_to_close: u32,
    pub(crate) wait: bool,
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
    /// Makes the default settings.
    pub fn new() -> BreakerSettings {
        BreakerSettings::default()
    }

    /// Length of the time, back from now, in which calls count. Must be above zero. Default 30 s.
    pub fn window(mut self, window: Duration) -> BreakerSettings {
        self.window = window;
        self
    }

    /// Smallest number of calls in the window that can open the breaker, at least 1.
    ///
    /// `None`: the number of the client's workers, but at least 5 and at most 20. Default `None`.
    pub fn min_calls(mut self, calls: impl Into<Option<u32>>) -> BreakerSettings {
        self.min_calls = calls.into();
        self
    }

    /// Share of failures, above 0 and at most 1, at which the breaker opens. Default 0.5.
    pub fn failure_ratio(mut self, ratio: f64) -> BreakerSettings {
        self.failure_ratio = ratio;
        self
    }

    /// Time for which the breaker stays open when it opens first.
    ///
    /// Above zero and at most [`open_max`](BreakerSettings::open_max). Default 5 s.
    pub fn open(mut self, first: Duration) -> BreakerSettings {
        self.open = first;
        self
    }

    /// Longest time for which the breaker is open. Default 60 s.
    pub fn open_max(mut self, longest: Duration) -> BreakerSettings {
        self.open_max = longest;
        self
    }

    /// Number of calls that are let through on trial after the breaker was open. Default 3.
    pub fn trials(mut self, calls: u32) -> BreakerSettings {
        self.trials = calls;
        self
    }

    /// Number of calls on trial that must succeed to close the breaker again. Default 2.
    ///
    /// At least 1, at most [`trials`](BreakerSettings::trials).
    pub fn trials_to_close(mut self, calls: u32) -> BreakerSettings {
        self.trials_to_close = calls;
        self
    }

    /// True: requests wait while the breaker is open, if their deadline leaves time for it.
    ///
    /// False: they fail at once with [`BreakerOpen`](crate::ErrorType::BreakerOpen). Default false.
    pub fn wait(mut self, wait: bool) -> BreakerSettings {
        self.wait = wait;
        self
    }

    /// Returns the smallest number of calls in the window that can open the breaker, on a client with this many
    /// workers. Fewer workers make fewer calls: 20 of them may take one worker longer than the window is.
    pub(crate) fn min_calls_with(&self, workers: usize) -> u32 {
        let of_workers = u32::try_from(workers).unwrap_or(u32::MAX).clamp(5, 20);
        self.min_calls.unwrap_or(of_workers)
    }

    /// Checks the settings for contradictions. The error names the setting.
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
