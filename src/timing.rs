//! Phases of an attempt and the time each took.

pub(crate) mod millis;
pub(crate) mod millis_option;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where in an attempt something happened. Timeouts, timings, errors and records all speak of the same phases.
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
    /// From the last byte sent to the parsed response head.
    Wait,
    /// Reading the response body.
    Receive,
    /// The attempt as a whole.
    Total,
}

impl Phase {
    /// The name used in records: `resolve`, `connect`, `tls`, `send`, `wait`, `receive`, `total`.
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

/// How long each phase of one attempt took. A phase that did not happen (a reused connection has no connect) is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Turning the host name into addresses; next to nothing when the answer was cached.
    pub resolve: Duration,
    /// Opening the TCP connection.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// Writing the request.
    pub send: Duration,
    /// From the last byte sent to the parsed response head.
    pub wait: Duration,
    /// Reading the body.
    pub receive: Duration,
}

/// The same in half the room, exact up to five centuries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nanoseconds([u64; 6]);

impl From<Timings> for Nanoseconds {
    fn from(timings: Timings) -> Nanoseconds {
        let Timings {
            resolve,
            connect,
            tls,
            send,
            wait,
            receive,
        } = timings;
        let phases = [resolve, connect, tls, send, wait, receive];
        Nanoseconds(phases.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl From<Nanoseconds> for Timings {
    fn from(nanoseconds: Nanoseconds) -> Timings {
        Timings::of(nanoseconds.0.map(Duration::from_nanos))
    }
}

impl Timings {
    pub(crate) const NONE: Timings = Timings::of([Duration::ZERO; 6]);

    /// From the phases in their order.
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

    /// Adds `time` to the given phase. [`Phase::Total`] has no share of its own and is ignored.
    pub(crate) fn add(&mut self, phase: Phase, time: Duration) {
        match phase {
            Phase::Resolve => self.resolve += time,
            Phase::Connect => self.connect += time,
            Phase::Tls => self.tls += time,
            Phase::Send => self.send += time,
            Phase::Wait => self.wait += time,
            Phase::Receive => self.receive += time,
            Phase::Total => {}
        }
    }

    /// From the start of the attempt to the parsed response head: everything but `receive`.
    #[doc(alias = "ttfb")]
    pub fn until_head(&self) -> Duration {
        self.resolve + self.connect + self.tls + self.send + self.wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_are_the_same_in_nanoseconds() {
        let timings =
            Timings::of([1, 20, 300, 4_000, 50_000, 6_000_000_000].map(Duration::from_nanos));
        assert_eq!(Timings::from(Nanoseconds::from(timings)), timings);
        assert_eq!(timings.resolve, Duration::from_nanos(1));
        assert_eq!(timings.receive, Duration::from_secs(6));
        assert_eq!(Timings::NONE, Timings::default());
    }
}
