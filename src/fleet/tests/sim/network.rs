//! Network between machines and the engine: calls are lost, delayed, carried out too late, or their answers are lost.

use std::time::Duration;

use crate::fleet::collector::CollectStep;
use crate::fleet::engine::{
    BeatReply, EngineError, FinishReply, LaneFigures, LoadReply, PermitCall, PermitReply, RunFacts,
    WaitingResult,
};
use crate::fleet::loader::LoadStep;
use crate::fleet::worker::core::{
    BeatCall, BeginCall, LeaseAnswer, LeaseCall, SettleAnswer, SettleCall,
};
use crate::settings::WantedStarts;

use super::world::{SimEvent, SimWorld};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SimCaller {
    Machine { machine: usize, incarnation: u32 },
    Loader { loader: usize, incarnation: u32 },
    Collector { collector: usize, incarnation: u32 },
}

impl SimCaller {
    pub(super) fn machine(self) -> Option<usize> {
        match self {
            SimCaller::Machine { machine, .. } => Some(machine),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum SimCall {
    Beat(BeatCall),
    Lease(LeaseCall),
    Begin(BeginCall),
    Settle(SettleCall),
    Permit(WantedStarts, PermitCall),
    Facts,
    Load(String, LoadStep),
    Collect(String, CollectStep),
    Collected(u32, Vec<(String, u64)>),
}

/// Answer to a call.
#[derive(Clone, Debug)]
pub(super) enum SimReply {
    Beat(BeatReply),
    Lease(LeaseAnswer),
    Begin(Vec<bool>),
    Settle(SettleAnswer),
    Permit(PermitReply),
    Done,
    Flag(bool),
    Facts(RunFacts),
    Load(LoadReply),
    Finish(FinishReply),
    Results(Vec<WaitingResult>),
    Figures(LaneFigures),
}

/// Call on its way.
pub(super) struct SimFlight {
    pub(super) caller: SimCaller,
    pub(super) call: SimCall,
    pub(super) sent: Duration,
    /// `None`: the call was not carried out yet.
    pub(super) reply: Option<Result<SimReply, EngineError>>,
    /// True if the caller will have given the call up when it is carried out.
    pub(super) is_late: bool,
    /// True if the caller has its answer, or none.
    pub(super) is_answered: bool,
}

impl SimWorld {
    /// Sends a call.
    pub(super) fn send(&mut self, caller: SimCaller, call: SimCall) {
        let (history, now) = (&self.history, self.now);
        let delay = |rng: &mut fastrand::Rng| Duration::from_micros(rng.u64(50..2_000));
        let (there, mut back) = (delay(&mut self.rng), delay(&mut self.rng));
        let gives_up = now + history.timeout;
        let dice = match now >= history.quiet_from {
            true => 1_000_000,
            false => self.rng.u64(0..1_000),
        };
        let mut dice = dice;
        let mut falls = |share: u64| {
            let hit = dice < share;
            dice = dice.saturating_sub(share);
            hit
        };
        let within = |spans: &[(Duration, Duration)], at: Duration| {
            let span = spans
                .iter()
                .find(|(begin, end)| (*begin..*end).contains(&at));
            span.map(|(_, end)| *end)
        };
        let is_beat = matches!(call, SimCall::Beat(_));
        let mut is_disturbed = true;
        let (mut carried_out, mut answered) = (Some(now + there), true);
        let partition = caller
            .machine()
            .and_then(|machine| within(&self.machines[machine].partitions, now));
        if falls(history.lost) {
            carried_out = None;
        } else if falls(history.unanswered) {
            answered = false;
        } else if falls(history.late) {
            let late = history.lease.mul_f64(self.rng.f64() * 1.4);
            carried_out = Some(gives_up + late);
        } else if falls(history.slow) {
            let slow = history.lease.mul_f64(self.rng.f64() * 0.3);
            match self.rng.bool() {
                true => carried_out = Some(now + slow),
                false => back = slow,
            }
        } else {
            is_disturbed = false;
        }
        if let Some(end) = partition {
            let delivered = self.rng.u64(0..4) == 0 && end < now + history.lease;
            carried_out = delivered.then_some(end.max(gives_up));
            is_disturbed = true;
        }
        let mut shuffled = false;
        let mut refused = within(&history.away, now + there).is_some();
        if let Some(at) = carried_out {
            if let Some(end) = within(&history.frozen, at) {
                (carried_out, shuffled) = (Some(end), true);
            }
            // The engine comes back without the calls that had not reached it.
            if !refused && carried_out.is_some_and(|at| within(&history.away, at).is_some()) {
                carried_out = None;
            }
        }
        if partition.is_some() {
            refused = false;
        }
        if refused {
            carried_out = None;
        }
        let answer_at = match carried_out {
            Some(at) if answered && at + back < gives_up => at + back,
            _ if refused => now + there + back,
            _ => gives_up,
        };
        if let Some(machine) = caller.machine().filter(|_| is_disturbed && is_beat) {
            let machine = &mut self.machines[machine];
            machine.disturbed_until = machine.disturbed_until.max(answer_at);
        }
        let number = self.next_flight;
        self.next_flight += 1;
        let is_late = carried_out.is_some_and(|at| at >= answer_at);
        let flight = SimFlight {
            caller,
            call,
            sent: now,
            reply: None,
            is_late: is_late || !answered,
            is_answered: false,
        };
        self.flights.insert(number, flight);
        match carried_out {
            Some(at) if shuffled => self.shuffled(at, SimEvent::Execute(number)),
            Some(at) => self.after(at - now, SimEvent::Execute(number)),
            None => {}
        }
        self.after(answer_at - now, SimEvent::Answer(number));
        if let Some(at) = carried_out {
            self.send_twice(number, at);
        }
    }

    /// Has some calls of workers carried out a second time. `at`: time of the first.
    fn send_twice(&mut self, number: u64, at: Duration) {
        let history = &self.history;
        let (is_quiet, dice) = (self.is_quiet(), self.rng.u64(0..1_000));
        let late = at + history.lease.mul_f64(self.rng.f64() * 1.4);
        let is_open = |(begin, end): &(Duration, Duration)| !(*begin..*end).contains(&late);
        let is_there = history.frozen.iter().chain(&history.away).all(is_open);
        let first = &self.flights[&number];
        let is_meant = match &first.call {
            // A worker that beats for the first time would join again under a name that was declared dead.
            SimCall::Beat(_) => false,
            _ => first.caller.machine().is_some(),
        };
        if is_quiet || dice >= history.doubled || !is_there || !is_meant {
            return;
        }
        let second = SimFlight {
            caller: first.caller,
            call: first.call.clone(),
            sent: self.now,
            reply: None,
            is_late: true,
            is_answered: true,
        };
        let number = self.next_flight;
        self.next_flight += 1;
        self.flights.insert(number, second);
        self.after(late - self.now, SimEvent::Execute(number));
    }

    /// Hands the answer of a call to its caller, or the error that there is none.
    pub(super) fn answer(&mut self, number: u64) {
        let Some(flight) = self.flights.get_mut(&number) else {
            return;
        };
        flight.is_answered = true;
        let (caller, call, sent) = (flight.caller, flight.call.clone(), flight.sent);
        let reply = match flight.is_late {
            true => None,
            false => flight.reply.clone(),
        };
        if !flight.is_late || flight.reply.is_some() {
            self.flights.remove(&number);
        }
        let reply = reply.unwrap_or_else(|| Err(EngineError::Away("timed out".to_owned())));
        match caller {
            SimCaller::Machine {
                machine,
                incarnation,
            } => {
                if self.is_present(machine, incarnation) {
                    self.machine_answered(machine, call, reply, sent);
                }
            }
            SimCaller::Loader {
                loader,
                incarnation,
            } => {
                self.loader_answered(loader, incarnation, call, reply);
            }
            SimCaller::Collector {
                collector,
                incarnation,
            } => {
                self.collector_answered(collector, incarnation, call, reply);
            }
        }
    }
}
