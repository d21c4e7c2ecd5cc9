//! Run as it stands on the server, whole or damaged.

use redis::Value;

use super::super::engine::{EngineError, FleetEngine, LaneFigures, MOST_LANES, RunFacts, RunState};
use super::RedisEngine;
use super::convert;
use super::keys::LaneKey;
use super::reply;

/// Version of the keys that this build writes and reads.
const VERSION: &[u8] = b"1";

impl RedisEngine {
    /// Deletes the keys of all lanes, also those of a run of which a part is lost.
    pub(super) fn unlink_all(&mut self) -> Result<(), EngineError> {
        let [version, values @ ..] = self.stored_facts()?;
        let id = reply::text(values[12].clone()).unwrap_or_default();
        if !self.id.is_empty() && values[12] != Value::Nil && id != self.id {
            return Err(EngineError::OtherRun);
        }
        let has_facts = values.iter().any(|value| *value != Value::Nil);
        let lanes = match (version, convert::facts(values)) {
            (Value::BulkString(version), Ok(facts)) if version == VERSION => facts.lanes,
            (Value::BulkString(version), _) if version != VERSION => {
                return Err(self.other_version(&version));
            }
            (Value::Nil, _) if !has_facts && self.has_first_hash()? => return Err(self.foreign()),
            // The number of lanes is not known for sure.
            _ => MOST_LANES,
        };
        let mut deleted = 0;
        // The first lane last: as long as it is there, an interrupted step can be repeated.
        // Keys of several lanes lie on several nodes of a cluster.
        let at_once = if self.link.address.is_cluster { 1 } else { 64 };
        let lanes: Vec<u32> = (0..lanes).rev().collect();
        for some in lanes.chunks(at_once) {
            let keys: Vec<_> = some
                .iter()
                .flat_map(|lane| self.lane_keys(*lane, &LaneKey::ALL))
                .collect();
            let command = redis::cmd("UNLINK").arg(keys).to_owned();
            let reply = self.link.command(&command, "UNLINK")?;
            deleted += reply::number(reply).unwrap_or_default();
        }
        match deleted {
            0 => Err(EngineError::NoRun),
            _ => Ok(()),
        }
    }

    /// Returns the error of a step that a lane did not take: a lane of which a part is not there, while the run is, lost
    /// its data.
    pub(super) fn lost_or(&mut self, error: EngineError, lane: u32) -> EngineError {
        if error != EngineError::NoRun {
            return error;
        }
        match self.facts() {
            // A run that is removed loses its lanes one after the other.
            Ok(facts) if facts.state != RunState::Cancelled => self.lost_lane(lane),
            Ok(_) => error,
            Err(of_run) => of_run,
        }
    }

    /// Returns the figures of a lane, or that it is lost.
    pub(super) fn figures_of(
        &mut self,
        lane: u32,
        read: Result<Option<LaneFigures>, EngineError>,
    ) -> Result<LaneFigures, EngineError> {
        match read {
            // Counters that were lost, and begin anew, come to numbers that none can have.
            Ok(figures) => figures.ok_or_else(|| self.lost_lane(lane)),
            Err(error) => Err(self.lost_or(error, lane)),
        }
    }

    fn lost_lane(&self, lane: u32) -> EngineError {
        let run = &self.run;
        self.refused(&format!(
            "lane {lane} of the run {run:?} is lost, or damaged: the server lost data (haul fleet remove {run} deletes what is left)"
        ))
    }

    /// Facts of the run, which its first lane holds. `None`: there is no such run.
    pub(super) fn first_lane(&mut self) -> Result<Option<RunFacts>, EngineError> {
        let [version, values @ ..] = self.stored_facts()?;
        match version {
            Value::Nil if values.iter().all(|value| *value == Value::Nil) => Ok(None),
            Value::BulkString(version) if version == VERSION => {
                convert::facts(values).map(Some).map_err(|field| {
                    let run = &self.run;
                    self.refused(&format!(
                        "the run {run:?} has a field {field:?} whose value no run can have"
                    ))
                })
            }
            Value::BulkString(version) => Err(self.other_version(&version)),
            _ => Err(self.foreign()),
        }
    }

    fn other_version(&self, version: &[u8]) -> EngineError {
        let version = String::from_utf8_lossy(version);
        self.refused(&format!(
            "{}: a run of version {version:?} (this build knows 1)",
            self.run
        ))
    }

    fn foreign(&self) -> EngineError {
        self.refused(&format!(
            "{}: keys of this name are there that are no run of haul (use a new name)",
            self.run
        ))
    }

    fn has_first_hash(&mut self) -> Result<bool, EngineError> {
        let key = LaneKey::Facts.of(&self.run, 0);
        let command = redis::cmd("EXISTS").arg(key).to_owned();
        let reply = self.link.command(&command, "EXISTS")?;
        reply::flag(&reply).ok_or_else(|| self.unexpected("EXISTS"))
    }

    /// Stored values of the facts, the version first. Each may be missing.
    fn stored_facts(&mut self) -> Result<[Value; 14], EngineError> {
        let mut command = redis::cmd("HMGET");
        command.arg(LaneKey::Facts.of(&self.run, 0));
        command.arg(&[
            "v",
            "args",
            "lanes",
            "lease",
            "state",
            "loaded",
            "eof",
            "pos",
            "sum",
            "generation",
            "later_pos",
            "later_sum",
            "later_eof",
            "id",
        ]);
        let reply = self.link.command(&command, "HMGET")?;
        reply::exactly(reply).ok_or_else(|| self.unexpected("HMGET"))
    }
}
