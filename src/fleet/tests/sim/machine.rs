//! Machine with a worker: the process, its threads, and its clock.

use std::time::{Duration, Instant};

use crate::fleet::engine::{EngineError, ResultClass};
use crate::fleet::worker::core::{
    CoreEnd, CoreSettings, EntryAction, EntryKey, NextCall, SlotKeeper, UndoneEntry, WorkerCore,
};

use super::check::{Seen, SimTruth};
use super::client::SimClient;
use super::history::SimHistory;
use super::network::{SimCall, SimCaller, SimReply};
use super::world::{SimEvent, SimWorld};

const THREADS: usize = 5;

pub(super) struct SimMachine {
    pub(super) process: Option<SimProcess>,
    pub(super) incarnation: u32,
    /// Time until which its processes stand still.
    pub(super) stopped_until: Duration,
    /// Time until which its beats may not have come through for reasons of its own.
    pub(super) disturbed_until: Duration,
    /// Times in which nothing that it sends arrives.
    pub(super) partitions: Vec<(Duration, Duration)>,
    pub(super) wakes_at: Option<Duration>,
    /// True if its worker saw the end of the run.
    pub(super) is_done: bool,
    /// Difference of its clock, and speed.
    offset: Duration,
    speed: f64,
}

pub(super) struct SimProcess {
    pub(super) core: WorkerCore,
    pub(super) keeper: SlotKeeper,
    pub(super) client: SimClient,
    is_busy: [bool; THREADS],
}

impl SimMachine {
    pub(super) fn new(rng: &mut fastrand::Rng) -> SimMachine {
        SimMachine {
            process: None,
            incarnation: 0,
            stopped_until: Duration::ZERO,
            disturbed_until: Duration::ZERO,
            partitions: Vec::new(),
            wakes_at: None,
            is_done: false,
            offset: Duration::from_secs(rng.u64(0..4_000)),
            speed: 0.98 + rng.f64() * 0.04,
        }
    }
}

/// Takes the answer to a call out of its envelope.
macro_rules! unwrapped {
    ($reply:ident, $kind:path) => {
        $reply.map(|reply| match reply {
            $kind(answer) => answer,
            other => panic!("{other:?}"),
        })
    };
}

fn thread_of(call: &SimCall) -> usize {
    match call {
        SimCall::Beat(_) => 0,
        SimCall::Lease(_) => 1,
        SimCall::Begin(_) => 2,
        SimCall::Settle(_) => 3,
        _ => 4,
    }
}

impl SimWorld {
    /// Time of the machine's clock.
    pub(super) fn local(&self, machine: usize) -> Instant {
        let clock = &self.machines[machine];
        self.base + clock.offset + self.now.mul_f64(clock.speed)
    }

    fn time_of(&self, machine: usize, local: Instant) -> Duration {
        let clock = &self.machines[machine];
        let local = local.saturating_duration_since(self.base + clock.offset);
        local.div_f64(clock.speed) + Duration::from_micros(2)
    }

    pub(super) fn is_present(&self, machine: usize, incarnation: u32) -> bool {
        let machine = &self.machines[machine];
        machine.incarnation == incarnation && machine.process.is_some()
    }

    pub(super) fn boot(&mut self, number: usize) {
        let now = self.local(number);
        let history = &self.history;
        let settings = CoreSettings {
            prefix: format!("n{number}"),
            seed: self.rng.u64(..),
            lanes: history.lanes,
            lease: history.lease,
            jobs: history.jobs,
            max_deliveries: history.max_deliveries,
            resume_writes: history.resume_writes,
        };
        let machine = &mut self.machines[number];
        if machine.is_done || machine.process.is_some() {
            return;
        }
        machine.incarnation += 1;
        machine.wakes_at = None;
        machine.process = Some(SimProcess {
            core: WorkerCore::new(settings, now),
            keeper: SlotKeeper::new(history.lease, now),
            client: SimClient::new(history.jobs, now),
            is_busy: [false; THREADS],
        });
        self.pump(number);
    }

    pub(super) fn crash(&mut self, number: usize) {
        if self.machines[number].process.take().is_some() {
            self.seen.crashes += 1;
            let wait = self.history.lease.mul_f64(self.rng.f64() * 4.0);
            self.after(wait, SimEvent::Boot(number));
        }
    }

