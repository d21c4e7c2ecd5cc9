//! Time that a batch takes, against the least possible time. If that time is known, the schedule comes within a
//! twentieth of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::settings::{RateLimit, RateLimits};

use super::super::super::limits::LimitRule;
use super::super::*;

struct Crowd {
    settings: ScheduleSettings,
    bounds: Bounds,
    /// Number of requests of each host, and the time that each request takes.
    hosts: Vec<(usize, Duration)>,
    /// True if the input is sorted by host, false if it is mixed.
    sorted: bool,
}

fn crowd(workers: usize, hosts: Vec<(usize, Duration)>) -> Crowd {
    Crowd {
        settings: ScheduleSettings::new(workers),
        bounds: Bounds {
            max_parked: 1 << 16,
            ..bounds()
        },
        hosts,
        sorted: true,
    }
}

fn name(at: usize) -> String {
    format!("host{at}")
}

impl Crowd {
    fn limits(&self, at: usize) -> HostLimits {
        self.settings.limits(&host(&name(at)))
    }

    fn rule(mut self, at: usize, rule: LimitRule) -> Crowd {
        self.settings.rules.insert(name(at).parse().unwrap(), rule);
        self
    }

    /// Returns a time in which no schedule can be faster: neither with all the work, nor with that of one host, nor
    /// with its rate.
    fn least(&self) -> Duration {
        let work = |(count, time): &(usize, Duration)| *time * *count as u32;
        let total: Duration = self.hosts.iter().map(work).sum();
        let mut least = total / self.settings.in_flight as u32;
        let spread = |rates: &RateLimits, count: usize| {
            let each = rates.as_slice().iter().map(|rate| {
                let spread = (count as u32).saturating_sub(rate.burst);
                rate.per.mul_f64(f64::from(spread) / rate.count)
            });
            each.max().unwrap_or_default()
        };
        for (at, (count, time)) in self.hosts.iter().enumerate() {
            let limits = self.limits(at);
            let lanes = limits.in_flight.most().min(self.settings.in_flight) as u32;
            least = least.max(work(&(*count, *time)) / lanes);
            least = least.max(spread(&limits.rate, *count) + *time);
        }
        let all = self.hosts.iter().map(|(count, _)| count).sum();
        least.max(spread(&self.settings.rate, all))
    }

    fn run(&self) -> Duration {
        let begin = Instant::now();
        let mut now = begin;
        let mut schedule = Schedule::new(self.settings.clone());
        let batch = schedule.open(self.bounds, None);
        let hosts: Vec<Host> = (0..self.hosts.len()).map(|at| host(&name(at))).collect();
        let mut input: Vec<usize> = Vec::new();
        for (at, (count, _)) in self.hosts.iter().enumerate() {
            input.extend(std::iter::repeat_n(at, *count));
        }
        if !self.sorted {
            fastrand::Rng::with_seed(3).shuffle(&mut input);
        }
        let mut input = input.into_iter();
        let mut runs = BinaryHeap::new();
        loop {
            for at in input.by_ref().take(schedule.room(batch)) {
                schedule.push(batch, &hosts[at], at, now);
            }
            while let Some(start) = schedule.poll(now) {
                if start.unproven {
                    schedule.connected(start.id);
                }
                runs.push(Reverse((now + self.hosts[start.job].1, start.id)));
            }
            if schedule.room(batch) > 0 && input.len() > 0 {
                continue;
            }
            let due = runs.peek().map(|Reverse((due, _))| *due);
            let Some(next) = due.into_iter().chain(schedule.next_wakeup()).min() else {
                break;
            };
            now = next;
            while let Some(Reverse((due, id))) = runs.peek().copied()
                && due <= now
            {
                runs.pop();
                let verdict = Verdict::Done {
                    bytes: 0,
                    cool: None,
                    call: CallEnd::Success,
                };
                assert!(
                    schedule
                        .complete(id, heard(&verdict), verdict, now)
                        .is_none()
                );
                schedule.taken(batch, 1, 0);
            }
        }
        assert_eq!((schedule.queued(), input.len()), (0, 0));
        now - begin
    }

    #[track_caller]
    fn is_quick(&self) {
        let (took, least) = (self.run(), self.least());
        assert!(took >= least, "{took:?} is less than can be: {least:?}");
        assert!(took <= least.mul_f64(1.05), "{took:?}, {least:?} would do");
    }
}

fn at_once(in_flight: usize) -> LimitRule {
    LimitRule {
        in_flight: Some(in_flight.into()),
        ..LimitRule::default()
    }
}

fn paced(rate: RateLimit) -> LimitRule {
    LimitRule {
        rate: Some(rate.into()),
        ..LimitRule::default()
    }
}

#[test]
fn one_host_keeps_all_workers_busy() {
    crowd(8, vec![(2_000, ms(10))]).is_quick();
}

#[test]
fn a_slow_host_with_one_place_that_comes_first_keeps_nobody_waiting() {
    let hosts = std::iter::once((500, ms(40))).chain((1..50).map(|_| (100, ms(10))));
    let crowd = crowd(16, hosts.collect()).rule(0, at_once(1));
    crowd.is_quick();
    let mixed = Crowd {
        sorted: false,
        ..crowd
    };
    mixed.is_quick();
}

#[test]
fn a_host_with_a_rate_delays_no_other() {
    let hosts = vec![(200, ms(5)), (3_000, ms(20)), (3_000, ms(20))];
    let crowd = crowd(10, hosts);
    crowd.rule(0, paced(RateLimit::per_second(20))).is_quick();
}

#[test]
fn a_rate_over_all_hosts_is_used_up() {
    let mut crowd = crowd(10, vec![(300, ms(50)), (300, ms(20))]);
    crowd.settings.rate = RateLimit::per_second(100).into();
    crowd.is_quick();
}

#[test]
fn the_narrowest_limit_is_kept_busy() {
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let workers = rng.usize(12..60);
        // Hosts are served in turn: the least time can be reached if their turns take the same time, and if no host
        // needs more than its share.
        let time = ms(rng.u64(1..40));
        let hosts = (0..rng.usize(1..12)).map(|_| (rng.usize(100..600), time));
        let mut crowd = crowd(workers, hosts.collect());
        crowd.sorted = rng.bool();
        // All requests are read at the beginning: a request that is read late cannot be begun early.
        crowd.bounds.window = 1 << 16;
        let share = workers / crowd.hosts.len();
        for at in 0..crowd.hosts.len() {
            if rng.u8(..3) == 0 {
                crowd = crowd.rule(at, at_once(rng.usize(1..=share)));
            }
        }
        // The time of one request is added: it may be left at the end for one worker alone, and is no schedule's fault.
        let (took, least) = (crowd.run(), crowd.least());
        assert!(
            took >= least,
            "seed {seed}: {took:?} is less than can be: {least:?}"
        );
        let most = least.mul_f64(1.05) + time;
        assert!(took <= most, "seed {seed}: {took:?}, {least:?} would do");
    }
}
