//! Time limits of an attempt, and limits on how many there are in a time.

use std::time::Duration;

/// Time limits of one attempt. `None` in a request means "as the client says"; [`Duration::ZERO`] means no limit.
///
/// Defaults of a client: 10 s to connect (name resolution, TCP and TLS together), 30 s for the whole attempt, body
/// included, and no limit for a single read.
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

    pub(crate) const CLIENT: Timeouts = Timeouts {
        connect: Some(Duration::from_secs(10)),
        attempt: Some(Duration::from_secs(30)),
        read: None,
    };
}

/// So many requests in so much time.
///
/// They are spread evenly: with the default burst of 1, no stretch of time of length `per`, wherever it begins, holds
/// more than `count`; retries and redirects count like first attempts. Time in which nothing was sent is not made up
/// for.
///
/// ```
/// use std::time::Duration;
/// use haul::RateLimit;
///
/// let steady = RateLimit::per_second(10);
/// let bursty = RateLimit::new(600, Duration::from_secs(60)).burst(20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub(crate) count: u32,
    pub(crate) per: Duration,
    pub(crate) burst: u32,
}

impl RateLimit {
    /// `count` requests in each `per`.
    pub fn new(count: u32, per: Duration) -> RateLimit {
        RateLimit {
            count,
            per,
            burst: 1,
        }
    }

    /// `count` requests each second.
    pub fn per_second(count: u32) -> RateLimit {
        RateLimit::new(count, Duration::from_secs(1))
    }

    /// `count` requests each minute.
    pub fn per_minute(count: u32) -> RateLimit {
        RateLimit::new(count, Duration::from_secs(60))
    }

    /// How many may be sent at once after a pause. Default 1. A stretch of time of length `per` then holds up to
    /// `count + burst - 1`.
    pub fn burst(mut self, burst: u32) -> RateLimit {
        self.burst = burst;
        self
    }

    /// What is contradictory in it, naming the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.count == 0 {
            return Err("count is 0: nothing could be sent".into());
        }
        if self.per.is_zero() {
            return Err("per is zero: that is no limit".into());
        }
        if self.burst == 0 {
            return Err("burst is 0: nothing could be sent".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_lets_nothing_or_everything_through_is_refused_by_name() {
        let zero = Duration::ZERO;
        for (rate, name) in [
            (RateLimit::per_second(0), "count"),
            (RateLimit::new(1, zero), "per"),
            (RateLimit::per_minute(1).burst(0), "burst"),
        ] {
            assert!(rate.check().unwrap_err().starts_with(name));
        }
        assert_eq!(RateLimit::per_second(1).burst(5).check(), Ok(()));
    }
}
