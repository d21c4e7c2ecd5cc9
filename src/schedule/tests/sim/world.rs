//! Parts of a history: hosts with their manners, batches with their consumers, and the jobs.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use crate::settings::{BreakerSettings, RateLimit, RateLimits, RetryBudget};

use super::super::super::limits::LimitRule;
use super::super::*;
use super::check::Pace;
use super::events::Totals;
use super::hedges::{HedgeRun, Offer};

/// Manner in which a host treats its requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    Fast,
    Slow,
    /// Fails this number of times out of ten.
    Flaky(u8),
    /// Responds with 429 to the second of two requests within this number of milliseconds.
    Limited(u64),
    Redirecting,
    Dead,
    /// Lets a request wait for seconds, and responds to some.
    Hanging,
    /// Dead until this instant.
    Recovering(Instant),
}

pub(super) struct Server {
    pub(super) host: Host,
    pub(super) manner: Manner,
    pub(super) limits: HostLimits,
    pub(super) in_flight: usize,
    /// True if a connection to the host was reported at some time.
    pub(super) told: bool,
    /// True if the last attempt that told anything had a response head.
    pub(super) answering: bool,
    /// True if that attempt had waited for a head for longer than a second.
    pub(super) late: bool,
    /// Time at which the host was served last, in starts.
    pub(super) served: usize,
    pub(super) cool_until: Option<Instant>,
    pub(super) starts: Vec<Instant>,
    pub(super) pace: Pace,
    pub(super) firsts: f64,
    pub(super) withdrawn: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Where {
    Unfed,
    /// In a lane from this instant on.
    Waiting(Instant),
    Running,
    /// The schedule has ended the job and has not reported it yet.
    Ended,
    Over,
}

#[derive(Debug)]
pub(super) struct Work {
    pub(super) batch: usize,
    pub(super) index: usize,
    pub(super) server: usize,
    pub(super) place: Where,
    pub(super) attempts: u32,
    pub(super) hops: u32,
    pub(super) deadline: Option<Instant>,
    pub(super) outcomes: u32,
    /// True if the job is where it was pushed: neither tried nor moved.
    pub(super) untouched: bool,
}

/// An attempt under way.
pub(super) struct Run {
    pub(super) id: Id,
    pub(super) work: usize,
    pub(super) starts: Instant,
    pub(super) ends: Instant,
    /// Time at which the head of the response comes. `None`: none comes.
    pub(super) head_at: Option<Instant>,
    /// True if the schedule was told of the head, because it came late.
    pub(super) head_told: bool,
    pub(super) connects: Option<Instant>,
    pub(super) released: bool,
    /// Time from which on the attempt waits for its host, as reported to the schedule. `None`: it does not wait.
    pub(super) waits_since: Option<Instant>,
    pub(super) offer: Offer,
}

#[derive(Debug)]
/// A batch, and the caller that feeds it and takes its outcomes.
pub(super) struct Feast {
    pub(super) id: Id,
    pub(super) bounds: Bounds,
    pub(super) deadline: Option<Instant>,
    pub(super) works: Vec<usize>,
    pub(super) fed: usize,
    /// True if another thread feeds the batch: it looks again only when nudged.
    pub(super) by_intake: bool,
    pub(super) waits_for_room: bool,
    /// Time at which the batch's caller looks again, whatever happens. `None`: only when nudged.
    pub(super) looks_at: Option<Instant>,
    /// True if the caller was nudged, or has taken outcomes, and looks at this very instant.
    pub(super) must_look: bool,
    /// Time at which a job of the batch started last, in starts.
    pub(super) served: usize,
    pub(super) in_flight: usize,
    /// Outcomes in the channel: number of the work, bytes.
    pub(super) channel: VecDeque<(usize, u64)>,
    /// Outcomes that came before those of older requests.
    pub(super) early: BTreeMap<usize, (usize, Option<u64>)>,
    pub(super) handed_back: usize,
    /// Number of outcomes reported as finished and not yet as taken.
    pub(super) finished: usize,
    pub(super) bytes: u64,
    pub(super) pause: u64,
    pub(super) takes_at: Instant,
    pub(super) stopped: bool,
    pub(super) gone: bool,
    /// Upper bound for attempts in flight, and the time until which it holds. `None`: there is no bound.
    pub(super) held: Option<(usize, Instant)>,
}

pub(super) struct World {
    pub(super) rng: fastrand::Rng,
    pub(super) begin: Instant,
    pub(super) now: Instant,
    pub(super) settings: ScheduleSettings,
    pub(super) schedule: Schedule<usize>,
    pub(super) servers: Vec<Server>,
    pub(super) works: Vec<Work>,
    pub(super) feasts: Vec<Feast>,
    pub(super) runs: Vec<Run>,
    pub(super) hedges: Vec<HedgeRun>,
    pub(super) starts: Vec<Instant>,
    /// Answering hosts that ran out of work, and the times when they did.
    pub(super) gaps: Vec<(Instant, usize)>,
    pub(super) pace: Pace,
    pub(super) max_attempts: u32,
    pub(super) calm: bool,
    pub(super) seen: Totals,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut rng = fastrand::Rng::with_seed(seed);
        let begin = Instant::now();
        let mut settings = ScheduleSettings {
            in_flight: rng.usize(1..12),
            slow_start: rng.usize(1..5),
            clients: 1,
            rate: some_rates(&mut rng, 6),
            rate_cost: RateLimits::default(),
            host: host_limits(&mut rng),
            rules: Default::default(),
            hanging_after: ms(rng.u64(1..300)),
            shared_rests: false,
            seed,
        };
        if chance(&mut rng, 3) {
            let rule = LimitRule {
                in_flight: chance(&mut rng, 2).then(|| rng.usize(1..4).into()),
                rate: chance(&mut rng, 3).then(|| some_rates(&mut rng, 1)),
                breaker: chance(&mut rng, 3)
                    .then(|| chance(&mut rng, 2).then(|| breaker(&mut rng))),
                budget: chance(&mut rng, 3).then_some(None),
            };
            settings.rules.insert("host0:81".parse().unwrap(), rule);
        }
        let servers = (0..rng.usize(1..6)).map(|at| {
            let host = host(&format!("host{at}:81"));
            Server {
                manner: manner(&mut rng, begin),
                limits: settings.limits(&host),
                host,
                in_flight: 0,
                told: false,
                answering: false,
                late: false,
                served: 0,
                cool_until: None,
                starts: Vec::new(),
                pace: Pace::default(),
                firsts: 0.0,
                withdrawn: 0.0,
            }
        });
        let servers: Vec<_> = servers.collect();
        let mut world = World {
            begin,
            now: begin,
            schedule: Schedule::new(settings.clone()),
            settings,
            servers,
            works: Vec::new(),
            feasts: Vec::new(),
            runs: Vec::new(),
            hedges: Vec::new(),
            starts: Vec::new(),
            gaps: Vec::new(),
            pace: Pace::default(),
            max_attempts: rng.u32(1..5),
            calm: rng.bool(),
            seen: Totals::default(),
            rng,
        };
        for _ in 0..world.rng.usize(1..5) {
            world.add_feast();
        }
        world
    }

