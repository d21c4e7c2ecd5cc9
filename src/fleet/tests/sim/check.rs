//! Promises of a fleet, checked against what the world saw.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::fleet::engine::{
    BeatReply, BegunEntry, EngineError, FleetEngine, LaneFigures, ParkedEntry, ResultClass,
    RunState, SettledEntry,
};
use crate::fleet::worker::core::{BeatCall, EntryKey};

use super::world::SimWorld;

/// Truth of a history.
pub(super) struct SimTruth {
    /// Number of requests of each line that reached the server.
    hits: Vec<u32>,
    /// Times at which requests of the paced host were sent.
    paced: Vec<Duration>,
    /// Outcome of each entry that was settled.
    settled: BTreeMap<u64, (ResultClass, String)>,
    /// Workers that began an entry again, and did not park it.
    begun_again: BTreeMap<u64, BTreeSet<String>>,
    /// Workers that announced a request that must not be repeated.
    announced: BTreeMap<u64, BTreeSet<String>>,
    /// Lane and name of workers, with the machine and the time of the last beat that the engine saw.
    beats: BTreeMap<(u32, String), (usize, Duration)>,
    /// Entries that were parked by a call which was carried out after it was given up.
    parked_late: BTreeSet<u64>,
    /// Lane and name of workers that heard that they are dead.
    dead: BTreeSet<(u32, String)>,
    records: u64,
    pub(super) collectors_crashed: bool,
}

impl SimTruth {
    pub(super) fn new(lines: usize) -> SimTruth {
        SimTruth {
            hits: vec![0; lines + 1],
            paced: Vec::new(),
            settled: BTreeMap::new(),
            begun_again: BTreeMap::new(),
            announced: BTreeMap::new(),
            beats: BTreeMap::new(),
            parked_late: BTreeSet::new(),
            dead: BTreeSet::new(),
            records: 0,
            collectors_crashed: false,
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
            let is_dead = self.dead.contains(&name);
            assert!(is_late || !is_dead, "{name:?} joins again");
        }
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

    pub(super) fn parks(&mut self, entry: &ParkedEntry, worker: &str, held: bool, late: bool) {
        if late {
            self.parked_late.insert(entry.sequence);
        }
        if held && let Some(begun) = self.begun_again.get_mut(&entry.sequence) {
            begun.remove(worker);
        }
        if held && let Some(announced) = self.announced.get_mut(&entry.sequence) {
            announced.remove(worker);
        }
    }
}

impl SimWorld {
    /// Checks a request as it is sent. `is_delayed`: the machine stood still before the first byte.
    pub(super) fn check_sent(
        &mut self,
        machine: usize,
        key: EntryKey,
        index: usize,
        is_delayed: bool,
    ) {
        let sequence = key.sequence;
        let line = &self.history.lines[index];
        self.truth.hits[sequence as usize] += 1;
        self.seen.hits += 1;
        let hits = self.truth.hits[sequence as usize];
        if line.once && !self.history.resume_writes {
            assert!(hits == 1, "request {sequence} was sent twice");
        }
        self.seen.repeated += u64::from(hits > 1);
        if is_delayed {
            self.seen.delayed += 1;
            return;
        }
        if self.history.is_rated(index) {
            self.truth.paced.push(self.now);
        }
        let holder = self.engine.holder(key.lane, sequence);
        let of_holder = holder.as_ref().and_then(|name| {
            let name = (key.lane, name.clone());
            self.truth.beats.get(&name).copied()
        });
        if self.truth.parked_late.contains(&sequence) {
            return;
        }
        let Some((holder, beat)) = of_holder else {
            panic!("request {sequence} is sent, and no worker holds it: {holder:?}");
        };
        assert_eq!(holder, machine, "request {sequence} is held by another");
        let silent = (self.now - beat).as_secs_f64() / self.history.lease.as_secs_f64();
        assert!(silent < 0.7, "a start {silent} leases after the last beat");
    }

