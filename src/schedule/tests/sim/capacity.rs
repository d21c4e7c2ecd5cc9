//! Adaptive limits and a server that bears so many requests at once and refuses the rest, in virtual time. The clients
//! have more requests than they can send.
//!
//! Servers differ by seed: they bear 2 to 200 requests at once and answer after 20 to 200 ms, of which the way there and
//! the way back take 2 to 10 % each. Times vary by a factor of 2. A refusal takes only the two ways. A longer way would
//! hold requests that the server does not work on yet, and the right limit would be above the capacity.
//!
//! `HAUL_SCALE=500` plays 1,000 servers, `HAUL_SEED=n` the server of one seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;
use crate::schedule::tests::*;
use crate::settings::Adaptive;

/// Number of seeds for each property at `HAUL_SCALE=1`.
const SEEDS: u64 = 2;

/// Time from which on the limit is to be near the capacity.
const SETTLED: Duration = Duration::from_secs(60);

/// Time over which the mean of the limit is looked at.
const OVER: Duration = Duration::from_secs(20);

const END: Duration = Duration::from_secs(120);

/// A client: its schedule, and its limit from each change on.
struct Client {
    schedule: Schedule<()>,
    batch: Id,
    host: Host,
    answers: u64,
    limits: Vec<(Instant, usize)>,
}

/// An attempt under way, and the time of its next step.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    at: Instant,
    number: u64,
    step: Step,
    client: usize,
    job: Id,
    start: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The request comes to the server.
    Arrives,
    /// The server has done its work, and the answer is on its way.
    Worked,
    /// The client has the answer, or is refused.
    Ends(LoadSign),
}

struct Capacity {
    capacity: usize,
    /// Number of requests that the server works on.
    busy: usize,
    /// Mean time of the server's work on a request.
    work: Duration,
    /// Mean time of the way to the server, and of the way back.
    way: Duration,
    rng: fastrand::Rng,
    clients: Vec<Client>,
    attempts: BinaryHeap<Reverse<Attempt>>,
    started: u64,
    begin: Instant,
    now: Instant,
}

impl Capacity {
    fn new(seed: u64, clients: usize) -> Capacity {
        let mut rng = fastrand::Rng::with_seed(seed);
        let begin = Instant::now();
        let clients = (0..clients).map(|_| {
            let mut schedule = Schedule::new(ScheduleSettings {
                host: HostLimits {
                    in_flight: Adaptive::new(1, 400).into(),
                    budget: None,
                    ..HostLimits::default()
                },
                ..ScheduleSettings::new(400)
            });
            let batch = schedule.open(bounds(), None);
            Client {
                schedule,
                batch,
                host: host("server"),
                answers: 0,
                limits: vec![(begin, 4)],
            }
        });
        let clients = clients.collect();
        let capacity = rng.usize(2..=200);
        let answer = Duration::from_millis(rng.u64(20..=200));
        let way = answer.mul_f64(0.02 + 0.08 * rng.f64());
        Capacity {
            clients,
            capacity,
            busy: 0,
            work: answer - way * 2,
            way,
            rng,
            attempts: BinaryHeap::new(),
            started: 0,
            begin,
            now: begin,
        }
    }

    fn play(&mut self) {
        for client in 0..self.clients.len() {
            self.start(client);
        }
        while let Some(Reverse(mut attempt)) = self.attempts.pop() {
            self.now = attempt.at;
            if self.now.duration_since(self.begin) >= END {
                break;
            }
            let (step, time) = match attempt.step {
                Step::Arrives if self.busy >= self.capacity => {
                    (Step::Ends(LoadSign::Overloaded), self.way)
                }
                Step::Arrives => {
                    self.busy += 1;
                    (Step::Worked, self.work)
                }
                Step::Worked => {
                    self.busy -= 1;
                    (Step::Ends(LoadSign::Answered), self.way)
                }
                Step::Ends(sign) => {
                    self.end(&attempt, sign);
                    self.start(attempt.client);
                    continue;
                }
            };
            attempt.step = step;
            attempt.at = self.now + self.varied(time);
            self.attempts.push(Reverse(attempt));
        }
    }

    fn varied(&mut self, time: Duration) -> Duration {
        time.mul_f64(0.67 + 0.67 * self.rng.f64())
    }

