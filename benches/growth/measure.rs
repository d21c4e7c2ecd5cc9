//! Measurement of one setting, in this process.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use haul::{Client, Handle};

use crate::Series;
use crate::held::{Held, HoldingTransport};
use crate::support::{self, AnyError};

/// Workers of the tables of hosts and of requests.
pub(crate) const WORKERS: usize = 8;

/// Makes a number of requests.
pub(crate) fn run(series: Series, size: usize, count: usize) -> Result<Figures, AnyError> {
    match series {
        Series::Threads => by_hand(size, count),
        Series::Workers => by_library(size, size, 1, count),
        // No request is held, so that the library's own time is seen.
        Series::Hosts => by_library(WORKERS, 1, size, count),
        Series::Requests => by_library(WORKERS, 1, 1, count),
    }
}

fn by_library(
    workers: usize,
    under_way: usize,
    hosts: usize,
    count: usize,
) -> Result<Figures, AnyError> {
    let held = Arc::new(Held::new(under_way));
    let builder = Client::builder().workers(workers);
    let client = builder
        .transport(HoldingTransport(Arc::clone(&held)))
        .build()?;
    if under_way > 1 {
        start_all_workers(&client, &held)?;
    }
    let urls = (0..count).map(|i| format!("http://host-{}.example/", i % hosts));
    // The last requests are let go when no others come, which would release them.
    let last = iter::from_fn(|| {
        held.open(true);
        None
    });
    let clock = Clock::start();
    let outcomes = client.as_completed(urls.chain(last));
    let ok = outcomes.filter(|outcome| outcome.is_success()).count();
    if ok != count {
        return Err(format!("only {ok} of {count} succeeded").into());
    }
    clock.figures(count)
}

fn by_hand(threads: usize, count: usize) -> Result<Figures, AnyError> {
    let held = Held::new(threads);
    let (next, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (all_ended, wait) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let all_ended = all_ended.clone();
            let (held, next, ended) = (&held, &next, &ended);
            let thread = thread::Builder::new().spawn_scoped(scope, move || {
                // The thread is started when it has made this one.
                held.pass();
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    held.pass();
                    if ended.fetch_add(1, Ordering::Relaxed) + 1 == count {
                        let _ = all_ended.send(());
                    }
                }
                held.open(true);
            });
            if thread.is_err() {
                // Waiting until all have started reports it.
                break;
            }
        }
        held.wait_until_full()?;
        let clock = Clock::start();
        wait.recv()?;
        clock.figures(count)
    })
}

/// Returns when each worker has made a request.
fn start_all_workers(client: &Client, held: &Held) -> Result<(), AnyError> {
    // A success marks the host as reachable; otherwise only a few requests would be sent to it at first.
    held.open(true);
    let url = "http://host-0.example/";
    client.get(url).into_result()?;
    held.open(false);
    let handles: Result<Vec<Handle>, _> = (0..held.under_way).map(|_| client.submit(url)).collect();
    held.wait_until_full()?;
    held.open(true);
    for handle in handles? {
        if !handle.wait().is_success() {
            return Err("a worker made no request".into());
        }
    }
    held.open(false);
    Ok(())
}

/// Figures of a run: microseconds for each request, and KiB.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) us: f64,
    pub(crate) cpu_us: f64,
    /// Largest resident memory.
    pub(crate) peak: f64,
}

impl Figures {
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.us, self.cpu_us, self.peak)
    }

    pub(crate) fn parse(line: &str) -> Result<Figures, AnyError> {
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        let &[us, cpu_us, peak] = numbers?.as_slice() else {
            return Err(format!("no figures: {line:?}").into());
        };
        Ok(Figures { us, cpu_us, peak })
    }
}

struct Clock {
    started: Instant,
    /// CPU time of this process before, in microseconds.
    cpu: f64,
}

impl Clock {
    fn start() -> Clock {
        Clock {
            started: Instant::now(),
            cpu: support::cpu_us(),
        }
    }

    fn figures(self, count: usize) -> Result<Figures, AnyError> {
        let us = self.started.elapsed().as_secs_f64() * 1e6;
        let status = std::fs::read_to_string("/proc/self/status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix("kB"));
        Ok(Figures {
            us: us / count as f64,
            cpu_us: (support::cpu_us() - self.cpu) / count as f64,
            peak: peak.ok_or("the system reports no memory")?.trim().parse()?,
        })
    }
}
