//! Values of a request in a line: several values of one name, and time limits.

use std::time::Duration;

use serde::Serialize;

/// A single value, or several of the same name.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Several(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        OneOrMany::Several(Vec::new())
    }
}

impl OneOrMany {
    pub(super) fn push(&mut self, value: &str) {
        let value = value.to_owned();
        match self {
            OneOrMany::Several(values) if values.is_empty() => *self = OneOrMany::One(value),
            OneOrMany::Several(values) => values.push(value),
            OneOrMany::One(first) => *self = OneOrMany::Several(vec![std::mem::take(first), value]),
        }
    }
}

/// Returns whole milliseconds, rounded up: a limit below one millisecond must not become 0, which means no limit.
pub(super) fn whole_ms(limit: Duration) -> u64 {
    u64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
