//! Latencies of hosts in two runs, and a test whether they differ.

use std::time::Duration;

use serde::Serialize;

use crate::host::Host;
use crate::summary::numbers::{LARGE, number};
use crate::summary::{Sketch, Summary};
use crate::timing::millis;

/// Number of standard deviations on either side of a quantile: 99 % of samples lie within.
const DEVIATIONS: f64 = 2.58;

/// Smallest change that is told, as a share of the old latency: sketches are exact to one per cent.
const SMALLEST: f64 = 0.05;

/// Quantiles that are compared, by their names.
const QUANTILES: [(&str, f64); 2] = [("p50", 0.5), ("p95", 0.95)];

/// Quantile of a host's latency that differs between two runs.
///
/// A difference is told only if the numbers suffice: around the quantile of each run stands the range within which the
/// quantile of all requests lies with a probability of 99 % (of ranks, by the normal approximation of the binomial
/// distribution, which holds for any distribution of latencies), and the two ranges do not meet. So a p95 needs about
/// 130 responses, and a p50 about 10. Changes below 5 % are not told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LatencyChange {
    /// Scheme, name and port.
    #[serde(serialize_with = "shown")]
    pub host: Host,
    /// Name of the quantile: `p50` or `p95`.
    pub quantile: &'static str,
    /// Latency in the old run.
    #[serde(rename = "old_ms", with = "millis")]
    pub old: Duration,
    /// Number of responses in the old run.
    pub old_responses: u64,
    /// Latency in the new run.
    #[serde(rename = "new_ms", with = "millis")]
    pub new: Duration,
    /// Number of responses in the new run.
    pub new_responses: u64,
    /// Size of the change: 0.25 for 25 % slower, -0.5 for half the time.
    pub change: f64,
}

impl LatencyChange {
    /// Returns the size of the change in per cent: `+25 %`, `-50 %`.
    pub(in super::super) fn percent(&self) -> String {
        let percent = self.change * 100.0;
        match percent < LARGE {
            true => format!("{percent:+.0} %"),
            false => format!("+{} %", number(percent)),
        }
    }
}

fn shown<S: serde::Serializer>(host: &Host, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(host)
}

/// Returns the changes, greatest first, and the number of hosts of both runs that have too few responses for any
/// claim.
pub(super) fn changes(old: &Summary, new: &Summary) -> (Vec<LatencyChange>, u64) {
    let mut changes = Vec::new();
    let mut unclear = 0;
    for (host, before) in old.host_latencies() {
        let Some(after) = new.latency_of(host) else {
            continue;
        };
        let mut is_clear = false;
        for (name, share) in QUANTILES {
            let ranges = range(before, share).zip(range(after, share));
            let Some((of_old, of_new)) = ranges else {
                continue;
            };
            is_clear = true;
            changes.extend(change(host, name, share, (before, of_old), (after, of_new)));
        }
        unclear += u64::from(!is_clear);
    }
    let size = |change: &LatencyChange| change.change.abs();
    changes.sort_by(|a, b| {
        size(b)
            .total_cmp(&size(a))
            .then_with(|| a.host.cmp(&b.host))
    });
    (changes, unclear)
}

type Range = (Duration, Duration);

fn change(
    host: &Host,
    quantile: &'static str,
    share: f64,
    (old, of_old): (&Sketch, Range),
    (new, of_new): (&Sketch, Range),
) -> Option<LatencyChange> {
    let differ = of_old.1 < of_new.0 || of_new.1 < of_old.0;
    let (before, after) = (old.quantile(share)?, new.quantile(share)?);
    let change = after.as_secs_f64() / before.as_secs_f64() - 1.0;
    (differ && change.is_finite() && change.abs() >= SMALLEST).then(|| LatencyChange {
        host: host.clone(),
        quantile,
        old: before,
        old_responses: old.count(),
        new: after,
        new_responses: new.count(),
        change,
    })
}

/// Returns the range within which the quantile of all requests lies. `None`: the numbers do not suffice.
fn range(latencies: &Sketch, share: f64) -> Option<Range> {
    let count = latencies.count() as f64;
    let around = DEVIATIONS * (count * share * (1.0 - share)).sqrt();
    let (low, high) = (count * share - around, count * share + around);
    let is_within = low >= 1.0 && high <= count;
    if !is_within {
        return None;
    }
    Some((
        latencies.quantile(low.floor() / count)?,
        latencies.quantile(high.ceil().min(count) / count)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl Iterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::default();
        times.for_each(|us| sketch.record(Duration::from_micros(us)));
        sketch
    }

    /// Latencies that look random, from 50 to 150 ms, times a factor in per cent.
    fn around(seed: u64, count: u64, per_cent: u64) -> Sketch {
        let mut random = fastrand::Rng::with_seed(seed);
        of((0..count).map(|_| random.u64(50_000..150_000) * per_cent / 100))
    }

    fn found(old: &Sketch, new: &Sketch, share: f64) -> Option<f64> {
        let host = Host::of(&"http://h/".parse().unwrap()).unwrap();
        let ranges = (range(old, share)?, range(new, share)?);
        let change = change(&host, "p", share, (old, ranges.0), (new, ranges.1))?;
        Some((change.change * 100.0).round())
    }

    #[test]
    fn few_responses_allow_no_claim() {
        assert_eq!(range(&around(1, 9, 100), 0.5), None);
        assert!(range(&around(1, 12, 100), 0.5).is_some());
        assert_eq!(range(&around(1, 100, 100), 0.95), None);
        assert!(range(&around(1, 140, 100), 0.95).is_some());
        let (one, ten_times) = (of([1].into_iter()), of([10].into_iter()));
        assert_eq!(found(&one, &ten_times, 0.5), None);
    }

    #[test]
    fn runs_of_one_distribution_do_not_differ() {
        for seed in 0..300 {
            let (old, new) = (around(seed, 500, 100), around(seed + 1_000, 400, 100));
            for share in [0.5, 0.95] {
                assert_eq!(found(&old, &new, share), None, "seed {seed}");
            }
        }
    }

    #[test]
    fn a_clear_difference_is_told_with_its_size() {
        let (old, new) = (around(1, 2_000, 100), around(2, 2_000, 150));
        let slower = found(&old, &new, 0.95).unwrap();
        assert!((45.0..55.0).contains(&slower), "{slower}");
        let faster = found(&new, &old, 0.5).unwrap();
        assert!((-37.0..-30.0).contains(&faster), "{faster}");
    }

    #[test]
    fn a_difference_below_five_per_cent_is_not_told() {
        let (old, new) = (around(1, 1_000_000, 100), around(2, 1_000_000, 103));
        assert_eq!(found(&old, &new, 0.5), None);
    }
}
