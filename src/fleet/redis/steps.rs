//! Steps of the engine.

use std::time::Duration;

use redis::Value;

use super::super::engine::{
    BeatReply, BegunEntry, EngineError, Entry, ErrorCause, FinishReply, FleetEngine, LaneFigures,
    LeaseReply, LeasedEntry, ListedWait, LoadReply, NewRun, ParkedEntry, PermitCall, PermitReply,
    QueueBounds, ResultSource, RunFacts, RunState, Sequence, ServerUse, SettleReply, SettledEntry,
    WaitingResult,
};
use super::RedisEngine;
use super::convert::{
    MOST, class_name, figures, lease_millis, lease_reply, load_reply, member, millis_up,
    write_entry,
};
use super::disk::WaitedNodes;
use super::keys::LaneKey;
use super::reply;
use super::scripts::StepScript;
use crate::host::Host;

/// Most entries that one step hands out or takes. A script that ran for longer would hold up all other workers.
const MOST_ENTRIES: usize = 1000;

impl FleetEngine for RedisEngine {
    fn create(&mut self, run: &NewRun) -> Result<bool, EngineError> {
        // The run exists from the moment when its first lane does: all others are there then.
        if self.first_lane()?.is_some() {
            return Ok(false);
        }
        for lane in (0..run.lanes).rev() {
            if !self.create_lane(lane, run, RunState::Running)? && lane == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn facts(&mut self) -> Result<RunFacts, EngineError> {
        let facts = self.first_lane()?.ok_or(EngineError::NoRun)?;
        match self.id.is_empty() || self.id == facts.id {
            true => Ok(facts),
            false => Err(EngineError::OtherRun),
        }
    }

    fn set_state(&mut self, state: RunState) -> Result<bool, EngineError> {
        // The first lane first: it tells the state of the run, and the others follow it, whoever sets theirs.
        let is_set = self.set_lane(0, state)?;
        self.align_lanes()?;
        Ok(is_set)
    }

    fn align_lanes(&mut self) -> Result<(), EngineError> {
        self.follow_first_lane()
    }

    fn begin_loading_after(&mut self, loader: &str, facts: &RunFacts) -> Result<bool, EngineError> {
        let run = NewRun {
            id: facts.id.clone(),
            settings: facts.settings.clone(),
            lanes: facts.lanes,
            lease: facts.lease,
        };
        let mut generation = facts.loaders + 1;
        for lane in 0..run.lanes {
            // A step that created the run may have been interrupted, or have met another one.
            if lane > 0 {
                self.create_lane(lane, &run, facts.state)?;
            }
            let keys = self.lane_keys(lane, &[LaneKey::Facts]);
            let reply = self.run(StepScript::BeginLoading, &keys, |command| {
                command
                    .arg(loader)
                    .arg(lease_millis(run.lease))
                    .arg(generation)
                    .arg(u8::from(lane == 0));
                command
                    .arg(facts.position)
                    .arg(&facts.digest)
                    .arg(u8::from(facts.is_input_read))
                    .arg(u8::from(facts.is_loaded));
                command
                    .arg(facts.later.position)
                    .arg(&facts.later.text)
                    .arg(u8::from(facts.later.is_over))
                    .arg(&run.id);
            })?;
            let given = self.understood(StepScript::BeginLoading, reply::number(reply))?;
            match (lane, given) {
                (0, 0) => return Ok(false),
                (0, _) => generation = given,
                _ => {}
            }
        }
        Ok(true)
    }

    fn note_loaded(
        &mut self,
        loader: &str,
        position: u64,
        digest: &str,
        is_end: bool,
    ) -> Result<bool, EngineError> {
        self.note("", loader, (position, digest, is_end))
    }

    fn note_later(&mut self, loader: &str, position: u64, text: &str) -> Result<bool, EngineError> {
        self.note("later_", loader, (position, text, false))
    }

    fn finish_loading(&mut self, loader: &str) -> Result<FinishReply, EngineError> {
        self.finish_lanes(loader)
    }

    fn load(
        &mut self,
        lane: u32,
        loader: &str,
        expected_last: Sequence,
        bounds: QueueBounds,
        entries: &[Entry],
    ) -> Result<LoadReply, EngineError> {
        let keys = self.lane_keys(lane, &[LaneKey::Facts, LaneKey::Queue, LaneKey::Counters]);
        let size: u64 = entries.iter().map(Entry::size).sum();
        let reply = self.run(StepScript::Load, &keys, |command| {
            command.arg(loader).arg(expected_last);
            command
                .arg(bounds.entries.min(MOST))
                .arg(bounds.bytes.min(MOST))
                .arg(size);
            for entry in entries {
                write_entry(command, entry);
            }
        })?;
        self.understood(StepScript::Load, load_reply(reply))
    }

    fn beat(&mut self, lane: u32, worker: &str, join: bool) -> Result<BeatReply, EngineError> {
        let keys = [LaneKey::Facts, LaneKey::Members, LaneKey::Unbroken];
        let keys = self.lane_keys(lane, &keys);
        let id = self.id.clone();
        let reply = self.run(StepScript::Beat, &keys, |command| {
            command.arg(worker).arg(u8::from(join)).arg(&id);
        })?;
        let beat = match reply {
            Value::Int(-1) => Some(BeatReply::Dead),
            reply => member(reply),
        };
        self.understood(StepScript::Beat, beat)
    }

    fn leave(&mut self, lane: u32, worker: &str) -> Result<(), EngineError> {
        let keys = [
            LaneKey::Facts,
            LaneKey::Members,
            LaneKey::Unbroken,
            LaneKey::Queue,
        ];
        let keys = self.lane_keys(lane, &keys);
        self.run(StepScript::Leave, &keys, |command| {
            command.arg(worker);
        })?;
        Ok(())
    }

    fn lease(
        &mut self,
        lane: u32,
        worker: &str,
        most: usize,
        early: usize,
    ) -> Result<LeaseReply, EngineError> {
        let keys = [
            LaneKey::Facts,
            LaneKey::Queue,
            LaneKey::Parked,
            LaneKey::Aside,
            LaneKey::Members,
            LaneKey::Intents,
        ];
        let keys = self.lane_keys(lane, &keys);
        let reply = self.run(StepScript::Lease, &keys, |command| {
            let most = most.min(MOST_ENTRIES);
            command.arg(worker).arg(most).arg(early.min(most));
        })?;
        self.understood(StepScript::Lease, lease_reply(reply))
    }

    fn begin(
        &mut self,
        lane: u32,
        worker: &str,
        entries: &[BegunEntry],
    ) -> Result<Vec<bool>, EngineError> {
        let keys = self.lane_keys(lane, &[LaneKey::Facts, LaneKey::Queue, LaneKey::Intents]);
        let reply = self.run(StepScript::Begin, &keys, |command| {
            command.arg(worker);
            for entry in entries {
                command
                    .arg(entry.sequence)
                    .arg(u8::from(entry.once))
                    .arg(u8::from(entry.again));
            }
        })?;
        self.one_each(StepScript::Begin, reply::flags(reply), entries.len())
    }

    fn settle(
        &mut self,
        lane: u32,
        worker: &str,
        most_bytes: u64,
        entries: &[SettledEntry],
    ) -> Result<SettleReply, EngineError> {
        let keys = [
            LaneKey::Facts,
            LaneKey::Queue,
            LaneKey::Counters,
            LaneKey::Intents,
            LaneKey::Results,
        ];
        let keys = self.lane_keys(lane, &keys);
        let reply = self.run(StepScript::Settle, &keys, |command| {
            command.arg(worker).arg(most_bytes.min(MOST));
            for entry in entries {
                command.arg(entry.sequence).arg(class_name(entry.class));
                command.arg(entry.size).arg(&*entry.record);
            }
        })?;
        if matches!(&reply, Value::BulkString(text) if text == b"FULL") {
            return Ok(SettleReply::Full);
        }
        let held = self.one_each(StepScript::Settle, reply::flags(reply), entries.len())?;
        Ok(SettleReply::Settled(held))
    }

    fn park(
        &mut self,
        lane: u32,
        worker: &str,
        number: u64,
        entries: &[ParkedEntry],
    ) -> Result<Vec<bool>, EngineError> {
        let keys = [
            LaneKey::Facts,
            LaneKey::Queue,
            LaneKey::Parked,
            LaneKey::Aside,
            LaneKey::Intents,
            LaneKey::Members,
            LaneKey::Unbroken,
        ];
        let keys = self.lane_keys(lane, &keys);
        let reply = self.run(StepScript::Park, &keys, |command| {
            command.arg(worker).arg(number);
            for entry in entries {
                command
                    .arg(entry.sequence)
                    .arg(millis_up(entry.delay))
                    .arg(entry.attempts);
                command
                    .arg(entry.deliveries)
                    .arg(u8::from(entry.begun_again))
                    .arg(u8::from(entry.is_aside));
            }
        })?;
        self.one_each(StepScript::Park, reply::flags(reply), entries.len())
    }

    fn reclaim(&mut self, lane: u32, worker: &str, most: usize) -> Result<LeaseReply, EngineError> {
        let keys = [
            LaneKey::Facts,
            LaneKey::Queue,
            LaneKey::Members,
            LaneKey::Unbroken,
            LaneKey::Reaper,
            LaneKey::Counters,
            LaneKey::Intents,
        ];
        let keys = self.lane_keys(lane, &keys);
        let reply = self.run(StepScript::Reclaim, &keys, |command| {
            command.arg(worker).arg(most.min(MOST_ENTRIES));
        })?;
        self.understood(StepScript::Reclaim, lease_reply(reply))
    }

    fn held(
        &mut self,
        lane: u32,
        worker: &str,
        known: &dyn Fn(Sequence) -> bool,
    ) -> Result<Vec<LeasedEntry>, EngineError> {
        let unknown = self.pending(lane, worker, known)?;
        let keys = self.lane_keys(lane, &[LaneKey::Facts, LaneKey::Queue, LaneKey::Intents]);
        let mut held = Vec::with_capacity(unknown.len());
        for some in unknown.chunks(MOST_ENTRIES) {
            let reply = self.run(StepScript::Held, &keys, |command| {
                command.arg(worker).arg(some);
            })?;
            held.extend(self.understood(StepScript::Held, reply::noted(reply))?);
        }
        Ok(held)
    }

    fn results(
        &mut self,
        lane: u32,
        collector: &str,
        from: ResultSource,
        most: usize,
    ) -> Result<Vec<WaitingResult>, EngineError> {
        let stream = LaneKey::Results.of(&self.run, lane);
        let most = most.clamp(1, MOST_ENTRIES);
        let results = match from {
            ResultSource::Own => self.read_results(&stream, collector, "0", most),
            ResultSource::New => self.read_results(&stream, collector, ">", most),
            ResultSource::Abandoned(idle) => self.abandoned_results(&stream, collector, idle, most),
        };
        results.map_err(|error| self.lost_or(error, lane))
    }

    fn collected(&mut self, lane: u32, results: &[(String, u64)]) -> Result<u64, EngineError> {
        let keys = self.lane_keys(lane, &[LaneKey::Facts, LaneKey::Results, LaneKey::Counters]);
        let reply = self.run(StepScript::Collected, &keys, |command| {
            for (name, bytes) in results {
                command.arg(name).arg(*bytes);
            }
        })?;
        self.understood(StepScript::Collected, reply::number(reply))
    }

    fn permit(
        &mut self,
        host: Option<&Host>,
        call: &PermitCall,
    ) -> Result<PermitReply, EngineError> {
        self.permitted(host, call)
    }

    fn cool(&mut self, host: &Host, pause: Duration) -> Result<(), EngineError> {
        self.cooled(host, pause)
    }

    fn vote(
        &mut self,
        host: &Host,
        worker: &str,
        tripped: bool,
        rest: Duration,
    ) -> Result<bool, EngineError> {
        self.voted(host, worker, tripped, rest)
    }

    fn probe(&mut self, host: &Host, succeeded: bool) -> Result<(), EngineError> {
        self.probed(host, succeeded)
    }

    fn waiting_hosts(&mut self) -> Result<Vec<ListedWait>, EngineError> {
        self.listed_waits()
    }

    fn server_use(&mut self) -> Result<ServerUse, EngineError> {
        self.use_of_server()
    }

    fn wait_for_disk(&mut self) -> Result<(), EngineError> {
        self.waited_for_disk(WaitedNodes::Last)
    }

    fn secure(&mut self) -> Result<(), EngineError> {
        self.secured()
    }

    fn figures(&mut self, lane: u32) -> Result<LaneFigures, EngineError> {
        let keys = [
            LaneKey::Facts,
            LaneKey::Queue,
            LaneKey::Results,
            LaneKey::Parked,
            LaneKey::Aside,
            LaneKey::Counters,
            LaneKey::Members,
        ];
        let keys = self.lane_keys(lane, &keys);
        let reply = self.run(StepScript::Figures, &keys, |_| {});
        self.figures_of(lane, reply.map(figures))
    }

    fn remove(&mut self) -> Result<(), EngineError> {
        self.unlink_all()
    }

    fn take_cause(&mut self) -> Option<ErrorCause> {
        Some(self.link.cause.take()?.into())
    }
}
