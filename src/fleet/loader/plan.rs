//! Decisions of a loader: pure. It says the next step; its caller takes it, and hands in the answer.
//!
//! A step whose answer is lost is taken again: [`LoadPlan::next`] returns it until it is answered. A line of the input
//! goes to its lane only if the lane does not have it, so that reading the input again from its first line does no harm.

use std::time::Duration;

use crate::fleet::engine::{
    Entry, FinishReply, LoadReply, MemoryUse, RunFacts, RunState, Sequence,
};

use super::digest::{InputDigest, lane_of};

/// Number of entries of a lane that are loaded at once, and of their bytes.
const BATCH: (usize, u64) = (500, 1 << 20);

/// Number of batches after which the position is noted.
const NOTED_EVERY: usize = 10;

/// Shortest and longest pause while a lane is full.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Part of the server's memory at which the loader waits.
const FULL_MEMORY: f64 = 0.7;

/// Number of batches from one look at the memory of a server without a bound to the next: it may be given one.
const UNBOUNDED_BATCHES: u32 = 64;

/// Next step of a loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoadStep {
    /// The next line of the input is to be handed in, or its end.
    Read,
    /// The input is to be read again from its first line on, after data of the engine were lost.
    Rewind,
    Load {
        lane: u32,
        expected_last: Sequence,
        entries: Vec<Entry>,
    },
    /// The memory of the engine's server is to be looked at.
    Weigh,
    /// The lanes are full, or the memory: the loader waits, looks at the state of the run, and goes on.
    Wait(Duration),
    Note {
        position: u64,
        digest: String,
        is_end: bool,
    },
    /// The entries that were loaded are to be made durable, or to be given the time that this takes.
    Secure,
    /// Number of the last entry in a lane, from its figures.
    Check {
        lane: u32,
    },
    /// The state of the run becomes `Loaded`.
    Finish,
    Over(LoadEnd),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadEnd {
    Done,
    /// A newer loader is at work.
    OtherLoader,
    /// The input is not the one that was loaded.
    OtherInput,
    Cancelled,
}

/// Loader's knowledge.
#[derive(Debug)]
pub(crate) struct LoadPlan {
    /// Number of entries of a lane that are loaded at once.
    batch: usize,
    /// Number before that of the first line. More than 0: the lines are a later load of the run.
    base: Sequence,
    /// Facts of an earlier loader. `None`: they were verified, or there are none.
    earlier: Option<EarlierLoad>,
    lanes: Vec<LaneLoad>,
    position: u64,
    digest: InputDigest,
    noted: u64,
    /// Length of the last pause.
    pause: Duration,
    /// True while a lane is full, or the memory.
    waits: bool,
    /// Number of batches that are loaded before the memory is looked at again.
    batches_until_look: u32,
    stage: LoadStage,
}

#[derive(Clone, Debug)]
struct EarlierLoad {
    position: u64,
    digest: String,
    is_end: bool,
}

#[derive(Debug, Default)]
struct LaneLoad {
    /// Number of the last entry that the lane has, as far as it is known.
    last: Sequence,
    waiting: Vec<Entry>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoadStage {
    Reading,
    Rewinding,
    /// Lanes take what waits for them, then the position is noted.
    Noting,
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
        let earlier = EarlierLoad {
            position: facts.position,
            digest: facts.digest.clone(),
            is_end: facts.is_input_read,
        };
        let begun = earlier.position > 0 || earlier.is_end;
        LoadPlan {
            batch: BATCH.0,
            base: 0,
            earlier: begun.then_some(earlier),
            lanes: (0..facts.lanes).map(|_| LaneLoad::default()).collect(),
            position: 0,
            digest: InputDigest::default(),
            noted: 0,
            pause: Duration::ZERO,
            waits: false,
            batches_until_look: 0,
            stage: match facts.state {
                RunState::Cancelled => LoadStage::Over(LoadEnd::Cancelled),
                _ => LoadStage::Reading,
            },
        }
    }

