//! Values of a request in a line: several values of one name, and time limits.

use std::time::Duration;

use serde::Serialize;

/// A single value, or several of the same name.
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

/// Returns whole milliseconds, rounded up: a limit below one millisecond must not become 0, which means no limit.
pub(super) fn whole_ms(limit: Duration) -> u64 {
    u64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
