//! Decisions of a loader: pure. It says the next step; its caller takes it, and hands in the answer.
//!
//! A step whose answer is lost is taken again: [`LoadPlan::next`] returns it until it is answered. A line of the input
//! goes to its lane only if the lane does not have it, so that reading the input again from its first line does no harm.
//!
//! Lines are noted, with the digest over their keys, before they are loaded. So the note of a loader that died covers each
//! line of the lanes, and the next loader verifies its input up to there before it takes the place of any other: the
//! wrong input does not end the loader of the right one, and changes nothing.

mod answers;
mod lane;
mod step;

use std::time::Duration;

use crate::fleet::engine::{Entry, RunFacts, RunState, Sequence};

use super::digest::{InputDigest, lane_of};
use lane::LaneLoad;
pub(crate) use step::{LoadEnd, LoadStep};

/// Number of entries of a lane that are loaded at once, and of their bytes.
const BATCH: (usize, u64) = (500, 1 << 20);

/// Number of entries of a lane that a later load holds until its input is verified, and of their bytes.
const HELD: (usize, u64) = (100_000, 64 << 20);

/// Loader's knowledge.
#[derive(Debug)]
pub(crate) struct LoadPlan {
    /// Number of entries of a lane that are loaded at once.
    batch: usize,
    /// True if the lines are a later load of the run, which leaves lines of the input out.
    is_later: bool,
    /// Number before that of the first line that is loaded.
    base: Sequence,
    facts: RunFacts,
    /// Note that the lines are verified against. `None`: they were verified, or there is none.
    earlier: Option<LoadNote>,
    /// Note that the run has.
    noted: LoadNote,
    lanes: Vec<LaneLoad>,
    position: u64,
    /// Number of lines up to there that are not left out.
    chosen: u64,
    /// Last number that the note of the later load covers.
    later_noted: Sequence,
    /// True until a line is known to have an outcome, without which the later load does not begin.
    awaits_match: bool,
    /// Number of lines that were not held, since too many came before the input was verified.
    passed_over: u64,
    digest: InputDigest,
    /// Number of lines that the lanes had before this loader.
    found: u64,
    /// True if this loader became the newest one.
    has_begun: bool,
    /// True if the input was read to its end.
    is_ended: bool,
    /// Length of the last pause.
    pause: Duration,
    /// True while a lane is full, or the memory.
    waits: bool,
    /// True if the memory is full since a batch was loaded last.
    waits_for_memory: bool,
    /// Number of batches that are loaded before the memory is looked at again.
    batches_until_look: u32,
    stage: LoadStage,
}

/// Position in the input, and the digest up to there.
#[derive(Clone, Debug, Default)]
struct LoadNote {
    position: u64,
    digest: String,
    is_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoadStage {
    /// The last entry of each lane is asked for.
    Placing {
        lane: usize,
    },
    /// Lines that are noted are read.
    Verifying,
    Beginning,
    Looking,
    Reading,
    /// Lanes take what waits for them before more is read.
    Flushing,
    /// The run, which lost data, is given the note that it had.
    Restoring,
    Rewinding,
    /// The input is at its end: lanes take what waits for them, which is then made durable.
    Emptying,
    NotingEnd,
    /// The note of the end is made durable.
    Securing,
    Checking {
        lane: usize,
    },
    Finishing,
    Over(LoadEnd),
}

impl LoadPlan {
    /// Returns the plan of a first load, or of one that goes on after a crash.
    pub(crate) fn new(facts: &RunFacts) -> LoadPlan {
        let mut plan = LoadPlan::of(facts);
        if plan.stage == (LoadStage::Placing { lane: 0 }) && facts.later.is_under_way() {
            plan.stage = LoadStage::Over(LoadEnd::LaterUnfinished);
        }
        plan
    }

    fn of(facts: &RunFacts) -> LoadPlan {
        let noted = LoadNote::of(facts);
        LoadPlan {
            batch: BATCH.0,
            is_later: false,
            base: 0,
            facts: facts.clone(),
            earlier: noted.is_any().then(|| noted.clone()),
            noted,
            lanes: (0..facts.lanes).map(|_| LaneLoad::default()).collect(),
            position: 0,
            chosen: 0,
            later_noted: 0,
            awaits_match: false,
            passed_over: 0,
            digest: InputDigest::default(),
            found: 0,
            has_begun: false,
            is_ended: false,
            pause: Duration::ZERO,
            waits: false,
            waits_for_memory: false,
            batches_until_look: 0,
            stage: match facts.state {
                RunState::Cancelled => LoadStage::Over(LoadEnd::Cancelled),
                _ => LoadStage::Placing { lane: 0 },
            },
        }
    }

