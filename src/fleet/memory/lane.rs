//! Lane of a run in memory: its entries, and the steps that concern them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::fleet::engine::{
    BegunEntry, EngineError, Entry, FinishReply, LaneFigures, LeaseReply, LeasedEntry, LoadReply,
    ParkedEntry, QueueBounds, ResultClass, RunState, Sequence, SettleReply, SettledEntry,
};

use super::member::LaneMember;
use super::results::LaneResults;

/// Time between two notes of the time.
const NOTED_EACH: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default)]
pub(super) struct MemoryLane {
    is_paused: bool,
    is_cancelled: bool,
    is_loaded: bool,
    /// Newest loader. Empty: there was none.
    loader: String,
    /// Entries that are not settled.
    pub(super) entries: BTreeMap<Sequence, LaneEntry>,
    pub(super) members: BTreeMap<String, LaneMember>,
    /// Number of the last call that parked entries, for each worker that is a member or holds entries.
    pub(super) last_parks: BTreeMap<String, u64>,
    /// Worker that reclaims, and the time of its last call.
    pub(super) reaper: Option<(String, Duration)>,
    pub(super) results: LaneResults,
    /// Time that was noted last.
    clock: Duration,
    /// Counts, without those that follow from the entries and results.
    pub(super) counts: LaneFigures,
}

#[derive(Clone, Debug)]
pub(super) struct LaneEntry {
    pub(super) entry: Entry,
    pub(super) place: EntryPlace,
    pub(super) attempts: u32,
    pub(super) deliveries: u32,
    /// Workers that began it again, and did not park it.
    begun_again: BTreeSet<String>,
    intent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntryPlace {
    Queued,
    Leased { holder: String, since: Duration },
    Parked { until: Duration, is_aside: bool },
}

impl LaneEntry {
    pub(super) fn is_held_by(&self, worker: &str) -> bool {
        matches!(&self.place, EntryPlace::Leased { holder, .. } if holder == worker)
    }

    /// Hands the entry to a worker.
    pub(super) fn hand_to(&mut self, worker: &str, now: Duration) -> LeasedEntry {
        self.place = EntryPlace::Leased {
            holder: worker.to_owned(),
            since: now,
        };
        self.leased()
    }

