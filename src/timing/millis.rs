//! A duration as milliseconds on the wire, with at most three decimals: `142.7`. Written to the microsecond, so that
//! what is read back is what was written.

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
