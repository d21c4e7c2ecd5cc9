//! Simulated worker: the core and the client, and their calls to the engine.

use std::time::{Duration, Instant};

use crate::fleet::engine::{BeatReply, EngineError, FleetEngine, PermitReply, ResultClass};
use crate::fleet::memory::MemoryEngine;
use crate::fleet::worker::core::{
    BeatCall, CoreSettings, EntryKey, LeaseAnswer, LeaseCall, LeaseStep, NextCall, SettleAnswer,
    SettleCall, SettleStep, SlotKeeper, StartAnswer, UndoneEntry, WorkerCore,
};
use crate::host::Host;
use crate::schedule::{
    Bounds, CallEnd, EndReason, HostLimits, HostObservation, Id, LimiterNews, Schedule,
    ScheduleSettings, SlotAnswer, SlotDemand, Verdict,
};
use crate::settings::{PermittedStarts, RateLimits, WantedStarts};

use super::{JOBS, LATENCY, LEASE, PacedLimits, SECOND};

type Answer<T> = Result<T, EngineError>;

pub(super) struct PacedWorker {
    /// Beginning of the time on the worker's clock.
    pub(super) begin: Instant,
    core: WorkerCore,
    keeper: SlotKeeper,
    schedule: Schedule<PacedJob>,
    batch: Id,
    news: Vec<LimiterNews>,
    replies: Vec<PacedReply>,
    /// Threads with a call on its way: beat, lease, settle, permit.
    is_busy: [bool; 4],
    /// True while calls that park are carried out and have no answer.
    pub(super) loses_parks: bool,
    /// Number of entries that such calls parked.
    pub(super) lost: usize,
    pub(super) running: Vec<(Duration, Id, PacedJob, bool)>,
}

pub(super) type PacedJob = (EntryKey, usize);

enum PacedReply {
    Beat(BeatCall, Answer<BeatReply>),
    Lease(LeaseCall, Answer<LeaseAnswer>),
    Settle(SettleCall, Answer<SettleAnswer>),
    Permit(SlotDemand, WantedStarts, Answer<PermitReply>),
}

impl PacedWorker {
    pub(super) fn new(number: usize, limits: &PacedLimits) -> PacedWorker {
        // The clocks of machines differ by hours.
        let begin = Instant::now() + SECOND * 3_600 * number as u32;
        let settings = CoreSettings {
            prefix: format!("node:{number}"),
            seed: number as u64,
            lanes: 1,
            lease: LEASE,
            jobs: JOBS,
            max_deliveries: 3,
            resume_writes: false,
            grace: SECOND,
            divides_places: false,
        };
        let mut schedule = Schedule::new(ScheduleSettings {
            host: HostLimits {
                rate: limits.per_host.iter().copied().collect(),
                granted: true,
                ..HostLimits::default()
            },
            rate: limits.total.iter().copied().collect::<RateLimits>(),
            shared_rests: true,
            slow_start: JOBS,
            ..ScheduleSettings::new(JOBS)
        });
        let bounds = Bounds {
            window: 10_000,
            max_parked: 10_000,
            bytes: 1 << 40,
            max_delay: Some(LEASE),
            delivered: false,
            ordered: false,
        };
        PacedWorker {
            begin,
            core: WorkerCore::new(settings, begin),
            keeper: SlotKeeper::new(LEASE, begin),
            batch: schedule.open(bounds, None),
            schedule,
            news: Vec::new(),
            replies: Vec::new(),
            is_busy: [false; 4],
            loses_parks: false,
            lost: 0,
            running: Vec::new(),
        }
    }

    pub(super) fn take_replies(&mut self, now: Instant) {
        for reply in std::mem::take(&mut self.replies) {
            match reply {
                PacedReply::Beat(call, answer) => {
                    self.is_busy[0] = false;
                    self.core.beat_done(&call, &answer, now);
                }
                PacedReply::Lease(call, answer) => {
                    self.is_busy[1] = false;
                    self.core.lease_done(&call, answer, now);
                }
                PacedReply::Settle(call, answer) => {
                    self.is_busy[2] = false;
                    self.core.settle_done(call, answer, now);
                }
                PacedReply::Permit(demand, wanted, answer) => {
                    self.is_busy[3] = false;
                    let workers = self.core.workers();
                    let permitted = match answer {
                        Ok(reply) => self.keeper.answered(&wanted, reply, now, now),
                        Err(_) => self.keeper.unanswered(&wanted, workers, now),
                    };
                    self.schedule
                        .answer(demand.host.as_ref(), slots(permitted, now), now);
                }
            }
        }
    }

    pub(super) fn hand_out(&mut self, lines: &[usize], hosts: &[Host], now: Instant) {
        for handed in self.core.take_handed(now) {
            let host = lines[handed.leased.entry.index as usize];
            if self
                .core
                .request_was_read(handed.key, &hosts[host], false, now)
            {
                let job = (handed.key, host);
                self.schedule.push(self.batch, &hosts[host], job, now);
            }
        }
    }

    pub(super) fn follow_orders(&mut self, now: Instant) {
        for (host, count) in self.core.orders(now).give_back {
            let given = self.schedule.give_back(self.batch, &host, count, now);
            self.core.given_back(&host, count, given);
        }
    }

