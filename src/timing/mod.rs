//! Phases of an attempt and the time that each took.

pub(crate) mod millis;
pub(crate) mod millis_option;

use std::fmt;
use std::ops::{Add, AddAssign};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Phase of an attempt. Timeouts, timings, errors and records all name the same phases.
///
/// The split is that of HAR's `timings` object: name resolution, TCP connect, TLS handshake, sending the request,
/// waiting for the response head, receiving the body. `Total` stands for a limit over the whole attempt whose phase
/// is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Turning the host name into addresses.
    Resolve,
    /// Opening the TCP connection (through a proxy: to the proxy, and its `CONNECT`).
    Connect,
    /// The TLS handshake.
    Tls,
    /// Writing the request's head and body.
    Send,
    /// Waiting for the response head: from the last byte sent to the parsed head.
    Wait,
    /// Reading the response body.
    Receive,
    /// The attempt as a whole.
    Total,
}

impl Phase {
    /// Returns the name used in records: `resolve`, `connect`, `tls`, `send`, `wait`, `receive`, `total`.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Resolve => "resolve",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Send => "send",
            Phase::Wait => "wait",
            Phase::Receive => "receive",
            Phase::Total => "total",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Time that each phase of one attempt took.
///
/// A phase that did not happen (a reused connection has no connect) is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Turning the host name into addresses; close to zero if the addresses were cached.
    pub resolve: Duration,
    /// Opening the TCP connection.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// Writing the request.
    pub send: Duration,
    /// Waiting for the response head: from the last byte sent to the parsed head.
    pub wait: Duration,
    /// Reading the body.
    pub receive: Duration,
}

/// Duration in half the size of a [`Duration`], exact up to five centuries: thousands of outcomes wait for their
/// caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nanoseconds(u64);

impl From<Duration> for Nanoseconds {
    fn from(time: Duration) -> Nanoseconds {
        let whole = time.as_secs().saturating_mul(1_000_000_000);
        Nanoseconds(whole.saturating_add(time.subsec_nanos().into()))
    }
}

impl From<Nanoseconds> for Duration {
    fn from(time: Nanoseconds) -> Duration {
        Duration::from_nanos(time.0)
    }
}

impl Add for Nanoseconds {
    type Output = Nanoseconds;

    fn add(self, other: Nanoseconds) -> Nanoseconds {
        Nanoseconds(self.0.saturating_add(other.0))
    }
}

impl AddAssign<Duration> for Nanoseconds {
    fn add_assign(&mut self, time: Duration) {
        self.0 = self.0.saturating_add(Nanoseconds::from(time).0);
    }
}

/// Point in time in half the size of an `Option<SystemTime>`, exact up to five centuries after 1970. Holds no time by
/// default, and if a clock is set before that year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(Nanoseconds);

impl From<SystemTime> for Stamp {
    fn from(time: SystemTime) -> Stamp {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Stamp(since.into())
    }
}

impl Stamp {
    pub(crate) fn time(self) -> Option<SystemTime> {
        (self != Stamp::default()).then(|| UNIX_EPOCH + Duration::from(self.0))
    }
}

/// [`Timings`] in half the size.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phases([Nanoseconds; 6]);

impl Phases {
    /// Adds `time` to the given phase. [`Phase::Total`] has no sum of its own and is ignored.
    pub(crate) fn add(&mut self, phase: Phase, time: Duration) {
        if let Some(sum) = self.0.get_mut(phase as usize) {
            *sum += time;
        }
    }

    /// Returns the time from the start of the attempt to the parsed response head: all but [`Phase::Receive`].
    pub(crate) fn until_head(&self) -> Duration {
        let before = &self.0[..Phase::Receive as usize];
        let sum = before
            .iter()
            .fold(Nanoseconds::default(), |sum, time| sum + *time);
        sum.into()
    }
}

impl From<Phases> for Timings {
    fn from(phases: Phases) -> Timings {
        Timings::of(phases.0.map(Duration::from))
    }
}

impl Timings {
    pub(crate) const NONE: Timings = Timings::of([Duration::ZERO; 6]);

    /// Returns timings from the phases in their order.
    const fn of(phases: [Duration; 6]) -> Timings {
        let [resolve, connect, tls, send, wait, receive] = phases;
        Timings {
            resolve,
            connect,
            tls,
            send,
            wait,
            receive,
        }
    }

    /// Returns the time from the start of the attempt to the parsed response head.
    ///
    /// The sum has everything but `receive`.
    #[doc(alias = "ttfb")]
    pub fn until_head(&self) -> Duration {
        self.resolve + self.connect + self.tls + self.send + self.wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_add_up_to_the_nanosecond() {
        let mut phases = Phases::default();
        let order = [
            Phase::Resolve,
            Phase::Connect,
            Phase::Tls,
            Phase::Send,
            Phase::Wait,
            Phase::Receive,
            Phase::Total,
        ];
        for _ in 0..2 {
            for (at, phase) in order.into_iter().enumerate() {
                phases.add(phase, Duration::new(at as u64, 1));
            }
        }
        let sums = [0, 2, 4, 6, 8, 10].map(|seconds| Duration::new(seconds, 2));
        assert_eq!(Timings::from(phases), Timings::of(sums));
        assert_eq!(Timings::NONE, Timings::default());
    }

    #[test]
    fn a_stamp_holds_a_time_since_1970_or_none() {
        let time = UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789);
        assert_eq!(Stamp::from(time).time(), Some(time));
        assert_eq!(Stamp::default().time(), None);
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Stamp::from(before).time(), None);
    }

    #[test]
    fn a_time_of_ages_is_as_long_as_can_be() {
        let longest = Duration::from(Nanoseconds::from(Duration::MAX));
        assert_eq!(longest, Duration::from_nanos(u64::MAX));
    }
}