    fn add_feast(&mut self) {
        let rng = &mut self.rng;
        let ordered = chance(rng, 3);
        let delivered = !ordered && chance(rng, 5);
        let bounds = Bounds {
            window: if delivered {
                usize::MAX
            } else {
                rng.usize(1..20)
            },
            max_parked: if delivered {
                usize::MAX
            } else {
                rng.usize(1..20)
            },
            bytes: if delivered {
                i64::MAX as u64
            } else {
                rng.u64(1..400)
            },
            max_delay: chance(rng, 6).then(|| ms(rng.u64(..200))),
            delivered,
            ordered,
        };
        let count = if chance(rng, 10) { 0 } else { rng.usize(1..40) };
        // The input is sorted by host, or mixed.
        let sorted = rng.bool();
        let deadline = (!delivered && chance(rng, 5)).then(|| self.begin + ms(rng.u64(1..3_000)));
        let batch = self.feasts.len();
        let works = (0..count).map(|index| {
            let hosts = self.servers.len();
            let server = if sorted {
                index * hosts / count
            } else {
                self.rng.usize(..hosts)
            };
            self.works.push(Work {
                batch,
                index,
                server,
                place: Where::Unfed,
                attempts: 0,
                hops: 0,
                deadline: None,
                outcomes: 0,
                untouched: true,
            });
            self.works.len() - 1
        });
        let works = works.collect();
        let id = self.schedule.open(bounds, deadline);
        self.feasts.push(Feast {
            id,
            bounds,
            deadline,
            works,
            fed: 0,
            by_intake: !ordered && self.rng.bool(),
            waits_for_room: false,
            looks_at: None,
            must_look: true,
            // Hosts that were never served are served in the order in which they were opened.
            served: batch,
            in_flight: 0,
            channel: VecDeque::new(),
            early: BTreeMap::new(),
            handed_back: 0,
            finished: 0,
            bytes: 0,
            pause: if self.rng.bool() {
                0
            } else {
                self.rng.u64(1..60)
            },
            takes_at: self.begin,
            stopped: false,
            gone: false,
            held: None,
        });
    }
}

