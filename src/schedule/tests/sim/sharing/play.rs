//! A run in virtual time: hosts with their manners, the workers, and for each batch a caller that feeds it and takes
//! its outcomes at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::super::super::super::limits::LimitRule;
use super::super::super::*;

/// Manner in which a host treats its requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// Responds after this time.
    Answers(Duration),
    /// Takes the connection and does not respond until a timeout of this length.
    Hangs(Duration),
    /// Takes no connection until a timeout of this length.
    Dead(Duration),
    /// Responds to this number of requests after the first time, and lets later ones hang until a timeout of the
    /// second.
    Tires(usize, Duration, Duration),
    /// Responds after the first time; each tenth response asks for a pause of the second.
    Pauses(Duration, Duration),
}

/// A host and its requests.
pub(super) struct Server {
    pub(super) manner: Manner,
    pub(super) requests: usize,
    pub(super) rule: LimitRule,
    host: Host,
    /// Number of requests that were not read yet.
    pub(super) unread: usize,
    /// Number of requests that were read and have not been started.
    pub(super) waiting: usize,
    pub(super) places: usize,
    pub(super) started: usize,
    pub(super) ended: usize,
    /// True if the last attempt that ended had a head.
    pub(super) answering: bool,
    pub(super) paused_until: Option<Instant>,
}

impl Server {
    /// Number of requests that have not ended.
    pub(super) fn left(&self) -> usize {
        self.requests - self.ended
    }
}

/// A batch: the hosts of its requests, in order, and its caller.
struct Caller {
    id: Id,
    input: std::vec::IntoIter<usize>,
    opens_at: Duration,
    waits_for_room: bool,
    /// Time at which the caller looks, after it was nudged.
    nudged_until: Option<Instant>,
    looks_at: Option<Instant>,
}

struct Run {
    server: usize,
    batch: usize,
    start: Instant,
    /// True if the attempt was under way when the first host answered first.
    early: bool,
}

/// Events at which a property looks.
pub(super) enum PlayEvent {
    /// A request of this server has started, and is counted already.
    Start(usize),
    /// No more can happen at this instant.
    Rest,
}

pub(super) struct Play {
    pub(super) workers: usize,
    pub(super) servers: Vec<Server>,
    pub(super) begin: Instant,
    pub(super) now: Instant,
    pub(super) running: usize,
    /// Number of hosts of which a request was read and none has been started.
    pub(super) unserved: usize,
    /// True if the first server has responded, and the attempts that were under way then have ended.
    pub(super) settled: bool,
    /// Largest number of requests of the first batch that were read and not taken at a time.
    pub(super) most_read: usize,
    /// Sum of the times of all attempts.
    pub(super) work: Duration,
    pub(super) window: usize,
    /// Time from a nudge until the caller looks.
    pub(super) lag: Duration,
    schedule: Schedule<usize>,
    callers: Vec<Caller>,
    runs: HashMap<Id, Run>,
    ends: BinaryHeap<Reverse<(Instant, u64, Id)>>,
    number: u64,
    /// Number of attempts that have to end before the run is settled. `None`: the first server has not responded yet.
    early: Option<usize>,
}

impl Play {
    pub(super) fn new(workers: usize) -> Play {
        let begin = Instant::now();
        Play {
            workers,
            servers: Vec::new(),
            begin,
            now: begin,
            running: 0,
            unserved: 0,
            settled: false,
            most_read: 0,
            work: Duration::ZERO,
            window: workers.saturating_mul(4).max(1_000),
            lag: Duration::ZERO,
            schedule: Schedule::new(ScheduleSettings::new(workers)),
            callers: Vec::new(),
            runs: HashMap::new(),
            ends: BinaryHeap::new(),
            number: 0,
            early: None,
        }
    }

    pub(super) fn host(mut self, requests: usize, manner: Manner) -> Play {
        self.servers.push(Server {
            manner,
            requests,
            rule: LimitRule::default(),
            host: host(&format!("host{}", self.servers.len())),
            unread: requests,
            waiting: 0,
            places: 0,
            started: 0,
            ended: 0,
            answering: false,
            paused_until: None,
        });
        self
    }