    /// Returns the plan of a later load. `last`: number of the last entry of each lane.
    pub(crate) fn later(facts: &RunFacts, last: &[Sequence]) -> LoadPlan {
        let mut plan = LoadPlan::new(facts);
        plan.earlier = None;
        plan.base = last.iter().copied().max().unwrap_or(0);
        for (lane, last) in plan.lanes.iter_mut().zip(last) {
            lane.last = *last;
        }
        plan
    }

    /// Sets the number of entries of a lane that are loaded at once.
    pub(crate) fn with_batch(mut self, batch: usize) -> LoadPlan {
        self.batch = batch;
        self
    }

    /// Number that the next line gets.
    pub(crate) fn next_sequence(&self) -> Sequence {
        self.base + self.position + 1
    }

    /// Next step.
    pub(crate) fn next(&self) -> LoadStep {
        let is_full = |lane: &LaneLoad| lane.waiting.len() >= self.batch || lane.bytes >= BATCH.1;
        let is_unloaded = |lane: &LaneLoad| !lane.waiting.is_empty();
        if self.waits {
            return LoadStep::Wait(self.pause);
        }
        match self.stage {
            LoadStage::Reading => self.load(is_full).unwrap_or(LoadStep::Read),
            LoadStage::Rewinding => LoadStep::Rewind,
            LoadStage::Noting => {
                let note = || self.note(false);
                self.load(is_unloaded).unwrap_or_else(note)
            }
            LoadStage::Emptying => self.load(is_unloaded).unwrap_or(LoadStep::Secure),
            LoadStage::NotingEnd => self.note(true),
            LoadStage::Securing => LoadStep::Secure,
            LoadStage::Checking { lane } => LoadStep::Check { lane: lane as u32 },
            LoadStage::Finishing => LoadStep::Finish,
            LoadStage::Over(end) => LoadStep::Over(end),
        }
    }

    /// Step that loads a lane, if one is of this kind.
    fn load(&self, is_meant: impl Fn(&LaneLoad) -> bool) -> Option<LoadStep> {
        let number = self.lanes.iter().position(is_meant)?;
        if self.batches_until_look == 0 {
            return Some(LoadStep::Weigh);
        }
        let lane = &self.lanes[number];
        Some(LoadStep::Load {
            lane: number as u32,
            expected_last: lane.last,
            entries: lane.waiting.iter().take(self.batch).cloned().collect(),
        })
    }

    fn note(&self, is_end: bool) -> LoadStep {
        LoadStep::Note {
            position: self.position,
            digest: self.digest.text(),
            is_end,
        }
    }

    /// Takes the next line of the input.
    pub(crate) fn take_line(&mut self, entry: Entry) {
        debug_assert_eq!(
            entry.sequence,
            self.next_sequence(),
            "lines have numbers in order"
        );
        let count = self.lanes.len() as u32;
        let lane = &mut self.lanes[lane_of(&entry.key, count) as usize];
        self.position += 1;
        self.digest.add(&entry.key);
        if let Some(earlier) = &self.earlier {
            if self.position <= earlier.position {
                lane.last = entry.sequence;
                let is_last = self.position == earlier.position;
                if is_last && self.digest.text() != earlier.digest {
                    self.stage = LoadStage::Over(LoadEnd::OtherInput);
                } else if is_last && !earlier.is_end {
                    self.earlier = None;
                }
            } else {
                self.stage = LoadStage::Over(LoadEnd::OtherInput);
            }
            self.noted = self.position;
            return;
        }
        if entry.sequence > lane.last {
            lane.bytes += entry.size();
            lane.waiting.push(entry);
        }
        if self.position - self.noted >= (self.batch * NOTED_EVERY) as u64 && self.base == 0 {
            self.stage = LoadStage::Noting;
        }
    }

    /// Takes the end of the input.
    pub(crate) fn take_end(&mut self) {
        let earlier = self.earlier.as_ref();
        let is_shorter = earlier.is_some_and(|earlier| self.position < earlier.position);
        self.stage = match is_shorter {
            true => LoadStage::Over(LoadEnd::OtherInput),
            false => LoadStage::Emptying,
        };
    }

