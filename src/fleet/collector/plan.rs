//! Decisions of a collector: pure. It says the next step; its caller takes it, and hands in the answer.
//!
//! A step whose answer is lost is taken again: [`CollectPlan::next`] returns it until it is answered. Only results that
//! were handed out by a call without an answer are fetched once more, as the collector's own.

use std::time::{Duration, Instant};

use crate::fleet::end::FleetEnd;
use crate::fleet::engine::{LaneFigures, ResultSource, RunState, WaitingResult};
use crate::fleet::gone::GoneWorkers;

/// Number of results that are fetched at once.
pub(super) const MOST: usize = 500;

/// Number of fetches with results after which the next lane is asked, and at last the state: a run may be cancelled, and
/// then removed, while there are still results.
const FETCHES: u32 = 16;

/// Shortest and longest pause while there is no result.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Number of pauses in which each lane is looked at.
const ROUND: usize = 16;

/// Next step of a collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CollectStep {
    Fetch {
        lane: u32,
        from: ResultSource,
        most: usize,
    },
    /// The results are to be written and synced, and then removed from the lane.
    Save {
        lane: u32,
        results: Vec<WaitingResult>,
    },
    /// State of the run, from its facts.
    State,
    Figures {
        lane: u32,
    },
    Wait(Instant),
    Over(FleetEnd),
}

/// Collector's knowledge.
#[derive(Debug)]
pub(crate) struct CollectPlan {
    lease: Duration,
    lanes: Vec<LaneCollect>,
    pause: Duration,
    /// Time at which results of other collectors are looked for next.
    abandoned_at: Instant,
    /// Number of fetches with results since the state was asked for.
    fetches: u32,
    /// Lane that is looked at next while results are waited for.
    checked: usize,
    gone: GoneWorkers,
    stage: CollectStage,
}

#[derive(Clone, Debug)]
struct LaneCollect {
    /// True if an earlier fetch may have handed out results that are not here.
    has_own: bool,
    /// True if the queue was found empty, after all of the input was loaded.
    is_queue_empty: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum CollectStage {
    /// Lanes are asked one by one. `found`: true if one of them had results.
    Fetching {
        lane: usize,
        from: ResultSource,
        found: bool,
    },
    Saving {
        lane: usize,
        results: Vec<WaitingResult>,
        then: (ResultSource, bool),
    },
    AskingState,
    /// No lane had results: lanes are asked one by one whether more can come.
    Looking {
        lane: usize,
        state: RunState,
    },
    /// Before a pause some lanes are looked at, this number is left: the server may have lost one, behind another that is
    /// waited for.
    Checking {
        left: usize,
    },
    Waiting(Instant),
    Over(FleetEnd),
}

impl CollectPlan {
    pub(crate) fn new(lanes: u32, lease: Duration, now: Instant) -> CollectPlan {
        let lane = LaneCollect {
            has_own: true,
            is_queue_empty: false,
        };
        CollectPlan {
            lease,
            lanes: vec![lane; lanes as usize],
            pause: Duration::ZERO,
            abandoned_at: now + lease,
            fetches: 0,
            checked: 0,
            gone: GoneWorkers::new(lease),
            stage: CollectStage::Fetching {
                lane: 0,
                from: ResultSource::New,
                found: false,
            },
        }
    }

