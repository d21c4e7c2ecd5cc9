//! Which failures a log holds already.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use crate::record::Record;

/// The failures of a log, by what is the same of them and of their records. Of each only digests: there may be millions.
#[derive(Default)]
pub(super) struct Known {
    sent: HashMap<u64, u32>,
    /// By what is the same of a failure and a record without a time.
    unsent: HashMap<u64, u32>,
    /// Number of failures that were not taken.
    left: u64,
}

impl Known {
    /// Adds a failure of the log: `class` is its error type, or `rejected`.
    pub(super) fn add(&mut self, index: i64, url: &str, timestamp: Option<&str>, class: &str) {
        if let Some(timestamp) = timestamp {
            let sent = digest((index, url, timestamp));
            *self.sent.entry(sent).or_default() += 1;
        }
        self.left += 1;
        let unsent = digest((index, url, class));
        *self.unsent.entry(unsent).or_default() += 1;
    }

    /// Takes the failure of a record, if it is there.
    pub(super) fn take(&mut self, record: &Record<'_>) -> bool {
        let (index, url) = (record.index as i64, &*record.url);
        let count = match record.timestamp {
            Some(at) => self.sent.get_mut(&digest((index, url, &*stamp(at)))),
            None => self.unsent.get_mut(&digest((index, url, class_of(record)))),
        };
        match count {
            Some(count) if *count > 0 => {
                *count -= 1;
                self.left -= 1;
                true
            }
            _ => false,
        }
    }

    /// True if a failure is left that was not taken.
    pub(super) fn has_more(&self) -> bool {
        self.left > 0
    }
}

/// The error type of a record that is no success, or `rejected`.
pub(super) fn class_of(record: &Record<'_>) -> &'static str {
    record.error_type.map_or("rejected", |class| class.as_str())
}

fn digest(of: (i64, &str, &str)) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// RFC 3339 in UTC, with milliseconds.
pub(super) fn stamp(at: SystemTime) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    // A clock beyond the calendar is the beginning of time, as a clock never set is.
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    PRINTER.timestamp_to_string(&at)
}
