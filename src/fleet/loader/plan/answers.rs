//! Answers to the steps of a loader.

use std::cmp::Ordering;
use std::time::Duration;

use super::lane::LaneLoad;
use super::{LoadEnd, LoadNote, LoadPlan, LoadStage};
use crate::fleet::engine::{FinishReply, LoadReply, MemoryUse, RunFacts, RunState, Sequence};
use crate::fleet::loader::digest::InputDigest;

/// Shortest and longest pause while a lane is full.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Part of the server's memory at which the loader waits.
const FULL_MEMORY: f64 = 0.7;

/// Number of batches from one look at the memory of a server without a bound to the next: it may be given one.
pub(super) const UNBOUNDED_BATCHES: u32 = 64;

impl LoadPlan {
    /// Takes the answer to [`LoadStep::Begin`]: false if the run is not as it was.
    pub(crate) fn begun(&mut self, has_begun: bool) {
        self.has_begun = has_begun;
        self.stage = match has_begun {
            // No other loader adds anything from now on.
            true => LoadStage::Placing { lane: 0 },
            false => LoadStage::Looking,
        };
    }

    /// Takes the answer to [`LoadStep::Look`].
    pub(crate) fn looked(&mut self, facts: RunFacts) {
        let noted = LoadNote::of(&facts);
        let is_equal = noted.digest == self.digest.text();
        self.stage = match noted.position.cmp(&self.position) {
            _ if facts.state == RunState::Cancelled => LoadStage::Over(LoadEnd::Cancelled),
            _ if self.is_later => LoadStage::Over(LoadEnd::OtherLoader),
            _ if facts.later.is_under_way() => LoadStage::Over(LoadEnd::LaterUnfinished),
            Ordering::Less => LoadStage::Rewinding,
            Ordering::Equal if !is_equal => LoadStage::Over(LoadEnd::OtherInput),
            Ordering::Equal if self.is_ended => LoadStage::Placing { lane: 0 },
            Ordering::Equal if !noted.is_end => LoadStage::Beginning,
            Ordering::Greater if self.is_ended => LoadStage::Over(LoadEnd::OtherInput),
            Ordering::Equal | Ordering::Greater => LoadStage::Verifying,
        };
        let is_verified = self.stage == LoadStage::Beginning;
        self.earlier = (noted.is_any() && !is_verified).then(|| noted.clone());
        (self.noted, self.facts) = (noted, facts);
    }

    /// Takes the answer to [`LoadStep::Check`].
    pub(crate) fn checked(&mut self, last: Sequence) {
        match self.stage {
            LoadStage::Placing { lane } => {
                self.found += self.lanes[lane].learn_before(last);
                self.stage = match lane + 1 < self.lanes.len() {
                    true => LoadStage::Placing { lane: lane + 1 },
                    false => self.after_placing(),
                };
                if self.stage == LoadStage::Rewinding {
                    self.rewind();
                }
            }
            LoadStage::Checking { lane } if last < self.lanes[lane].last => {
                self.lanes[lane].last = last;
                self.rewind();
            }
            LoadStage::Checking { lane } => {
                self.stage = match lane + 1 < self.lanes.len() {
                    true => LoadStage::Checking { lane: lane + 1 },
                    false => LoadStage::Finishing,
                };
            }
            _ => {}
        }
    }

    /// Stage that follows when the last entries of all lanes are known.
    fn after_placing(&self) -> LoadStage {
        let has_gap = self.lanes.iter().any(LaneLoad::has_gap);
        let is_unloaded = self.lanes.iter().any(|lane| !lane.waiting.is_empty());
        match self.has_begun {
            true if has_gap => LoadStage::Rewinding,
            true if self.is_ended => LoadStage::Emptying,
            true => LoadStage::Reading,
            // No step is left to do, so that workers and collectors end as they would have.
            false if self.is_ended && self.facts.is_loaded && !has_gap && !is_unloaded => {
                LoadStage::Over(LoadEnd::Done)
            }
            false if self.is_ended => LoadStage::Beginning,
            false if self.earlier.is_some() || self.awaits_match => LoadStage::Verifying,
            false => LoadStage::Beginning,
        }
    }

    /// Takes the answer to [`LoadStep::Load`].
    pub(crate) fn load_done(&mut self, lane: u32, count: usize, reply: &LoadReply) {
        let lane = &mut self.lanes[lane as usize];
        match reply {
            LoadReply::Loaded => {
                self.pause = Duration::ZERO;
                self.waits_for_memory = false;
                self.batches_until_look -= 1;
                let last = lane.waiting[count - 1].sequence;
                lane.learn(last);
            }
            LoadReply::Full => self.wait(),
            LoadReply::OtherLoader => self.stage = LoadStage::Over(LoadEnd::OtherLoader),
            LoadReply::Cancelled => self.stage = LoadStage::Over(LoadEnd::Cancelled),
            // The answer to an earlier call was lost, or data were.
            LoadReply::Conflict { last } => {
                lane.learn(*last);
                if lane.has_gap() {
                    self.rewind();
                }
            }
        }
    }

    /// Takes the answer to [`LoadStep::Weigh`]. Returns true if the memory is full and was not when a batch was loaded.
    pub(crate) fn weighed(&mut self, memory: MemoryUse) -> bool {
        if memory.share() >= FULL_MEMORY {
            self.wait();
            return !std::mem::replace(&mut self.waits_for_memory, true);
        }
        self.batches_until_look = match memory.most {
            0 => UNBOUNDED_BATCHES,
            _ => 1,
        };
        false
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
        (self.position, self.found, self.is_ended) = (0, 0, false);
        (self.chosen, self.later_noted, self.passed_over) = (0, 0, 0);
        self.digest = InputDigest::default();
        for lane in &mut self.lanes {
            lane.rewind();
        }
        self.stage = match self.has_begun {
            true => LoadStage::Reading,
            false => LoadStage::Placing { lane: 0 },
        };
    }

    /// Takes the answer to [`LoadStep::Note`].
    pub(crate) fn noted(&mut self, is_noted: bool) {
        if !is_noted {
            self.stage = LoadStage::Over(LoadEnd::OtherLoader);
            return;
        }
        match self.stage {
            LoadStage::Restoring => self.stage = LoadStage::Rewinding,
            LoadStage::NotingEnd => {
                self.noted = self.end_note();
                self.stage = LoadStage::Securing;
            }
            _ if !self.is_later => self.noted = self.note(false),
            _ if !self.noted.is_end => self.noted = self.end_note(),
            _ => self.later_noted = self.base + self.chosen,
        }
    }

    pub(crate) fn secured(&mut self) {
        self.stage = match self.stage {
            LoadStage::Emptying if !self.is_later || !self.noted.is_end => LoadStage::NotingEnd,
            _ => LoadStage::Checking { lane: 0 },
        };
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

    /// Goes back to the first line, since a lane lost entries. Lines that the lanes have are passed over. The run may have
    /// lost its note too.
    fn rewind(&mut self) {
        self.earlier = match self.is_later {
            false => self.noted.is_any().then(|| self.noted.clone()),
            true => self.noted.beginning(),
        };
        self.stage = match self.earlier.is_some() && !self.is_later {
            true => LoadStage::Restoring,
            false => LoadStage::Rewinding,
        };
    }
}
