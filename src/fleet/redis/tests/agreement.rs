//! Random histories of steps on the engine in Redis and on the one in memory, with equal replies and figures.
//!
//! `HAUL_SEED=n` plays one history again, `HAUL_SCALE=n` plays n times as many.

mod whole_run;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use fastrand::Rng;

use super::{Trial, entry, new_run, number};
use crate::fleet::engine::{
    BegunEntry, EngineError, FleetEngine, ParkedEntry, QueueBounds, ResultClass, ResultSource,
    Sequence, SettledEntry, WaitingResult,
};
use crate::fleet::memory::MemoryEngine;

const HISTORIES: u64 = 80;
const STEPS: usize = 150;
const LANES: u32 = 2;

/// Unit of time: no sum of these equals a lease, two thirds of it, or the time after which results are abandoned.
const TICK: Duration = Duration::from_secs(100);
const ABANDONED: Duration = Duration::from_secs(250);

#[test]
fn both_engines_agree_on_random_histories() {
    let seeds = match number("HAUL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..HISTORIES * number("HAUL_SCALE").unwrap_or(1),
    };
    for seed in seeds {
        let Some(trial) = Trial::without_run(LANES) else {
            return;
        };
        let mut history = History {
            trial,
            memory: MemoryEngine::default(),
            random: Rng::with_seed(seed),
            names: BTreeMap::new(),
            parks: BTreeMap::new(),
            trace: vec![format!("HAUL_SEED={seed}")],
        };
        history.memory.set_now(Duration::from_secs(1));
        history.create();
        history.begin_loading();
        for _ in 0..STEPS {
            history.step();
        }
    }
}

struct History {
    trial: Trial,
    memory: MemoryEngine,
    random: Rng,
    /// Names of results: in memory, and in Redis.
    names: BTreeMap<(u32, String), (String, u64)>,
    /// Highest number of a call that parks, by lane and worker.
    parks: BTreeMap<(u32, String), u64>,
    trace: Vec<String>,
}

/// Kind of an error, since the texts differ.
fn kind<T>(reply: Result<T, EngineError>) -> Result<T, &'static str> {
    reply.map_err(|error| match error {
        EngineError::NoRun => "NoRun",
        EngineError::OtherRun => "OtherRun",
        EngineError::Away(_) => "Away",
        EngineError::Busy(_) => "Busy",
        EngineError::Refused(_) => "Refused",
    })
}

impl History {
    /// Carries out a step on both engines.
    #[track_caller]
    fn both<T: PartialEq + Debug>(
        &mut self,
        name: String,
        step: impl Fn(&mut dyn FleetEngine) -> Result<T, EngineError>,
    ) -> Option<T> {
        self.trace.push(name);
        let ours = step(&mut self.trial.engine);
        let shown = format!("{ours:?}");
        let (ours, theirs) = (kind(ours), kind(step(&mut self.memory)));
        let trace = || self.trace.join("\n");
        assert_eq!(ours, theirs, "redis, memory; {shown}\n{}", trace());
        ours.ok()
    }

    fn lane(&mut self) -> u32 {
        self.random.u32(0..LANES)
    }

    fn worker(&mut self) -> String {
        format!("node:{}", self.random.u8(0..3))
    }

    fn last(&mut self, lane: u32) -> Sequence {
        self.memory.figures(lane).map_or(0, |figures| figures.last)
    }

    /// Some numbers of entries, most of which were loaded. Often only those that the worker holds.
    fn numbers(&mut self, lane: u32, worker: &str) -> Vec<Sequence> {
        let held = self
            .memory
            .held(lane, worker, &|_| false)
            .unwrap_or_default();
        if self.random.u8(0..3) > 0 {
            let held = held.into_iter().map(|leased| leased.entry.sequence);
            return held.filter(|_| self.random.u8(0..3) > 0).collect();
        }
        let last = self.last(lane);
        let first = last.saturating_sub(12).max(1);
        let count = self.random.usize(0..6);
        (0..count)
            .map(|_| self.random.u64(first..=last + 1))
            .collect()
    }

