//! Calls as the engine carries them out, with checks of what only the world knows.

use std::collections::BTreeMap;

use crate::fleet::collector::CollectStep;
use crate::fleet::engine::{
    BeatReply, EngineError, FleetEngine, LoadReply, ResultSource, RunState, SettleReply,
};
use crate::fleet::loader::LoadStep;
use crate::fleet::worker::core::{LeaseAnswer, LeaseCall, LeaseStep, SettleAnswer, SettleStep};

use super::network::{SimCall, SimReply};
use super::world::SimWorld;

impl SimWorld {
    pub(super) fn execute(&mut self, number: u64) {
        let flight = &self.flights[&number];
        let (call, caller, is_late) = (flight.call.clone(), flight.caller, flight.is_answered);
        let reply = match &call {
            SimCall::Beat(beat) if beat.leaves => {
                self.truth.leaves(beat);
                let left = self.engine.leave(beat.lane, &beat.worker);
                left.map(|()| SimReply::Beat(BeatReply::Dead))
            }
            SimCall::Beat(beat) => {
                let machine = caller.machine().expect("only workers beat");
                let reply = self.engine.beat(beat.lane, &beat.worker, beat.join);
                if matches!(reply, Ok(BeatReply::Member { .. })) {
                    self.truth.beats(beat, machine, self.now);
                }
                self.seen.deaths += u64::from(reply == Ok(BeatReply::Dead));
                self.truth.names(beat, &reply, is_late);
                reply.map(SimReply::Beat)
            }
            SimCall::Lease(lease) => self.execute_lease(lease),
            SimCall::Begin(begin) => {
                let sequences = begin.entries.iter().map(|entry| entry.sequence);
                let is_holder = self.holds(begin.lane, &begin.worker, sequences);
                let reply = self.engine.begin(begin.lane, &begin.worker, &begin.entries);
                assert_eq!(reply.as_ref(), Ok(&is_holder), "only holders begin");
                for (entry, held) in begin.entries.iter().zip(reply.iter().flatten()) {
                    self.truth.begins(entry, &begin.worker, *held);
                }
                reply.map(SimReply::Begin)
            }
            SimCall::Settle(settle) => match &settle.step {
                SettleStep::Settle(entries) => {
                    let most = self.history.most_result_bytes;
                    let (lane, worker) = (settle.lane, &settle.worker);
                    let sequences = entries.iter().map(|entry| entry.sequence);
                    let is_holder = self.holds(lane, worker, sequences);
                    let reply = self.engine.settle(lane, worker, most, entries);
                    match &reply {
                        Ok(SettleReply::Settled(held)) => {
                            assert_eq!(*held, is_holder, "only holders settle");
                            for (entry, held) in entries.iter().zip(held) {
                                self.seen.stale += u64::from(!held);
                                self.settled(entry, *held);
                            }
                        }
                        _ => self.seen.full += 1,
                    }
                    reply.map(|reply| SimReply::Settle(SettleAnswer::Settled(reply)))
                }
                SettleStep::Park { number, entries } => {
                    let (lane, worker) = (settle.lane, &settle.worker);
                    let sequences = entries.iter().map(|entry| entry.sequence);
                    let is_holder = self.holds(lane, worker, sequences);
                    let reply = self.engine.park(lane, worker, *number, entries);
                    let is_carried_out = reply.as_ref() == Ok(&is_holder);
                    assert!(is_carried_out || is_late, "a call that is in time parks");
                    self.seen.outrun += u64::from(!is_carried_out);
                    for (entry, held) in entries.iter().zip(reply.iter().flatten()) {
                        self.seen.parked += 1;
                        self.check_parked(entry, worker, *held);
                        self.truth.parks(entry, worker, *held);
                    }
                    reply.map(|reply| SimReply::Settle(SettleAnswer::Parked(reply)))
                }
            },
            SimCall::Permit(wanted, permit) => {
                let reply = self.engine.permit(wanted.host.as_ref(), permit);
                reply.map(SimReply::Permit)
            }
            SimCall::Facts => self.engine.facts().map(SimReply::Facts),
            SimCall::Load(name, step) => self.execute_load(name, step, is_late),
            SimCall::Collect(name, step) => match step {
                CollectStep::Fetch { lane, from, most } => {
                    let results = self.engine.results(*lane, name, *from, *most);
                    for result in results.iter().flatten() {
                        let given = (*lane, result.name.clone());
                        let before = self.truth.given.insert(given, self.now);
                        let is_other = matches!(from, ResultSource::Abandoned(_));
                        let is_early = before.is_some_and(|at| self.now - at < self.history.lease);
                        assert!(!is_other || !is_early, "taken from a collector too early");
                    }
                    results.map(SimReply::Results)
                }
                CollectStep::Figures { lane } => self.engine.figures(*lane).map(SimReply::Figures),
                _ => self.engine.facts().map(SimReply::Facts),
            },
            SimCall::Collected(lane, results) => {
                let collected = self.engine.collected(*lane, results);
                collected.map(|_| SimReply::Done)
            }
        };
        let flight = self.flights.get_mut(&number).expect("it was looked at");
        flight.reply = Some(reply);
        if flight.is_answered {
            self.flights.remove(&number);
        }
    }

