//! Values of a request on the wire: several of one name, time limits.

use std::time::Duration;

use serde::Serialize;

/// One value, or several of the same name.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Values {
    One(String),
    Several(Vec<String>),
}

impl Default for Values {
    fn default() -> Self {
        Values::Several(Vec::new())
    }
}

impl Values {
    pub(super) fn push(&mut self, value: &str) {
        let value = value.to_owned();
        match self {
            Values::Several(values) if values.is_empty() => *self = Values::One(value),
            Values::Several(values) => values.push(value),
            Values::One(first) => *self = Values::Several(vec![std::mem::take(first), value]),
        }
    }
}

/// Whole milliseconds, rounded up: a limit below one must not become "no limit".
pub(super) fn whole_ms(limit: Duration) -> u64 {
    u64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
