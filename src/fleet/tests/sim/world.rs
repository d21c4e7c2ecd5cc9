//! World: clock, events, machines, and the way from one event to the next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use crate::fleet::engine::{FleetEngine, NewRun, RunState};
use crate::fleet::memory::{MemoryEngine, MemoryStore};

use super::feeding::{SimCollector, SimLoader};
use super::history::{SimHistory, ms};
use super::machine::SimMachine;
use super::network::SimFlight;
use super::seen::Seen;
use super::truth::SimTruth;

/// Time by which every history has ended.
const LONGEST: Duration = Duration::from_secs(1_800);

/// Number of events that no history reaches, unless an actor asks without a pause.
const MOST_EVENTS: u32 = 500_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SimEvent {
    Execute(u64),
    Answer(u64),
    Wake {
        machine: usize,
        incarnation: u32,
    },
    FirstByte {
        machine: usize,
        incarnation: u32,
        job: u64,
        at: Duration,
    },
    Response {
        machine: usize,
        incarnation: u32,
        job: u64,
        refused: bool,
    },
    Boot(usize),
    Crash(usize),
    Stop(usize, Duration),
    Drain(usize, Duration),
    Operate(RunState),
    WakeLoader {
        loader: usize,
        incarnation: u32,
    },
    BootLoader(usize),
    SecondLoader,
    WrongLoader,
    CrashLoader(usize),
    WakeCollector {
        collector: usize,
        incarnation: u32,
    },
    CrashCollector(usize),
    /// The collector's machine does not come back; its file does.
    LoseCollector(usize),
    Keep,
    LoseData,
}

pub(super) struct SimWorld {
    pub(super) rng: fastrand::Rng,
    pub(super) history: SimHistory,
    pub(super) engine: MemoryEngine,
    pub(super) now: Duration,
    pub(super) base: Instant,
    /// Time and order of events. Events of one time come in a random order if the engine stood still until then.
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    events: BTreeMap<u64, SimEvent>,
    next_event: u64,
    pub(super) flights: BTreeMap<u64, SimFlight>,
    pub(super) next_flight: u64,
    pub(super) machines: Vec<SimMachine>,
    pub(super) loaders: Vec<SimLoader>,
    pub(super) collectors: Vec<SimCollector>,
    pub(super) truth: SimTruth,
    pub(super) seen: Seen,
    kept: Option<(MemoryStore, String)>,
}

impl SimWorld {
    pub(super) fn new(seed: u64) -> SimWorld {
        let mut rng = fastrand::Rng::with_seed(seed);
        let history = SimHistory::random(&mut rng);
        SimWorld::of(history, rng)
    }

    /// Returns the world in which this history happens.
    pub(super) fn of(history: SimHistory, mut rng: fastrand::Rng) -> SimWorld {
        let mut engine = MemoryEngine::default();
        engine.set_now(ms(1_000_000));
        let run = NewRun {
            id: "id".to_owned(),
            settings: String::new(),
            lanes: history.lanes,
            lease: history.lease,
        };
        engine.create(&run).expect("nothing is there");
        let base = Instant::now() + Duration::from_secs(1_000);
        let machines = (0..history.workers).map(|_| SimMachine::new(&mut rng));
        let machines: Vec<_> = machines.collect();
        let mut world = SimWorld {
            machines,
            loaders: Vec::new(),
            collectors: Vec::new(),
            truth: SimTruth::new(history.lines.len()),
            seen: Seen::default(),
            rng,
            engine,
            now: Duration::ZERO,
            base,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            next_event: 1 << 40,
            flights: BTreeMap::new(),
            next_flight: 0,
            kept: None,
            history,
        };
        world.plan();
        world
    }

