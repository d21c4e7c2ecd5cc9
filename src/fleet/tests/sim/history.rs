//! Random settings of a history: the lines of the input, the network, and the faults.

use std::time::Duration;

use crate::fleet::engine::{Entry, QueueBounds};
use crate::host::Host;
use crate::settings::RateLimit;

pub(super) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Line of the input.
#[derive(Clone, Debug)]
pub(super) struct SimLine {
    pub(super) key: [u8; 16],
    pub(super) host: Host,
    /// True if its request must not be repeated.
    pub(super) once: bool,
    pub(super) is_bad: bool,
    /// True if the process of a worker aborts when it sends the request.
    pub(super) is_poison: bool,
    pub(super) latency: Duration,
    /// Number of attempts that end with a delay, and the delay.
    pub(super) delays: (u32, Duration),
}

/// Settings of a history.
#[derive(Clone, Debug)]
pub(super) struct SimHistory {
    pub(super) lines: Vec<SimLine>,
    pub(super) lanes: u32,
    pub(super) lease: Duration,
    pub(super) workers: usize,
    pub(super) collectors: usize,
    pub(super) jobs: usize,
    pub(super) max_deliveries: u32,
    pub(super) resume_writes: bool,
    pub(super) bounds: QueueBounds,
    /// Number of entries that a loader loads at once.
    pub(super) batch: usize,
    pub(super) most_result_bytes: u64,
    /// Rate of the first host. `None`: there is none.
    pub(super) rate: Option<RateLimit>,
    /// Calls of a thousand that are lost, whose answer is lost, that are carried out too late, that are slow.
    pub(super) lost: u64,
    pub(super) unanswered: u64,
    pub(super) late: u64,
    pub(super) slow: u64,
    /// Calls of workers, of a thousand, that are carried out a second time.
    pub(super) doubled: u64,
    /// Time after which the caller gives a call up.
    pub(super) timeout: Duration,
    /// Time after which there are no faults.
    pub(super) quiet_from: Duration,
    /// Times in which the engine stands still, and those in which it is away.
    pub(super) frozen: Vec<(Duration, Duration)>,
    pub(super) away: Vec<(Duration, Duration)>,
    /// Number of crashes, stops, partitions and orderly ends of workers, and of restarts of loader and collectors.
    pub(super) crashes: u64,
    pub(super) stops: u64,
    pub(super) partitions: u64,
    pub(super) drains: u64,
    pub(super) restarts: u64,
    /// Connections of a hundred that servers refuse.
    pub(super) refused: u64,
    /// True if one of two collectors does not come back.
    pub(super) loses_collector: bool,
    pub(super) second_loader: bool,
    /// Number of loaders that come with another input.
    pub(super) wrong_loaders: u64,
    pub(super) pauses: bool,
    pub(super) cancels: bool,
    /// True if the engine loses what was loaded last, before the workers begin.
    pub(super) loses_data: bool,
}

impl SimLine {
    /// Returns a line of a good request to a host.
    pub(super) fn good(number: u64, host_number: u64, latency: Duration) -> SimLine {
        let mut key = [0; 16];
        key[8..].copy_from_slice(&number.to_be_bytes());
        SimLine {
            key,
            host: host(host_number),
            once: false,
            is_bad: false,
            is_poison: false,
            latency,
            delays: (0, Duration::ZERO),
        }
    }
}

fn host(number: u64) -> Host {
    let uri = format!("http://h{number}/").parse().expect("it is a URL");
    Host::of(&uri).expect("it is absolute")
}