    /// Tells for each entry whether the worker holds it.
    fn holds(&self, lane: u32, worker: &str, sequences: impl Iterator<Item = u64>) -> Vec<bool> {
        let holder = |sequence| self.engine.holder(lane, sequence);
        let holds = |sequence| holder(sequence).as_deref() == Some(worker);
        sequences.map(holds).collect()
    }

    fn execute_lease(&mut self, call: &LeaseCall) -> Result<SimReply, EngineError> {
        let (lane, worker) = (call.lane, &call.worker);
        let reply = match &call.step {
            LeaseStep::Lease { most, early } => {
                let reply = self.engine.lease(lane, worker, *most, *early)?;
                self.truth.leases(&reply.entries, false);
                LeaseAnswer::Leased(reply)
            }
            LeaseStep::Reclaim { most } => {
                let sequences = 1..=self.history.lines.len() as u64;
                let holder = |sequence| Some((sequence, self.engine.holder(lane, sequence)?));
                let before: BTreeMap<_, _> = sequences.filter_map(holder).collect();
                let reply = self.engine.reclaim(lane, worker, *most)?;
                for leased in &reply.entries {
                    self.seen.reclaimed += 1;
                    self.check_reclaimed(lane, &before[&leased.entry.sequence]);
                }
                self.truth.leases(&reply.entries, true);
                LeaseAnswer::Leased(reply)
            }
            LeaseStep::Held { known } => {
                let held = self
                    .engine
                    .held(lane, worker, &|number| known.contains(&number))?;
                self.seen.found_again += held.len() as u64;
                LeaseAnswer::Held(held)
            }
            LeaseStep::Count => LeaseAnswer::Count(self.engine.figures(lane)?.entries),
        };
        if let LeaseAnswer::Leased(reply) = &reply {
            let stands_still = matches!(reply.state, RunState::Paused | RunState::Cancelled);
            let takes_none = stands_still || !reply.is_member;
            assert!(!takes_none || reply.entries.is_empty(), "{reply:?}");
        }
        Ok(SimReply::Lease(reply))
    }

    fn execute_load(
        &mut self,
        name: &str,
        step: &LoadStep,
        is_late: bool,
    ) -> Result<SimReply, EngineError> {
        let is_newest = self.truth.loader == name;
        Ok(match step {
            LoadStep::Begin(facts) => {
                let begun = self.engine.begin_loading_after(name, facts)?;
                if begun {
                    name.clone_into(&mut self.truth.loader);
                }
                SimReply::Flag(begun)
            }
            LoadStep::Load {
                lane,
                expected_last,
                entries,
            } => {
                let bounds = self.history.bounds;
                let before = self.engine.figures(*lane)?.entries;
                let reply = self
                    .engine
                    .load(*lane, name, *expected_last, bounds, entries)?;
                let is_cancelled = self.truth.cancelled_at.is_some();
                assert_eq!(reply == LoadReply::Cancelled, is_cancelled);
                let is_refused = matches!(reply, LoadReply::OtherLoader | LoadReply::Cancelled);
                let is_due = !is_newest || is_cancelled;
                assert_eq!(is_refused, is_due, "the newest loader alone loads");
                let noted = self.engine.facts()?.position;
                let is_noted = entries.iter().all(|entry| entry.sequence <= noted);
                let is_loaded = reply == LoadReply::Loaded && !self.history.loses_data;
                assert!(
                    is_noted || !is_loaded,
                    "lines are loaded before they are noted"
                );
                let after = self.engine.figures(*lane)?;
                let fits = after.entries <= bounds.entries && after.queued_bytes <= bounds.bytes;
                let is_added = before > 0 && reply == LoadReply::Loaded;
                assert!(fits || !is_added, "{after:?} in {bounds:?}");
                SimReply::Load(reply)
            }
            LoadStep::Note {
                position,
                digest,
                is_end,
            } => {
                let noted = self.engine.note_loaded(name, *position, digest, *is_end)?;
                assert_eq!(noted, is_newest, "the newest loader alone notes");
                if !noted && !is_late {
                    self.truth.refused_notes.insert(name.to_owned());
                }
                SimReply::Flag(noted)
            }
            LoadStep::Check { lane } => SimReply::Figures(self.engine.figures(*lane)?),
            LoadStep::Finish => SimReply::Finish(self.engine.finish_loading(name)?),
            _ => SimReply::Facts(self.engine.facts()?),
        })
    }
}