    /// Next step.
    pub(crate) fn next(&mut self, now: Instant) -> CollectStep {
        match &self.stage {
            CollectStage::Waiting(until) if *until <= now => {
                let is_late = self.abandoned_at <= now;
                if is_late {
                    self.abandoned_at = now + self.lease;
                    // A fetch that was given up may have been carried out since.
                    self.lanes.iter_mut().for_each(|lane| lane.has_own = true);
                }
                let from = match is_late {
                    true => ResultSource::Abandoned(self.lease),
                    false => ResultSource::New,
                };
                self.stage = CollectStage::Fetching {
                    lane: 0,
                    from,
                    found: false,
                };
                self.next(now)
            }
            CollectStage::Waiting(until) => CollectStep::Wait(*until),
            CollectStage::Fetching { lane, from, .. } => CollectStep::Fetch {
                lane: *lane as u32,
                from: match self.lanes[*lane].has_own {
                    true => ResultSource::Own,
                    false => *from,
                },
                most: MOST,
            },
            CollectStage::Saving { lane, results, .. } => CollectStep::Save {
                lane: *lane as u32,
                results: results.clone(),
            },
            CollectStage::AskingState => CollectStep::State,
            CollectStage::Looking { lane, .. } => CollectStep::Figures { lane: *lane as u32 },
            CollectStage::Checking { .. } => CollectStep::Figures {
                lane: self.checked as u32,
            },
            CollectStage::Over(end) => CollectStep::Over(*end),
        }
    }

    /// Notes that a fetch has no answer: it may have handed out results.
    pub(crate) fn fetch_lost(&mut self) {
        if let CollectStage::Fetching { lane, .. } = self.stage {
            self.lanes[lane].has_own = true;
        }
    }

    /// Takes the answer to [`CollectStep::Fetch`].
    pub(crate) fn fetched(&mut self, results: Vec<WaitingResult>) {
        let CollectStage::Fetching { lane, from, found } = self.stage else {
            return;
        };
        if !results.is_empty() {
            self.lanes[lane].is_queue_empty = false;
            self.stage = CollectStage::Saving {
                lane,
                results,
                then: (from, true),
            };
        } else if self.lanes[lane].has_own {
            self.lanes[lane].has_own = false;
        } else {
            self.go_on(lane, from, found);
        }
    }

    fn go_on(&mut self, lane: usize, from: ResultSource, found: bool) {
        self.stage = match lane + 1 < self.lanes.len() {
            true => CollectStage::Fetching {
                lane: lane + 1,
                from,
                found,
            },
            false if found && self.fetches < FETCHES => CollectStage::Fetching {
                lane: 0,
                from: ResultSource::New,
                found: false,
            },
            false => CollectStage::AskingState,
        };
        if found {
            self.pause = Duration::ZERO;
        }
    }

    /// Notes that the results of [`CollectStep::Save`] are written, synced and removed from the lane.
    pub(crate) fn saved(&mut self) {
        if let CollectStage::Saving { lane, then, .. } = &self.stage {
            let (lane, (from, found)) = (*lane, *then);
            self.fetches += 1;
            match self.fetches % FETCHES {
                // The other lanes have their turn.
                0 => self.go_on(lane, from, found),
                _ => self.stage = CollectStage::Fetching { lane, from, found },
            }
        }
    }

    /// Takes the answer to [`CollectStep::State`].
    pub(crate) fn state_is(&mut self, state: RunState, now: Instant) {
        self.fetches = 0;
        self.gone.answered(now);
        if matches!(state, RunState::Loaded | RunState::Cancelled) {
            self.stage = CollectStage::Looking { lane: 0, state };
        } else {
            self.wait(now);
        }
    }

    /// Takes the answer to [`CollectStep::Figures`]. A lane is over if first its queue and then its results are found
    /// empty: the other order would miss results that are settled in between.
    pub(crate) fn figures_are(&mut self, figures: &LaneFigures, now: Instant) {
        self.gone.answered(now);
        let (lane, state) = match self.stage {
            CollectStage::Looking { lane, state } => (lane, state),
            CollectStage::Checking { left } => {
                self.checked = (self.checked + 1) % self.lanes.len();
                match left {
                    0 | 1 => self.pause(now),
                    _ => self.stage = CollectStage::Checking { left: left - 1 },
                }
                return;
            }
            _ => return,
        };
        let is_settled = match state {
            RunState::Cancelled => {
                let silent = figures.workers.iter().map(|(_, silent)| *silent);
                figures.leased == 0 || self.gone.are_gone(silent)
            }
            _ => figures.entries == 0,
        };
        let was_settled = std::mem::replace(&mut self.lanes[lane].is_queue_empty, is_settled);
        if is_settled && !was_settled {
            // The results are looked at once more.
            return;
        }
        if !is_settled || figures.results > 0 {
            self.wait(now);
        } else if lane + 1 < self.lanes.len() {
            self.stage = CollectStage::Looking {
                lane: lane + 1,
                state,
            };
        } else {
            self.stage = CollectStage::Over(match state {
                RunState::Cancelled => FleetEnd::Cancelled,
                _ => FleetEnd::Complete,
            });
        }
    }

