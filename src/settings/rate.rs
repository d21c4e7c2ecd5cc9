//! Rate limits as values: how many requests may start in a window of time.

use std::time::Duration;

/// Upper bound for the count of a rate limit. A start each nanosecond would need a smaller one.
const MOST: f64 = u32::MAX as f64;

/// Number of requests that may start in a time.
///
/// The number may be a fraction: 0.5 a second is a start every two seconds.
///
/// Requests are spread evenly: with the default burst of 1, no stretch of time of length `per`, wherever it begins,
/// holds more than `count` (rounded up); retries and redirects count like first attempts. Time in which no request was
/// sent is not made up for.
///
/// Limits for several windows hold together, as servers state them: see
/// [`ClientBuilder::rate`](crate::ClientBuilder::rate).
///
/// ```
/// use std::time::Duration;
/// use haul::RateLimit;
///
/// let steady = RateLimit::per_second(10);
/// let slow = RateLimit::per_second(0.5);
/// let bursty = RateLimit::new(600, Duration::from_secs(60)).burst(20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a limit does nothing by itself: give it to `ClientBuilder::rate`, `rate_per_host` or `HostRule::rate`"]
pub struct RateLimit {
    pub(crate) count: f64,
    pub(crate) per: Duration,
    pub(crate) burst: u32,
}

impl RateLimit {
    /// Allows `count` requests in each `per`.
    ///
    /// The count is above 0 and at most 4,294,967,295; any other is refused when the client is built.
    pub fn new(count: impl Into<f64>, per: Duration) -> RateLimit {
        RateLimit {
            count: count.into(),
            per,
            burst: 1,
        }
    }

    /// Allows `count` requests each second.
    pub fn per_second(count: impl Into<f64>) -> RateLimit {
        RateLimit::new(count, Duration::from_secs(1))
    }

    /// Allows `count` requests each minute.
    pub fn per_minute(count: impl Into<f64>) -> RateLimit {
        RateLimit::new(count, Duration::from_secs(60))
    }

    /// Allows `count` requests each hour.
    pub fn per_hour(count: impl Into<f64>) -> RateLimit {
        RateLimit::new(count, Duration::from_secs(3600))
    }

    /// Number of requests that may be sent at once after a pause.
    ///
    /// Default 1. A stretch of time of length `per` then holds up to `count + burst - 1`.
    ///
    /// Beside limits for other windows, only the one for the shortest window may have a burst: the others are never
    /// exceeded.
    pub fn burst(mut self, burst: u32) -> RateLimit {
        self.burst = burst;
        self
    }

    /// Time after a granted start within which it is used at the latest, if these rates for longer windows hold too.
    ///
    /// A start that comes late counts for windows of later times. So the windows are granted from longer by this time,
    /// and it is a small part of the shortest. Two fifths of it are for the way of the grant, two fifths for a start that
    /// waits for a place, and the rest for what is done before the first byte.
    pub(crate) fn longest_late(longer: &[RateLimit]) -> Duration {
        let most = Duration::from_millis(1_250);
        let shortest = longer.iter().map(|rate| rate.per / 25).min();
        shortest.map_or(most, |late| late.min(most))
    }

    /// Checks the limit. The error says what makes it unusable and names the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        let count = self.count;
        if count == 0.0 {
            return Err("count is 0: nothing could be sent".into());
        }
        if !(count > 0.0 && count <= MOST) {
            return Err(format!(
                "count is {count}: it must be above 0 and at most {MOST}"
            ));
        }
        if self.per.is_zero() {
            return Err("per is zero: that is no limit".into());
        }
        if self.burst == 0 {
            return Err("burst is 0: nothing could be sent".into());
        }
        Ok(())
    }
}

/// Rate limits that hold together, the one for the shortest window first. Empty: no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RateLimits(Vec<RateLimit>);

impl RateLimits {
    /// Adds a limit to the others.
    pub(crate) fn add(&mut self, rate: RateLimit) {
        let at = self.0.partition_point(|known| known.per <= rate.per);
        self.0.insert(at, rate);
    }