    fn step(&mut self) {
        match self.random.u32(0..100) {
            0..9 => self.load(),
            9..20 => self.beat(),
            20..40 => self.lease(),
            40..47 => self.begin(),
            47..53 => self.settle(),
            53..66 => self.park(),
            66..73 => self.reclaim(),
            73..77 => self.held(),
            77..82 => self.results(),
            82..85 => self.collected(),
            85..95 => self.pass(),
            95..96 => self.leave(),
            96..97 => self.begin_loading(),
            97..98 => self.note_loaded(),
            98..99 => self.set_state(),
            _ => self.rarely(),
        }
        let lane = self.lane();
        self.both(format!("figures {lane}"), |e| e.figures(lane));
        if self.random.u8(0..8) == 0 {
            self.both("facts".into(), |e| e.facts());
        }
    }

    /// Creates a run, and mostly goes on with it. Otherwise the engines stay bound to the one before.
    fn create(&mut self) {
        let mut new = new_run(LANES);
        new.id = format!("run {}", self.trace.len());
        let is_new = self.both(format!("create {}", new.id), |e| e.create(&new));
        if is_new == Some(true) && self.random.u8(0..4) > 0 {
            self.bind(&new.id);
        }
    }

    fn bind(&mut self, id: &str) {
        self.trace.push(format!("bound to {id:?}"));
        id.clone_into(&mut self.trial.engine.id);
        self.memory.bind(id);
    }

    fn begin_loading(&mut self) {
        let loader = format!("loader {}", self.random.u8(0..3));
        let (back, late) = (
            self.random.u64(0..2),
            self.random.u64(0..8) / 6 * self.random.u64(1..3),
        );
        self.both(format!("begin_loading {loader} {back} {late}"), |e| {
            let mut facts = e.facts()?;
            facts.loaders = facts.loaders.saturating_sub(back);
            facts.position += late % 2;
            facts.later.position += late / 2;
            e.begin_loading_after(&loader, &facts)
        });
    }

    fn note_loaded(&mut self) {
        let loader = format!("loader {}", self.random.u8(0..2));
        let (position, is_end) = (self.random.u64(0..1000), self.random.bool());
        let is_later = self.random.bool();
        self.both(
            format!("note_loaded {loader} {is_later}"),
            |e| match is_later {
                true => e.note_later(&loader, position, "later"),
                false => e.note_loaded(&loader, position, "sum", is_end),
            },
        );
    }

    fn load(&mut self) {
        let lane = self.lane();
        let loader = format!("loader {}", self.random.u8(0..2));
        let last = self.last(lane);
        let expected = match self.random.u8(0..8) {
            0 => last + 1,
            _ => last,
        };
        let mut numbers: Vec<_> = (1..=self.random.u64(0..6))
            .map(|n| last + n * self.random.u64(1..3))
            .collect();
        if self.random.u8(0..6) > 0 {
            numbers.sort_unstable();
            numbers.dedup();
        }
        let entries: Vec<_> = numbers.iter().copied().map(entry).collect();
        let bounds = QueueBounds {
            entries: self.random.u64(0..40),
            bytes: self.random.u64(0..1000),
        };
        self.both(
            format!("load {lane} {loader} {expected} {numbers:?} {bounds:?}"),
            |e| e.load(lane, &loader, expected, bounds, &entries),
        );
    }

    fn beat(&mut self) {
        let (lane, worker, join) = (self.lane(), self.worker(), self.random.u8(0..3) > 0);
        self.both(format!("beat {lane} {worker} {join}"), |e| {
            e.beat(lane, &worker, join)
        });
    }

    fn leave(&mut self) {
        let (lane, worker) = (self.lane(), self.worker());
        self.both(format!("leave {lane} {worker}"), |e| e.leave(lane, &worker));
    }

    fn lease(&mut self) {
        let (lane, worker, most) = (self.lane(), self.worker(), self.random.usize(0..5));
        let early = self.random.usize(0..6);
        self.both(format!("lease {lane} {worker} {most} {early}"), |e| {
            e.lease(lane, &worker, most, early)
        });
    }

