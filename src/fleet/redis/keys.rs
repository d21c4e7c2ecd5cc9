//! Names of the keys of a run.

use crate::host::Host;

/// Keys of a lane, by the part of the name that tells them apart. All of them share one slot of a cluster, so that a
/// script may use any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneKey {
    /// Hash: facts of the run, and the state of the lane.
    Facts,
    /// Stream: the queue, with a group `w` of workers.
    Queue,
    /// Stream: results, with a group `c` of collectors.
    Results,
    /// Sorted set: parked entries, by the time when they are due.
    Parked,
    /// Sorted set: entries that were put aside so that others find room, by the time when they are due.
    Aside,
    /// Hash: intents, and counts of entries that were begun again or attempted before.
    Intents,
    /// Sorted set: members, by the time of their last beat.
    Members,
    /// Hash: members, with the start of their unbroken beats and, under `p:` and their name, the number of their last
    /// call that parked entries.
    Unbroken,
    /// String: the worker that reclaims.
    Reaper,
    /// Hash: counters.
    Counters,
}

impl LaneKey {
    /// All keys of a lane, [`LaneKey::Facts`] first, in the order in which the script that creates a lane takes them.
    pub(super) const ALL: [LaneKey; 10] = [
        LaneKey::Facts,
        LaneKey::Queue,
        LaneKey::Results,
        LaneKey::Parked,
        LaneKey::Aside,
        LaneKey::Intents,
        LaneKey::Members,
        LaneKey::Unbroken,
        LaneKey::Reaper,
        LaneKey::Counters,
    ];

    fn ending(self) -> &'static str {
        match self {
            LaneKey::Facts => "m",
            LaneKey::Queue => "q",
            LaneKey::Results => "out",
            LaneKey::Parked => "later",
            LaneKey::Aside => "aside",
            LaneKey::Intents => "i",
            LaneKey::Members => "wk",
            LaneKey::Unbroken => "up",
            LaneKey::Reaper => "reap",
            LaneKey::Counters => "n",
        }
    }

    /// Returns the key's name in a lane of a run. What stands in braces decides on the slot.
    pub(super) fn of(self, run: &str, lane: u32) -> String {
        format!("haul:{{{run}.{lane}}}:{}", self.ending())
    }
}

/// Keys of a host, which share one slot of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostKey {
    /// String: the rate's arrival time, and the end of a pause.
    Rate,
    /// String: state of the breaker.
    Breaker,
    /// Sorted set: workers whose calls fail.
    Votes,
    /// Sorted set: workers that call the host.
    Active,
}

impl HostKey {
    /// Returns the key's name for a host of a run.
    pub(super) fn of(self, run: &str, host: &Host) -> String {
        let ending = match self {
            HostKey::Rate => "g",
            HostKey::Breaker => "cb",
            HostKey::Votes => "v",
            HostKey::Active => "a",
        };
        format!("haul:{{{run}:{host}}}:{ending}")
    }
}

/// Returns the name of the key for the rate of all hosts together.
pub(super) fn rate_of_run(run: &str) -> String {
    format!("haul:{{{run}}}:rate")
}

/// Returns the name of the key for the hosts that workers leave alone.
pub(super) fn hosts_of_run(run: &str) -> String {
    format!("haul:{{{run}}}:hosts")
}
