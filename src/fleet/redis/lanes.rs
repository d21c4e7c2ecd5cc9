//! Parts of steps that one script does not do: the lanes of a run, and reading from streams.

use std::time::Duration;

use redis::Value;

use super::super::engine::{
    EngineError, FinishReply, FleetEngine, NewRun, RunState, Sequence, WaitingResult,
};
use super::RedisEngine;
use super::convert::{finish_reply, lease_millis, millis_up};
use super::keys::LaneKey;
use super::reply;
use super::scripts::StepScript;

impl RedisEngine {
    /// Notes a position, a digest, and whether that is the end, in fields whose names begin so.
    pub(super) fn note(
        &mut self,
        beginning: &str,
        loader: &str,
        (position, digest, is_end): (u64, &str, bool),
    ) -> Result<bool, EngineError> {
        let keys = self.lane_keys(0, &[LaneKey::Facts]);
        let reply = self.run(StepScript::NoteLoaded, &keys, |command| {
            command.arg(loader).arg(position).arg(digest);
            command.arg(u8::from(is_end)).arg(beginning);
        })?;
        self.understood(StepScript::NoteLoaded, reply::flag(&reply))
    }

    /// Marks all lanes as loaded by this loader.
    pub(super) fn finish_lanes(&mut self, loader: &str) -> Result<FinishReply, EngineError> {
        let lanes = self.facts()?.lanes;
        // The first lane last, as when the state is set: workers end when all lanes say that they are loaded.
        for lane in (0..lanes).rev() {
            let keys = self.lane_keys(lane, &[LaneKey::Facts]);
            let reply = self.run(StepScript::FinishLoading, &keys, |command| {
                command.arg(loader);
            })?;
            match self.understood(StepScript::FinishLoading, finish_reply(reply))? {
                FinishReply::Finished => {}
                other => return Ok(other),
            }
        }
        // A lane that stayed paused would keep the run from ending.
        self.follow_first_lane()?;
        Ok(FinishReply::Finished)
    }

    /// Sets the state of a lane. Returns false, and changes nothing, if the lane is cancelled and is not to be.
    pub(super) fn set_lane(&mut self, lane: u32, state: RunState) -> Result<bool, EngineError> {
        let (keys, id) = (self.lane_keys(lane, &[LaneKey::Facts]), self.id.clone());
        let reply = self.run(StepScript::SetState, &keys, |command| {
            command.arg(reply::state_name(state)).arg(id);
        })?;
        self.understood(StepScript::SetState, reply::flag(&reply))
    }

    /// Sets the state of all lanes to that of the first one, until that has not changed meanwhile: of two callers, each
    /// sees what the other one set.
    pub(super) fn follow_first_lane(&mut self) -> Result<(), EngineError> {
        let mut facts = self.facts()?;
        while facts.lanes > 1 {
            let state = facts.state.without_end();
            for lane in 1..facts.lanes {
                self.set_lane(lane, state)?;
            }
            facts = self.facts()?;
            if facts.state.without_end() == state {
                break;
            }
        }
        Ok(())
    }

    /// Creates a lane with this state. Returns false, and changes nothing, if it exists.
    pub(super) fn create_lane(
        &mut self,
        lane: u32,
        run: &NewRun,
        state: RunState,
    ) -> Result<bool, EngineError> {
        let keys = self.lane_keys(lane, &LaneKey::ALL);
        let reply = self.run(StepScript::Create, &keys, |command| {
            command
                .arg(&run.settings)
                .arg(run.lanes)
                .arg(lease_millis(run.lease));
            command
                .arg(reply::state_name(state))
                .arg(&run.id)
                .arg(u8::from(lane == 0));
        })?;
        self.understood(StepScript::Create, reply::flag(&reply))
    }

