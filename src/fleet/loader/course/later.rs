//! Begin of a later load: of lines whose outcomes are missing or are to be replaced.
//!
//! The run notes what such a load was begun with. A call with the same files of results chooses the same lines, and goes
//! on at its place. Other files tell of a load that begins, for which the outcomes of an unfinished one have to be known.

use std::fmt;
use std::path::PathBuf;

use super::{Course, LoadLines, LoadPlan};
use crate::fleet::engine::{LaneFigures, LaterNote, RunFacts, RunState, Sequence};
use crate::fleet::error::FleetError;
use crate::fleet::loader::missing::{KnownOutcomes, LeftOut};

/// Facts by which loaders know a later load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaterFacts {
    left_out: LeftOut,
    /// Digest over the records of its files.
    files: u64,
    /// Number of these records.
    records: u64,
    /// Highest number of an entry before it.
    base: Sequence,
    /// Number of entries that were loaded before it.
    loaded: u64,
}

/// Later load that is under way.
pub(super) struct LaterCourse {
    pub(super) known: KnownOutcomes,
    pub(super) left_out: LeftOut,
    pub(super) facts: LaterFacts,
    /// Number of the last entry of each lane, which another loader must not have changed when this one has begun. `None`:
    /// the load goes on.
    last: Option<Vec<Sequence>>,
    /// True if an outcome of the files has to be one of the input.
    is_match_needed: bool,
    files: Vec<PathBuf>,
}

impl LeftOut {
    /// Name of the option that leaves these out.
    fn option(self) -> &'static str {
        match self {
            LeftOut::Recorded => "resume",
            LeftOut::Successful => "retry-failed",
        }
    }
}

impl fmt::Display for LaterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = self.left_out.option();
        write!(
            f,
            "{option} {:016x} {} {} {}",
            self.files, self.records, self.base, self.loaded
        )
    }
}

impl LaterFacts {
    /// Reads a note. Returns the digest over the keys of the input too.
    fn read(note: &LaterNote) -> Option<(LaterFacts, String)> {
        let mut parts = note.text.split(' ');
        let option = parts.next()?;
        let mut kinds = [LeftOut::Recorded, LeftOut::Successful].into_iter();
        let facts = LaterFacts {
            left_out: kinds.find(|kind| kind.option() == option)?,
            files: u64::from_str_radix(parts.next()?, 16).ok()?,
            records: parts.next()?.parse().ok()?,
            base: parts.next()?.parse().ok()?,
            loaded: parts.next()?.parse().ok()?,
        };
        Some((facts, parts.next()?.to_owned()))
    }
}

/// Returns the sentence that a later load is not finished.
pub(super) fn unfinished(run: &str, note: &LaterNote) -> String {
    let option = note.text.split(' ').next().unwrap_or_default();
    format!("{run}: a load with --{option} is not finished")
}

fn last_of(figures: &[LaneFigures]) -> Vec<Sequence> {
    figures.iter().map(|lane| lane.last).collect()
}

