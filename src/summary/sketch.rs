//! Distribution of a time in little memory.

use std::ops::AddAssign;
use std::time::Duration;

use super::distribution::LONGEST;
use crate::timing::millis;

/// Number of further buckets with which the row is lengthened.
const FEW: usize = 16;

/// Length of a row that is allowed however many of its places are empty: eight octaves, in 4 KiB.
const SHORT: usize = 512;

/// Distribution to one per cent, small while it holds few times, for the many hosts of one batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    /// Counts of the buckets that are not in the row, lowest first.
    few: Vec<(u16, u64)>,
    /// Bucket of the first count of the row.
    first: u16,
    /// Counts of neighbouring buckets, which are found without a search.
    row: Vec<u64>,
}

impl Sketch {
    pub(crate) fn record(&mut self, time: Duration) {
        self.record_us(millis::micros(time));
    }

    /// Counts a time in microseconds.
    #[inline]
    pub(crate) fn record_us(&mut self, us: u64) {
        let bucket = bucket(us.min(LONGEST));
        match self.place(bucket) {
            Some(count) => *count += 1,
            None => self.record_beside(bucket),
        }
    }

    /// Counts a time to six per cent, so that few different times are kept.
    pub(crate) fn record_coarsely(&mut self, time: Duration) {
        // Buckets below 64 us are exact, and a quarter of the others is left: 16 to the octave.
        let fine = bucket(millis::micros(time).min(LONGEST));
        self.add(if fine < 64 { fine } else { fine & !3 | 2 }, 1);
    }

    /// Returns the count of a bucket in the row. `None`: the bucket has no place there.
    fn place(&mut self, bucket: u16) -> Option<&mut u64> {
        let at = usize::from(bucket.wrapping_sub(self.first));
        self.row.get_mut(at)
    }

    /// Counts a time in a bucket that has no place in the row.
    #[cold]
    fn record_beside(&mut self, bucket: u16) {
        let before = self.few.len();
        self.add(bucket, 1);
        if self.few.len() > before && self.few.len().is_multiple_of(FEW) {
            self.lengthen();
        }
    }

    fn add(&mut self, bucket: u16, times: u64) {
        if let Some(count) = self.place(bucket) {
            *count += times;
            return;
        }
        match self.few.binary_search_by_key(&bucket, |(other, _)| *other) {
            Ok(at) => self.few[at].1 += times,
            Err(at) => self.few.insert(at, (bucket, times)),
        }
    }

    /// Lengthens the row so that it holds all counts, unless it would be long and most of its places empty.
    fn lengthen(&mut self) {
        let pairs: Vec<_> = self.counted().collect();
        let (Some((first, _)), Some((last, _))) = (pairs.first(), pairs.last()) else {
            return;
        };
        let length = usize::from(last - first) + 1;
        if length > SHORT.max(8 * pairs.len()) {
            return;
        }
        self.first = *first;
        self.row.clear();
        self.row.resize(length, 0);
        for (bucket, times) in pairs {
            self.row[usize::from(bucket - self.first)] = times;
        }
        self.few = Vec::new();
    }

    /// Buckets that have counts, lowest first.
    fn counted(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        let before = self.few.partition_point(|(bucket, _)| *bucket < self.first);
        let (before, behind) = self.few.split_at(before);
        let row = (self.first..).zip(self.row.iter().copied());
        let row = row.filter(|(_, times)| *times > 0);
        before
            .iter()
            .copied()
            .chain(row)
            .chain(behind.iter().copied())
    }

    /// Pairs of a time in microseconds and its count.
    pub(crate) fn pairs(&self) -> Vec<(u64, u64)> {
        let pairs = self.counted();
        pairs.map(|(at, times)| (middle(at), times)).collect()
    }

    pub(crate) fn of_pairs(pairs: &[(u64, u64)]) -> Sketch {
        let mut sketch = Sketch::default();
        for (us, times) in pairs {
            sketch.add(bucket((*us).min(LONGEST)), *times);
        }
        sketch
    }

    /// True if no time was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.few.is_empty() && self.row.is_empty()
    }

    /// Number of times.
    pub(crate) fn count(&self) -> u64 {
        self.counted().map(|(_, times)| times).sum()
    }

    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let all = self.count();
        let within = ((all as f64 * share).ceil() as u64).max(1);
        let mut so_far = 0;
        let at = self.counted().find(|(_, times)| {
            so_far += times;
            so_far >= within
        })?;
        Some(Duration::from_micros(middle(at.0)))
    }
}

impl PartialEq for Sketch {
    fn eq(&self, other: &Sketch) -> bool {
        self.counted().eq(other.counted())
    }
}

impl AddAssign<&Sketch> for Sketch {
    fn add_assign(&mut self, other: &Sketch) {
        for (bucket, times) in other.counted() {
            self.add(bucket, times);
        }
    }
}

/// Returns the bucket of a time. Buckets are exact below 128 us, and 64 to the octave from there.
fn bucket(us: u64) -> u16 {
    let octave = us.max(64).ilog2() - 6;
    // The longest time is in the 45th octave.
    (u64::from(octave) * 64 + (us >> octave)) as u16
}

fn middle(bucket: u16) -> u64 {
    let octave = (u32::from(bucket) / 64).saturating_sub(1).min(57);
    let low = u64::from(bucket) - u64::from(octave) * 64;
    (low << octave) + (1 << octave >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sketch_is_right_to_one_per_cent() {
        for us in [
            0, 1, 63, 64, 127, 128, 129, 1000, 65_535, 1_234_567, LONGEST,
        ] {
            let shown = middle(bucket(us));
            assert!(shown.abs_diff(us) * 100 <= us, "{us} shown as {shown}");
        }
        let mut sketch = Sketch::default();
        for ms in 1..=1000 {
            sketch.record(Duration::from_millis(ms));
        }
        let p95 = sketch.quantile(0.95).unwrap().as_secs_f64();
        assert!((p95 / 0.95 - 1.0).abs() < 0.01, "{p95}");
        assert_eq!(Sketch::default().quantile(0.95), None);
        assert_eq!(Sketch::of_pairs(&sketch.pairs()), sketch);
    }

    #[test]
    fn the_counts_do_not_depend_on_the_order_of_the_times() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut times: Vec<u64> = (0..3_000).map(|n| n * n * n % 900_000 + n).collect();
        times.extend([0, LONGEST, 1 << 40, 1 << 30]);
        let of = |times: &[u64]| {
            let mut sketch = Sketch::default();
            times.iter().for_each(|us| sketch.record_us(*us));
            sketch
        };
        times.sort_unstable();
        let sorted = of(&times);
        let mut expected = std::collections::BTreeMap::new();
        times
            .iter()
            .for_each(|us| *expected.entry(middle(bucket(*us))).or_default() += 1);
        assert_eq!(sorted.pairs(), expected.into_iter().collect::<Vec<_>>());
        for _ in 0..20 {
            random.shuffle(&mut times);
            let mixed = of(&times);
            assert_eq!(mixed, sorted);
            assert_eq!(mixed.count(), 3_004);
            let mut sum = of(&times[..1_000]);
            sum += &of(&times[1_000..]);
            assert_eq!(sum, sorted);
        }
    }

    #[test]
    fn few_scattered_times_take_little_memory() {
        let mut sketch = Sketch::default();
        for octave in 0..40 {
            sketch.record_us(1 << octave);
        }
        assert!(sketch.row.capacity() < 400, "{}", sketch.row.capacity());
    }
}