    /// Numbers of the entries that a worker holds, but for those that are known to it.
    pub(super) fn pending(
        &mut self,
        lane: u32,
        worker: &str,
        known: &dyn Fn(Sequence) -> bool,
    ) -> Result<Vec<Sequence>, EngineError> {
        const PAGE: usize = 1000;
        let queue = LaneKey::Queue.of(&self.run, lane);
        let mut unknown = Vec::new();
        let mut first = "-".to_owned();
        loop {
            let mut command = redis::cmd("XPENDING");
            command
                .arg(&queue)
                .arg("w")
                .arg(&first)
                .arg("+")
                .arg(PAGE)
                .arg(worker);
            let reply = self.link.command(&command, "XPENDING")?;
            let page =
                reply::list(reply).and_then(|page| page.into_iter().map(number_of).collect());
            let page: Vec<Sequence> = page.ok_or_else(|| self.unexpected("XPENDING"))?;
            unknown.extend(page.iter().copied().filter(|number| !known(*number)));
            match page.last() {
                Some(last) if page.len() == PAGE => first = format!("({last}-0"),
                _ => return Ok(unknown),
            }
        }
    }

    /// Results from this one on, as `XREADGROUP` names it.
    pub(super) fn read_results(
        &mut self,
        stream: &str,
        collector: &str,
        from: &str,
        most: usize,
    ) -> Result<Vec<WaitingResult>, EngineError> {
        let mut command = redis::cmd("XREADGROUP");
        command
            .arg("GROUP")
            .arg("c")
            .arg(collector)
            .arg("COUNT")
            .arg(most);
        command.arg("STREAMS").arg(stream).arg(from);
        let results = match self.link.command(&command, "XREADGROUP")? {
            Value::Nil => Some(Vec::new()),
            reply => reply::exactly(reply).and_then(|[stream]| {
                let [_, results] = reply::exactly(stream)?;
                reply::results(results)
            }),
        };
        results.ok_or_else(|| self.unexpected("XREADGROUP"))
    }

    /// Results that another collector was given and did not collect for this time.
    pub(super) fn abandoned_results(
        &mut self,
        stream: &str,
        collector: &str,
        idle: Duration,
        most: usize,
    ) -> Result<Vec<WaitingResult>, EngineError> {
        let idle = millis_up(idle);
        let mut first = "-".to_owned();
        loop {
            let mut command = redis::cmd("XPENDING");
            command
                .arg(stream)
                .arg("c")
                .arg("IDLE")
                .arg(idle)
                .arg(&first)
                .arg("+")
                .arg(most);
            let reply = self.link.command(&command, "XPENDING")?;
            let owners =
                reply::list(reply).and_then(|page| page.into_iter().map(owner_of).collect());
            let owners: Vec<(String, String)> =
                owners.ok_or_else(|| self.unexpected("XPENDING"))?;
            let is_last = owners.len() < most;
            first = owners.last().map_or(first, |(name, _)| format!("({name}"));
            let others = owners.into_iter().filter(|(_, owner)| owner != collector);
            let others: Vec<String> = others.map(|(name, _)| name).collect();
            if !others.is_empty() {
                let mut command = redis::cmd("XCLAIM");
                command
                    .arg(stream)
                    .arg("c")
                    .arg(collector)
                    .arg(idle)
                    .arg(others);
                let reply = self.link.command(&command, "XCLAIM")?;
                let claimed = reply::results(reply).ok_or_else(|| self.unexpected("XCLAIM"))?;
                // Another collector may have been quicker.
                if !claimed.is_empty() {
                    return Ok(claimed);
                }
            }
            if is_last {
                return Ok(Vec::new());
            }
        }
    }

    /// Returns the value that a script's reply stands for.
    pub(super) fn understood<T>(
        &self,
        script: StepScript,
        value: Option<T>,
    ) -> Result<T, EngineError> {
        value.ok_or_else(|| self.unexpected(script.name()))
    }

    /// Returns the flags of a reply, one for each entry that the script was given.
    pub(super) fn one_each(
        &self,
        script: StepScript,
        flags: Option<Vec<bool>>,
        count: usize,
    ) -> Result<Vec<bool>, EngineError> {
        self.understood(script, flags.filter(|flags| flags.len() == count))
    }
}

/// Number of a pending entry.
fn number_of(pending: Value) -> Option<Sequence> {
    let [id, ..] = reply::exactly::<4>(pending)?;
    reply::text(id)?.strip_suffix("-0")?.parse().ok()
}

/// Name of a pending result, and the collector that was given it.
fn owner_of(pending: Value) -> Option<(String, String)> {
    let [id, owner, ..] = reply::exactly::<4>(pending)?;
    Some((reply::text(id)?, reply::text(owner)?))
}