    /// Checks that a worker whose entries are taken away was dead, or stood still, or could not be heard.
    pub(super) fn check_reclaimed(&self, holder: &str) {
        let names = (0..self.history.lanes).map(|lane| (lane, holder.to_owned()));
        let found = names.filter_map(|name| self.truth.beats.get(&name)).next();
        let (machine, _) = found.expect("each holder has joined");
        let machine = &self.machines[*machine];
        let long_ago = self.now.saturating_sub(self.history.lease * 3);
        let was_disturbed = machine.disturbed_until >= long_ago
            || machine
                .partitions
                .iter()
                .any(|(begin, end)| *begin <= self.now && *end >= long_ago);
        let is_same = machine
            .process
            .as_ref()
            .is_some_and(|process| process.core.is_named(holder));
        assert!(
            was_disturbed || !is_same,
            "entries of {holder} were taken, which lives"
        );
    }

    /// Checks that an entry whose request another worker may have sent is not handed on.
    pub(super) fn check_parked(&self, entry: &ParkedEntry, worker: &str, held: bool) {
        let announced = self.truth.announced.get(&entry.sequence);
        let by_other = announced.is_some_and(|workers| workers.iter().any(|name| name != worker));
        let is_wrong = held && by_other && !self.history.resume_writes;
        assert!(
            !is_wrong,
            "entry {} was to end as interrupted",
            entry.sequence
        );
    }

    pub(super) fn settled(&mut self, entry: &SettledEntry, held: bool) {
        if !held {
            return;
        }
        let record = String::from_utf8(entry.record.clone()).expect("it is a text");
        let line = &self.history.lines[entry.sequence as usize - 1];
        if record.contains("interrupted") {
            assert!(line.once, "request {} may be repeated", entry.sequence);
            let announced = self.truth.announced.get(&entry.sequence);
            let announced = announced.is_some_and(|workers| !workers.is_empty());
            assert!(announced, "no worker announced request {}", entry.sequence);
        }
        if entry.class == ResultClass::GivenUp {
            let begun = self.truth.begun_again.get(&entry.sequence);
            let begun = begun.map_or(0, BTreeSet::len) as u32 + 1;
            let most = self.history.max_deliveries;
            assert!(
                begun >= most,
                "entry {} was begun {begun} times",
                entry.sequence
            );
            self.seen.given_up += 1;
        }
        let before = self
            .truth
            .settled
            .insert(entry.sequence, (entry.class, record));
        assert_eq!(before, None, "entry {} is settled twice", entry.sequence);
    }

    fn figures(&self) -> Vec<LaneFigures> {
        let mut engine = self.engine.clone();
        let lanes = 0..self.history.lanes;
        lanes
            .map(|lane| engine.figures(lane).expect("the run is there"))
            .collect()
    }

    /// Checks that a worker that saw the end of the run is right.
    pub(super) fn check_complete(&self) {
        let state = self.engine.clone().facts().expect("the run is there").state;
        let mut queued = self.figures().into_iter().map(|figures| figures.entries);
        let is_reloading = self.history.second_loader || state != RunState::Loaded;
        assert!(
            is_reloading || queued.all(|entries| entries == 0),
            "the run is not over"
        );
    }

    pub(super) fn check_end(&mut self) {
        self.seen.histories += 1;
        self.check_rate();
        let figures = self.figures();
        let sum = |count: fn(&LaneFigures) -> u64| figures.iter().map(count).sum::<u64>();
        let lines = self.history.lines.len() as u64;
        let settled = self.truth.settled.len() as u64;
        let of_class = |class| {
            let settled = self.truth.settled.values();
            settled.filter(|(of_entry, _)| *of_entry == class).count() as u64
        };
        assert_eq!(sum(|f| f.success), of_class(ResultClass::Success));
        assert_eq!(sum(|f| f.rejected), of_class(ResultClass::Rejected));
        let given_up = of_class(ResultClass::GivenUp);
        assert_eq!(sum(|f| f.given_up), given_up);
        assert_eq!(sum(|f| f.failed), of_class(ResultClass::Failed) + given_up);
        assert_eq!(
            sum(|f| f.entries) + settled,
            sum(|f| f.loaded),
            "entries are lost"
        );
        let is_cancelled = self.history.cancels
            && self
                .engine
                .clone()
                .facts()
                .is_ok_and(|f| f.state == RunState::Cancelled);
        self.check_files(is_cancelled);
        if is_cancelled {
            self.seen.cancelled += 1;
            return;
        }
        assert_eq!(settled, lines, "lines have no outcome");
        assert_eq!(sum(|f| f.queued_bytes), 0);
        assert_eq!(sum(|f| f.result_bytes), 0);
        assert_eq!(sum(|f| f.collected), settled);
        assert_eq!(sum(|f| f.leased), 0);
    }

