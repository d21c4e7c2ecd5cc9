//! The schedule alone, in virtual time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::host::Host;
use crate::schedule::{
    Bounds, CallEnd, HostLimits, HostObservation, Id, Schedule, ScheduleSettings, Verdict,
};
use crate::settings::RateLimit;

/// Head of a response that came at once.
const HEAD: HostObservation = HostObservation::Head {
    waited: Duration::ZERO,
};

/// Schedule with one batch, and the hosts that its requests go to in turn.
pub struct ScheduleDriver {
    schedule: Schedule<Box<u64>>,
    batch: Id,
    hosts: Vec<Host>,
    next: usize,
    now: Instant,
}

impl ScheduleDriver {
    /// Makes a schedule with the default limits and this many hosts.
    ///
    /// It has a standing queue of `queued` requests, and `delayed` retries that wait for an hour.
    pub fn new(hosts: usize, queued: usize, delayed: usize) -> ScheduleDriver {
        ScheduleDriver::with(settings(), hosts, queued, delayed)
    }

    /// Makes a schedule with a breaker, and a rate in all and for each host.
    pub fn with_every_limit(hosts: usize, queued: usize) -> ScheduleDriver {
        let rate = RateLimit::per_second(u32::MAX);
        let mut settings = settings();
        settings.rate = rate.into();
        settings.host.rate = rate.into();
        settings.host.in_flight = 8.into();
        settings.host.breaker = Some(Default::default());
        ScheduleDriver::with(settings, hosts, queued, 0)
    }

    fn with(
        settings: ScheduleSettings,
        hosts: usize,
        queued: usize,
        delayed: usize,
    ) -> ScheduleDriver {
        let mut schedule = Schedule::new(settings);
        let bounds = Bounds {
            window: 1 << 30,
            max_parked: 1 << 30,
            bytes: 1 << 30,
            max_delay: None,
            delivered: false,
            ordered: false,
        };
        let mut driver = ScheduleDriver {
            batch: schedule.open(bounds, None),
            schedule,
            hosts: (0..hosts).map(host).collect(),
            next: 0,
            now: Instant::now(),
        };
        let later = driver.now + Duration::from_secs(3_600);
        for at in 0..delayed {
            driver.push();
            let at = later + Duration::from_micros((at * 7_919 % delayed) as u64);
            driver.delay(at, CallEnd::Failure { retry_after: None });
        }
        (0..queued).for_each(|_| driver.push());
        driver
    }

    fn push(&mut self) {
        let host = &self.hosts[self.next % self.hosts.len()];
        self.next += 1;
        let host = self.schedule.host(host, self.now);
        let job = Box::new(0);
        self.schedule.push_for(self.batch, host, job, 0, self.now);
    }

    /// Starts the next request and delays it.
    fn delay(&mut self, at: Instant, call: CallEnd) {
        let start = self.schedule.poll(self.now).expect("a request is ready");
        let verdict = Verdict::Retry {
            job: start.job,
            at,
            deadline: None,
            cool: None,
            call,
        };
        let ended = self.schedule.complete(start.id, HEAD, verdict, self.now);
        assert!(ended.is_none());
    }

    /// Starts the next request and ends it.
    fn end(&mut self, bytes: u64) {
        let start = self.schedule.poll(self.now).expect("a request is ready");
        black_box(&start.job);
        let verdict = Verdict::Done {
            bytes,
            cool: None,
            call: CallEnd::Success,
        };
        black_box(self.schedule.complete(start.id, HEAD, verdict, self.now));
        self.schedule.taken(self.batch, 1, bytes);
    }

    /// Puts a request in, and takes one out and ends it.
    fn request(&mut self) {
        self.push();
        self.end(10);
        self.now += Duration::from_nanos(500);
    }

    /// Passes this many requests through, one after another.
    pub fn requests(&mut self, count: usize) {
        (0..count).for_each(|_| self.request());
    }

    /// Passes this many requests through; each starts, is delayed, becomes due, starts again and ends.
    pub fn retries(&mut self, count: usize) {
        for _ in 0..count {
            self.push();
            self.delay(self.now + Duration::from_micros(1), CallEnd::Ignored);
            self.now += Duration::from_micros(1);
            self.end(0);
        }
    }

    /// Passes a request to each of these hosts through.
    pub fn requests_to(&mut self, hosts: &[Host]) {
        for host in hosts {
            self.hosts[0] = host.clone();
            self.request();
        }
    }

    /// Returns the host with number `at`; there is no upper bound for the number.
    pub fn host(at: usize) -> Host {
        host(at)
    }
}

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
    let uri = format!("https://host{at}.example.com/");
    let uri = uri.parse().expect("it is a URI");
    Host::of(&uri).expect("it has a host")
}

/// Sends a request to each of this many hosts through a schedule, one after another.
///
/// Calls `measure` before the schedule is dropped.
pub fn pass_through<R>(hosts: usize, breaker: bool, measure: impl FnOnce() -> R) -> R {
    let mut settings = settings();
    settings.host.breaker = breaker.then(Default::default);
    let mut schedule = Schedule::new(settings);
    let bounds = Bounds {
        window: 1_000,
        max_parked: 1_000,
        bytes: 1 << 30,
        max_delay: None,
        delivered: false,
        ordered: false,
    };
    let batch = schedule.open(bounds, None);
    let mut now = Instant::now();
    for at in 0..hosts {
        let host = schedule.host(&host(at), now);
        schedule.push_for(batch, host, Box::new(at), 0, now);
        let start = schedule.poll(now).expect("a request is ready");
        let verdict = Verdict::Done {
            bytes: 10,
            cool: None,
            call: CallEnd::Success,
        };
        drop(schedule.complete(start.id, HEAD, verdict, now));
        schedule.taken(batch, 1, 10);
        now += Duration::from_nanos(500);
    }
    measure()
}
