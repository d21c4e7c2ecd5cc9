//! Pace of a fleet in virtual time: workers with the real core, the real schedule and the real keeper of slots share an
//! engine in memory. Time goes on by five milliseconds at a time, and each call takes one such step.

mod kills;
mod pauses;
mod worker;

use std::time::Duration;

use crate::fleet::engine::{Entry, FleetEngine, NewRun, QueueBounds, RunState};
use crate::fleet::memory::MemoryEngine;
use crate::host::Host;
use crate::settings::RateLimit;

use super::limits::host;
use worker::PacedWorker;

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(5);
const LATENCY: Duration = Duration::from_millis(20);
const JOBS: usize = 16;

/// Limits of a simulated fleet.
#[derive(Clone, Debug)]
struct PacedLimits {
    total: Vec<RateLimit>,
    per_host: Vec<RateLimit>,
}

struct PacedFleet {
    engine: MemoryEngine,
    workers: Vec<PacedWorker>,
    /// Host of each line.
    lines: Vec<usize>,
    hosts: Vec<Host>,
    /// Time from which on the next request to the first host is answered by 429, and the pause that it asks for.
    asks: Option<(Duration, Duration)>,
    /// True while the engine does not answer.
    is_away: bool,
    now: Duration,
    /// Requests that reached their servers: time and host.
    hits: Vec<(Duration, usize)>,
}

impl PacedFleet {
    fn new(workers: usize, limits: &PacedLimits, lines: Vec<usize>) -> PacedFleet {
        let mut engine = MemoryEngine::default();
        engine.set_now(SECOND * 1_000);
        let run = NewRun {
            id: "id".to_owned(),
            settings: String::new(),
            lanes: 1,
            lease: LEASE,
        };
        engine.create(&run).expect("a run");
        engine.begin_loading("loader").expect("a loader");
        let entry = |sequence| Entry {
            sequence,
            line: b"line".to_vec(),
            key: [0; 16],
            index: sequence - 1,
            supersedes: false,
            fault: None,
        };
        let entries: Vec<_> = (1..=lines.len() as u64).map(entry).collect();
        let bounds = QueueBounds {
            entries: u64::MAX,
            bytes: u64::MAX,
        };
        engine
            .load(0, "loader", 0, bounds, &entries)
            .expect("lines");
        let most = lines.iter().max().copied().unwrap_or(0);
        PacedFleet {
            engine,
            workers: (0..workers)
                .map(|number| PacedWorker::new(number, limits))
                .collect(),
            lines,
            hosts: (0..=most).map(|n| host(&format!("h{n}"))).collect(),
            asks: None,
            is_away: false,
            now: Duration::ZERO,
            hits: Vec::new(),
        }
    }

    fn run_until(&mut self, end: Duration) {
        while self.now < end {
            self.now += STEP;
            self.engine.set_now(SECOND * 1_000 + self.now);
            for number in 0..self.workers.len() {
                self.step(number);
            }
        }
    }

    fn step(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        let now = worker.begin + self.now;
        worker.take_replies(now);
        worker.hand_out(&self.lines, &self.hosts, now);
        if self.now.as_millis().is_multiple_of(50) {
            worker.follow_orders(now);
        }
        worker.end_attempts(self.asks.map(|(_, pause)| pause), self.now);
        let started = worker.start(now);
        for (id, job) in started {
            let is_asked = job.1 == 0 && self.asks.is_some_and(|(from, _)| from <= self.now);
            if is_asked {
                self.asks = self.asks.map(|(_, pause)| (Duration::MAX, pause));
            }
            self.hits.push((self.now, job.1));
            let end = self.now + LATENCY;
            self.workers[number].running.push((end, id, job, is_asked));
        }
        let worker = &mut self.workers[number];
        worker.take_back(now);
        match self.is_away {
            true => worker.call(None, now),
            false => worker.call(Some(&mut self.engine), now),
        }
    }

    /// Number of hits of a host in a time.
    fn hits_of(&self, host: usize, from: Duration, to: Duration) -> usize {
        let is_meant = |(at, of): &&(Duration, usize)| *of == host && *at >= from && *at < to;
        self.hits.iter().filter(is_meant).count()
    }
}
