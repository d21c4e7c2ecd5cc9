//! Threads that carry out what a core asks the engine for.

use super::super::engine::{BeatReply, EngineError, FleetEngine, RunState};
use super::core::{
    BeatCall, BeginCall, LeaseAnswer, LeaseCall, LeaseStep, SettleAnswer, SettleCall, SettleStep,
    WorkerCore,
};
use super::shared::SharedCore;

/// Bytes of results that wait to be collected at which a lane takes no more.
const MOST_RESULT_BYTES: u64 = 256 << 20;

pub(super) fn beats(core: &SharedCore, engine: &mut dyn FleetEngine) {
    core.serve(
        engine,
        WorkerCore::next_beat,
        |engine, call: &BeatCall| match call.leaves {
            // The reply to a leave does not matter.
            true => engine
                .leave(call.lane, &call.worker)
                .map(|()| BeatReply::Member {
                    state: RunState::Running,
                    workers: 1,
                }),
            false => engine.beat(call.lane, &call.worker, call.join),
        },
        |core, call, answer, now| core.beat_done(&call, &answer, now),
    );
}

pub(super) fn leases(core: &SharedCore, engine: &mut dyn FleetEngine) {
    core.serve(
        engine,
        WorkerCore::next_lease,
        |engine, call: &LeaseCall| {
            let (lane, worker) = (call.lane, call.worker.as_str());
            match &call.step {
                LeaseStep::Lease { most, early } => engine
                    .lease(lane, worker, *most, *early)
                    .map(LeaseAnswer::Leased),
                LeaseStep::Reclaim { most } => {
                    engine.reclaim(lane, worker, *most).map(LeaseAnswer::Leased)
                }
                LeaseStep::Held { known } => engine
                    .held(lane, worker, &|sequence| known.contains(&sequence))
                    .map(LeaseAnswer::Held),
                LeaseStep::Count => engine
                    .figures(lane)
                    .map(|figures| LeaseAnswer::Count(figures.entries)),
            }
        },
        |core, call, answer, now| core.lease_done(&call, answer, now),
    );
}

/// Carries out the calls that announce entries. `durable`: what was announced is waited for until it is on the
/// server's disk.
pub(super) fn begins(core: &SharedCore, engine: &mut dyn FleetEngine, durable: bool) {
    core.serve(
        engine,
        WorkerCore::next_begin,
        |engine, call: &BeginCall| {
            let held = engine.begin(call.lane, &call.worker, &call.entries)?;
            if durable {
                engine.wait_for_disk()?;
            }
            Ok(held)
        },
        |core, call, answer, now| core.begin_done(&call, &answer, now),
    );
}

pub(super) fn settles(core: &SharedCore, engine: &mut dyn FleetEngine) {
    core.serve(
        engine,
        WorkerCore::next_settle,
        |engine, call: &SettleCall| settle(engine, call),
        |core, call, answer, now| core.settle_done(call, answer, now),
    );
}

fn settle(engine: &mut dyn FleetEngine, call: &SettleCall) -> Result<SettleAnswer, EngineError> {
    let (lane, worker) = (call.lane, call.worker.as_str());
    match &call.step {
        SettleStep::Settle(entries) => engine
            .settle(lane, worker, MOST_RESULT_BYTES, entries)
            .map(SettleAnswer::Settled),
        SettleStep::Park { number, entries } => engine
            .park(lane, worker, *number, entries)
            .map(SettleAnswer::Parked),
    }
}