    pub(super) fn drain(&mut self, number: usize, grace: Duration) {
        let now = self.local(number);
        if let Some(process) = &mut self.machines[number].process {
            self.seen.drains += 1;
            process.core.drain(grace, now);
            self.pump(number);
        }
    }

    /// Lets the threads of a process do what they can do now.
    pub(super) fn pump(&mut self, number: usize) {
        let now = self.local(number);
        let incarnation = self.machines[number].incarnation;
        let mut earliest = None::<Instant>;
        let mut sent = Vec::new();
        let mut began = Vec::new();
        {
            let history = &self.history;
            let Some(process) = &mut self.machines[number].process else {
                return;
            };
            // Each thread may change what the others are to do.
            for _ in 0..3 {
                process.serve_entries(history, now, &mut self.seen, &mut self.truth);
                let (started, wakes) = process.client.start(&mut process.core, history, now);
                earliest = earliest.into_iter().chain(wakes).min();
                began.extend(started);
                process.next_calls(history, now, &mut sent, &mut earliest);
            }
        }
        let caller = SimCaller::Machine {
            machine: number,
            incarnation,
        };
        for call in sent {
            self.send(caller, call);
        }
        let is_stopped = !began.is_empty()
            && !self.is_quiet()
            && self.history.stops > 0
            && self.rng.u64(0..50) == 0;
        if is_stopped {
            // Between the permission to start and the first byte.
            let length = self.history.lease.mul_f64(self.rng.f64() * 4.0);
            self.after(Duration::ZERO, SimEvent::Stop(number, length));
        }
        for job in began {
            let wait = Duration::from_micros(self.rng.u64(1..200));
            let at = self.now + wait;
            let event = SimEvent::FirstByte {
                machine: number,
                incarnation,
                job,
                at,
            };
            self.after(wait, event);
        }
        self.end_process(number);
        if let Some(at) = earliest {
            let at = self.time_of(number, at).max(self.now);
            let machine = &mut self.machines[number];
            if machine.wakes_at.is_none_or(|old| at < old) {
                machine.wakes_at = Some(at);
                let wait = at - self.now;
                self.after(
                    wait,
                    SimEvent::Wake {
                        machine: number,
                        incarnation,
                    },
                );
            }
        }
    }

    fn end_process(&mut self, number: usize) {
        let Some(process) = &self.machines[number].process else {
            return;
        };
        let Some(end) = process.core.is_over().cloned() else {
            return;
        };
        self.machines[number].process = None;
        match end {
            CoreEnd::Complete => {
                self.check_complete();
                self.machines[number].is_done = true;
            }
            CoreEnd::Cancelled => {
                assert!(self.history.cancels, "nothing was cancelled");
                self.machines[number].is_done = true;
            }
            CoreEnd::Drained => {
                let wait = self.history.lease.mul_f64(self.rng.f64() * 4.0);
                self.after(wait, SimEvent::Boot(number));
            }
            CoreEnd::Away(_) if self.history.cancels => self.machines[number].is_done = true,
            end => panic!("a worker ended: {end:?}"),
        }
    }

    pub(super) fn machine_answered(
        &mut self,
        number: usize,
        call: SimCall,
        reply: Result<SimReply, EngineError>,
        sent: Duration,
    ) {
        let now = self.local(number);
        let asked = now - (self.now - sent).mul_f64(self.machines[number].speed);
        let Some(process) = &mut self.machines[number].process else {
            return;
        };
        process.is_busy[thread_of(&call)] = false;
        let core = &mut process.core;
        match call {
            SimCall::Beat(call) => core.beat_done(&call, &unwrapped!(reply, SimReply::Beat), now),
            SimCall::Lease(call) => core.lease_done(&call, unwrapped!(reply, SimReply::Lease), now),
            SimCall::Begin(call) => {
                core.begin_done(&call, &unwrapped!(reply, SimReply::Begin), now)
            }
            SimCall::Settle(call) => {
                core.settle_done(call, unwrapped!(reply, SimReply::Settle), now);
            }
            SimCall::Permit(wanted, _) => {
                let permitted = match reply {
                    Ok(SimReply::Permit(reply)) => {
                        process.keeper.answered(&wanted, reply, asked, now)
                    }
                    _ => {
                        self.seen.local_slots += 1;
                        process.keeper.unanswered(&wanted, core.workers(), now)
                    }
                };
                process.client.permitted(&wanted, permitted, now);
            }
            _ => {}
        }
        self.pump(number);
    }
}

