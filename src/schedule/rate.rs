//! Evenly paced rate: a number of starts in a length of time.

use std::time::{Duration, Instant};

use crate::settings::RateLimit;

/// Longest gap between starts, 100 years: longer than any batch runs, and `now` plus this time is still an instant.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Generic cell rate algorithm: one instant of state, no ticking bucket.
///
/// Starts are `per / count` apart, so no half-open window of length `per`, wherever it begins, holds more than `count`.
/// After a pause up to `burst` starts may come at once, and such a window then holds at most `count + burst - 1`. With
/// the default burst of 1 the rate is never exceeded, at the price that time in which nothing was started is lost.
#[derive(Clone, Debug)]
pub(crate) struct Gcra {
    gap: Duration,
    /// Time by which a burst may run ahead of the even pace.
    ahead: Duration,
    /// Time at which the next start is due by the even pace. `None`: there was no start.
    due: Option<Instant>,
}

impl Gcra {
    /// Returns a rate without starts. A count that is no number above 0 counts as 1, and so does a burst of 0; a `per`
    /// of zero is no limit.
    pub(crate) fn new(limit: RateLimit) -> Gcra {
        let gap = gap(limit);
        let burst = limit.burst;
        Gcra {
            gap,
            ahead: gap.saturating_mul(burst.saturating_sub(1)),
            due: None,
        }
    }

    /// Time at which a start is allowed: `now` or later.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        self.opens_at().map_or(now, |at| at.max(now))
    }

    /// Time from which on a start is allowed. `None`: from the beginning of time.
    pub(crate) fn opens_at(&self) -> Option<Instant> {
        self.due.and_then(|due| due.checked_sub(self.ahead))
    }

    /// Counts a start; retries and redirect hops count like all others. A start before [`next`](Gcra::next) borrows
    /// from later ones.
    pub(crate) fn take(&mut self, now: Instant) {
        let from = self.due.map_or(now, |due| due.max(now));
        self.due = Some(from.checked_add(self.gap).unwrap_or(from));
    }

    /// True if the rate is as it was when new, so that forgetting it changes nothing.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.due.is_none_or(|due| due <= now)
    }
}

/// Time from one start to the next. Rounded up: a gap a nanosecond short would let one start too many into some window.
pub(super) fn gap(limit: RateLimit) -> Duration {
    let RateLimit { count, per, .. } = limit;
    let count = if count > 0.0 { count } else { 1.0 };
    let nanos = per.as_nanos();
    let whole = count as u64;
    let nanos = if whole as f64 == count {
        nanos.div_ceil(u128::from(whole))
    } else {
        (nanos as f64 / count).ceil() as u128
    };
    u64::try_from(nanos)
        .map_or(FAR, Duration::from_nanos)
        .min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn gcra(per: Duration, count: impl Into<f64>, burst: u32) -> Gcra {
        Gcra::new(RateLimit::new(count, per).burst(burst))
    }

    /// Returns 500 starts, each as early as allowed after a pause of the length that `pauses` returns.
    fn starts(
        gcra: &mut Gcra,
        begin: Instant,
        mut pauses: impl FnMut() -> Duration,
    ) -> Vec<Instant> {
        let mut now = begin;
        (0..500)
            .map(|_| {
                now = gcra.next(now + pauses());
                gcra.take(now);
                now
            })
            .collect()
    }

    fn most_in_any_window(starts: &[Instant], window: Duration) -> usize {
        (0..starts.len())
            .map(|i| {
                starts[i..]
                    .iter()
                    .take_while(|at| **at - starts[i] < window)
                    .count()
            })
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn starts_are_evenly_spaced() {
        let begin = Instant::now();
        let mut gcra = gcra(SECOND, 4, 1);
        let starts = starts(&mut gcra, begin, || Duration::ZERO);
        for (i, at) in (0..).zip(&starts) {
            assert_eq!(*at - begin, Duration::from_millis(250) * i);
        }
    }

    #[test]
    fn a_fraction_is_a_gap_longer_than_its_window() {
        let begin = Instant::now();
        for (count, gap) in [(0.5, 2_000), (0.1, 10_000), (1.6, 625), (1e-3, 1_000_000)] {
            let mut gcra = gcra(SECOND, count, 1);
            gcra.take(begin);
            let next = gcra.next(begin);
            assert_eq!(next - begin, Duration::from_millis(gap), "{count} a second");
        }
    }

    #[test]
    fn no_window_holds_more_than_the_rate_and_the_burst_allow() {
        let seed = fastrand::u64(..);
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..60 {
            let (count, burst) = (rng.u32(1..50), rng.u32(1..8));
            let per = Duration::from_nanos(rng.u64(1_000..3_000_000_000));
            let mut gcra = gcra(per, count, burst);
            let longest = per.as_nanos() as u64 / u64::from(count) * 3;
            let starts = starts(&mut gcra, Instant::now(), || {
                Duration::from_nanos(if rng.bool() { 0 } else { rng.u64(..=longest) })
            });
            let most = most_in_any_window(&starts, per);
            assert!(
                most <= (count + burst - 1) as usize,
                "seed {seed}: {most} in {per:?} at {count}, burst {burst}"
            );
        }
    }

    #[test]
    fn a_gap_that_does_not_divide_evenly_is_not_too_short() {
        let mut gcra = gcra(SECOND, 3, 1);
        let starts = starts(&mut gcra, Instant::now(), || Duration::ZERO);
        assert_eq!(most_in_any_window(&starts, SECOND), 3);
    }

    #[test]
    fn a_burst_is_saved_up_while_nothing_starts() {
        let begin = Instant::now();
        let mut gcra = gcra(SECOND, 10, 3);
        for _ in 0..3 {
            assert_eq!(gcra.next(begin), begin);
            gcra.take(begin);
        }
        assert_eq!(gcra.next(begin) - begin, Duration::from_millis(100));
        assert!(!gcra.is_idle(begin + Duration::from_millis(299)));
        assert!(gcra.is_idle(begin + Duration::from_millis(300)));
        let later = begin + SECOND;
        for _ in 0..3 {
            assert_eq!(gcra.next(later), later);
            gcra.take(later);
        }
        assert!(gcra.next(later) > later);
    }

    #[test]
    fn time_that_passed_unused_is_not_made_up_for() {
        let begin = Instant::now();
        let mut gcra = gcra(SECOND, 10, 1);
        gcra.take(begin);
        let later = begin + SECOND * 60;
        assert_eq!(gcra.next(later), later);
        gcra.take(later);
        assert_eq!(gcra.next(later) - later, Duration::from_millis(100));
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        for per in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            for (count, burst) in [(0.0, 0), (1.0, 1), (1e-300, 3), (1e300, u32::MAX)] {
                let now = Instant::now();
                let mut gcra = gcra(per, count, burst);
                for _ in 0..1_000 {
                    let next = gcra.next(now);
                    assert!(next >= now);
                    gcra.take(next);
                }
            }
        }
    }
}