pub(super) fn chance(rng: &mut fastrand::Rng, one_in: u32) -> bool {
    rng.u32(..one_in) == 0
}

/// Returns limits for up to three windows once in `one_in` calls, else none.
fn some_rates(rng: &mut fastrand::Rng, one_in: u32) -> RateLimits {
    let mut limits = RateLimits::default();
    if !chance(rng, one_in) {
        return limits;
    }
    let mut per = rng.u64(1..1_000);
    limits.add(RateLimit::new(rng.u32(1..20), ms(per)).burst(rng.u32(1..4)));
    for _ in 0..rng.u32(..3) {
        per += rng.u64(1..1_000);
        limits.add(RateLimit::new(rng.u32(1..40), ms(per)));
    }
    limits
}

fn breaker(rng: &mut fastrand::Rng) -> BreakerSettings {
    let trials = rng.u32(1..4);
    BreakerSettings {
        window: ms(rng.u64(10..2_000)),
        min_calls: Some(rng.u32(1..6)),
        failure_ratio: 0.1 + rng.f64() * 0.9,
        open: ms(rng.u64(1..300)),
        open_max: ms(rng.u64(300..1_000)),
        trials,
        trials_to_close: rng.u32(1..=trials),
        wait: rng.bool(),
    }
}

fn host_limits(rng: &mut fastrand::Rng) -> HostLimits {
    HostLimits {
        in_flight: if rng.bool() {
            usize::MAX.into()
        } else {
            rng.usize(1..6).into()
        },
        rate: some_rates(rng, 4),
        granted: false,
        breaker: chance(rng, 3).then(|| breaker(rng)),
        budget: rng.bool().then(|| RetryBudget {
            reserve: f64::from(rng.u8(0..20)),
            per_request: rng.f64(),
            per_second: 0.1 + rng.f64() * 3.0,
        }),
    }
}

fn manner(rng: &mut fastrand::Rng, begin: Instant) -> Manner {
    match rng.u8(..9) {
        0 | 1 => Manner::Fast,
        2 => Manner::Slow,
        3 => Manner::Flaky(rng.u8(1..10)),
        4 => Manner::Limited(rng.u64(1..50)),
        5 => Manner::Redirecting,
        6 => Manner::Dead,
        7 => Manner::Hanging,
        _ => Manner::Recovering(begin + ms(rng.u64(..2_000))),
    }
}