    /// Starts as many requests of a client as its limit lets through.
    fn start(&mut self, at: usize) {
        loop {
            let client = &mut self.clients[at];
            if client.schedule.queued() == 0 {
                let host = client.host.clone();
                client.schedule.push(client.batch, &host, (), self.now);
            }
            let Some(start) = client.schedule.poll(self.now) else {
                return;
            };
            self.started += 1;
            let arrives = self.now + self.varied(self.way);
            self.attempts.push(Reverse(Attempt {
                at: arrives,
                number: self.started,
                step: Step::Arrives,
                client: at,
                job: start.id,
                start: self.now,
            }));
        }
    }

    fn end(&mut self, attempt: &Attempt, sign: LoadSign) {
        let client = &mut self.clients[attempt.client];
        client.answers += u64::from(sign == LoadSign::Answered);
        let done = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Success,
        };
        let schedule = &mut client.schedule;
        schedule.adapt(attempt.job, sign, attempt.start, self.now);
        let back = schedule.complete(attempt.job, HEAD, done, self.now);
        assert!(back.is_none());
        schedule.taken(client.batch, 1, 0);
        let adapted = schedule.adapted(client.batch);
        let limit = adapted.expect("the host has a job").limit;
        if client.limits.last().is_none_or(|(_, last)| *last != limit) {
            client.limits.push((self.now, limit));
        }
    }

    fn describe(&self, seed: u64) -> String {
        let Capacity {
            capacity,
            work,
            way,
            ..
        } = self;
        format!("seed {seed}: capacity {capacity}, work {work:?}, way {way:?}")
    }

    /// Returns the lowest and the highest mean of a client's limit over any [`OVER`] from [`SETTLED`] on, and the
    /// lowest limit.
    fn settled(&self, client: usize) -> (f64, f64, usize) {
        let limits = &self.clients[client].limits;
        let from = self.begin + SETTLED;
        let until = self.begin + END;
        let mean = |start: Instant| {
            let end = start + OVER;
            let mut sum = 0.0;
            for (at, (since, limit)) in limits.iter().enumerate() {
                let next = limits.get(at + 1).map_or(until, |(next, _)| *next);
                let (since, next) = ((*since).max(start), next.min(end));
                sum += next.saturating_duration_since(since).as_secs_f64() * *limit as f64;
            }
            sum / OVER.as_secs_f64()
        };
        let steps = 80;
        let span = END - SETTLED - OVER;
        let means: Vec<f64> = (0..=steps)
            .map(|step| mean(from + span * step / steps))
            .collect();
        let at_start = limits.iter().rev().find(|(since, _)| *since <= from);
        let later = limits.iter().filter(|(since, _)| *since > from);
        let least = later.chain(at_start).map(|(_, limit)| *limit).min();
        let low = means.iter().copied().fold(f64::INFINITY, f64::min);
        let high = means.iter().copied().fold(0.0, f64::max);
        (low, high, least.expect("a first limit"))
    }
}

fn seeds() -> std::ops::Range<u64> {
    match number("HAUL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..SEEDS * scale(),
    }
}

#[test]
fn an_adaptive_limit_settles_near_the_capacity_of_a_server() {
    let mut worst = Vec::new();
    for seed in seeds() {
        let mut server = Capacity::new(seed, 1);
        server.play();
        let capacity = server.capacity as f64;
        let (low, high, least) = server.settled(0);
        if low < 0.7 * capacity || high > 1.3 * capacity || (least as f64) < capacity / 3.0 {
            worst.push(format!(
                "{}: means {low:.2} to {high:.2}, least {least}",
                server.describe(seed)
            ));
        }
    }
    assert!(
        worst.is_empty(),
        "{} servers:\n{}",
        worst.len(),
        worst.join("\n")
    );
}

#[test]
fn two_clients_with_adaptive_limits_share_a_server() {
    let mut worst = Vec::new();
    for seed in seeds() {
        let mut server = Capacity::new(seed, 2);
        server.play();
        let [first, second] = [0, 1].map(|client| server.clients[client].answers as f64);
        let share = first / (first + second);
        if !(0.35..=0.65).contains(&share) {
            worst.push(format!("{}: share {share:.3}", server.describe(seed)));
        }
    }
    assert!(
        worst.is_empty(),
        "{} servers:\n{}",
        worst.len(),
        worst.join("\n")
    );
}