    /// Enters everything that is to happen by itself.
    fn plan(&mut self) {
        let history = self.history.clone();
        let quiet = history.quiet_from;
        let first = match history.loses_data {
            true => {
                self.after(ms(self.rng.clone().u64(1..40)), SimEvent::Keep);
                self.after(ms(60), SimEvent::LoseData);
                ms(100)
            }
            false => Duration::ZERO,
        };
        self.add_loader(None);
        for machine in 0..self.machines.len() {
            let at = first + ms(self.rng.u64(0..3_000));
            self.after(at, SimEvent::Boot(machine));
        }
        for _ in 0..history.collectors {
            self.add_collector();
        }
        let some = |world: &mut SimWorld| {
            let time = first + quiet.mul_f64(world.rng.f64());
            (time, world.rng.usize(0..world.machines.len()))
        };
        for _ in 0..history.crashes {
            let (at, machine) = some(self);
            self.after(at, SimEvent::Crash(machine));
        }
        for _ in 0..history.stops {
            let (at, machine) = some(self);
            let length = history.lease.mul_f64(self.rng.f64() * 4.0);
            self.after(at, SimEvent::Stop(machine, length));
        }
        for _ in 0..history.partitions {
            let (at, machine) = some(self);
            let length = history.lease.mul_f64(self.rng.f64() * 4.0);
            self.machines[machine].partitions.push((at, at + length));
        }
        for _ in 0..history.drains {
            let (at, machine) = some(self);
            let grace = history.lease.mul_f64(self.rng.f64() * 2.0);
            self.after(at, SimEvent::Drain(machine, grace));
        }
        for _ in 0..history.restarts {
            let (at, _) = some(self);
            let event = match self.rng.bool() {
                true => SimEvent::CrashLoader(0),
                false => SimEvent::CrashCollector(self.rng.usize(0..history.collectors)),
            };
            self.after(at, event);
        }
        if history.loses_collector {
            let (at, _) = some(self);
            self.after(at, SimEvent::LoseCollector(0));
        }
        if history.second_loader {
            let (at, _) = some(self);
            self.after(at, SimEvent::SecondLoader);
        }
        for _ in 0..history.wrong_loaders {
            let (at, _) = some(self);
            self.after(at, SimEvent::WrongLoader);
        }
        if history.pauses {
            let (at, _) = some(self);
            self.after(at, SimEvent::Operate(RunState::Paused));
            let at = at + history.lease.mul_f64(self.rng.f64() * 5.0);
            self.after(at, SimEvent::Operate(RunState::Running));
        }
        if history.cancels {
            let (at, _) = some(self);
            self.after(at, SimEvent::Operate(RunState::Cancelled));
        }
    }

    pub(super) fn after(&mut self, wait: Duration, event: SimEvent) {
        self.next_event += 1;
        let order = self.next_event;
        self.enter(self.now + wait, order, event);
    }

    /// Enters an event among others of the same time, at a random place.
    pub(super) fn shuffled(&mut self, at: Duration, event: SimEvent) {
        let mut order = self.rng.u64(0..1 << 39);
        while self.events.contains_key(&order) {
            order = self.rng.u64(0..1 << 39);
        }
        self.enter(at, order, event);
    }

    fn enter(&mut self, at: Duration, order: u64, event: SimEvent) {
        self.queue.push(Reverse((at, order)));
        self.events.insert(order, event);
    }

    pub(super) fn run(mut self) -> Seen {
        self.run_until(SimWorld::is_over);
        self.check_end();
        self.seen
    }

    /// Lets time go on until something holds.
    pub(super) fn run_until(&mut self, holds: impl Fn(&SimWorld) -> bool) {
        let mut count = 0;
        while !holds(self) {
            count += 1;
            assert!(count < MOST_EVENTS, "events without end: {}", self.state());
            let Some(Reverse((at, order))) = self.queue.pop() else {
                panic!("nothing happens any more: {}", self.state());
            };
            assert!(at < LONGEST, "the run does not end: {}", self.state());
            let event = self.events.remove(&order).expect("it was entered");
            self.now = self.now.max(at);
            self.engine.set_now(ms(1_000_000) + self.now);
            self.happen(event);
        }
    }

    fn is_over(&self) -> bool {
        let loaded = self.loaders.iter().all(|loader| loader.end.is_some());
        let collected = self
            .collectors
            .iter()
            .all(|collector| collector.end.is_some() || collector.is_lost);
        let worked = self.machines.iter().all(|machine| machine.is_done);
        loaded && collected && worked
    }