impl SimHistory {
    pub(super) fn random(rng: &mut fastrand::Rng) -> SimHistory {
        let lease = ms(rng.u64(10..30) * 100);
        let quiet_from = lease * rng.u32(4..20);
        // Requests of one host with a low rate fill the window of a worker.
        let is_crowded = rng.u64(0..16) == 0;
        let count = match is_crowded {
            true => rng.usize(60..90),
            false => rng.usize(1..60),
        };
        let hosts = rng.u64(1..if is_crowded { 2 } else { 4 });
        let faults = rng.u64(0..3);
        let some = |rng: &mut fastrand::Rng, most: u64| match rng.u64(0..3) {
            0 => rng.u64(0..=most),
            _ => 0,
        };
        let has_poison = rng.u64(0..6) == 0;
        // The servers answer late, so that there is work for the whole time of the faults.
        let is_slow = rng.u64(0..4) == 0;
        // Requests are handed back often, and calls are carried out when their entries are in hand again.
        let parks_late = rng.u64(0..8) == 0;
        let max_deliveries = rng.u32(1..4);
        let line = |rng: &mut fastrand::Rng, number: usize| {
            let mut key = [0; 16];
            rng.fill(&mut key);
            key[15] = number as u8;
            let is_poison = has_poison && rng.u64(0..20) == 0;
            SimLine {
                key,
                host: host(rng.u64(0..hosts)),
                once: rng.u64(0..3) < if parks_late { 2 } else { 1 },
                is_bad: rng.u64(0..20) == 0,
                is_poison,
                latency: match rng.u64(0..if is_slow || parks_late { 2 } else { 12 }) {
                    0 => lease.mul_f64(rng.f64() * 4.0),
                    _ => ms(rng.u64(1..400)),
                },
                delays: match rng.u64(0..8) {
                    0 => (rng.u32(1..3), lease.mul_f64(rng.f64() * 2.0)),
                    _ => (0, Duration::ZERO),
                },
            }
        };
        let spans = |rng: &mut fastrand::Rng, count: u64| {
            let span = |rng: &mut fastrand::Rng| {
                let begin = quiet_from.mul_f64(rng.f64());
                (begin, begin + lease.mul_f64(rng.f64() * 3.0))
            };
            (0..count).map(|_| span(rng)).collect::<Vec<_>>()
        };
        let wild = faults * if rng.u64(0..4) == 0 { 60 } else { 15 };
        let collectors = rng.usize(1..3);
        let loses_data = rng.u64(0..10) == 0;
        SimHistory {
            lines: (0..count).map(|number| line(rng, number)).collect(),
            lanes: rng.u32(1..4),
            lease,
            workers: rng.usize(1..6),
            collectors,
            jobs: rng.usize(1..12),
            max_deliveries,
            resume_writes: rng.u64(0..8) == 0,
            bounds: QueueBounds {
                entries: if is_crowded || rng.bool() {
                    1_000
                } else {
                    rng.u64(1..20)
                },
                bytes: if is_crowded || rng.bool() {
                    1 << 20
                } else {
                    rng.u64(1..300)
                },
            },
            batch: if is_crowded || rng.bool() {
                rng.usize(1..30)
            } else {
                rng.usize(1..6)
            },
            most_result_bytes: match rng.u64(0..4) {
                0 => rng.u64(1..300),
                _ => 1 << 20,
            },
            rate: (is_crowded || rng.u64(0..3) == 0).then(|| {
                let most = if is_crowded { 6 } else { 30 };
                RateLimit::new(rng.u32(2..most), Duration::from_secs(1)).burst(rng.u32(1..4))
            }),
            lost: some(rng, wild),
            unanswered: some(rng, wild),
            late: if parks_late { 150 } else { some(rng, wild) },
            slow: some(rng, wild * 2),
            doubled: if parks_late { 150 } else { some(rng, wild) },
            timeout: lease.mul_f64(0.1 + rng.f64() * 0.2),
            quiet_from,
            frozen: {
                let n = some(rng, faults) + u64::from(is_slow);
                spans(rng, n)
            },
            away: {
                let n = some(rng, faults);
                spans(rng, n)
            },
            crashes: some(rng, faults * 4),
            stops: some(rng, faults * 3),
            partitions: some(rng, faults * 3),
            drains: some(rng, faults * 2) + u64::from(rng.bool()),
            restarts: some(rng, faults * 2),
            refused: if parks_late { 40 } else { 5 },
            loses_collector: collectors > 1 && rng.u64(0..3) == 0,
            second_loader: rng.u64(0..3) == 0,
            // An engine that lost its note knows no input.
            wrong_loaders: if loses_data { 0 } else { rng.u64(0..3) },
            pauses: rng.u64(0..6) == 0,
            cancels: rng.u64(0..16) == 0,
            loses_data,
        }
    }

    /// Returns settings without faults and limits, for a fleet that sends these lines.
    pub(super) fn undisturbed(lines: Vec<SimLine>, workers: usize, jobs: usize) -> SimHistory {
        SimHistory {
            lines,
            lanes: 1,
            lease: ms(30_000),
            workers,
            collectors: 1,
            jobs,
            max_deliveries: 3,
            resume_writes: false,
            bounds: QueueBounds {
                entries: 100_000,
                bytes: 64 << 20,
            },
            batch: 500,
            most_result_bytes: 256 << 20,
            rate: None,
            lost: 0,
            unanswered: 0,
            late: 0,
            slow: 0,
            doubled: 0,
            timeout: ms(5_000),
            quiet_from: ms(1),
            frozen: Vec::new(),
            away: Vec::new(),
            crashes: 0,
            stops: 0,
            partitions: 0,
            drains: 0,
            restarts: 0,
            refused: 0,
            loses_collector: false,
            second_loader: false,
            wrong_loaders: 0,
            pauses: false,
            cancels: false,
            loses_data: false,
        }
    }

    /// True if each call is answered in time, and no result waits for room.
    pub(super) fn is_calm(&self) -> bool {
        let faults = self.lost + self.unanswered + self.late + self.slow + self.doubled;
        let stands = self.frozen.len() + self.away.len();
        faults == 0 && stands == 0 && self.most_result_bytes > 300
    }

    /// True if the starts of a line's request are paced.
    pub(super) fn is_rated(&self, index: usize) -> bool {
        self.rate.is_some() && self.lines[index].host == host(0)
    }

    /// Entry of a line. `sequence`: number that the loader gives it.
    pub(super) fn entry(&self, index: usize, sequence: u64) -> Entry {
        let line = &self.lines[index];
        let fault = line.is_bad.then(|| "not a URL".to_owned());
        let text = match line.is_bad {
            true => String::new(),
            false => format!("line {index}"),
        };
        Entry {
            sequence,
            line: text.into_bytes(),
            key: line.key,
            index: index as u64,
            supersedes: false,
            fault,
        }
    }
}
