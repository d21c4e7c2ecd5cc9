//! Distribution of a time over many requests.

use std::ops::AddAssign;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::timing::millis;

/// Distribution of a time over many requests: count, mean, extremes and quantiles.
///
/// Mean, least and greatest are exact to the microsecond, quantiles to three significant digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "DistributionWire", into = "DistributionWire")]
pub struct Distribution {
    counts: Histogram<u64>,
    /// Sum in microseconds.
    sum: u64,
    min: u64,
    max: u64,
}

/// Upper bound for a time, in microseconds (35 years): a longer time is a mistake, and must not cost memory.
pub(super) const LONGEST: u64 = 1 << 50;

impl Default for Distribution {
    fn default() -> Self {
        Distribution {
            counts: Histogram::new(3).expect("three significant digits are between 0 and 5"),
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }
}

impl Distribution {
    pub(crate) fn record(&mut self, time: Duration) {
        self.record_us(millis::micros(time));
    }

    /// Counts a time in microseconds.
    pub(crate) fn record_us(&mut self, us: u64) {
        let us = us.min(LONGEST);
        self.count(us, 1);
        self.sum = self.sum.saturating_add(us);
        self.min = self.min.min(us);
        self.max = self.max.max(us);
    }

    fn count(&mut self, us: u64, times: u64) {
        // The histogram grows as needed, so only a failing allocation of its index type could refuse.
        let _ = self.counts.record_n(us.min(LONGEST), times);
    }

    /// Number of times counted.
    pub fn count_of(&self) -> u64 {
        self.counts.len()
    }

    /// True if no time was counted. All other figures are zero then.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Mean of the times, exact to the microsecond.
    pub fn mean(&self) -> Duration {
        Duration::from_micros(self.sum.checked_div(self.counts.len()).unwrap_or(0))
    }

    /// Shortest time, exact to the microsecond.
    pub fn min(&self) -> Duration {
        Duration::from_micros(if self.is_empty() { 0 } else { self.min })
    }

    /// Longest time, exact to the microsecond.
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.max)
    }

    /// Returns times with the number counted at each, shortest first: the bars of a histogram.
    ///
    /// Each time has three significant digits.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.counts.iter_recorded().map(|at| {
            let us = self.counts.lowest_equivalent(at.value_iterated_to());
            (Duration::from_micros(us), at.count_at_value())
        })
    }

    /// Time that the given share of all times does not exceed: 0.95 for p95.
    pub fn quantile(&self, share: f64) -> Duration {
        if self.is_empty() {
            return Duration::ZERO;
        }
        let within = self.counts.value_at_quantile(share.clamp(0.0, 1.0));
        Duration::from_micros(within.clamp(self.min, self.max))
    }
}

impl AddAssign<&Distribution> for Distribution {
    fn add_assign(&mut self, other: &Distribution) {
        // Both histograms grow as needed and have the same precision.
        let _ = self.counts.add(&other.counts);
        self.sum = self.sum.saturating_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// JSON form: the figures that people ask for, and the counts that addition needs.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct DistributionWire {
    n: u64,
    #[serde(with = "millis")]
    mean_ms: Duration,
    #[serde(with = "millis")]
    min_ms: Duration,
    #[serde(with = "millis")]
    p50_ms: Duration,
    #[serde(with = "millis")]
    p90_ms: Duration,
    #[serde(with = "millis")]
    p95_ms: Duration,
    #[serde(with = "millis")]
    p99_ms: Duration,
    #[serde(with = "millis")]
    max_ms: Duration,
    sum_us: u64,
    /// Pairs of a time in microseconds and its count, for each time that was counted.
    counts_us: Vec<(u64, u64)>,
}

impl From<Distribution> for DistributionWire {
    fn from(d: Distribution) -> DistributionWire {
        DistributionWire {
            n: d.count_of(),
            mean_ms: d.mean(),
            min_ms: d.min(),
            p50_ms: d.quantile(0.5),
            p90_ms: d.quantile(0.9),
            p95_ms: d.quantile(0.95),
            p99_ms: d.quantile(0.99),
            max_ms: d.max(),
            sum_us: d.sum,
            counts_us: d
                .counts()
                .map(|(time, times)| (millis::micros(time), times))
                .collect(),
        }
    }
}

impl From<DistributionWire> for Distribution {
    fn from(wire: DistributionWire) -> Distribution {
        let mut d = Distribution::default();
        for (us, times) in wire.counts_us {
            d.count(us, times);
        }
        if !d.is_empty() {
            d.sum = wire.sum_us;
            d.min = millis::micros(wire.min_ms);
            d.max = millis::micros(wire.max_ms).max(d.min);
        }
        d
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sketch;
    use super::*;

    #[test]
    fn figures_of_a_thousand_even_steps() {
        let mut d = Distribution::default();
        for ms in 1..=1000 {
            d.record(Duration::from_millis(ms));
        }
        assert_eq!(d.count_of(), 1000);
        assert_eq!(d.mean(), Duration::from_micros(500_500));
        assert_eq!(d.min(), Duration::from_millis(1));
        assert_eq!(d.max(), Duration::from_millis(1000));
        for (share, ms) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let found = d.quantile(share).as_secs_f64() * 1e3;
            assert!((found / ms - 1.0).abs() < 0.001, "{share}: {found}");
        }
    }

    #[test]
    fn an_empty_one_is_all_zero() {
        let d = Distribution::default();
        assert_eq!((d.mean(), d.min(), d.max()), Default::default());
        assert_eq!(d.quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn no_time_is_too_long_or_too_short() {
        let mut d = Distribution::default();
        d.record(Duration::ZERO);
        d.record(Duration::MAX);
        assert_eq!(d.count_of(), 2);
        assert_eq!(d.min(), Duration::ZERO);
        let mut sketch = Sketch::default();
        sketch.record(Duration::MAX);
        assert!(sketch.quantile(0.95).is_some());
    }
}
