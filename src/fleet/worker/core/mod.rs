//! Knowledge and decisions of a worker: pure, over all lanes. It has no clock, no thread and no connection.
//!
//! The worker's threads share one core under a lock, and carry out what it says. Each asks for its next call, makes it
//! without the lock, and hands in the answer:
//!
//! | thread | asks | answers |
//! |---|---|---|
//! | beat | [`next_beat`](WorkerCore::next_beat) | [`beat_done`](WorkerCore::beat_done) |
//! | lease | [`next_lease`](WorkerCore::next_lease) | [`lease_done`](WorkerCore::lease_done) |
//! | begin | [`next_begin`](WorkerCore::next_begin) | [`begin_done`](WorkerCore::begin_done) |
//! | settle | [`next_settle`](WorkerCore::next_settle) | [`settle_done`](WorkerCore::settle_done) |
//!
//! An entry goes this way: [`take_handed`](WorkerCore::take_handed) says what is to be done with it;
//! [`request_was_read`](WorkerCore::request_was_read) tells its host, and whether it is handed to the client;
//! [`may_start`](WorkerCore::may_start) is asked before the first byte of each attempt; and
//! [`ended`](WorkerCore::ended) or [`undone`](WorkerCore::undone) tells how it ended. The thread that takes the
//! client's outcomes asks for [`orders`](WorkerCore::orders).
//!
//! All waiting threads are woken after each call that changes the core.

mod beats;
mod calls;
mod ending;
mod entries;
mod hosts;
mod leasing;
mod redial;
mod settling;
mod slots;
mod starts;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

pub(crate) use calls::{
    BeatCall, BeginCall, LeaseAnswer, LeaseCall, LeaseStep, NextCall, SettleAnswer, SettleCall,
    SettleStep,
};
pub(crate) use ending::CoreEnd;
pub(crate) use entries::{EntryAction, EntryKey, HandedEntry, UndoneEntry};
pub(crate) use slots::SlotKeeper;
pub(crate) use starts::StartAnswer;

use ending::WorkerPhase;
use entries::{EntryInHand, EntryStage};
use hosts::LoadedHosts;
use redial::{LaneTurns, Redial};
use settling::ClosedEntries;
use trouble::LaneTroubles;

use super::super::engine::RunState;

/// Longest time between two beats of workers that divide places.
const LONGEST_DIVIDING_PAUSE: Duration = Duration::from_secs(1);

/// Settings of a worker.
#[derive(Clone, Debug)]
pub(crate) struct CoreSettings {
    /// Node and process, before the random part of the worker's name.
    pub(crate) prefix: String,
    /// Seed of the random part.
    pub(crate) seed: u64,
    pub(crate) lanes: u32,
    pub(crate) lease: Duration,
    /// Number of requests that run at the same time.
    pub(crate) jobs: usize,
    /// Number of times that an entry is begun before it is given up.
    pub(crate) max_deliveries: u32,
    /// True if a request that must not be repeated is sent again, although another worker may have sent it.
    pub(crate) resume_writes: bool,
    /// Time that running requests have when the worker cannot go on.
    pub(crate) grace: Duration,
    /// True if places of hosts are divided by the workers that live.
    pub(crate) divides_places: bool,
}

impl CoreSettings {
    /// Number of entries that the worker takes at the most.
    fn window(&self) -> usize {
        (self.jobs * 2).clamp(64, 5_000)
    }

    /// Time between two beats. Workers that divide places learn soon that another one has joined.
    fn beat_pause(&self) -> Duration {
        match self.divides_places {
            true => LONGEST_DIVIDING_PAUSE.min(self.lease / 3),
            false => self.lease / 3,
        }
    }
}

/// Core of a worker.
pub(crate) struct WorkerCore {
    settings: CoreSettings,
    random: fastrand::Rng,
    phase: WorkerPhase,
    lanes: Vec<CoreLane>,
    /// Entries that the worker holds, or held when it was declared dead.
    entries: BTreeMap<EntryKey, EntryInHand>,
    /// Number of entries that were taken.
    taken: u64,
    /// Entries that are to be handed to the client.
    to_hand: VecDeque<EntryKey>,
    /// Entries that are to be begun.
    to_begin: VecDeque<EntryKey>,
    hosts: LoadedHosts,
    /// Time from which on entries are leased, if the worker joined others that divide places with it.
    leases_from: Option<Instant>,
    /// True after a start that gave another thread something to do.
    wakes_others: bool,
    /// Number of entries that were started and have not ended.
    started: usize,
    /// Number of entries whose outcome or parking waits for the engine.
    closed: usize,
    /// Number of other entries, of lanes whose beats are overdue: none of them is started.
    stuck: usize,
    lease_turns: LaneTurns,
    begin_turns: LaneTurns,
    settle_turns: LaneTurns,
    /// Reason of the last call that failed.
    last_failure: String,
    figures: CoreFigures,
}

