//! Process of a simulated worker: the core, the client, and the calls that are under way.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::fleet::engine::ResultClass;
use crate::fleet::worker::core::{
    EntryAction, EntryKey, LeaseCall, LeaseStep, NextCall, SlotKeeper, UndoneEntry, WorkerCore,
};

use super::client::SimClient;
use super::history::SimHistory;
use super::machine::THREADS;
use super::network::SimCall;
use super::seen::Seen;
use super::truth::SimTruth;

pub(super) struct SimProcess {
    pub(super) core: WorkerCore,
    pub(super) keeper: SlotKeeper,
    pub(super) client: SimClient,
    pub(super) is_busy: [bool; THREADS],
    /// Lanes that had no room for their last outcomes.
    pub(super) full: BTreeSet<u32>,
}

impl SimProcess {
    /// Deals with the entries that the core hands out, and follows its orders.
    pub(super) fn serve_entries(
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
                    if self.core.request_was_read(key, &line.host, line.once, now) {
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
    pub(super) fn next_calls(
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
            let next = core.next_lease(now);
            if let NextCall::Call(LeaseCall { lane, step, .. }) = &next {
                let takes = matches!(step, LeaseStep::Lease { .. } | LeaseStep::Reclaim { .. });
                assert!(
                    !takes || !self.full.contains(lane),
                    "no room for outcomes, and {step:?}"
                );
            }
            take(lease, wrapped(next, SimCall::Lease));
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
