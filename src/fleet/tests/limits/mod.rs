//! Limits of a fleet in virtual time: clients with the real schedule and the real keeper of slots share an engine in
//! memory, over calls that take some milliseconds. Time goes on by a millisecond at a time.

mod places;
mod rates;
mod rests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fleet::engine::{EngineError, FleetEngine};
use crate::fleet::memory::MemoryEngine;
use crate::fleet::worker::core::SlotKeeper;
use crate::host::Host;
use crate::schedule::{
    Bounds, CallEnd, EndReason, HostLimits, HostObservation, Id, LimiterNews, Schedule,
    ScheduleSettings, SlotAnswer, SlotDemand, Verdict,
};
use crate::settings::{PermittedStarts, WantedStarts};

const LEASE: Duration = Duration::from_secs(30);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(super) fn host(name: &str) -> Host {
    Host::of(&format!("http://{name}/").parse().unwrap()).unwrap()
}

/// Request that reached its server.
#[derive(Clone, Copy, Debug)]
struct Hit {
    at: Duration,
    client: usize,
    host: usize,
}

/// Behaviour of a server: true if it answers a hit.
type Serve = fn(&Hit) -> bool;

struct LimitedFleet {
    engine: MemoryEngine,
    clients: Vec<LimitedClient>,
    hosts: Vec<Host>,
    serve: Serve,
    /// Time that an attempt takes.
    latency: Duration,
    /// True while the engine does not answer.
    is_away: bool,
    random: fastrand::Rng,
    now: Duration,
    hits: Vec<Hit>,
    /// Jobs that were given back, with the time until which they wait: the number of their host.
    parked: Vec<(Duration, usize)>,
    given_back: usize,
}

struct LimitedClient {
    /// Beginning of the time on the client's clock.
    begin: Instant,
    schedule: Schedule<usize>,
    batch: Id,
    keeper: SlotKeeper,
    news: VecDeque<LimiterNews>,
    /// Call under way, with the time when the engine carries it out and when its reply is there.
    call: Option<(LimiterNews, Duration, Duration)>,
    reply: Option<Result<PermittedStarts, EngineError>>,
    running: Vec<(Duration, Id, Hit)>,
    /// Number of jobs that wait, by host.
    waiting: Vec<usize>,
    most_running: usize,
}

impl LimitedFleet {
    /// Makes a fleet in which each client has jobs of all hosts at any time.
    fn new(clients: usize, hosts: usize, limits: &HostLimits, serve: Serve) -> LimitedFleet {
        let engine = MemoryEngine::default();
        engine.set_now(Duration::from_secs(1_000));
        let client = |number: usize| {
            // The clocks of machines differ by hours.
            let begin = Instant::now() + Duration::from_secs(3_600) * number as u32;
            let mut schedule = Schedule::new(ScheduleSettings {
                host: limits.clone(),
                shared_rests: true,
                seed: number as u64,
                slow_start: 100,
                ..ScheduleSettings::new(100)
            });
            let bounds = Bounds {
                window: 10_000,
                max_parked: 10_000,
                bytes: 1 << 40,
                max_delay: None,
                delivered: false,
                ordered: false,
            };
            LimitedClient {
                begin,
                batch: schedule.open(bounds, None),
                schedule,
                keeper: SlotKeeper::new(LEASE, begin),
                news: VecDeque::new(),
                call: None,
                reply: None,
                running: Vec::new(),
                waiting: vec![0; hosts],
                most_running: 0,
            }
        };
        LimitedFleet {
            engine,
            clients: (0..clients).map(client).collect(),
            hosts: (0..hosts)
                .map(|number| host(&format!("h{number}")))
                .collect(),
            serve,
            latency: ms(20),
            is_away: false,
            random: fastrand::Rng::with_seed(7),
            now: Duration::ZERO,
            hits: Vec::new(),
            parked: Vec::new(),
            given_back: 0,
        }
    }

    fn run_until(&mut self, end: Duration) {
        while self.now < end {
            self.now += ms(1);
            self.engine.set_now(Duration::from_secs(1_000) + self.now);
            for number in 0..self.clients.len() {
                self.step(number);
            }
        }
    }

    fn step(&mut self, number: usize) {
        self.feed(number);
        self.call(number);
        self.end_attempts(number);
        self.start(number);
        self.take_back(number);
    }

    /// Keeps some jobs of each host in the client's window.
    fn feed(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let now = client.begin + self.now;
        let (due, parked) = self
            .parked
            .drain(..)
            .partition(|(until, _)| *until <= self.now);
        self.parked = parked;
        let due: Vec<(Duration, usize)> = due;
        for host in due
            .into_iter()
            .map(|(_, host)| host)
            .chain(0..self.hosts.len())
        {
            if client.waiting[host] < 20 {
                client.waiting[host] += 1;
                client
                    .schedule
                    .push(client.batch, &self.hosts[host], host, now);
            }
        }
    }

