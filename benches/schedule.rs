//! What each request pays in the schedule: in and out of a lane, a retry's wait, a host met for the first time.
//!
//! `cargo bench --bench schedule`
//!
//! The schedule is private to the crate. Its folder is compiled into this one, together with the files it rests
//! on, so that the library needs no door for its benches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;

// A bench uses a part of them, and their unit tests run elsewhere.
#[allow(dead_code, unused_imports, unreachable_pub)]
#[path = "../src/host.rs"]
mod host;
#[path = "../src/settings"]
#[allow(dead_code, unused_imports, unreachable_pub)]
mod settings {
    mod breaker;
    mod budget;
    mod host_pattern;
    mod host_table;
    mod rate;
    mod timeouts;
    pub(crate) use breaker::BreakerSettings;
    pub(crate) use budget::RetryBudget;
    pub(crate) use host_pattern::HostPattern;
    pub(crate) use host_table::HostTable;
    pub(crate) use rate::{RateLimit, RateLimits};
    pub(crate) use timeouts::Timeouts;
}
#[allow(dead_code, unused_imports, unreachable_pub)]
#[path = "../src/schedule/mod.rs"]
mod schedule;
#[path = "../src"]
mod parts {
    #[allow(dead_code, unused_imports, unreachable_pub)]
    pub(crate) mod url;
}
use parts::url;

use host::Host;
use schedule::{Bounds, Call, Heard, HostLimits, Schedule, ScheduleSettings, Verdict};

fn main() {
    divan::main();
}

const ROUND: usize = 1_000;

/// The head of a response came at once.
const HEAD: Heard = Heard::Head {
    waited: Duration::ZERO,
};

fn settings() -> ScheduleSettings {
    ScheduleSettings {
        host: HostLimits {
            budget: Some(Default::default()),
            ..HostLimits::default()
        },
        ..ScheduleSettings::new(64)
    }
}

fn host(at: usize) -> Host {
    Host::of(&format!("https://host{at}.example.com/").parse().unwrap()).unwrap()
}

struct Bench {
    schedule: Schedule<Box<u64>>,
    batch: schedule::Id,
    hosts: Vec<Host>,
    next: usize,
    now: Instant,
}

impl Bench {
    /// With a standing queue of so many jobs, and so many retries that wait for long.
    fn new(settings: ScheduleSettings, hosts: usize, queued: usize, delayed: usize) -> Bench {
        let mut schedule = Schedule::new(settings);
        let bounds = Bounds {
            window: 1 << 30,
            max_parked: 1 << 30,
            bytes: 1 << 30,
            delivered: false,
            ordered: false,
        };
        let mut bench = Bench {
            batch: schedule.open(bounds, None),
            schedule,
            hosts: (0..hosts).map(host).collect(),
            next: 0,
            now: Instant::now(),
        };
        let later = bench.now + Duration::from_secs(3_600);
        for at in 0..delayed {
            bench.push();
            let start = bench.schedule.poll(bench.now).unwrap();
            let verdict = Verdict::Retry {
                job: start.job,
                at: later + Duration::from_micros((at * 7_919 % delayed) as u64),
                deadline: None,
                cool: None,
                call: Call::Failure { retry_after: None },
            };
            assert!(
                bench
                    .schedule
                    .complete(start.id, HEAD, verdict, bench.now)
                    .is_none()
            );
        }
        (0..queued).for_each(|_| bench.push());
        bench
    }

    fn push(&mut self) {
        let host = &self.hosts[self.next % self.hosts.len()];
        self.next += 1;
        self.schedule.push(self.batch, host, Box::new(0), self.now);
    }

    /// One in, one out.
    fn request(&mut self) {
        self.push();
        let start = self.schedule.poll(self.now).unwrap();
        black_box(&start.job);
        let verdict = Verdict::Done {
            bytes: 10,
            cool: None,
            call: Call::Success,
        };
        black_box(self.schedule.complete(start.id, HEAD, verdict, self.now));
        self.schedule.taken(self.batch, 1, 10);
        self.now += Duration::from_nanos(500);
    }
}

fn rounds(bencher: Bencher, mut bench: Bench) {
    (0..20 * ROUND).for_each(|_| bench.request());
    bencher
        .counter(ItemsCount::new(ROUND))
        .bench_local(|| (0..ROUND).for_each(|_| bench.request()));
}

/// Push, poll, complete and take: one host, ten thousand, a hundred thousand.
#[divan::bench(args = [1, 100, 10_000, 100_000])]
fn request(bencher: Bencher, hosts: usize) {
    rounds(
        bencher,
        Bench::new(settings(), hosts, 2 * hosts.max(500), 0),
    );
}

/// The same while so many retries wait.
#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn request_beside_delayed(bencher: Bencher, delayed: usize) {
    rounds(bencher, Bench::new(settings(), 10_000, 20_000, delayed));
}

/// The same with a breaker and a rate in all and for each host.
#[divan::bench(args = [1, 10_000])]
fn request_with_every_limit(bencher: Bencher, hosts: usize) {
    let rate = settings::RateLimit::per_second(u32::MAX);
    let mut settings = settings();
    settings.rate = rate.into();
    settings.host.rate = rate.into();
    settings.host.in_flight = 8;
    settings.host.breaker = Some(Default::default());
    rounds(bencher, Bench::new(settings, hosts, 2 * hosts.max(500), 0));
}

/// A retry: out, delayed, due, out again and done.
#[divan::bench(args = [1, 10_000])]
fn retry(bencher: Bencher, hosts: usize) {
    let mut bench = Bench::new(settings(), hosts, 0, 0);
    bencher.counter(ItemsCount::new(ROUND)).bench_local(|| {
        for _ in 0..ROUND {
            bench.push();
            let start = bench.schedule.poll(bench.now).unwrap();
            let verdict = Verdict::Retry {
                job: start.job,
                at: bench.now + Duration::from_micros(1),
                deadline: None,
                cool: None,
                call: Call::Ignored,
            };
            assert!(
                bench
                    .schedule
                    .complete(start.id, HEAD, verdict, bench.now)
                    .is_none()
            );
            bench.now += Duration::from_micros(1);
            let start = bench.schedule.poll(bench.now).unwrap();
            let verdict = Verdict::Done {
                bytes: 0,
                cool: None,
                call: Call::Success,
            };
            black_box(bench.schedule.complete(start.id, HEAD, verdict, bench.now));
            bench.schedule.taken(bench.batch, 1, 0);
        }
    });
}

/// Each request to a host nobody has heard of, and nobody will again.
#[divan::bench]
fn request_to_a_new_host(bencher: Bencher) {
    let mut bench = Bench::new(settings(), 1, 0, 0);
    let mut hosts = (0..).map(host);
    bencher
        .counter(ItemsCount::new(ROUND))
        .with_inputs(|| hosts.by_ref().take(ROUND).collect::<Vec<_>>())
        .bench_local_values(|hosts| {
            for host in &hosts {
                bench.hosts[0] = host.clone();
                bench.request();
            }
        });
}
