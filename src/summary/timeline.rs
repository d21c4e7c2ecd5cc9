//! Counts of outcomes over time, in a bounded number of slices.

use std::ops::AddAssign;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::ResultFacts;

/// Upper bound for the number of slices: a plot of a page has no more columns.
const MOST: usize = 512;

/// Outcomes of one slice of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeSlice {
    /// Start of the slice.
    pub start: SystemTime,
    /// Length of the slice: a power of two in seconds.
    pub width: Duration,
    /// Number of requests that succeeded.
    pub succeeded: u64,
    /// Number of rejected requests.
    pub rejected: u64,
    /// Number of failed requests.
    pub failed: u64,
}

/// Counts of one slice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SliceCounts {
    succeeded: u64,
    rejected: u64,
    failed: u64,
}

impl SliceCounts {
    /// Returns the counts of one result. `None`: the request did not come to its end.
    pub(super) fn of(result: &ResultFacts<'_>) -> Option<SliceCounts> {
        let mut counts = SliceCounts::default();
        match result {
            ResultFacts::Success => counts.succeeded = 1,
            ResultFacts::Rejected(_) => counts.rejected = 1,
            ResultFacts::Failed(_) => counts.failed = 1,
            ResultFacts::NotDone | ResultFacts::Cancelled => return None,
        }
        Some(counts)
    }
}

impl AddAssign for SliceCounts {
    fn add_assign(&mut self, other: SliceCounts) {
        self.succeeded += other.succeeded;
        self.rejected += other.rejected;
        self.failed += other.failed;
    }
}

/// Slices of one width. If there are too many, the width is doubled and neighbours are added up: the final width does
/// not depend on the order in which the outcomes were counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "TimelineWire", into = "TimelineWire")]
pub(super) struct Timeline {
    /// Binary logarithm of the width in seconds.
    doublings: u32,
    /// Number of each slice, counted from 1970 in widths, and its counts, oldest first.
    slices: Vec<(u64, SliceCounts)>,
}

impl Timeline {
    pub(super) fn add(&mut self, at: SystemTime, counts: SliceCounts) {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.add_to(seconds >> self.doublings, counts);
        self.settle();
    }

    fn add_to(&mut self, number: u64, counts: SliceCounts) {
        // Outcomes come nearly in the order of time.
        let later = self
            .slices
            .iter()
            .rev()
            .take_while(|slice| slice.0 > number);
        let at = self.slices.len() - later.count();
        match at.checked_sub(1).and_then(|at| self.slices.get_mut(at)) {
            Some((other, sum)) if *other == number => *sum += counts,
            _ => self.slices.insert(at, (number, counts)),
        }
    }

    fn settle(&mut self) {
        while self.slices.len() > MOST {
            self.double();
        }
    }

    fn double(&mut self) {
        self.doublings += 1;
        for (number, counts) in std::mem::take(&mut self.slices) {
            self.add_to(number >> 1, counts);
        }
    }

    pub(super) fn slices(&self) -> Vec<TimeSlice> {
        let width = 1 << self.doublings;
        let slice = |(number, counts): &(u64, SliceCounts)| TimeSlice {
            start: UNIX_EPOCH + Duration::from_secs(number * width),
            width: Duration::from_secs(width),
            succeeded: counts.succeeded,
            rejected: counts.rejected,
            failed: counts.failed,
        };
        self.slices.iter().map(slice).collect()
    }
}

impl AddAssign<&Timeline> for Timeline {
    fn add_assign(&mut self, other: &Timeline) {
        while self.doublings < other.doublings {
            self.double();
        }
        let finer = self.doublings - other.doublings;
        for (number, counts) in &other.slices {
            self.add_to(number >> finer, *counts);
        }
        self.settle();
    }
}

/// JSON form.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct TimelineWire {
    /// Width of a slice: a power of two.
    slice_s: u64,
    slices: Vec<SliceWire>,
}

#[derive(Serialize, Deserialize)]
struct SliceWire {
    /// RFC 3339, UTC.
    start: String,
    #[serde(default)]
    succeeded: u64,
    #[serde(default)]
    rejected: u64,
    #[serde(default)]
    failed: u64,
}

impl From<Timeline> for TimelineWire {
    fn from(timeline: Timeline) -> TimelineWire {
        let width = 1 << timeline.doublings;
        let slice = |(number, counts): &(u64, SliceCounts)| {
            let seconds = i64::try_from(number * width).unwrap_or(i64::MAX);
            SliceWire {
                // Times of records are within the calendar, and a slice begins no later than they.
                start: Timestamp::from_second(seconds)
                    .unwrap_or(Timestamp::MAX)
                    .to_string(),
                succeeded: counts.succeeded,
                rejected: counts.rejected,
                failed: counts.failed,
            }
        };
        TimelineWire {
            slice_s: width,
            slices: timeline.slices.iter().map(slice).collect(),
        }
    }
}

impl From<TimelineWire> for Timeline {
    fn from(wire: TimelineWire) -> Timeline {
        let mut timeline = Timeline {
            doublings: wire.slice_s.checked_ilog2().unwrap_or(0),
            slices: Vec::new(),
        };
        for slice in wire.slices {
            let start = slice.start.parse().unwrap_or(Timestamp::UNIX_EPOCH);
            let seconds = u64::try_from(start.as_second()).unwrap_or(0);
            let counts = SliceCounts {
                succeeded: slice.succeeded,
                rejected: slice.rejected,
                failed: slice.failed,
            };
            timeline.add_to(seconds >> timeline.doublings, counts);
        }
        timeline.settle();
        timeline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn success() -> SliceCounts {
        SliceCounts::of(&ResultFacts::Success).unwrap()
    }

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    fn of(seconds: impl Iterator<Item = u64>) -> Timeline {
        let mut timeline = Timeline::default();
        for second in seconds {
            timeline.add(at(second), success());
        }
        timeline
    }

    #[test]
    fn a_short_run_has_a_slice_for_each_second() {
        let slices = of([1_000, 1_001, 1_001].into_iter()).slices();
        let found: Vec<_> = slices.iter().map(|s| (s.start, s.succeeded)).collect();
        assert_eq!(found, [(at(1_000), 1), (at(1_001), 2)]);
        assert_eq!(slices[0].width, Duration::from_secs(1));
    }

    #[test]
    fn a_long_run_has_a_bounded_number_of_slices() {
        let slices = of(0..100_000).slices();
        assert!(slices.len() <= MOST);
        let all: u64 = slices.iter().map(|slice| slice.succeeded).sum();
        assert_eq!((all, slices[0].width.as_secs()), (100_000, 256));
    }

    #[test]
    fn the_slices_do_not_depend_on_the_order() {
        let seconds = || (0..3_000_u64).map(|n| n * 7_919 % 5_000);
        let mut sorted: Vec<_> = seconds().collect();
        sorted.sort_unstable();
        let all = of(seconds());
        assert_eq!(of(sorted.iter().copied()), all);
        let (early, late) = sorted.split_at(1_000);
        let mut sum = of(early.iter().copied());
        sum += &of(late.iter().copied());
        assert_eq!(sum, all);
    }

    #[test]
    fn a_timeline_reads_back_from_json() {
        for timeline in [Timeline::default(), of(5..9), of((0..2_000).map(|n| n * 3))] {
            let text = serde_json::to_string(&timeline).unwrap();
            assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), timeline);
        }
    }
}