    pub(super) fn hosts(self, count: usize, requests: usize, manner: Manner) -> Play {
        (0..count).fold(self, |play, _| play.host(requests, manner))
    }

    /// Gives the last host limits of its own.
    pub(super) fn limited(mut self, rule: LimitRule) -> Play {
        let server = self.servers.last_mut().unwrap();
        server.rule = rule.clone();
        let pattern = server.host.name().parse().unwrap();
        self.schedule.settings.rules.insert(pattern, rule);
        self
    }

    pub(super) fn time(&self) -> Duration {
        self.now - self.begin
    }

    /// Adds a batch that is opened at `opens_at`, with its input.
    pub(super) fn batch(mut self, opens_at: Duration, input: Vec<usize>) -> Play {
        let bounds = Bounds {
            window: self.window,
            max_parked: 1 << 16,
            bytes: 64 << 20,
            max_delay: None,
            delivered: false,
            ordered: false,
        };
        self.callers.push(Caller {
            id: self.schedule.open(bounds, None),
            input: input.into_iter(),
            opens_at,
            waits_for_room: false,
            nudged_until: None,
            looks_at: None,
        });
        self
    }

    /// Runs to the end; `property` looks at all that happens.
    pub(super) fn run(mut self, mut property: impl FnMut(&Play, PlayEvent)) -> Play {
        loop {
            self.callers_look();
            self.start_all(&mut property);
            // The starts may have made room.
            if self.callers_look() {
                continue;
            }
            property(&self, PlayEvent::Rest);
            let Some(next) = self.next_event() else {
                break;
            };
            self.now = self.now.max(next);
            while let Some(Reverse((at, _, id))) = self.ends.peek().copied()
                && at <= self.now
            {
                self.ends.pop();
                self.end(id);
                self.start_all(&mut property);
            }
        }
        let left: usize = self.servers.iter().map(Server::left).sum();
        assert_eq!((left, self.running), (0, 0), "it stands still");
        self
    }

    fn next_event(&mut self) -> Option<Instant> {
        let end = self.ends.peek().map(|Reverse((at, ..))| *at);
        let idle = self.running < self.workers;
        let wakeup = self.schedule.next_wakeup().filter(|_| idle);
        let callers = self.callers.iter().filter(|caller| caller.waits_for_room);
        let look = callers
            .flat_map(|caller| [caller.looks_at, caller.nudged_until])
            .flatten()
            .min();
        let unopened = self
            .callers
            .iter()
            .map(|caller| self.begin + caller.opens_at);
        let opening = unopened.filter(|at| *at > self.now).min();
        [end, wakeup, look, opening].into_iter().flatten().min()
    }

    /// Has callers look and feed that were nudged or whose time it is. True if any caller fed.
    fn callers_look(&mut self) -> bool {
        let nudged: Vec<Id> = self.schedule.nudges().collect();
        let mut fed = false;
        for at in 0..self.callers.len() {
            let caller = &mut self.callers[at];
            if nudged.contains(&caller.id) {
                caller.nudged_until.get_or_insert(self.now + self.lag);
            }
            let times = [caller.looks_at, caller.nudged_until];
            let due = times.into_iter().flatten().any(|at| at <= self.now);
            if due || !caller.waits_for_room {
                caller.waits_for_room = false;
                caller.nudged_until = None;
                self.schedule.watch(self.now, Vec::new);
                fed |= self.feed(at);
                let caller = &mut self.callers[at];
                caller.looks_at = self.schedule.next_look(caller.id);
            }
        }
        fed
    }

    fn feed(&mut self, at: usize) -> bool {
        let caller = &mut self.callers[at];
        if self.now < self.begin + caller.opens_at || caller.input.as_slice().is_empty() {
            return false;
        }
        let mut fed = false;
        while self.schedule.room(caller.id) > 0 {
            let Some(number) = caller.input.next() else {
                return fed;
            };
            let server = &mut self.servers[number];
            self.unserved += usize::from(server.waiting + server.started == 0);
            server.unread -= 1;
            server.waiting += 1;
            self.schedule
                .push(caller.id, &server.host, number, self.now);
            fed = true;
        }
        if at == 0 {
            let batch = self.schedule.batches.get(caller.id).unwrap();
            self.most_read = self.most_read.max(batch.ready + batch.in_flight);
        }
        self.schedule.want_room(caller.id);
        caller.waits_for_room = true;
        fed
    }

