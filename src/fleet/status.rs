//! State and figures of a run at one moment.

use std::time::Duration;

use super::append_file::AppendFile;
use super::engine::{HostWait, LaneFigures, ListedWait, RunFacts, RunState, ServerUse};

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunPhase {
    /// Requests are loaded and sent.
    Running,
    /// No request is handed out until the run is resumed.
    Paused,
    /// No request is handed out any more.
    Cancelled,
    /// All of the input is loaded, and requests are left.
    Loaded,
    /// All of the input is loaded, and each request has its outcome.
    Over,
}

impl RunPhase {
    /// Returns the name of the state, one lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            RunPhase::Running => "running",
            RunPhase::Paused => "paused",
            RunPhase::Cancelled => "cancelled",
            RunPhase::Loaded => "loaded",
            RunPhase::Over => "over",
        }
    }
}

/// Worker of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetWorker {
    /// Name: node, process and a random part.
    pub name: String,
    /// Time since it last told that it lives, which it does three times in a lease at least.
    pub last_beat: Duration,
    /// True if that is longer than two thirds of a lease: it is dead, stopped, or cut off from the server.
    ///
    /// It starts no requests then. Others take those that it has as soon as it is silent for a lease.
    pub is_silent: bool,
}

/// Reason for which the workers of a run leave a host alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// A pause, for which its server asked.
    Asked,
    /// A rest, since the breakers of several workers opened.
    Failing,
}

impl WaitReason {
    /// Returns the name of the reason, one lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            WaitReason::Asked => "asked",
            WaitReason::Failing => "failing",
        }
    }
}

/// Host that the workers of a run leave alone for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostAtRest {
    /// Host with scheme and port.
    pub host: String,
    /// Time until workers try it again.
    pub left: Duration,
    /// Reason.
    pub reason: WaitReason,
}

/// State and figures of a run.
///
/// Made by [`Run::status`](super::Run::status). Requests that are handed from one place to another meanwhile may be
/// counted in both or in neither.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunStatus {
    /// State of the run.
    pub phase: RunPhase,
    /// Lanes in another state than the run: a step that set it was interrupted, or is under way.
    ///
    /// Setting the state once more sets that of all lanes. A loader that comes to its end and a collector do so, too.
    pub odd_lanes: Vec<u32>,
    /// Number of requests that were loaded.
    pub loaded: u64,
    /// Number of requests that ended in success.
    pub success: u64,
    /// Number of requests whose response was rejected.
    pub rejected: u64,
    /// Number of requests that failed.
    pub failed: u64,
    /// Number of failed requests that too many workers died with.
    pub given_up: u64,
    /// Number of requests that no worker has.
    pub queued: u64,
    /// Number of requests that workers have.
    pub leased: u64,
    /// Number of requests that wait for a time.
    pub parked: u64,
    /// Number of results that wait to be collected.
    pub results_waiting: u64,
    /// Number of results that were collected.
    pub collected: u64,
    /// Number of outcomes that came from workers which did not hold their requests any more.
    pub stale: u64,
    /// Number of requests that were taken from workers that had died.
    pub reclaimed: u64,
    /// Bytes of the queued requests.
    pub queued_bytes: u64,
    /// Bytes of the results that wait.
    pub result_bytes: u64,
    /// Workers of the run, by their names.
    pub workers: Vec<FleetWorker>,
    /// Hosts that workers leave alone, those with the longest time first: at most a thousand.
    ///
    /// Waits of less than a second are left out.
    pub waiting_hosts: Vec<HostAtRest>,
    /// Bytes that the server has in use, for all its runs and other data.
    ///
    /// In a cluster, all primaries together; so is the limit.
    pub memory_used: u64,
    /// Bytes that the server may use (`maxmemory`). `None`: there is no bound.
    ///
    /// In a cluster there is none if one primary has none.
    pub memory_limit: Option<u64>,
    /// File to which the server writes each change. `None`: it writes none.
    ///
    /// In a cluster it is also `None` if one primary writes none.
    pub append_file: Option<AppendFile>,
}

