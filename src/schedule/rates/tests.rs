use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rates(limits: impl IntoIterator<Item = RateLimit>) -> Rates {
    Rates::new(&limits.into_iter().collect()).expect("there are limits")
}

fn next(rates: &Rates, now: Instant) -> Instant {
    rates
        .next(now)
        .expect("the client keeps its rates by itself")
}

/// Starts as often as allowed, as long as `more` returns a pause before the next start.
fn starts(
    rates: &mut Rates,
    begin: Instant,
    mut more: impl FnMut(&[Instant]) -> Option<Duration>,
) -> Vec<Instant> {
    let (mut starts, mut now) = (Vec::new(), begin);
    while let Some(pause) = more(&starts) {
        now = next(rates, now + pause);
        rates.take(now);
        starts.push(now);
    }
    starts
}

/// Returns the largest number of starts in a half-open window of this length, wherever it begins.
fn most_in_any_window(starts: &[Instant], length: Duration) -> usize {
    let mut end = 0;
    (0..starts.len())
        .map(|i| {
            while end < starts.len() && starts[end] - starts[i] < length {
                end += 1;
            }
            end - i
        })
        .max()
        .unwrap_or(0)
}

#[test]
fn ten_a_second_and_three_hundred_a_minute_are_ten_a_second_for_half_a_minute() {
    for burst in [1, 7] {
        let begin = Instant::now();
        let mut rates = rates([
            RateLimit::per_minute(300),
            RateLimit::per_second(10).burst(burst),
        ]);
        let starts = starts(&mut rates, begin, |starts| {
            (starts.len() < 2_000).then_some(Duration::ZERO)
        });
        let paced = SECOND * 299 / 10 - SECOND * (burst - 1) / 10;
        assert_eq!(starts[299] - begin, paced, "burst {burst}");
        assert_eq!(most_in_any_window(&starts, 60 * SECOND), 300);
        // The first of 300 starts leave the window after a minute, with the slice that they are in.
        let wait = starts[300] - begin;
        assert!(wait >= 60 * SECOND && wait < 62 * SECOND, "{wait:?}");
        let minutes = (starts[1_999] - begin).as_secs_f64() / 60.0;
        assert!(minutes < 6.5, "2,000 take {minutes} minutes");
    }
}

/// Exact count of every window: no start of the schedule comes earlier than it allows, and none comes later by more
/// than the slices explain.
struct Exact(Vec<(Duration, usize, Duration)>);

impl Exact {
    fn allows_at(&self, starts: &[Instant], now: Instant) -> Instant {
        let opens = self.0.iter().filter_map(|(length, limit, _)| {
            let before = starts.len().checked_sub(*limit)?;
            Some(starts[before] + *length)
        });
        opens.fold(now, Instant::max)
    }

    fn slack(&self) -> Duration {
        self.0.iter().map(|(_, _, slice)| *slice).sum()
    }
}

