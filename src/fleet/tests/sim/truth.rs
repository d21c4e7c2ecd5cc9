//! Truth of a history: facts that only the world knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::fleet::engine::{
    BeatReply, BegunEntry, EngineError, LeasedEntry, ParkedEntry, ResultClass,
};
use crate::fleet::worker::core::BeatCall;

/// Truth of a history.
pub(super) struct SimTruth {
    /// Number of requests of each line that reached the server.
    pub(super) hits: Vec<u32>,
    /// Times at which requests of the paced host were sent.
    pub(super) paced: Vec<Duration>,
    /// Number of requests that were sent to other hosts.
    pub(super) unpaced: usize,
    /// Outcome of each entry that was settled.
    pub(super) settled: BTreeMap<u64, (ResultClass, String)>,
    /// Workers that began an entry again, and did not park it.
    pub(super) begun_again: BTreeMap<u64, BTreeSet<String>>,
    /// Workers that announced a request that must not be repeated.
    pub(super) announced: BTreeMap<u64, BTreeSet<String>>,
    /// Lane and name of workers, with the machine and the time of the last beat that the engine saw.
    pub(super) beats: BTreeMap<(u32, String), (usize, Duration)>,
    /// Lane and name of workers that heard that they are dead.
    pub(super) dead: BTreeSet<(u32, String)>,
    /// Times before which entries are not to be sent, as their clients asked.
    pub(super) not_before: BTreeMap<u64, Duration>,
    /// Number of attempts with which an entry was handed to its holder.
    pub(super) attempts: BTreeMap<u64, u32>,
    /// Lane and name of workers that left.
    pub(super) left: BTreeSet<(u32, String)>,
    /// Lane and name of results, with the time at which a collector was given them last.
    pub(super) given: BTreeMap<(u32, String), Duration>,
    /// Newest loader.
    pub(super) loader: String,
    /// Loaders that were told that a newer one is at work, as they noted how far they are.
    pub(super) refused_notes: BTreeSet<String>,
    /// Time at which the run was cancelled.
    pub(super) cancelled_at: Option<Duration>,
    records: u64,
}

impl SimTruth {
    pub(super) fn new(lines: usize) -> SimTruth {
        SimTruth {
            hits: vec![0; lines + 1],
            paced: Vec::new(),
            unpaced: 0,
            settled: BTreeMap::new(),
            begun_again: BTreeMap::new(),
            announced: BTreeMap::new(),
            beats: BTreeMap::new(),
            dead: BTreeSet::new(),
            not_before: BTreeMap::new(),
            attempts: BTreeMap::new(),
            left: BTreeSet::new(),
            given: BTreeMap::new(),
            loader: String::new(),
            refused_notes: BTreeSet::new(),
            cancelled_at: None,
            records: 0,
        }
    }

    pub(super) fn hits(&self, sequence: u64) -> u32 {
        self.hits[sequence as usize]
    }

    /// Record that no other outcome has.
    pub(super) fn record(&mut self, sequence: u64, why: &str) -> Vec<u8> {
        self.records += 1;
        format!("{sequence} {why} {}", self.records).into_bytes()
    }

    pub(super) fn beats(&mut self, call: &BeatCall, machine: usize, now: Duration) {
        let name = (call.lane, call.worker.clone());
        self.beats.insert(name, (machine, now));
    }

    /// Checks that a worker that was declared dead does not join under its old name.
    pub(super) fn names(
        &mut self,
        call: &BeatCall,
        reply: &Result<BeatReply, EngineError>,
        is_late: bool,
    ) {
        let name = (call.lane, call.worker.clone());
        if *reply == Ok(BeatReply::Dead) {
            self.dead.insert(name);
        } else {
            // A first beat may come late, before the worker hears that it is dead: the worker is a member then, and goes on.
            let was_dead = self.dead.remove(&name);
            assert!(is_late || !was_dead, "{name:?} joins again");
        }
    }

    pub(super) fn leaves(&mut self, call: &BeatCall) {
        self.left.insert((call.lane, call.worker.clone()));
    }

    /// Notes that a worker has entries from the engine: what happened to them before is settled.
    pub(super) fn leases(&mut self, entries: &[LeasedEntry], are_taken_from_other: bool) {
        for leased in entries {
            let sequence = leased.entry.sequence;
            self.attempts.insert(sequence, leased.attempts);
            if are_taken_from_other {
                self.not_before.remove(&sequence);
            }
        }
    }

    /// Notes that the client of the holder handed an entry back after an attempt, not to be sent before this time.
    pub(super) fn delays(&mut self, sequence: u64, until: Duration) {
        self.not_before.insert(sequence, until);
    }

    pub(super) fn begins(&mut self, entry: &BegunEntry, worker: &str, held: bool) {
        let worker = || worker.to_owned();
        if held && entry.again {
            let begun = self.begun_again.entry(entry.sequence).or_default();
            begun.insert(worker());
        }
        if held && entry.once {
            let announced = self.announced.entry(entry.sequence).or_default();
            announced.insert(worker());
        }
    }

    pub(super) fn parks(&mut self, entry: &ParkedEntry, worker: &str, held: bool) {
        if held && let Some(begun) = self.begun_again.get_mut(&entry.sequence) {
            begun.remove(worker);
        }
        if held && let Some(announced) = self.announced.get_mut(&entry.sequence) {
            announced.remove(worker);
        }
    }
}