impl SimProcess {
    /// Deals with the entries that the core hands out, and follows its orders.
    fn serve_entries(
        &mut self,
        history: &SimHistory,
        now: Instant,
        seen: &mut Seen,
        truth: &mut SimTruth,
    ) {
        for handed in self.core.take_handed(now) {
            let index = handed.leased.entry.index as usize;
            let key = handed.key;
            let mut end = |core: &mut WorkerCore, class, why| {
                let record = truth.record(key.sequence, why);
                core.ended(key, class, record, now);
            };
            match handed.action {
                EntryAction::Send => {
                    let line = &history.lines[index];
                    if self.core.read(key, &line.host, line.once, now) {
                        self.client.push(key, index);
                    }
                }
                EntryAction::Interrupted => {
                    seen.interrupted += 1;
                    end(&mut self.core, ResultClass::Failed, "interrupted");
                }
                EntryAction::GivenUp => end(&mut self.core, ResultClass::GivenUp, "given up"),
                EntryAction::BadLine => end(&mut self.core, ResultClass::Failed, "bad"),
            }
        }
        let orders = self.core.orders(now);
        for (host, count) in orders.give_back {
            let given = self.client.give_back(&host, count, history);
            seen.given_back += given.len() as u64;
            self.core.given_back(&host, count, given.len());
            self.undone(given, now);
        }
        if orders.drain {
            let unsent = self.client.drain();
            self.undone(unsent, now);
        }
        if orders.cut_off {
            for (key, index) in self.client.cut_off() {
                let undone = UndoneEntry {
                    delay: Duration::ZERO,
                    attempts: 1,
                    is_repeatable: !history.lines[index].once,
                };
                if !self.core.undone(key, undone, now) {
                    let record = truth.record(key.sequence, "interrupted");
                    self.core.ended(key, ResultClass::Failed, record, now);
                }
            }
        }
        let refused = self.client.take_refused();
        self.undone(refused, now);
    }

    /// Hands requests back that were not sent.
    fn undone(&mut self, keys: Vec<EntryKey>, now: Instant) {
        for key in keys {
            let undone = UndoneEntry {
                delay: Duration::ZERO,
                attempts: 0,
                is_repeatable: true,
            };
            assert!(self.core.undone(key, undone, now), "it was not sent");
        }
    }

    /// Asks for the next call of each thread that has none on its way.
    fn next_calls(
        &mut self,
        history: &SimHistory,
        now: Instant,
        sent: &mut Vec<SimCall>,
        earliest: &mut Option<Instant>,
    ) {
        let core = &mut self.core;
        let mut take = |busy: &mut bool, next: NextCall<SimCall>| match next {
            NextCall::Call(call) => {
                *busy = true;
                sent.push(call);
            }
            NextCall::Wait(at) => *earliest = earliest.iter().copied().chain(at).min(),
            NextCall::Over => {}
        };
        let [beat, lease, begin, settle, permit] = &mut self.is_busy;
        if !*beat {
            take(beat, wrapped(core.next_beat(now), SimCall::Beat));
        }
        if !*lease {
            take(lease, wrapped(core.next_lease(now), SimCall::Lease));
        }
        if !*begin {
            take(begin, wrapped(core.next_begin(now), SimCall::Begin));
        }
        if !*settle {
            take(settle, wrapped(core.next_settle(now), SimCall::Settle));
        }
        if !*permit {
            let keeper = &mut self.keeper;
            let next = self.client.wanted(history, now).map(|wanted| {
                let call = keeper.call(&wanted, now);
                SimCall::Permit(wanted, call)
            });
            take(permit, next.map_or(NextCall::Wait(None), NextCall::Call));
        }
        let orders = core.orders(now);
        *earliest = earliest.iter().copied().chain(orders.next).min();
    }
}

fn wrapped<C>(next: NextCall<C>, wrap: impl Fn(C) -> SimCall) -> NextCall<SimCall> {
    match next {
        NextCall::Call(call) => NextCall::Call(wrap(call)),
        NextCall::Wait(at) => NextCall::Wait(at),
        NextCall::Over => NextCall::Over,
    }
}