    /// Returns the plan of a later load, whose first line gets the number after `base`. `earlier`: position and digest that
    /// an earlier loader of it has noted. `None`: the load begins.
    pub(crate) fn later(
        facts: &RunFacts,
        base: Sequence,
        earlier: Option<(u64, String)>,
    ) -> LoadPlan {
        let mut plan = LoadPlan::of(facts);
        (plan.is_later, plan.base) = (true, base);
        plan.earlier = match earlier {
            Some((position, digest)) => Some(LoadNote {
                position,
                digest,
                is_end: false,
            }),
            None => plan.noted.beginning(),
        };
        plan
    }

    /// Has the loader begin only when a line is known to have an outcome.
    pub(crate) fn awaiting_match(mut self, awaits: bool) -> LoadPlan {
        self.awaits_match = awaits;
        self
    }

    /// Sets the number of entries of a lane that are loaded at once.
    pub(crate) fn with_batch(mut self, batch: usize) -> LoadPlan {
        self.batch = batch;
        self
    }

    /// Number that the next line gets.
    pub(crate) fn next_sequence(&self) -> Sequence {
        self.base + self.chosen + 1
    }

    /// Number of lines that the lanes had before this loader.
    pub(crate) fn found(&self) -> u64 {
        self.found
    }

    /// Facts of the run, as they were read last.
    pub(crate) fn facts(&self) -> &RunFacts {
        &self.facts
    }

    /// True if the input is read again only since too many of its lines came before it was verified.
    pub(crate) fn has_passed_over(&self) -> bool {
        self.passed_over > 0
    }

    /// Number of lines that were taken, and are not loaded yet.
    pub(crate) fn unloaded(&self) -> u64 {
        let waiting: usize = self.lanes.iter().map(|lane| lane.waiting.len()).sum();
        waiting as u64 + self.passed_over
    }

    /// True if lines wait to be loaded that would be loaded now, if they were more.
    pub(crate) fn holds_lines(&self) -> bool {
        self.stage == LoadStage::Reading && self.lanes.iter().any(|lane| !lane.waiting.is_empty())
    }

    /// Has the lines that wait loaded before more are read.
    pub(crate) fn flush(&mut self) {
        if self.holds_lines() {
            self.stage = LoadStage::Flushing;
        }
    }

    /// Next step.
    pub(crate) fn next(&self) -> LoadStep {
        let is_full = |lane: &LaneLoad| lane.is_full((self.batch, BATCH.1));
        let is_unloaded = |lane: &LaneLoad| !lane.waiting.is_empty();
        if self.waits {
            return LoadStep::Wait(self.pause);
        }
        match self.stage {
            LoadStage::Placing { lane } | LoadStage::Checking { lane } => {
                LoadStep::Check { lane: lane as u32 }
            }
            LoadStage::Verifying => LoadStep::Read,
            LoadStage::Beginning => LoadStep::Begin(self.facts.clone()),
            LoadStage::Looking => LoadStep::Look,
            LoadStage::Reading => self.load(is_full).unwrap_or(LoadStep::Read),
            LoadStage::Flushing => self.load(is_unloaded).unwrap_or(LoadStep::Read),
            LoadStage::Restoring => self.noted.clone().step(),
            LoadStage::Rewinding => LoadStep::Rewind,
            LoadStage::Emptying => self.load(is_unloaded).unwrap_or(LoadStep::Secure),
            LoadStage::NotingEnd => self.end_note().step(),
            LoadStage::Securing => LoadStep::Secure,
            LoadStage::Finishing => LoadStep::Finish,
            LoadStage::Over(end) => LoadStep::Over(end),
        }
    }

