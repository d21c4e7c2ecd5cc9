//! Limits as values: of time, of requests in a time, of retries, of failures.

use std::time::Duration;

/// Time limits of one attempt. `None` in a request means "as the client says"; [`Duration::ZERO`] means no limit.
///
/// Defaults of a client: 10 s to connect (name resolution, TCP and TLS together), 30 s for the whole attempt, body
/// included, and no limit for a single read. A body that is saved ([`Request::save_to`](crate::Request::save_to)) has no
/// limit for the whole, and 30 s for a single read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    pub(crate) connect: Option<Duration>,
    pub(crate) attempt: Option<Duration>,
    pub(crate) read: Option<Duration>,
}

impl Timeouts {
    /// Nothing set: everything as the client says.
    pub fn new() -> Timeouts {
        Timeouts::default()
    }

    /// To resolve the name, open the connection and shake hands.
    pub fn connect(mut self, limit: Duration) -> Timeouts {
        self.connect = Some(limit);
        self
    }

    /// For the whole attempt, from its start to the last byte of the body.
    #[doc(alias = "timeout")]
    pub fn attempt(mut self, limit: Duration) -> Timeouts {
        self.attempt = Some(limit);
        self
    }

    /// For each wait for bytes: an idle limit, for long downloads.
    pub fn read(mut self, limit: Duration) -> Timeouts {
        self.read = Some(limit);
        self
    }

    /// These, and where they are silent, `defaults`.
    pub(crate) fn or(self, defaults: Timeouts) -> Timeouts {
        Timeouts {
            connect: self.connect.or(defaults.connect),
            attempt: self.attempt.or(defaults.attempt),
            read: self.read.or(defaults.read),
        }
    }

    /// The limit, or none where it is zero.
    pub(crate) fn bound(limit: Option<Duration>) -> Option<Duration> {
        limit.filter(|l| !l.is_zero())
    }

    /// What is contradictory in them.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (Timeouts::bound(self.connect), Timeouts::bound(self.attempt)) {
            (Some(connect), Some(attempt)) if connect > attempt => {
                Err("the connect limit is longer than the limit of the whole attempt".into())
            }
            _ => Ok(()),
        }
    }

    /// Nothing set.
    pub(crate) const NONE: Timeouts = Timeouts {
        connect: None,
        attempt: None,
        read: None,
    };

    pub(crate) const CLIENT: Timeouts = Timeouts {
        connect: Some(Duration::from_secs(10)),
        attempt: Some(Duration::from_secs(30)),
        read: None,
    };

    /// Where a body goes from or to a file: how long that takes as a whole nobody can say.
    pub(crate) const STREAMED: Timeouts = Timeouts {
        connect: Timeouts::CLIENT.connect,
        attempt: None,
        read: Some(Duration::from_secs(30)),
    };
}

/// A per-host allowance for retries, so that retries stay a small share of the load: each first attempt adds
/// `per_request` tokens, each second adds `per_second`, a retry takes one (two after a timeout).
///
/// The default: 500 in reserve and at most, 0.2 per first attempt, 1 per second. After Finagle's `RetryBudget`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudget {
    /// Tokens at the start, and the most there can be.
    pub reserve: f64,
    /// Tokens added by each first attempt.
    pub per_request: f64,
    /// Tokens added each second.
    pub per_second: f64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget {
            reserve: 500.0,
            per_request: 0.2,
            per_second: 1.0,
        }
    }
}

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
