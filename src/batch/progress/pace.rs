//! The rate at which the requests of a batch are done, and the time left at that rate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Span of the past over which the rate is measured.
const RECENT: Duration = Duration::from_secs(10);

/// Shortest time between two samples, which bounds their number.
const APART: Duration = Duration::from_millis(250);

/// Returns the time that `left` requests take at this rate. `None`: at this rate they never end.
pub(super) fn time_left(left: u64, per_second: f64) -> Option<Duration> {
    if left == 0 {
        return Some(Duration::ZERO);
    }
    // A rate of zero gives no finite time, and a very low one may give a time that no `Duration` holds.
    Duration::try_from_secs_f64(left as f64 / per_second).ok()
}

/// Returns the number per second. Zero if no time has passed.
pub(super) fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    count as f64 / time.as_secs_f64()
}

/// Samples of the number of requests done, as far back as the rate is measured, oldest first.
#[derive(Default)]
pub(super) struct RecentPace(VecDeque<(Instant, u64)>);

impl RecentPace {
    /// Returns the requests done per second in the last ten seconds. `done` is their number at `now`.
    pub(super) fn per_second(&mut self, started: Instant, now: Instant, done: u64) -> f64 {
        let samples = &mut self.0;
        if samples.is_empty() {
            samples.push_back((started, 0));
        }
        let age = |at: Instant| now.saturating_duration_since(at);
        // A sample that is too old stays if the next one is too recent.
        while samples.get(1).is_some_and(|(at, _)| age(*at) >= RECENT) {
            samples.pop_front();
        }
        let per_second = samples.front().map_or(0.0, |(at, before)| {
            rate(done.saturating_sub(*before), age(*at))
        });
        if samples.back().is_some_and(|(at, _)| age(*at) >= APART) {
            samples.push_back((now, done));
        }
        per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: f64) -> Duration {
        Duration::from_secs_f64(n)
    }

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let start = Instant::now();
        let mut pace = RecentPace::default();
        let mut at = |time: f64, done| pace.per_second(start, start + seconds(time), done).round();
        assert_eq!(at(0.0, 0), 0.0);
        assert_eq!(at(2.0, 200), 100.0);
        for second in 3..=20_u32 {
            assert_eq!(at(f64::from(second), u64::from(second) * 100), 100.0);
        }
        // Half a minute in which no request is done.
        for second in 21..=50_u32 {
            at(f64::from(second), 2000);
        }
        assert_eq!(at(51.0, 2000), 0.0);
        assert_eq!(at(52.0, 2100), 10.0);
    }

    #[test]
    fn asked_for_seldom_it_is_the_rate_since_it_was_asked_last() {
        let start = Instant::now();
        let mut pace = RecentPace::default();
        assert_eq!(pace.per_second(start, start + seconds(60.0), 600), 10.0);
        assert_eq!(pace.per_second(start, start + seconds(120.0), 1800), 20.0);
    }

    #[test]
    fn however_often_it_is_asked_for_it_keeps_few_samples() {
        let start = Instant::now();
        let mut pace = RecentPace::default();
        for ms in 0..100_000 {
            pace.per_second(start, start + Duration::from_millis(ms), ms);
        }
        assert!(pace.0.len() <= 42);
    }

    #[test]
    fn the_time_left_is_known_once_a_request_is_done() {
        assert_eq!(time_left(100, 50.0), Some(seconds(2.0)));
        assert_eq!(
            (time_left(0, 0.0), time_left(1, 0.0)),
            (Some(Duration::ZERO), None)
        );
        assert_eq!(time_left(u64::MAX, f64::MIN_POSITIVE), None);
    }
}