    fn start_all(&mut self, property: &mut impl FnMut(&Play, PlayEvent)) {
        while let Some(start) = self.schedule.poll(self.now) {
            let number = start.job;
            let server = &mut self.servers[number];
            self.unserved -= usize::from(server.started == 0);
            server.waiting -= 1;
            server.started += 1;
            server.places += 1;
            self.running += 1;
            let (connects, time) = match server.manner {
                Manner::Answers(time) | Manner::Hangs(time) | Manner::Pauses(time, _) => {
                    (true, time)
                }
                Manner::Tires(answers, time, _) if server.started <= answers => (true, time),
                Manner::Tires(_, _, hangs) => (true, hangs),
                Manner::Dead(time) => (false, time),
            };
            if connects && start.unproven {
                self.schedule.connected(start.id);
            }
            self.work += time;
            self.number += 1;
            self.ends
                .push(Reverse((self.now + time, self.number, start.id)));
            let batch = self
                .callers
                .iter()
                .position(|c| c.id == start.batch)
                .unwrap();
            self.runs.insert(
                start.id,
                Run {
                    server: number,
                    batch,
                    start: self.now,
                    early: false,
                },
            );
            property(self, PlayEvent::Start(number));
        }
    }

    fn end(&mut self, id: Id) {
        let run = self.runs.remove(&id).unwrap();
        let server = &mut self.servers[run.server];
        let waited = self.now - run.start;
        server.places -= 1;
        server.ended += 1;
        self.running -= 1;
        server.answering = match server.manner {
            Manner::Hangs(_) | Manner::Dead(_) => false,
            Manner::Tires(_, _, hangs) => waited < hangs,
            Manner::Answers(_) | Manner::Pauses(..) => true,
        };
        let heard = match server.answering {
            true => HostObservation::Head { waited },
            false => HostObservation::NoHead { waited },
        };
        let mut cool = None;
        if let Manner::Pauses(_, pause) = server.manner
            && server.ended.is_multiple_of(10)
        {
            cool = Some(self.now + pause);
            server.paused_until = cool;
        }
        if run.server == 0 && server.answering && self.early.is_none() {
            self.runs.values_mut().for_each(|run| run.early = true);
            self.early = Some(self.runs.len());
        }
        if run.early {
            self.early = self.early.map(|early| early - 1);
        }
        self.settled = self.early == Some(0);
        let verdict = Verdict::Done {
            bytes: 0,
            cool,
            call: CallEnd::Ignored,
        };
        let back = self.schedule.complete(id, heard, verdict, self.now);
        assert_eq!(back, None);
        self.schedule.taken(self.callers[run.batch].id, 1, 0);
    }
}

/// Returns the requests of all servers in an order: those of the first last, all shuffled, or one of the first and one
/// of another in turn, in which the others take turns too.
pub(super) fn order(play: &Play, rng: &mut fastrand::Rng) -> Vec<usize> {
    let servers = 0..play.servers.len();
    let mut all: Vec<usize> = servers
        .flat_map(|at| std::iter::repeat_n(at, play.servers[at].requests))
        .collect();
    let kind = rng.u8(..4);
    if kind < 2 {
        rng.shuffle(&mut all);
    }
    if kind == 0 {
        return all;
    }
    let (mut first, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(|at| *at == 0);
    if kind < 3 {
        // The others are in order of hosts, or shuffled.
        others.append(&mut first);
        return others;
    }
    let mut nth = vec![0; play.servers.len()];
    others.sort_by_cached_key(|at| {
        nth[*at] += 1;
        nth[*at]
    });
    let (mut first, mut others) = (first.into_iter(), others.into_iter());
    let mut all = Vec::new();
    while first.len() + others.len() > 0 {
        all.extend(others.next());
        all.extend(first.next());
    }
    all
}