impl<S, O, L> Course<'_, S, O, L>
where
    S: FnMut() -> bool,
    O: FnMut() -> Result<Option<L>, FleetError>,
    L: LoadLines,
{
    /// Reads the files of results, and makes the plan. `None`: the caller is to stop.
    pub(super) fn plan_later(
        &mut self,
        facts: &RunFacts,
        files: Vec<PathBuf>,
        left_out: LeftOut,
    ) -> Result<Option<LoadPlan>, FleetError> {
        if facts.state == RunState::Cancelled {
            return Err(FleetError::cancelled(self.run.name()));
        }
        let is_under_way = facts.later.is_under_way();
        let Some(mut figures) = self.lane_figures(facts.lanes)? else {
            return Ok(None);
        };
        // Results of a run that is not over are not read: more will come.
        if !is_under_way {
            self.check_idle(&figures, None)?;
        }
        let known = KnownOutcomes::read(&files)?;
        let mut earlier = None;
        if is_under_way {
            let noted = LaterFacts::read(&facts.later);
            let is_same = |noted: &LaterFacts| {
                (noted.left_out, noted.files, noted.records)
                    == (left_out, known.digest(), known.records())
            };
            earlier = noted.clone().filter(|(noted, _)| is_same(noted));
            if earlier.is_none() {
                let Some(now) = self.lane_figures(facts.lanes)? else {
                    return Ok(None);
                };
                figures = now;
                self.check_idle(&figures, Some(&facts.later))?;
                let noted = noted.map(|(noted, _)| noted);
                self.check_records(&figures, &facts.later, noted.as_ref(), known.records())?;
            }
        }
        let sum = |count: fn(&LaneFigures) -> u64| figures.iter().map(count).sum::<u64>();
        let is_match_needed = earlier.is_none() && sum(|lane| lane.collected) > 0;
        let last = last_of(&figures);
        let new = LaterFacts {
            left_out,
            files: known.digest(),
            records: known.records(),
            base: last.iter().copied().max().unwrap_or(0),
            loaded: sum(|lane| lane.loaded),
        };
        let noted = earlier.as_ref().map(|(noted, _)| noted.clone());
        let of_load = noted.unwrap_or(new);
        let is_new = earlier.is_none();
        let earlier = earlier.map(|(_, digest)| (facts.later.position, digest));
        let plan = LoadPlan::later(facts, of_load.base, earlier).awaiting_match(is_match_needed);
        self.later = Some(LaterCourse {
            known,
            left_out,
            facts: of_load,
            last: is_new.then_some(last),
            is_match_needed,
            files,
        });
        Ok(Some(plan))
    }

    /// Asks for the figures of all lanes.
    fn lane_figures(&mut self, lanes: u32) -> Result<Option<Vec<LaneFigures>>, FleetError> {
        self.call(|engine| (0..lanes).map(|lane| engine.figures(lane)).collect())
    }

    /// Refuses a load while entries are queued, or results are not collected. `unfinished`: note of a load with other files.
    fn check_idle(
        &self,
        figures: &[LaneFigures],
        unfinished: Option<&LaterNote>,
    ) -> Result<(), FleetError> {
        let is_busy = |lane: &LaneFigures| lane.entries + lane.results > 0;
        if !figures.iter().any(is_busy) {
            return Ok(());
        }
        let run = self.run.name();
        Err(FleetError::usage(match unfinished {
            Some(note) => format!(
                "{}, and requests are queued, or results wait to be collected (the same command, with --results as they were, goes on from there; others are taken once that has ended)",
                self::unfinished(run, note)
            ),
            None => format!(
                "{run}: requests are queued, or results wait to be collected (what is missing is known after the end of the run)"
            ),
        }))
    }

    /// Refuses files that lack outcomes of an unfinished load: their requests would be sent once more.
    fn check_records(
        &self,
        figures: &[LaneFigures],
        note: &LaterNote,
        noted: Option<&LaterFacts>,
        records: u64,
    ) -> Result<(), FleetError> {
        let loaded: u64 = figures.iter().map(|lane| lane.loaded).sum();
        let is_known = noted
            .is_some_and(|noted| records >= noted.records + loaded.saturating_sub(noted.loaded));
        match is_known {
            true => Ok(()),
            false => Err(FleetError::usage(format!(
                "{}, and the files of --results lack outcomes of what it has loaded (the same command, with --results as they were, goes on from there; otherwise the files of all collectors of the run are needed)",
                unfinished(self.run.name(), note)
            ))),
        }
    }

    /// Refuses files whose outcomes are all of other requests, before the loader begins.
    pub(super) fn check_match(&self) -> Result<(), FleetError> {
        let Some(later) = &self.later else {
            return Ok(());
        };
        if !later.is_match_needed || later.known.has_match() {
            return Ok(());
        }
        let names: Vec<_> = later
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        Err(FleetError::usage(format!(
            "{}: no outcome of this input, and {} has collected some (give the files of its collectors, or use a new name to send all of it again)",
            names.join(", "),
            self.run.name()
        )))
    }

    /// Refuses a later load if another loader has added anything since the files were read. `None`: the caller is to stop.
    pub(super) fn check_begun(&mut self, lanes: u32) -> Result<Option<()>, FleetError> {
        let Some(last) = self.later.as_ref().and_then(|later| later.last.clone()) else {
            return Ok(Some(()));
        };
        let Some(figures) = self.lane_figures(lanes)? else {
            return Ok(None);
        };
        self.check_idle(&figures, None)?;
        match last_of(&figures) == last {
            true => Ok(Some(())),
            false => Err(FleetError::usage(format!(
                "{}: another loader was at work until now (give the files of all collectors of the run once more)",
                self.run.name()
            ))),
        }
    }
}