    /// Takes the answer to [`LoadStep::Load`].
    pub(crate) fn load_done(&mut self, lane: u32, count: usize, reply: &LoadReply) {
        let number = lane as usize;
        let lane = &mut self.lanes[number];
        match reply {
            LoadReply::Loaded => {
                self.pause = Duration::ZERO;
                self.batches_until_look -= 1;
                lane.last = lane.waiting[count - 1].sequence;
                lane.drop_known();
            }
            LoadReply::Full => self.wait(),
            LoadReply::OtherLoader => self.stage = LoadStage::Over(LoadEnd::OtherLoader),
            // The answer to an earlier call was lost, or an earlier loader went further than it noted.
            LoadReply::Conflict { last } if *last > lane.last => {
                lane.last = *last;
                lane.drop_known();
            }
            LoadReply::Conflict { last } => self.rewind(number, *last),
        }
    }

    /// Takes the answer to [`LoadStep::Weigh`].
    pub(crate) fn weighed(&mut self, memory: MemoryUse) {
        match memory.share() >= FULL_MEMORY {
            true => self.wait(),
            false if memory.most == 0 => self.batches_until_look = UNBOUNDED_BATCHES,
            false => self.batches_until_look = 1,
        }
    }

    fn wait(&mut self) {
        self.pause = (self.pause * 2).clamp(PAUSES.0, PAUSES.1);
        self.waits = true;
    }

    /// Takes the end of a pause, with the state that the run has.
    pub(crate) fn waited(&mut self, state: RunState) {
        self.waits = false;
        if state == RunState::Cancelled {
            self.stage = LoadStage::Over(LoadEnd::Cancelled);
        }
    }

    /// Notes that the next line will be the first of the input.
    pub(crate) fn rewound(&mut self) {
        self.position = 0;
        self.noted = 0;
        self.digest = InputDigest::default();
        self.stage = LoadStage::Reading;
    }

    /// Takes the answer to [`LoadStep::Note`].
    pub(crate) fn noted(&mut self, is_noted: bool) {
        self.noted = self.position;
        self.stage = match self.stage {
            _ if !is_noted => LoadStage::Over(LoadEnd::OtherLoader),
            LoadStage::NotingEnd => LoadStage::Securing,
            _ => LoadStage::Reading,
        };
    }

    pub(crate) fn secured(&mut self) {
        self.stage = match self.stage {
            LoadStage::Emptying if self.base == 0 => LoadStage::NotingEnd,
            _ => LoadStage::Checking { lane: 0 },
        };
    }

    /// Takes the answer to [`LoadStep::Check`].
    pub(crate) fn checked(&mut self, last: Sequence) {
        let LoadStage::Checking { lane } = self.stage else {
            return;
        };
        if last < self.lanes[lane].last {
            self.rewind(lane, last);
        } else if lane + 1 < self.lanes.len() {
            self.stage = LoadStage::Checking { lane: lane + 1 };
        } else {
            self.stage = LoadStage::Finishing;
        }
    }

    /// Takes the answer to [`LoadStep::Finish`].
    pub(crate) fn finished(&mut self, reply: FinishReply) {
        let end = match reply {
            FinishReply::Finished => LoadEnd::Done,
            FinishReply::OtherLoader => LoadEnd::OtherLoader,
            FinishReply::Cancelled => LoadEnd::Cancelled,
        };
        self.stage = LoadStage::Over(end);
    }

    /// Goes back to the first line, since a lane lost entries. Lines that the lanes have are passed over.
    fn rewind(&mut self, lane: usize, last: Sequence) {
        self.lanes[lane].last = last;
        for lane in &mut self.lanes {
            (lane.waiting, lane.bytes) = (Vec::new(), 0);
        }
        self.earlier = None;
        self.stage = LoadStage::Rewinding;
    }
}

impl LaneLoad {
    /// Drops entries that the lane has.
    fn drop_known(&mut self) {
        self.waiting.retain(|entry| entry.sequence > self.last);
        self.bytes = self.waiting.iter().map(Entry::size).sum();
    }
}

#[cfg(test)]
mod tests;
