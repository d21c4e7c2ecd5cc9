//! Machine with a worker: its clock, and what happens to its process.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::fleet::engine::{EngineError, SettleReply};
use crate::fleet::worker::core::{CoreEnd, CoreSettings, SettleAnswer, SlotKeeper, WorkerCore};

use super::client::SimClient;
use super::network::{SimCall, SimCaller, SimReply};
use super::process::SimProcess;
use super::world::{SimEvent, SimWorld};

/// Number of a worker's threads that make calls.
pub(super) const THREADS: usize = 5;

/// Time for the last calls of a worker that was told to end, after its grace.
const LAST_CALLS: Duration = Duration::from_secs(2);

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
    /// Time at which its process was told to end, and time by which it has ended. `None`: it was not told.
    pub(super) told_to_end: Option<(Duration, Duration)>,
    /// True if its worker saw the end of the run.
    pub(super) is_done: bool,
    /// Difference of its clock, and speed.
    offset: Duration,
    speed: f64,
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
            told_to_end: None,
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
            grace: Duration::from_secs(1),
            divides_places: history.jobs % 2 == 1,
        };
        let machine = &mut self.machines[number];
        if machine.is_done || machine.process.is_some() {
            return;
        }
        machine.incarnation += 1;
        (machine.wakes_at, machine.told_to_end) = (None, None);
        machine.process = Some(SimProcess {
            core: WorkerCore::new(settings, now),
            keeper: SlotKeeper::new(history.lease, now),
            client: SimClient::new(history.jobs, now),
            is_busy: [false; THREADS],
            full: BTreeSet::new(),
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
            let by = self.now + (grace + LAST_CALLS).mul_f64(1.03);
            self.machines[number]
                .told_to_end
                .get_or_insert((self.now, by));
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
        let names = process.core.names();
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
                self.check_drained(number, &names);
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
                if let Ok(SimReply::Settle(SettleAnswer::Settled(reply))) = &reply {
                    match reply {
                        SettleReply::Full => process.full.insert(call.lane),
                        SettleReply::Settled(_) => process.full.remove(&call.lane),
                    };
                }
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
