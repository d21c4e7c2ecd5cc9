//! Limits on the cost of what starts in a time.

use crate::settings::{RateLimit, RateLimits};

use super::*;

const NOTHING: HostObservation = HostObservation::Nothing;

/// Schedule of jobs that are the cost of their next start, with one batch.
struct Priced {
    schedule: Schedule<u32>,
    batch: Id,
    begin: Instant,
    now: Instant,
}

impl Priced {
    fn new(costs: impl Into<RateLimits>, rate: RateLimits) -> Priced {
        let mut schedule = Schedule::new(ScheduleSettings {
            rate,
            rate_cost: costs.into(),
            ..wide()
        })
        .with_costs(|cost| *cost);
        let begin = Instant::now();
        Priced {
            batch: schedule.open(bounds(), None),
            schedule,
            begin,
            now: begin,
        }
    }

    fn push(&mut self, name: &str, cost: u32) {
        self.schedule.push(self.batch, &host(name), cost, self.now);
    }

    fn start(&mut self) -> Option<Start<u32>> {
        self.schedule.poll(self.now)
    }

    /// Starts all jobs that may start, and returns their costs.
    fn start_all(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.start())
            .map(|start| start.job)
            .collect()
    }

    fn complete(&mut self, id: Id, verdict: Verdict<u32>) {
        assert_eq!(self.schedule.complete(id, NOTHING, verdict, self.now), None);
    }

    fn retry(&mut self, start: Start<u32>) {
        let verdict = Verdict::Retry {
            job: start.job,
            at: self.now,
            deadline: None,
            cool: None,
            call: CallEnd::Ignored,
        };
        self.complete(start.id, verdict);
    }

    fn redirect(&mut self, start: Start<u32>, name: &str) {
        let verdict = Verdict::Redirect {
            job: 0,
            host: host(name),
            at: self.now,
            deadline: None,
        };
        self.complete(start.id, verdict);
    }

    fn done(&mut self, start: Start<u32>) {
        let verdict = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Ignored,
        };
        self.complete(start.id, verdict);
        self.schedule.taken(self.batch, 1, 0);
    }

    fn wakes_after(&self) -> Option<Duration> {
        Some(self.schedule.next_wakeup()? - self.begin)
    }
}

#[test]
fn vector_157_all_of_a_cost_limit_may_be_spent_at_once_and_no_more() {
    let mut priced = Priced::new(RateLimit::per_minute(100), RateLimits::default());
    [60, 40, 1]
        .into_iter()
        .for_each(|cost| priced.push("a", cost));
    assert_eq!(priced.start_all(), [60, 40]);
    assert_eq!(priced.wakes_after(), Some(ms(60_000)));
    priced.now += ms(60_000);
    assert_eq!(priced.start_all(), [1]);
}

#[test]
fn vector_158_a_request_that_does_not_fit_in_yet_waits_for_enough_to_leave_the_window() {
    let mut priced = Priced::new(RateLimit::per_minute(10), RateLimits::default());
    priced.push("a", 4);
    assert_eq!(priced.start_all(), [4]);
    priced.now += ms(10_000);
    priced.push("a", 4);
    priced.push("a", 7);
    assert_eq!(priced.start_all(), [4]);
    assert_eq!(priced.wakes_after(), Some(ms(70_000)));
}

#[test]
fn vector_159_a_cost_limit_holds_beside_a_rate_of_the_same_window() {
    let rate = RateLimits::from(RateLimit::per_second(1));
    let mut priced = Priced::new(RateLimit::per_second(10), rate);
    (0..3).for_each(|_| priced.push("a", 10));
    assert_eq!(priced.start_all(), [10]);
    priced.now += ms(999);
    assert_eq!(priced.start_all(), [0; 0]);
    priced.now += ms(1);
    assert_eq!(priced.start_all(), [10]);
}

#[test]
fn vector_160_each_attempt_pays_and_a_start_that_owes_nothing_does_not() {
    let mut priced = Priced::new(RateLimit::per_minute(10), RateLimits::default());
    priced.push("a", 5);
    let first = priced.start().unwrap();
    priced.redirect(first, "b");
    let hop = priced.start().unwrap();
    let again = Start { job: 5, ..hop };
    priced.retry(again);
    let second = priced.start().unwrap();
    priced.retry(second);
    assert!(priced.start().is_none(), "the third attempt is too much");
    assert_eq!(priced.wakes_after(), Some(ms(60_000)));
}

#[test]
fn random_histories_never_exceed_a_window_and_never_stand_still() {
    let base = fastrand::u64(..);
    for seed in (0..200).map(|round| base.wrapping_add(round)) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut per = 0;
        let limits: Vec<_> = (0..rng.u32(1..4))
            .map(|_| {
                per += rng.u64(1..2_000);
                RateLimit::new(rng.u32(20..2_000), ms(per))
            })
            .collect();
        let most = limits.iter().map(|rate| rate.count as u32).min().unwrap();
        let paced = RateLimits::from_iter(rng.bool().then(|| RateLimit::new(30, ms(100))));
        let mut priced = Priced::new(RateLimits::from_iter(limits.clone()), paced);
        let mut left = 150;
        let (mut running, mut paid) = (Vec::new(), Vec::new());
        for _ in 0..left {
            let cost = match rng.u8(..4) {
                0 => most,
                _ => rng.u32(..=most / 4),
            };
            priced.push(["a", "b", "c"][rng.usize(..3)], cost);
        }
        while left > 0 {
            if let Some(start) = priced.start() {
                paid.push((priced.now, u64::from(start.job)));
                running.push(start);
                continue;
            }
            if running.is_empty() {
                let woken = priced.schedule.next_wakeup();
                let woken = woken.unwrap_or_else(|| panic!("seed {seed}: it stands still"));
                assert!(woken > priced.now, "seed {seed}: it may start and does not");
                priced.now = woken;
                continue;
            }
            priced.now += ms(rng.u64(..50));
            let start = running.swap_remove(rng.usize(..running.len()));
            match rng.u8(..10) {
                0 => priced.retry(start),
                1 => priced.redirect(start, "d"),
                _ => {
                    left -= 1;
                    priced.done(start);
                }
            }
        }
        for rate in &limits {
            for (at, (from, _)) in paid.iter().enumerate() {
                let inside = paid[at..].iter().take_while(|(t, _)| *t - *from < rate.per);
                let sum: u64 = inside.map(|(_, cost)| cost).sum();
                assert!(sum <= rate.count as u64, "seed {seed}: {sum} in {rate:?}");
            }
        }
    }
}