    /// Step that loads a lane, if one is of this kind, or that comes before.
    fn load(&self, is_meant: impl Fn(&LaneLoad) -> bool) -> Option<LoadStep> {
        let number = self.lanes.iter().position(is_meant)?;
        let lane = &self.lanes[number];
        let entries = lane.waiting.get(..self.batch).unwrap_or(&lane.waiting);
        let last = entries.last().map_or(0, |entry| entry.sequence);
        match self.is_later {
            false if last > self.noted.position => return Some(self.note(false).step()),
            // The numbers of a later load are not those of lines: no first load goes on behind it.
            true if !self.noted.is_end => return Some(self.end_note().step()),
            true if last > self.later_noted => {
                return Some(LoadStep::NoteLater {
                    position: self.position,
                    digest: self.digest.text(),
                });
            }
            _ => {}
        }
        if self.batches_until_look == 0 {
            return Some(LoadStep::Weigh);
        }
        Some(LoadStep::Load {
            lane: number as u32,
            expected_last: lane.last,
            entries: entries.to_vec(),
        })
    }

    /// Note that the run is to have.
    fn note(&self, is_end: bool) -> LoadNote {
        LoadNote {
            position: self.position,
            digest: self.digest.text(),
            is_end,
        }
    }

    /// Note that the run is to have at the end of its first input.
    fn end_note(&self) -> LoadNote {
        match self.is_later {
            false => self.note(true),
            true => LoadNote {
                is_end: true,
                ..self.noted.clone()
            },
        }
    }

    /// Takes the next line of the input.
    pub(crate) fn take_line(&mut self, entry: Entry) {
        debug_assert_eq!(
            entry.sequence,
            self.next_sequence(),
            "lines have numbers in order"
        );
        let (count, key) = (self.lanes.len() as u32, entry.key);
        self.chosen += 1;
        let lane = &mut self.lanes[lane_of(&key, count) as usize];
        self.found += lane.take(entry);
        if self.stage == LoadStage::Flushing {
            self.stage = LoadStage::Reading;
        }
        // An earlier loader left a batch of each lane, at most.
        let held = match self.is_later {
            false => (2 * self.batch + 1, 2 * BATCH.1),
            true => HELD,
        };
        if self.stage == LoadStage::Verifying && lane.is_full(held) {
            match self.is_later {
                false => self.found += lane.pass_over(),
                true => self.passed_over += lane.pass_over(),
            }
        }
        self.count_line(&key);
    }

    /// Takes the key of the next line of the input, which a later load leaves out.
    pub(crate) fn leave_out(&mut self, key: &[u8; 16]) {
        self.count_line(key);
    }

    /// Takes the fact that a line of the input has an outcome.
    pub(crate) fn matched(&mut self) {
        self.awaits_match = false;
    }

    /// Counts a line of the input, and verifies it.
    fn count_line(&mut self, key: &[u8; 16]) {
        self.position += 1;
        self.digest.add(key);
        let Some(earlier) = &self.earlier else {
            self.end_verifying();
            return;
        };
        if self.position < earlier.position {
            return;
        }
        let is_same = self.position == earlier.position && self.digest.text() == earlier.digest;
        if !is_same {
            self.stage = LoadStage::Over(LoadEnd::OtherInput);
        } else if !earlier.is_end {
            self.earlier = None;
            self.end_verifying();
        }
    }

    /// Has the loader begin, if it waited for nothing else.
    fn end_verifying(&mut self) {
        if self.stage == LoadStage::Verifying && !self.awaits_match {
            self.stage = LoadStage::Beginning;
        }
    }

    /// Takes the end of the input.
    pub(crate) fn take_end(&mut self) {
        let earlier = self.earlier.as_ref();
        let is_shorter = earlier.is_some_and(|earlier| self.position < earlier.position);
        self.is_ended = true;
        self.stage = match is_shorter {
            true => LoadStage::Over(LoadEnd::OtherInput),
            false if self.has_begun => LoadStage::Emptying,
            false => LoadStage::Placing { lane: 0 },
        };
    }
}

impl LoadNote {
    fn of(facts: &RunFacts) -> LoadNote {
        LoadNote {
            position: facts.position,
            digest: facts.digest.clone(),
            is_end: facts.is_input_read,
        }
    }

    /// Returns the note as a later load verifies it, whose input may be longer than the first one was.
    fn beginning(&self) -> Option<LoadNote> {
        (self.position > 0).then(|| LoadNote {
            is_end: false,
            ..self.clone()
        })
    }

    /// True if a loader has noted anything.
    fn is_any(&self) -> bool {
        self.position > 0 || self.is_end
    }

    fn step(self) -> LoadStep {
        LoadStep::Note {
            position: self.position,
            digest: self.digest,
            is_end: self.is_end,
        }
    }
}

#[cfg(test)]
mod tests;