/// Number of entries that a worker settled, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CoreFigures {
    pub(crate) success: u64,
    pub(crate) rejected: u64,
    /// Failed, those that were given up included.
    pub(crate) failed: u64,
    pub(crate) given_up: u64,
    /// Outcomes that were thrown away, since the entries were not the worker's any more.
    pub(crate) stale: u64,
}

/// Part of a core that concerns one lane.
struct CoreLane {
    /// Names of this worker in the lane, the current one last. Its number is the generation.
    names: Vec<String>,
    membership: beats::Membership,
    state: RunState,
    polls: leasing::LanePolls,
    closed: ClosedEntries,
    troubles: LaneTroubles,
    lease_redial: Redial,
    begin_redial: Redial,
    settle_redial: Redial,
    full_redial: Redial,
    /// Time since when too many results of the lane wait to be collected. `None`: there is room.
    full_since: Option<Instant>,
    /// True while a call that hands entries out is on its way, and while one that parks entries is. There is one of the
    /// two at a time: their answers could come in another order than that in which the engine carried them out, and the
    /// worker would take a parked entry for one that it holds.
    is_leasing: bool,
    is_parking: bool,
}

impl WorkerCore {
    pub(crate) fn new(settings: CoreSettings, now: Instant) -> WorkerCore {
        let mut random = fastrand::Rng::with_seed(settings.seed);
        let name = worker_name(&settings.prefix, &mut random);
        let lane = |_| CoreLane {
            names: vec![name.clone()],
            membership: beats::Membership::new(now),
            state: RunState::Running,
            polls: leasing::LanePolls::new(now),
            closed: ClosedEntries::default(),
            troubles: LaneTroubles::default(),
            lease_redial: Redial::default(),
            begin_redial: Redial::default(),
            settle_redial: Redial::default(),
            full_redial: Redial::default(),
            full_since: None,
            is_leasing: false,
            is_parking: false,
        };
        WorkerCore {
            lanes: (0..settings.lanes).map(lane).collect(),
            random,
            phase: WorkerPhase::Running,
            entries: BTreeMap::new(),
            taken: 0,
            to_hand: VecDeque::new(),
            to_begin: VecDeque::new(),
            hosts: LoadedHosts::new(settings.window()),
            settings,
            leases_from: None,
            wakes_others: false,
            started: 0,
            closed: 0,
            stuck: 0,
            lease_turns: LaneTurns::default(),
            begin_turns: LaneTurns::default(),
            settle_turns: LaneTurns::default(),
            last_failure: String::new(),
            figures: CoreFigures::default(),
        }
    }

    pub(crate) fn figures(&self) -> CoreFigures {
        self.figures
    }

    /// Number of outcomes that the engine did not take, as far as it is known.
    pub(crate) fn unsettled(&self) -> u64 {
        let is_outcome = |entry: &&EntryInHand| entry.stage == EntryStage::Closed { parks: false };
        self.entries.values().filter(is_outcome).count() as u64
    }

    /// True if the worker has this name in a lane.
    #[cfg(test)]
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.lanes.iter().any(|lane| lane.name() == name)
    }

    /// All names that the worker had, with their lanes.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<(u32, String)> {
        let of_lane = |(number, lane): (u32, &CoreLane)| {
            let names = lane.names.iter().cloned();
            names.map(|name| (number, name)).collect::<Vec<_>>()
        };
        (0..).zip(&self.lanes).flat_map(of_lane).collect()
    }

    /// Number of workers that live, this one included, as far as it is known.
    pub(crate) fn workers(&self) -> u32 {
        let workers = self.lanes.iter().map(|lane| lane.membership.workers);
        workers.max().unwrap_or(1).max(1)
    }

    fn window(&self) -> usize {
        self.settings.window()
    }

    /// Number of entries that take up room in the window: all but those that wait for the engine, or for a lane whose
    /// server is silent.
    fn filled(&self) -> usize {
        self.open().saturating_sub(self.stuck)
    }

    /// Number of entries that do not wait for the engine.
    fn open(&self) -> usize {
        self.entries.len() - self.closed
    }

    fn lane(&self, lane: u32) -> &CoreLane {
        &self.lanes[lane as usize]
    }

    fn lane_mut(&mut self, lane: u32) -> &mut CoreLane {
        &mut self.lanes[lane as usize]
    }
}

impl CoreLane {
    fn generation(&self) -> u32 {
        self.names.len() as u32 - 1
    }

    fn name(&self) -> &str {
        &self.names[self.names.len() - 1]
    }

    fn name_of(&self, generation: u32) -> &str {
        &self.names[generation as usize]
    }
}

fn worker_name(prefix: &str, random: &mut fastrand::Rng) -> String {
    format!("{prefix}:{:016x}", random.u64(..))
}