    fn wait(&mut self, now: Instant) {
        match self.lanes.len() {
            1 => self.pause(now),
            lanes => {
                let left = lanes.div_ceil(ROUND);
                self.stage = CollectStage::Checking { left };
            }
        }
    }

    fn pause(&mut self, now: Instant) {
        let longest = PAUSES.1.min(self.lease / 6);
        self.pause = (self.pause * 2).clamp(PAUSES.0, longest);
        self.stage = CollectStage::Waiting(now + self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_asked_for_while_results_keep_coming() {
        let begin = Instant::now();
        let mut plan = CollectPlan::new(2, Duration::from_secs(30), begin);
        let result = WaitingResult {
            name: "1-0".to_owned(),
            record: b"{}".to_vec(),
        };
        for _ in 0..200 {
            match plan.next(begin) {
                CollectStep::Fetch { lane: 0, .. } => plan.fetched(vec![result.clone()]),
                CollectStep::Fetch { .. } => plan.fetched(Vec::new()),
                CollectStep::Save { .. } => plan.saved(),
                CollectStep::State => return,
                step => panic!("{step:?}"),
            }
        }
        panic!("the state was not asked for");
    }

    const LEASE: Duration = Duration::from_secs(30);

    /// Lets the collector of a cancelled run ask until it waits. Returns its end, if it has ended.
    fn ask(plan: &mut CollectPlan, figures: &LaneFigures, now: Instant) -> Option<FleetEnd> {
        loop {
            match plan.next(now) {
                CollectStep::Fetch { .. } => plan.fetched(Vec::new()),
                CollectStep::State => plan.state_is(RunState::Cancelled, now),
                CollectStep::Figures { .. } => plan.figures_are(figures, now),
                CollectStep::Over(end) => return Some(end),
                _ => return None,
            }
        }
    }

    #[test]
    fn silent_workers_are_waited_for_until_the_engine_has_answered_for_a_lease() {
        let (mut plan, begin) = (CollectPlan::new(1, LEASE, Instant::now()), Instant::now());
        let figures = LaneFigures {
            leased: 1,
            workers: vec![("a".to_owned(), LEASE * 2)],
            ..LaneFigures::default()
        };
        for first in [begin, begin + LEASE * 5] {
            for wait in (0..30_000).step_by(500).map(Duration::from_millis) {
                assert_eq!(ask(&mut plan, &figures, first + wait), None, "{wait:?}");
            }
        }
        let end = ask(&mut plan, &figures, begin + LEASE * 6);
        assert_eq!(end, Some(FleetEnd::Cancelled));
    }

    #[test]
    fn all_lanes_are_looked_at_though_the_first_one_keeps_its_queue() {
        let (begin, lanes) = (Instant::now(), 40);
        let mut plan = CollectPlan::new(lanes, LEASE, begin);
        let figures = LaneFigures {
            entries: 1,
            ..LaneFigures::default()
        };
        let (mut seen, mut pauses) = (std::collections::BTreeSet::new(), 0);
        while pauses < ROUND {
            let now = begin + Duration::from_millis(500) * pauses as u32;
            match plan.next(now) {
                CollectStep::Fetch { .. } => plan.fetched(Vec::new()),
                CollectStep::State => plan.state_is(RunState::Loaded, now),
                CollectStep::Figures { lane } => {
                    seen.insert(lane);
                    plan.figures_are(&figures, now);
                }
                CollectStep::Wait(_) => pauses += 1,
                step => panic!("{step:?}"),
            }
        }
        assert_eq!(seen.len(), lanes as usize);
    }
}