#[test]
fn a_start_waits_exactly_until_every_window_allows_it() {
    let base = fastrand::u64(..);
    for seed in (0..300).map(|round| base.wrapping_add(round)) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut per = Duration::from_millis(rng.u64(10..2_000));
        let mut limits = Vec::new();
        for _ in 0..rng.u32(1..5) {
            let count = match rng.u32(..4) {
                0 => rng.f64() * 3.0 + 0.01,
                1 => f64::from(rng.u32(1..300)) + rng.f64(),
                _ => f64::from(rng.u32(1..200)),
            };
            limits.push(RateLimit::new(count, per));
            per = per.mul_f64(1.0 + rng.f64() * 20.0) + Duration::from_nanos(1);
        }
        let burst = rng.u32(1..20);
        limits[0] = limits[0].burst(burst);
        let mut shuffled = limits.clone();
        rng.shuffle(&mut shuffled);
        let mut rates = rates(shuffled);

        let counted = limits[1..].iter().map(|rate| match rate.count {
            1.0.. => (rate.per, rate.count as usize),
            _ => (gap(*rate), 1),
        });
        let exact = counted.map(|(length, limit)| {
            let slice = if limit > 64 {
                length / 63
            } else {
                Duration::ZERO
            };
            (length, limit, slice + Duration::from_nanos(1))
        });
        let exact = Exact(exact.collect());
        let mut pace = Gcra::new(limits[0]);

        let (mut starts, mut now) = (Vec::new(), Instant::now());
        let longest = limits.last().expect("there is one").per;
        for _ in 0..600 {
            now += match rng.u32(..20) {
                0 => longest.mul_f64(rng.f64() * 1.5),
                1..5 => limits[0].per.mul_f64(rng.f64() * 2.0),
                _ => Duration::ZERO,
            };
            let earliest = pace.next(exact.allows_at(&starts, now));
            let at = next(&rates, now);
            assert!(
                at >= earliest && at <= earliest + exact.slack(),
                "seed {seed}: {at:?} is not within the slices after {earliest:?}"
            );
            now = at;
            assert_eq!(next(&rates, now), now, "seed {seed}: it opens when it says");
            rates.take(now);
            pace.take(now);
            starts.push(now);
            for window in &rates.counted {
                assert!(window.slices.len() <= SLICES, "seed {seed}");
            }
        }
        for (length, limit, _) in &exact.0 {
            let most = most_in_any_window(&starts, *length);
            assert!(
                most <= *limit,
                "seed {seed}: {most} > {limit} in {length:?}"
            );
        }
        let most = most_in_any_window(&starts, limits[0].per);
        let allowed = limits[0].count.ceil() as usize + burst as usize - 1;
        assert!(most <= allowed, "seed {seed}: {most} > {allowed}");
    }
}

#[test]
fn rates_are_idle_only_once_the_longest_window_is_empty_again() {
    let begin = Instant::now();
    let mut rates = rates([RateLimit::per_second(10), RateLimit::per_hour(1_000)]);
    assert!(rates.is_idle(begin));
    rates.take(begin);
    let hour = 3600 * SECOND;
    assert!(!rates.is_idle(begin + SECOND));
    assert!(!rates.is_idle(begin + hour - Duration::from_nanos(1)));
    assert!(rates.is_idle(begin + hour));
    assert_eq!(rates.opens_at(begin), Some(begin + SECOND / 10));
}

#[test]
fn less_than_one_start_in_a_longer_window_is_one_in_a_window_longer_still() {
    let begin = Instant::now();
    let mut rates = rates([RateLimit::per_second(5), RateLimit::per_minute(0.5)]);
    rates.take(begin);
    assert_eq!(next(&rates, begin) - begin, 120 * SECOND);
}

#[test]
fn starts_beyond_a_rate_are_borrowed_from_later_ones() {
    let begin = Instant::now();
    let mut rates = rates([RateLimit::new(1_000, SECOND), RateLimit::per_minute(10)]);
    for i in 0..1_000 {
        rates.take(begin + Duration::from_millis(i));
    }
    assert_eq!(rates.counted[0].slices.len(), SLICES);
    let opens = next(&rates, begin) - begin;
    assert!(opens >= 60 * SECOND && opens < 62 * SECOND, "{opens:?}");
}

#[test]
fn absurd_windows_do_not_overflow() {
    let now = Instant::now();
    let limits = [
        RateLimit::per_second(1),
        RateLimit::new(1e-300, Duration::MAX),
    ];
    let mut rates = rates(limits);
    rates.take(now);
    assert!(next(&rates, now) > now + 3600 * SECOND);
    let mut rates = Rates::new(&RateLimits::from_iter([
        RateLimit::per_second(1),
        RateLimit::new(1, Duration::MAX),
    ]));
    let rates = rates.as_mut().expect("there are limits");
    rates.take(now);
    assert!(next(rates, now) > now + 3600 * SECOND);
}