    pub(super) fn end_attempts(&mut self, pause: Option<Duration>, at: Duration) {
        let (ended, running) = self.running.drain(..).partition(|(end, ..)| *end <= at);
        self.running = running;
        let ended: Vec<(Duration, Id, PacedJob, bool)> = ended;
        let now = self.begin + at;
        for (_, id, job, is_asked) in ended {
            let heard = HostObservation::Head { waited: LATENCY };
            let until = now + pause.unwrap_or_default();
            let verdict = match is_asked {
                true => Verdict::Retry {
                    job,
                    at: until,
                    deadline: None,
                    cool: Some(until),
                    call: CallEnd::Ignored,
                },
                false => Verdict::Done {
                    bytes: 0,
                    cool: None,
                    call: CallEnd::Success,
                },
            };
            let _ = self.schedule.complete(id, heard, verdict, now);
            if !is_asked {
                self.schedule.taken(self.batch, 1, 0);
                let record = b"record".to_vec();
                self.core.ended(job.0, ResultClass::Success, record, now);
            }
        }
    }

    pub(super) fn start(&mut self, now: Instant) -> Vec<(Id, PacedJob)> {
        let mut started = Vec::new();
        while let Some(start) = self.schedule.poll(now) {
            match self.core.may_start(start.job.0, now, now) {
                StartAnswer::Now => started.push((start.id, start.job)),
                // Beats do not fail for that long.
                answer => panic!("a request may not start: {answer:?}"),
            }
        }
        started
    }

    pub(super) fn take_back(&mut self, now: Instant) {
        while let Some((job, why)) = self.schedule.take_ended(self.batch) {
            let EndReason::GivenBack { until } = why else {
                panic!("a job of a fleet ended: {why:?}");
            };
            let delay = until.map(|until| until.saturating_duration_since(now));
            let undone = UndoneEntry {
                delay: delay.unwrap_or_default(),
                attempts: 0,
                is_repeatable: true,
            };
            assert!(self.core.undone(job.0, undone, now), "it was not sent");
        }
    }

    /// Makes the next call of each thread that has none on its way.
    pub(super) fn call(&mut self, mut engine: Option<&mut MemoryEngine>, now: Instant) {
        self.news.extend(self.schedule.limiter_news(now));
        if !self.is_busy[0]
            && let NextCall::Call(call) = self.core.next_beat(now)
        {
            let answer = ask(&mut engine, |e| e.beat(0, &call.worker, call.join));
            self.is_busy[0] = true;
            self.replies.push(PacedReply::Beat(call, answer));
        }
        if !self.is_busy[1]
            && let NextCall::Call(call) = self.core.next_lease(now)
        {
            let answer = ask(&mut engine, |e| lease(e, &call));
            self.is_busy[1] = true;
            self.replies.push(PacedReply::Lease(call, answer));
        }
        if !self.is_busy[2]
            && let NextCall::Call(call) = self.core.next_settle(now)
        {
            let answer = ask(&mut engine, |e| match &call.step {
                SettleStep::Settle(entries) => e
                    .settle(0, &call.worker, u64::MAX, entries)
                    .map(SettleAnswer::Settled),
                SettleStep::Park { number, entries } => {
                    let parked = e.park(0, &call.worker, *number, entries)?;
                    if self.loses_parks {
                        self.lost += parked.iter().filter(|is_parked| **is_parked).count();
                        return no_answer();
                    }
                    Ok(SettleAnswer::Parked(parked))
                }
            });
            self.is_busy[2] = true;
            self.replies.push(PacedReply::Settle(call, answer));
        }
        while !self.is_busy[3] && !self.news.is_empty() {
            match self.news.remove(0) {
                LimiterNews::Wanted(demand) => {
                    let wanted = WantedStarts {
                        host: demand.host.clone(),
                        count: demand.count,
                        rate: demand.rate,
                        longer: demand.longer.clone(),
                    };
                    let call = self.keeper.call(&wanted, now);
                    let answer = ask(&mut engine, |e| e.permit(demand.host.as_ref(), &call));
                    self.is_busy[3] = true;
                    self.replies
                        .push(PacedReply::Permit(demand, wanted, answer));
                }
                LimiterNews::Pause { host, until } => {
                    let pause = until.saturating_duration_since(now);
                    let _ = ask(&mut engine, |e| e.cool(&host, pause));
                }
                _ => {}
            }
        }
    }
}

fn ask<T>(
    engine: &mut Option<&mut MemoryEngine>,
    step: impl FnOnce(&mut MemoryEngine) -> Answer<T>,
) -> Answer<T> {
    match engine {
        Some(engine) => step(engine),
        None => no_answer(),
    }
}

fn no_answer<T>() -> Answer<T> {
    Err(EngineError::Away("no answer".to_owned()))
}

fn lease(engine: &mut MemoryEngine, call: &LeaseCall) -> Answer<LeaseAnswer> {
    let worker = call.worker.as_str();
    Ok(match &call.step {
        LeaseStep::Lease { most, early } => {
            LeaseAnswer::Leased(engine.lease(0, worker, *most, *early)?)
        }
        LeaseStep::Reclaim { most } => LeaseAnswer::Leased(engine.reclaim(0, worker, *most)?),
        LeaseStep::Held { known } => {
            LeaseAnswer::Held(engine.held(0, worker, &|number| known.contains(&number))?)
        }
        LeaseStep::Count => LeaseAnswer::Count(engine.figures(0)?.entries),
    })
}

fn slots(permitted: PermittedStarts, now: Instant) -> SlotAnswer {
    match permitted {
        PermittedStarts::Granted { after, count } => SlotAnswer::Granted {
            at: now + after,
            count,
        },
        PermittedStarts::Trial => SlotAnswer::Trial { at: now },
        PermittedStarts::Later { after, pause } => SlotAnswer::Later {
            at: now + after,
            pauses: pause,
        },
    }
}