impl RunStatus {
    pub(super) fn of(
        facts: &RunFacts,
        lanes: &[LaneFigures],
        waits: Vec<ListedWait>,
        server: &ServerUse,
    ) -> RunStatus {
        let state = facts.state.without_end();
        let lane_states = (0..).zip(lanes.iter().map(|lane| lane.state.without_end()));
        let odd_lanes = lane_states.filter(|(_, of_lane)| *of_lane != state);
        let sum = |figure: fn(&LaneFigures) -> u64| lanes.iter().map(figure).sum::<u64>();
        let entries = sum(|lane| lane.entries);
        let (leased, parked) = (sum(|lane| lane.leased), sum(|lane| lane.parked));
        // A worker tells each lane that it lives; the latest time counts.
        let mut workers: Vec<FleetWorker> = Vec::new();
        for (name, last_beat) in lanes.iter().flat_map(|lane| &lane.workers) {
            match workers.iter_mut().find(|worker| worker.name == *name) {
                Some(worker) => worker.last_beat = worker.last_beat.min(*last_beat),
                None => workers.push(FleetWorker {
                    name: name.clone(),
                    last_beat: *last_beat,
                    is_silent: false,
                }),
            }
        }
        for worker in &mut workers {
            worker.is_silent = worker.last_beat * 3 > facts.lease * 2;
        }
        workers.sort_by(|one, other| one.name.cmp(&other.name));
        RunStatus {
            phase: match facts.state {
                RunState::Running => RunPhase::Running,
                RunState::Paused => RunPhase::Paused,
                RunState::Cancelled => RunPhase::Cancelled,
                RunState::Loaded if entries == 0 => RunPhase::Over,
                RunState::Loaded => RunPhase::Loaded,
            },
            odd_lanes: odd_lanes.map(|(lane, _)| lane).collect(),
            loaded: sum(|lane| lane.loaded),
            success: sum(|lane| lane.success),
            rejected: sum(|lane| lane.rejected),
            failed: sum(|lane| lane.failed),
            given_up: sum(|lane| lane.given_up),
            queued: entries.saturating_sub(leased + parked),
            leased,
            parked,
            results_waiting: sum(|lane| lane.results),
            collected: sum(|lane| lane.collected),
            stale: sum(|lane| lane.stale),
            reclaimed: sum(|lane| lane.reclaimed),
            queued_bytes: sum(|lane| lane.queued_bytes),
            result_bytes: sum(|lane| lane.result_bytes),
            workers,
            waiting_hosts: hosts_at_rest(waits),
            memory_used: server.memory.used,
            memory_limit: Some(server.memory.most).filter(|most| *most > 0),
            append_file: server.append_file,
        }
    }

    /// Number of requests that have their outcome.
    pub fn settled(&self) -> u64 {
        self.success + self.rejected + self.failed
    }

    /// Number of requests that were loaded and have no outcome.
    pub fn remaining(&self) -> u64 {
        self.queued + self.leased + self.parked
    }
}

/// Returns the hosts by the time left. A host that waits for both reasons is there once.
fn hosts_at_rest(mut waits: Vec<ListedWait>) -> Vec<HostAtRest> {
    waits.sort_by(|one, other| {
        let by_host = one.host.cmp(&other.host);
        by_host.then(other.left.cmp(&one.left))
    });
    waits.dedup_by(|later, first| later.host == first.host);
    waits.sort_by_key(|wait| std::cmp::Reverse(wait.left));
    let shown = waits.into_iter().map(|wait| HostAtRest {
        host: wait.host,
        left: wait.left,
        reason: match wait.reason {
            HostWait::Asked => WaitReason::Asked,
            HostWait::Failing => WaitReason::Failing,
        },
    });
    shown.collect()
}