    fn happen(&mut self, event: SimEvent) {
        if let Some(machine) = self.machine_of(&event) {
            let until = self.machines[machine].stopped_until;
            if until > self.now {
                self.after(until - self.now, event);
                return;
            }
        }
        match event {
            SimEvent::Execute(flight) => self.execute(flight),
            SimEvent::Answer(flight) => self.answer(flight),
            SimEvent::Wake {
                machine,
                incarnation,
            } => {
                let is_next = self.machines[machine]
                    .wakes_at
                    .is_some_and(|at| at <= self.now);
                if is_next && self.is_present(machine, incarnation) {
                    self.machines[machine].wakes_at = None;
                    self.pump(machine);
                }
            }
            SimEvent::FirstByte {
                machine,
                incarnation,
                job,
                at,
            } => {
                if self.is_present(machine, incarnation) {
                    self.first_byte(machine, job, at);
                }
            }
            SimEvent::Response {
                machine,
                incarnation,
                job,
                refused,
            } => {
                if self.is_present(machine, incarnation) {
                    self.response(machine, job, refused);
                }
            }
            SimEvent::Boot(machine) => self.boot(machine),
            SimEvent::Crash(machine) => self.crash(machine),
            SimEvent::Stop(machine, length) => {
                self.seen.stops += 1;
                let machine = &mut self.machines[machine];
                machine.stopped_until = machine.stopped_until.max(self.now + length);
                machine.disturbed_until = machine.disturbed_until.max(self.now + length);
            }
            SimEvent::Drain(machine, grace) => self.drain(machine, grace),
            SimEvent::Operate(state) => {
                let set = self.engine.set_state(state);
                assert!(set.is_ok(), "the run is there");
                if state == RunState::Cancelled {
                    self.truth.cancelled_at = Some(self.now);
                }
            }
            SimEvent::WakeLoader {
                loader,
                incarnation,
            } => self.wake_loader(loader, incarnation),
            SimEvent::SecondLoader => self.add_loader(None),
            SimEvent::WrongLoader => self.add_wrong_loader(),
            SimEvent::BootLoader(loader) => self.boot_loader(loader),
            SimEvent::CrashLoader(loader) => self.crash_loader(loader),
            SimEvent::WakeCollector {
                collector,
                incarnation,
            } => {
                self.wake_collector(collector, incarnation);
            }
            SimEvent::CrashCollector(collector) => self.crash_collector(collector),
            SimEvent::LoseCollector(collector) => self.lose_collector(collector),
            SimEvent::Keep => {
                self.kept = Some((self.engine.snapshot(), self.truth.loader.clone()));
            }
            SimEvent::LoseData => {
                if let Some((kept, loader)) = self.kept.take() {
                    self.seen.losses += 1;
                    self.engine.restore(kept);
                    self.truth.loader = loader;
                }
            }
        }
    }

    /// Machine whose stop delays an event.
    fn machine_of(&self, event: &SimEvent) -> Option<usize> {
        match event {
            SimEvent::Answer(flight) => self.flights.get(flight)?.caller.machine(),
            SimEvent::Wake { machine, .. }
            | SimEvent::FirstByte { machine, .. }
            | SimEvent::Response { machine, .. }
            | SimEvent::Drain(machine, _) => Some(*machine),
            _ => None,
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.now >= self.history.quiet_from
    }

    fn state(&self) -> String {
        let mut engine = self.engine.clone();
        let lanes = (0..self.history.lanes).map(|lane| engine.figures(lane));
        let lanes: Vec<_> = lanes.collect();
        let done: Vec<_> = self
            .machines
            .iter()
            .map(|machine| machine.is_done)
            .collect();
        let loaders: Vec<_> = self.loaders.iter().map(|loader| loader.end).collect();
        let collectors: Vec<_> = self.collectors.iter().map(|c| c.end).collect();
        format!("{lanes:?} {done:?} {loaders:?} {collectors:?}")
    }
}
