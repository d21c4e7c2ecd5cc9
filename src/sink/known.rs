//! Counts of the failures that a log holds, and of those among them that the results hold too.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use crate::record::Record;

/// Numbers of the failures of a log and of the results, by the fields that both have of a failure. Only a digest of
/// each is kept: there may be millions.
#[derive(Default)]
pub(super) struct KnownFailures {
    counts: HashMap<u64, FailureCount>,
    /// Number of failures of the log that the results lack.
    unrecorded: u64,
}

#[derive(Default)]
struct FailureCount {
    in_log: u32,
    /// Number of the log's failures that the results have and [`KnownFailures::take_recorded`] has not taken.
    recorded: u32,
}

/// Digest of the fields that a log and the results both have of a failure.
#[derive(Clone, Copy)]
pub(super) struct FailureMark(u64);

/// Fields by which a failure of a log is found among the results, beside its index and URL: the best that the results
/// have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkFields {
    /// Start of the last attempt.
    Time,
    /// Duration of the last attempt, in tables that lack the start.
    Elapsed,
    /// Class of the failure, in tables that lack both.
    Class,
}

impl FailureMark {
    /// Makes the mark of a failure. `sent_at` and `elapsed`: `None` for a failure that was not sent; its class then tells
    /// it from others.
    pub(super) fn new(
        fields: MarkFields,
        (index, url): (u64, &str),
        (sent_at, elapsed): (Option<&str>, Option<Duration>),
        class: &str,
    ) -> FailureMark {
        let mut hasher = DefaultHasher::new();
        (index, url).hash(&mut hasher);
        match fields {
            MarkFields::Time => sent_at.ok_or(class).hash(&mut hasher),
            MarkFields::Elapsed => elapsed.ok_or(class).hash(&mut hasher),
            MarkFields::Class => class.hash(&mut hasher),
        }
        FailureMark(hasher.finish())
    }

    /// Makes the mark of the failure in a line.
    pub(super) fn of(fields: MarkFields, record: &Record<'_>) -> FailureMark {
        let at = record.timestamp.map(stamp);
        let sent = (at.as_deref(), record.elapsed);
        FailureMark::new(fields, (record.index, &record.url), sent, class_of(record))
    }
}

impl KnownFailures {
    /// Adds a failure of the log.
    pub(super) fn add(&mut self, mark: FailureMark) {
        self.counts.entry(mark.0).or_default().in_log += 1;
        self.unrecorded += 1;
    }

    /// Adds a failure of the results. Returns false if the log lacks it.
    pub(super) fn add_recorded(&mut self, mark: FailureMark) -> bool {
        match self.counts.get_mut(&mark.0) {
            Some(count) if count.recorded < count.in_log => {
                count.recorded += 1;
                self.unrecorded -= 1;
                true
            }
            _ => false,
        }
    }

    /// True if the log has a failure that the results lack.
    pub(super) fn has_unrecorded(&self) -> bool {
        self.unrecorded > 0
    }

    /// True if the results have this failure of the log.
    #[cfg(feature = "sqlite")]
    pub(super) fn is_recorded(&self, mark: FailureMark) -> bool {
        let count = self.counts.get(&mark.0);
        count.is_some_and(|count| count.recorded > 0)
    }

    /// Takes this failure of the log from those that the results have. Returns false if they lack it.
    pub(super) fn take_recorded(&mut self, mark: FailureMark) -> bool {
        match self.counts.get_mut(&mark.0) {
            Some(count) if count.recorded > 0 => {
                count.recorded -= 1;
                true
            }
            _ => false,
        }
    }
}

/// Returns the error type of a record that is no success, or [`REJECTED`].
pub(super) fn class_of(record: &Record<'_>) -> &'static str {
    record.error_type.map_or(REJECTED, |class| class.as_str())
}

/// Word in place of an error type for a rejected request.
pub(super) const REJECTED: &str = "rejected";

/// Formats a time by RFC 3339, in UTC with milliseconds.
pub(super) fn stamp(at: SystemTime) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    // A time that the calendar cannot hold is shown as the Unix epoch, as of a clock that was never set.
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    PRINTER.timestamp_to_string(&at)
}