    /// Carries on the one call that the client makes at a time.
    fn call(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let now = client.begin + self.now;
        client.news.extend(client.schedule.limiter_news(now));
        if client.call.is_none()
            && let Some(news) = client.news.pop_front()
        {
            let carried_out = self.now + ms(self.random.u64(0..3));
            let replied = carried_out + ms(self.random.u64(0..3));
            client.call = Some((news, carried_out, replied));
        }
        let Some((news, carried_out, replied)) = client.call.clone() else {
            return;
        };
        if carried_out <= self.now && client.reply.is_none() {
            let engine = match self.is_away {
                true => None,
                false => Some(&mut self.engine),
            };
            let workers = self.clients.len() as u32;
            let client = &mut self.clients[number];
            client.reply = Some(client.carry_out(engine, &news, number, workers, now));
        }
        let client = &mut self.clients[number];
        if replied <= self.now
            && let Some(reply) = client.reply.take()
        {
            client.call = None;
            if let (LimiterNews::Wanted(demand), Ok(permitted)) = (news, reply) {
                client.answer(&demand, permitted, now);
            }
        }
    }

    fn end_attempts(&mut self, number: usize) {
        let (client, now) = (&mut self.clients[number], self.now);
        let (ended, running) = client.running.drain(..).partition(|(end, ..)| *end <= now);
        client.running = running;
        let ended: Vec<(Duration, Id, Hit)> = ended;
        for (_, id, hit) in ended {
            let (call, heard) = match (self.serve)(&hit) {
                true => (CallEnd::Success, HostObservation::Head { waited: ms(1) }),
                false => (
                    CallEnd::Failure { retry_after: None },
                    HostObservation::NoHead { waited: ms(1) },
                ),
            };
            let verdict = Verdict::Done {
                bytes: 0,
                cool: None,
                call,
            };
            let now = client.begin + now;
            assert!(client.schedule.complete(id, heard, verdict, now).is_none());
            client.schedule.taken(client.batch, 1, 0);
        }
    }

    fn start(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let now = client.begin + self.now;
        while let Some(start) = client.schedule.poll(now) {
            let hit = Hit {
                at: self.now,
                client: number,
                host: start.job,
            };
            client.waiting[start.job] -= 1;
            self.hits.push(hit);
            client
                .running
                .push((self.now + self.latency, start.id, hit));
        }
        client.most_running = client.most_running.max(client.running.len());
    }

    fn take_back(&mut self, number: usize) {
        let client = &mut self.clients[number];
        while let Some((host, why)) = client.schedule.take_ended(client.batch) {
            let EndReason::GivenBack { until } = why else {
                panic!("a job of a fleet ended: {why:?}");
            };
            let until = until.map(|until| until - client.begin);
            client.waiting[host] -= 1;
            self.given_back += 1;
            // There are always more.
            if self.parked.len() < 200 {
                self.parked.push((until.unwrap_or(self.now), host));
            }
        }
    }

    /// Number of hits of a host in a time.
    fn hits_of(&self, host: usize, from: Duration, to: Duration) -> usize {
        let is_meant = |hit: &&Hit| hit.host == host && hit.at >= from && hit.at < to;
        self.hits.iter().filter(is_meant).count()
    }
}

impl LimitedClient {
    fn carry_out(
        &mut self,
        engine: Option<&mut MemoryEngine>,
        news: &LimiterNews,
        number: usize,
        workers: u32,
        now: Instant,
    ) -> Result<PermittedStarts, EngineError> {
        let away = EngineError::Away("no answer".to_owned());
        let Some(engine) = engine else {
            return match news {
                LimiterNews::Wanted(demand) => {
                    Ok(self.keeper.unanswered(&wanted(demand), workers, now))
                }
                _ => Err(away),
            };
        };
        match news {
            LimiterNews::Wanted(demand) => {
                let wanted = wanted(demand);
                let call = self.keeper.call(&wanted, now);
                let reply = engine.permit(demand.host.as_ref(), &call)?;
                return Ok(self.keeper.answered(&wanted, reply, now, now));
            }
            LimiterNews::Judged {
                host,
                failing,
                rest,
            } => {
                engine.vote(host, &number.to_string(), *failing, *rest)?;
            }
            LimiterNews::TrialEnded { host, succeeded } => engine.probe(host, *succeeded)?,
            LimiterNews::Pause { host, until } => {
                engine.cool(host, until.saturating_duration_since(now))?;
            }
        }
        Err(away)
    }

    fn answer(&mut self, demand: &SlotDemand, permitted: PermittedStarts, now: Instant) {
        let answer = match permitted {
            PermittedStarts::Granted { after, count } => SlotAnswer::Granted {
                at: now + after,
                count: count.min(demand.count),
            },
            PermittedStarts::Trial => SlotAnswer::Trial { at: now },
            PermittedStarts::Later { after, pause } => SlotAnswer::Later {
                at: now + after,
                pauses: pause,
            },
        };
        self.schedule.answer(demand.host.as_ref(), answer, now);
    }
}

fn wanted(demand: &SlotDemand) -> WantedStarts {
    WantedStarts {
        host: demand.host.clone(),
        count: demand.count,
        rate: demand.rate,
        longer: demand.longer.clone(),
    }
}