    fn begin(&mut self) {
        let (lane, worker) = (self.lane(), self.worker());
        let begun = |history: &mut History, sequence| BegunEntry {
            sequence,
            once: history.random.bool(),
            again: history.random.bool(),
        };
        let entries = self.numbers(lane, &worker);
        let entries: Vec<_> = entries
            .into_iter()
            .map(|number| begun(self, number))
            .collect();
        self.both(format!("begin {lane} {worker} {entries:?}"), |e| {
            e.begin(lane, &worker, &entries)
        });
    }

    fn settle(&mut self) {
        let (lane, worker) = (self.lane(), self.worker());
        let most_bytes = self.random.u64(0..400);
        let classes = [
            ResultClass::Success,
            ResultClass::Rejected,
            ResultClass::Failed,
            ResultClass::GivenUp,
        ];
        let numbers = self.numbers(lane, &worker);
        // Few at a time, so that most entries have a longer history.
        let settled = numbers.into_iter().take(2).map(|sequence| SettledEntry {
            sequence,
            class: classes[self.random.usize(0..4)],
            size: entry(sequence).size(),
            record: format!("record of {sequence}").into_bytes(),
        });
        let entries: Vec<_> = settled.collect();
        self.both(
            format!("settle {lane} {worker} {most_bytes} {entries:?}"),
            |e| e.settle(lane, &worker, most_bytes, &entries),
        );
    }

    fn park(&mut self) {
        let (lane, worker) = (self.lane(), self.worker());
        let numbers = self.numbers(lane, &worker);
        let parked = numbers.into_iter().map(|sequence| ParkedEntry {
            sequence,
            delay: TICK * self.random.u32(0..5),
            attempts: self.random.u32(0..3),
            deliveries: self.random.u32(1..4),
            begun_again: self.random.bool(),
            is_aside: self.random.bool(),
        });
        let entries: Vec<_> = parked.collect();
        // Some calls come late, and some are repeated.
        let highest = self.parks.entry((lane, worker.clone())).or_default();
        let number = match self.random.u8(0..4) {
            0 => self.random.u64(0..=*highest),
            _ => *highest + 1,
        };
        *highest = number.max(*highest);
        let step = format!("park {lane} {worker} {number} {entries:?}");
        self.both(step, |e| e.park(lane, &worker, number, &entries));
    }

    fn reclaim(&mut self) {
        let (lane, worker, most) = (self.lane(), self.worker(), self.random.usize(0..4));
        self.both(format!("reclaim {lane} {worker} {most}"), |e| {
            e.reclaim(lane, &worker, most)
        });
    }

    fn held(&mut self) {
        let (lane, worker, rest) = (self.lane(), self.worker(), self.random.u64(0..3));
        self.both(format!("held {lane} {worker} {rest}"), |e| {
            e.held(lane, &worker, &|number| number % 3 == rest)
        });
    }

    fn results(&mut self) {
        let (lane, collector) = (self.lane(), format!("file {}", self.random.u8(0..2)));
        let sources = [
            ResultSource::Own,
            ResultSource::New,
            ResultSource::New,
            ResultSource::Abandoned(ABANDONED),
        ];
        let from = sources[self.random.usize(0..4)];
        let most = self.random.usize(1..5);
        self.trace
            .push(format!("results {lane} {collector} {from:?} {most}"));
        let ours = kind(self.trial.engine.results(lane, &collector, from, most));
        let theirs = kind(self.memory.results(lane, &collector, from, most));
        let records = |reply: &Result<Vec<WaitingResult>, _>| {
            let results = reply.clone()?;
            Ok::<_, &str>(
                results
                    .into_iter()
                    .map(|result| result.record)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            records(&ours),
            records(&theirs),
            "redis, memory\n{}",
            self.trace.join("\n")
        );
        for (ours, theirs) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
            let bytes = ours.record.len() as u64;
            self.names.insert((lane, theirs.name), (ours.name, bytes));
        }
    }
}