    pub(crate) fn as_slice(&self) -> &[RateLimit] {
        &self.0
    }

    /// Returns the highest weight that every limit lets start at once. `None`: there is no limit.
    pub(crate) fn least_count(&self) -> Option<u64> {
        let counts = self.0.iter().map(|rate| rate.count.max(1.0) as u64);
        counts.min()
    }

    /// Checks limits that are all counted. The error names the setting.
    pub(crate) fn check_counted(&self) -> Result<(), String> {
        self.check()?;
        match self.0.iter().find(|rate| rate.burst > 1) {
            Some(rate) => Err(format!(
                "burst is for paced rates, and is set for {:?}",
                rate.per
            )),
            None => Ok(()),
        }
    }

    /// Checks the limits, alone and together. The error names the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.0.iter().try_for_each(RateLimit::check)?;
        // The limits are sorted: equal windows stand beside each other.
        if let Some([one, other]) = self.0.windows(2).find(|w| w[0].per == w[1].per) {
            return Err(format!(
                "there are two limits for one window of {:?}: {} and {}",
                one.per, one.count, other.count
            ));
        }
        match self.0.iter().skip(1).find(|longer| longer.burst > 1) {
            Some(longer) => Err(format!(
                "burst is for the shortest window alone, and is set for {:?} beside {:?}",
                longer.per, self.0[0].per
            )),
            None => Ok(()),
        }
    }
}

impl From<RateLimit> for RateLimits {
    fn from(rate: RateLimit) -> RateLimits {
        RateLimits(vec![rate])
    }
}

impl FromIterator<RateLimit> for RateLimits {
    fn from_iter<I: IntoIterator<Item = RateLimit>>(rates: I) -> RateLimits {
        let mut limits = RateLimits::default();
        rates.into_iter().for_each(|rate| limits.add(rate));
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_lets_nothing_or_everything_through_is_refused_by_name() {
        for (rate, name) in [
            (RateLimit::per_second(0), "count"),
            (RateLimit::per_second(-0.5), "count"),
            (RateLimit::per_second(f64::NAN), "count"),
            (RateLimit::per_second(f64::INFINITY), "count"),
            (RateLimit::per_second(5e9), "count"),
            (RateLimit::new(1, Duration::ZERO), "per"),
            (RateLimit::per_minute(1).burst(0), "burst"),
        ] {
            assert!(rate.check().unwrap_err().starts_with(name), "{rate:?}");
        }
        assert_eq!(RateLimit::per_second(1).burst(5).check(), Ok(()));
        assert_eq!(RateLimit::per_hour(0.001).check(), Ok(()));
        assert_eq!(RateLimit::per_second(u32::MAX).check(), Ok(()));
    }

    #[test]
    fn two_limits_for_one_window_are_refused_whatever_the_order() {
        let same = RateLimit::new(9, Duration::from_secs(60));
        for rates in [
            [
                RateLimit::per_minute(5),
                RateLimit::per_second(1),
                same.burst(1),
            ],
            [same, RateLimit::per_minute(9), RateLimit::per_second(1)],
        ] {
            let limits = RateLimits::from_iter(rates);
            let reason = limits.check().unwrap_err();
            assert!(
                reason.contains("two limits for one window of 60s"),
                "{reason}"
            );
        }
    }

    #[test]
    fn only_the_shortest_window_may_have_a_burst() {
        let (second, minute) = (RateLimit::per_second(2), RateLimit::per_minute(60));
        let limits = |rates: [RateLimit; 2]| RateLimits::from_iter(rates).check();
        assert_eq!(limits([minute, second.burst(5)]), Ok(()));
        let reason = limits([minute.burst(5), second]).unwrap_err();
        assert!(reason.contains("60s beside 1s"), "{reason}");
        assert_eq!(RateLimits::from(minute.burst(5)).check(), Ok(()));
        assert_eq!(RateLimits::default().check(), Ok(()));
    }
}