    /// Checks that the files of the collectors hold the outcomes that were settled, and copies of them at the most.
    fn check_files(&self, is_cancelled: bool) {
        let records = self.collectors.iter().flat_map(|collector| &collector.file);
        let mut written: BTreeMap<u64, &[u8]> = BTreeMap::new();
        for record in records {
            let text = std::str::from_utf8(record).expect("it is a text");
            let sequence = text
                .split(' ')
                .next()
                .and_then(|number| number.parse().ok());
            let sequence = sequence.expect("it begins with the number");
            let before = written.insert(sequence, record);
            assert!(
                before.is_none_or(|before| before == record.as_slice()),
                "two outcomes of {sequence}"
            );
            let settled = self.truth.settled.get(&sequence);
            assert_eq!(settled.map(|(_, text)| text.as_str()), Some(text));
        }
        assert!(is_cancelled || written.len() == self.truth.settled.len());
    }

    /// Checks that the paced host saw no more requests in any time than its rate permits. A slot may be used up to a
    /// second late.
    fn check_rate(&self) {
        let Some(rate) = self.history.rate else {
            return;
        };
        let gap = rate.per.as_secs_f64() / rate.count;
        let slack = f64::from(rate.burst) + 2.0 + self.history.workers as f64;
        let times = &self.truth.paced;
        for (first, begin) in times.iter().enumerate() {
            for (last, end) in times.iter().enumerate().skip(first) {
                let most = ((*end - *begin).as_secs_f64() + 1.2) / gap + slack;
                let count = last - first + 1;
                assert!(
                    count as f64 <= most,
                    "{count} requests in {:?}",
                    *end - *begin
                );
            }
        }
    }
}

/// Events of histories, so that a test that no longer reaches them fails.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) histories: u64,
    pub(super) hits: u64,
    pub(super) repeated: u64,
    pub(super) delayed: u64,
    pub(super) crashes: u64,
    pub(super) stops: u64,
    pub(super) drains: u64,
    pub(super) restarts: u64,
    pub(super) losses: u64,
    pub(super) deaths: u64,
    pub(super) stale: u64,
    pub(super) reclaimed: u64,
    pub(super) found_again: u64,
    pub(super) parked: u64,
    pub(super) given_back: u64,
    pub(super) given_up: u64,
    pub(super) interrupted: u64,
    pub(super) full: u64,
    pub(super) local_slots: u64,
    pub(super) cancelled: u64,
}

impl Seen {
    fn fields(&mut self) -> [(&'static str, &mut u64); 20] {
        [
            ("histories", &mut self.histories),
            ("hits", &mut self.hits),
            ("repeated", &mut self.repeated),
            ("delayed", &mut self.delayed),
            ("crashes", &mut self.crashes),
            ("stops", &mut self.stops),
            ("drains", &mut self.drains),
            ("restarts", &mut self.restarts),
            ("losses", &mut self.losses),
            ("deaths", &mut self.deaths),
            ("stale", &mut self.stale),
            ("reclaimed", &mut self.reclaimed),
            ("found_again", &mut self.found_again),
            ("parked", &mut self.parked),
            ("given_back", &mut self.given_back),
            ("given_up", &mut self.given_up),
            ("interrupted", &mut self.interrupted),
            ("full", &mut self.full),
            ("local_slots", &mut self.local_slots),
            ("cancelled", &mut self.cancelled),
        ]
    }

    pub(super) fn add(&mut self, other: &Seen) {
        let mut other = *other;
        for ((_, sum), (_, count)) in self.fields().into_iter().zip(other.fields()) {
            *sum += *count;
        }
    }

    pub(super) fn cover_everything(mut self) {
        eprintln!("{self:?}");
        for (name, count) in self.fields() {
            assert!(*count > 0, "no history had: {name}");
        }
    }
}
