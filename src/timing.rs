//! Phases of an attempt and the time each took.

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

impl Timings {
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
    pub fn to_head(&self) -> Duration {
        self.resolve + self.connect + self.tls + self.send + self.wait
    }
}

/// A duration as milliseconds on the wire, with at most three decimals: `142.7`. Written to the microsecond, so
/// that what is read back is what was written.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    /// The duration to the precision the wire has.
    pub(crate) fn round(time: Duration) -> Duration {
        Duration::from_micros(micros(time))
    }

    /// Whole microseconds; what does not fit (584,000 years) is the most there is.
    pub(crate) fn micros(time: Duration) -> u64 {
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
    }

    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        // Dividing the integer is correctly rounded, so the shortest digits that name the result have three decimals.
        to.serialize_f64(micros(*time) as f64 / 1000.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let ms = f64::deserialize(from)?;
        let us = (ms * 1000.0).round();
        if us >= 0.0 && us < u64::MAX as f64 {
            Ok(Duration::from_micros(us as u64))
        } else {
            Err(D::Error::custom(format!(
                "{ms} is no number of milliseconds"
            )))
        }
    }

    /// The same where there may be none.
    pub(crate) mod option {
        use super::*;

        pub(crate) fn serialize<S: Serializer>(
            time: &Option<Duration>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => super::serialize(time, to),
                None => to.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Duration>, D::Error> {
            #[derive(Deserialize)]
            struct Millis(#[serde(with = "super")] Duration);
            Ok(Option::<Millis>::deserialize(from)?.map(|ms| ms.0))
        }
    }
}
