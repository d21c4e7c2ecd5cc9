//! Duration as milliseconds on the wire, with at most three decimals: `142.7`. Written to the microsecond, so that a
//! value that is read back equals the value written.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// End of the message about a number that is no time, behind the number.
pub(crate) const NO_TIME: &str = " is no number of milliseconds";

/// Rounds the duration down to the precision of the wire, a microsecond.
pub(crate) fn round(time: Duration) -> Duration {
    Duration::from_micros(micros(time))
}

/// Returns whole microseconds, or `u64::MAX` if they do not fit (584,000 years).
pub(crate) fn micros(time: Duration) -> u64 {
    let whole = time.as_secs().saturating_mul(1_000_000);
    whole.saturating_add(time.subsec_micros().into())
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
            // In this form, a large number has an exponent and not hundreds of digits.
            "{ms:?}{NO_TIME}"
        )))
    }
}