    fn leased(&self) -> LeasedEntry {
        LeasedEntry {
            entry: self.entry.clone(),
            attempts: self.attempts,
            deliveries: self.deliveries,
            begun_again: self.begun_again.len() as u32,
            intent: self.intent.clone(),
        }
    }
}

impl MemoryLane {
    pub(super) fn state(&self) -> RunState {
        match self {
            lane if lane.is_cancelled => RunState::Cancelled,
            lane if lane.is_paused => RunState::Paused,
            lane if lane.is_loaded => RunState::Loaded,
            _ => RunState::Running,
        }
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    pub(super) fn set_state(&mut self, state: RunState) -> bool {
        match state {
            RunState::Cancelled => self.is_cancelled = true,
            _ if self.is_cancelled => return false,
            RunState::Paused => self.is_paused = true,
            RunState::Running => self.is_paused = false,
            RunState::Loaded => {}
        }
        true
    }

    pub(super) fn finish_loading(&mut self, loader: &str) -> FinishReply {
        if self.is_cancelled {
            return FinishReply::Cancelled;
        }
        if !self.is_newest(loader) {
            return FinishReply::OtherLoader;
        }
        self.is_loaded = true;
        FinishReply::Finished
    }

    pub(super) fn begin_loading(&mut self, loader: &str) {
        loader.clone_into(&mut self.loader);
        self.is_loaded = false;
    }

    pub(super) fn is_newest(&self, loader: &str) -> bool {
        self.loader == loader
    }

    pub(super) fn load(
        &mut self,
        loader: &str,
        expected_last: Sequence,
        bounds: QueueBounds,
        entries: &[Entry],
    ) -> Result<LoadReply, EngineError> {
        if self.is_cancelled {
            return Ok(LoadReply::Cancelled);
        }
        if !self.is_newest(loader) {
            return Ok(LoadReply::OtherLoader);
        }
        let last = self.counts.last;
        if last != expected_last {
            return Ok(LoadReply::Conflict { last });
        }
        let numbers = entries.iter().map(|entry| entry.sequence);
        if !std::iter::once(last)
            .chain(numbers)
            .is_sorted_by(|a, b| a < b)
        {
            return Err(EngineError::Refused("entries out of order".to_owned()));
        }
        let count = (self.entries.len() + entries.len()) as u64;
        let size: u64 = entries.iter().map(Entry::size).sum();
        let bytes = self.counts.queued_bytes + size;
        if !self.entries.is_empty() && (count > bounds.entries || bytes > bounds.bytes) {
            return Ok(LoadReply::Full);
        }
        for entry in entries {
            let queued = LaneEntry {
                entry: entry.clone(),
                place: EntryPlace::Queued,
                attempts: 0,
                deliveries: 0,
                begun_again: BTreeSet::new(),
                intent: None,
            };
            self.entries.insert(entry.sequence, queued);
            self.counts.last = entry.sequence;
            self.counts.loaded += 1;
        }
        self.counts.queued_bytes = bytes;
        Ok(LoadReply::Loaded)
    }

    pub(super) fn lease(
        &mut self,
        worker: &str,
        most: usize,
        early: usize,
        now: Duration,
    ) -> LeaseReply {
        let mut reply = self.no_entries(worker);
        if !reply.is_member {
            return reply;
        }
        self.follow_clock(now);
        if !self.hands_out() {
            return reply;
        }
        let parked = self.entries.iter().filter_map(|(number, e)| match e.place {
            EntryPlace::Parked { until, is_aside } => Some((is_aside, until, *number)),
            _ => None,
        });
        let mut parked: Vec<_> = parked.collect();
        parked.sort_unstable();
        let (due, not_due): (Vec<_>, Vec<_>) =
            parked.into_iter().partition(|(_, until, _)| *until <= now);
        let aside = not_due.into_iter().filter(|(is_aside, ..)| *is_aside);
        let parked = due.into_iter().chain(aside.take(early));
        let queued = self.entries.iter().filter_map(|(number, e)| match e.place {
            EntryPlace::Queued => Some(*number),
            _ => None,
        });
        let numbers = parked.map(|(.., number)| number).chain(queued);
        let numbers: Vec<_> = numbers.take(most).collect();
        for number in numbers {
            let entry = self.entries.get_mut(&number).expect("it was found above");
            if entry.place == EntryPlace::Queued {
                entry.deliveries = 1;
            }
            reply.entries.push(entry.hand_to(worker, now));
        }
        reply
    }

    /// Notes the time once in a second. When the clock was set back, parked entries are due that much earlier.
    fn follow_clock(&mut self, now: Duration) {
        if now + NOTED_EACH <= self.clock {
            for entry in self.entries.values_mut() {
                if let EntryPlace::Parked { until, .. } = &mut entry.place {
                    *until = (*until + now).saturating_sub(self.clock);
                }
            }
        }
        if now.abs_diff(self.clock) >= NOTED_EACH {
            self.clock = now;
        }
    }

    /// Reply that hands out nothing.
    pub(super) fn no_entries(&self, worker: &str) -> LeaseReply {
        LeaseReply {
            state: self.state(),
            is_member: self.members.contains_key(worker),
            entries: Vec::new(),
        }
    }

    /// True if the state of the run permits that entries are handed out.
    pub(super) fn hands_out(&self) -> bool {
        !self.is_paused && !self.is_cancelled
    }

    /// Entry, if the worker is its holder.
    fn held_by(&mut self, worker: &str, number: Sequence) -> Option<&mut LaneEntry> {
        let entry = self.entries.get_mut(&number);
        entry.filter(|entry| entry.is_held_by(worker))
    }

    pub(super) fn holder(&self, number: Sequence) -> Option<&str> {
        match &self.entries.get(&number)?.place {
            EntryPlace::Leased { holder, .. } => Some(holder),
            _ => None,
        }
    }

    pub(super) fn begin(&mut self, worker: &str, entries: &[BegunEntry]) -> Vec<bool> {
        let begin = |begun: &BegunEntry| {
            let Some(entry) = self.held_by(worker, begun.sequence) else {
                return false;
            };
            if begun.once {
                entry.intent = Some(worker.to_owned());
            }
            if begun.again {
                entry.begun_again.insert(worker.to_owned());
            }
            true
        };
        entries.iter().map(begin).collect()
    }

    pub(super) fn settle(
        &mut self,
        worker: &str,
        most_bytes: u64,
        entries: &[SettledEntry],
    ) -> SettleReply {
        if self.counts.result_bytes >= most_bytes {
            return SettleReply::Full;
        }
        let settle = |settled: &SettledEntry| {
            if self.held_by(worker, settled.sequence).is_none() {
                self.counts.stale += 1;
                return false;
            }
            self.entries.remove(&settled.sequence);
            let counts = &mut self.counts;
            match settled.class {
                ResultClass::Success => counts.success += 1,
                ResultClass::Rejected => counts.rejected += 1,
                ResultClass::Failed => counts.failed += 1,
                ResultClass::GivenUp => {
                    counts.failed += 1;
                    counts.given_up += 1;
                }
            }
            counts.queued_bytes -= settled.size;
            counts.result_bytes += settled.record.len() as u64;
            self.results.add(settled.record.clone());
            true
        };
        SettleReply::Settled(entries.iter().map(settle).collect())
    }

    pub(super) fn park(
        &mut self,
        worker: &str,
        number: u64,
        entries: &[ParkedEntry],
        now: Duration,
    ) -> Vec<bool> {
        let last = self.last_parks.get(worker);
        if last.is_some_and(|last| number <= *last) {
            return vec![false; entries.len()];
        }
        if self.members.contains_key(worker) {
            self.last_parks.insert(worker.to_owned(), number);
        }
        let park = |parked: &ParkedEntry| {
            let Some(entry) = self.held_by(worker, parked.sequence) else {
                return false;
            };
            entry.place = EntryPlace::Parked {
                until: now + parked.delay,
                is_aside: parked.is_aside,
            };
            (entry.attempts, entry.deliveries) = (parked.attempts, parked.deliveries);
            entry.intent.take_if(|name| name == worker);
            if parked.begun_again {
                entry.begun_again.remove(worker);
            }
            true
        };
        entries.iter().map(park).collect()
    }

    pub(super) fn held(&self, worker: &str, known: &dyn Fn(Sequence) -> bool) -> Vec<LeasedEntry> {
        let held = self.entries.iter().filter(|(_, e)| e.is_held_by(worker));
        let unknown = held.filter(|(number, _)| !known(**number));
        unknown.map(|(_, entry)| entry.leased()).collect()
    }

    pub(super) fn collected(&mut self, results: &[(String, u64)]) -> u64 {
        let mut count = 0;
        for (name, bytes) in results {
            if self.results.remove(name) {
                count += 1;
                self.counts.result_bytes -= bytes;
            }
        }
        self.counts.collected += count;
        count
    }

    pub(super) fn figures(&self, now: Duration) -> LaneFigures {
        let places = || self.entries.values().map(|entry| &entry.place);
        let leased = places().filter(|place| matches!(place, EntryPlace::Leased { .. }));
        let parked = places().filter(|place| matches!(place, EntryPlace::Parked { .. }));
        let members = self.members.iter();
        let workers =
            members.map(|(name, member)| (name.clone(), now.saturating_sub(member.last_beat)));
        LaneFigures {
            state: self.state(),
            entries: self.entries.len() as u64,
            leased: leased.count() as u64,
            parked: parked.count() as u64,
            results: self.results.len() as u64,
            workers: workers.collect(),
            ..self.counts.clone()
        }
    }
}
