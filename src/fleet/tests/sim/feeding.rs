//! Loaders and collectors of a simulated fleet, with the real plans.

use std::time::{Duration, Instant};

use crate::fleet::collector::{CollectPlan, CollectStep};
use crate::fleet::end::FleetEnd;
use crate::fleet::engine::{EngineError, MemoryUse, RunState};
use crate::fleet::loader::{LoadEnd, LoadPlan, LoadStep};

use super::history::ms;
use super::inputs::WrongInput;
use super::network::{SimCall, SimCaller, SimReply};
use super::world::{SimEvent, SimWorld};

pub(super) struct SimLoader {
    incarnation: u32,
    plan: Option<LoadPlan>,
    name: String,
    /// `None`: its input is the one of the history.
    pub(super) wrong: Option<WrongInput>,
    pub(super) end: Option<LoadEnd>,
}

pub(super) struct SimCollector {
    incarnation: u32,
    plan: CollectPlan,
    name: String,
    /// Records in its file.
    pub(super) file: Vec<Vec<u8>>,
    /// Results that are in the file and were not removed from their lane.
    unremoved: Option<(u32, Vec<(String, u64)>)>,
    pub(super) end: Option<FleetEnd>,
    /// True if its machine goes as soon as results are written, and before that is told.
    is_failing: bool,
    pub(super) is_lost: bool,
}

impl SimWorld {
    pub(super) fn add_loader(&mut self, wrong: Option<WrongInput>) {
        self.loaders.push(SimLoader {
            incarnation: 0,
            plan: None,
            name: String::new(),
            wrong,
            end: None,
        });
        self.boot_loader(self.loaders.len() - 1);
    }

    pub(super) fn boot_loader(&mut self, number: usize) {
        let loader = &mut self.loaders[number];
        if loader.end.is_some() {
            return;
        }
        loader.incarnation += 1;
        loader.name = format!("loader {number}.{}", loader.incarnation);
        loader.plan = None;
        let incarnation = loader.incarnation;
        let caller = SimCaller::Loader {
            loader: number,
            incarnation,
        };
        self.send(caller, SimCall::Facts);
    }

    pub(super) fn crash_loader(&mut self, number: usize) {
        let loader = &mut self.loaders[number];
        if loader.end.is_none() {
            self.seen.restarts += 1;
            loader.incarnation += 1;
            let wait = ms(self.rng.u64(0..3_000));
            self.after(wait, SimEvent::BootLoader(number));
        }
    }

    pub(super) fn wake_loader(&mut self, number: usize, incarnation: u32) {
        if self.loaders[number].incarnation != incarnation {
            return;
        }
        let caller = SimCaller::Loader {
            loader: number,
            incarnation,
        };
        let loader = &mut self.loaders[number];
        let name = loader.name.clone();
        let Some(mut plan) = loader.plan.take() else {
            self.send(caller, SimCall::Facts);
            return;
        };
        loop {
            match plan.next() {
                LoadStep::Read if plan.holds_lines() && self.rng.u64(0..20) == 0 => plan.flush(),
                LoadStep::Read => {
                    let sequence = plan.next_sequence();
                    match self.line_of(number, sequence as usize - 1, sequence) {
                        Some(line) => plan.take_line(line),
                        None => plan.take_end(),
                    }
                }
                LoadStep::Rewind => plan.rewound(),
                LoadStep::Weigh => {
                    plan.weighed(MemoryUse::default());
                }
                LoadStep::Secure => {
                    plan.secured();
                    self.loaders[number].plan = Some(plan);
                    self.after(
                        ms(30),
                        SimEvent::WakeLoader {
                            loader: number,
                            incarnation,
                        },
                    );
                    return;
                }
                LoadStep::Over(end) => {
                    let loader = &mut self.loaders[number];
                    loader.end = Some(end);
                    self.check_loaded(number, end);
                    return;
                }
                step => {
                    self.loaders[number].plan = Some(plan);
                    self.send(caller, SimCall::Load(name, step));
                    return;
                }
            }
        }
    }

    pub(super) fn loader_answered(
        &mut self,
        number: usize,
        incarnation: u32,
        call: SimCall,
        reply: Result<SimReply, EngineError>,
    ) {
        let loader = &mut self.loaders[number];
        if loader.incarnation != incarnation {
            return;
        }
        let mut wait = ms(0);
        match (call, reply, &mut loader.plan) {
            (_, Err(_), _) => wait = ms(100),
            (SimCall::Facts, Ok(SimReply::Facts(facts)), plan) => {
                *plan = Some(LoadPlan::new(&facts).with_batch(self.history.batch));
            }
            (SimCall::Load(_, step), Ok(reply), Some(plan)) => match (step, reply) {
                (LoadStep::Load { lane, entries, .. }, SimReply::Load(reply)) => {
                    plan.load_done(lane, entries.len(), &reply);
                }
                (LoadStep::Begin(_), SimReply::Flag(begun)) => plan.begun(begun),
                (LoadStep::Look, SimReply::Facts(facts)) => plan.looked(facts),
                (LoadStep::Wait(pause), SimReply::Facts(facts)) => {
                    plan.waited(facts.state);
                    wait = pause;
                }
                (LoadStep::Note { .. }, SimReply::Flag(noted)) => plan.noted(noted),
                (LoadStep::Check { .. }, SimReply::Figures(figures)) => plan.checked(figures.last),
                (LoadStep::Finish, SimReply::Finish(reply)) => plan.finished(reply),
                other => panic!("{other:?}"),
            },
            (call, ..) => panic!("{call:?}"),
        }
        self.after(
            wait,
            SimEvent::WakeLoader {
                loader: number,
                incarnation,
            },
        );
    }

    pub(super) fn add_collector(&mut self) {
        let now = self.collector_time();
        let number = self.collectors.len();
        self.collectors.push(SimCollector {
            incarnation: 0,
            plan: CollectPlan::new(self.history.lanes, self.history.lease, now),
            name: format!("file {number}"),
            file: Vec::new(),
            unremoved: None,
            end: None,
            is_failing: false,
            is_lost: false,
        });
        let wait = ms(self.rng.u64(0..10_000));
        self.after(
            wait,
            SimEvent::WakeCollector {
                collector: number,
                incarnation: 0,
            },
        );
    }

    pub(super) fn crash_collector(&mut self, number: usize) {
        let now = self.collector_time();
        let (lanes, lease) = (self.history.lanes, self.history.lease);
        let collector = &mut self.collectors[number];
        if collector.end.is_some() || collector.is_lost {
            return;
        }
        self.seen.restarts += 1;
        collector.incarnation += 1;
        let incarnation = collector.incarnation;
        collector.plan = CollectPlan::new(lanes, lease, now);
        collector.unremoved = None;
        let wait = lease.mul_f64(self.rng.f64() * 4.0);
        self.after(
            wait,
            SimEvent::WakeCollector {
                collector: number,
                incarnation,
            },
        );
    }

    pub(super) fn lose_collector(&mut self, number: usize) {
        self.collectors[number].is_failing = true;
    }

    fn collector_time(&self) -> Instant {
        self.base + self.now
    }

    pub(super) fn wake_collector(&mut self, number: usize, incarnation: u32) {
        let now = self.collector_time();
        let collector = &mut self.collectors[number];
        if collector.incarnation != incarnation || collector.end.is_some() {
            return;
        }
        let name = collector.name.clone();
        let call = match collector.plan.next(now) {
            CollectStep::Wait(until) => {
                let wait = until.saturating_duration_since(now) + Duration::from_micros(1);
                self.after(
                    wait,
                    SimEvent::WakeCollector {
                        collector: number,
                        incarnation,
                    },
                );
                return;
            }
            CollectStep::Save { lane, results } => {
                if collector.unremoved.is_none() {
                    let records = results.iter().map(|result| result.record.clone());
                    collector.file.extend(records);
                }
                if collector.is_failing {
                    collector.is_lost = true;
                    collector.incarnation += 1;
                    self.seen.lost_collectors += 1;
                    return;
                }
                let sizes = results.into_iter();
                let sizes = sizes.map(|result| (result.name, result.record.len() as u64));
                let sizes: Vec<_> = sizes.collect();
                collector.unremoved = Some((lane, sizes.clone()));
                SimCall::Collected(lane, sizes)
            }
            CollectStep::Over(end) => {
                collector.end = Some(end);
                self.check_collected(end);
                return;
            }
            step => SimCall::Collect(name, step),
        };
        let caller = SimCaller::Collector {
            collector: number,
            incarnation,
        };
        self.send(caller, call);
    }

    pub(super) fn collector_answered(
        &mut self,
        number: usize,
        incarnation: u32,
        call: SimCall,
        reply: Result<SimReply, EngineError>,
    ) {
        let now = self.collector_time();
        let collector = &mut self.collectors[number];
        if collector.incarnation != incarnation {
            return;
        }
        let mut wait = ms(0);
        match (call, reply) {
            (SimCall::Collect(_, CollectStep::Fetch { .. }), Err(_)) => {
                collector.plan.fetch_lost();
                wait = ms(100);
            }
            (_, Err(_)) => wait = ms(100),
            (SimCall::Collected(..), Ok(_)) => {
                collector.unremoved = None;
                collector.plan.saved();
            }
            (_, Ok(SimReply::Results(results))) => collector.plan.fetched(results),
            (_, Ok(SimReply::Facts(facts))) => collector.plan.state_is(facts.state, now),
            (_, Ok(SimReply::Figures(figures))) => collector.plan.figures_are(&figures, now),
            (call, reply) => panic!("{call:?} {reply:?}"),
        }
        self.after(
            wait,
            SimEvent::WakeCollector {
                collector: number,
                incarnation,
            },
        );
    }

    fn check_loaded(&mut self, number: usize, end: LoadEnd) {
        match end {
            LoadEnd::Done => {
                let loader = &self.loaders[number];
                let name = &loader.name;
                assert_eq!(loader.wrong, None, "another input was loaded");
                assert!(
                    !self.truth.refused_notes.contains(name),
                    "a loader went on although a newer one is at work"
                );
            }
            LoadEnd::LaterUnfinished => panic!("there is no later load"),
            LoadEnd::Cancelled => assert!(self.history.cancels, "nothing was cancelled"),
            LoadEnd::OtherLoader => {
                let is_done = self
                    .loaders
                    .iter()
                    .any(|loader| loader.end == Some(LoadEnd::Done));
                let mut others = self.loaders.iter();
                let is_loading = others.any(|other| other.end.is_none() && other.wrong.is_none());
                // The engine lost that the loader had begun. A person begins once more.
                let is_lost = self.history.loses_data && !is_done && !is_loading;
                assert!(is_lost || is_done || is_loading, "no newer loader works");
                if is_lost {
                    self.add_loader(None);
                }
            }
            LoadEnd::OtherInput => {
                let loader = &self.loaders[number];
                assert!(loader.wrong.is_some(), "the input is the same");
                self.seen.other_inputs += 1;
                // The loader of the right input is not held up.
                let is_newest = self.truth.loader == loader.name;
                assert!(!is_newest || self.history.loses_data, "it took its place");
            }
        }
    }

    fn check_collected(&self, end: FleetEnd) {
        if end == FleetEnd::Cancelled {
            self.check_nothing_comes();
        }
        let lanes = (0..self.history.lanes).map(|lane| {
            let mut engine = self.engine.clone();
            crate::fleet::engine::FleetEngine::figures(&mut engine, lane).expect("the run is there")
        });
        for figures in lanes {
            assert!(
                end == FleetEnd::Cancelled || figures.entries == 0,
                "{figures:?}"
            );
            assert!(
                figures.results == 0 || end == FleetEnd::Cancelled,
                "{figures:?}"
            );
        }
        let state = self.state_of_run();
        assert!(end == FleetEnd::Complete || state == RunState::Cancelled);
    }

    fn state_of_run(&self) -> RunState {
        let facts = crate::fleet::engine::FleetEngine::facts(&mut self.engine.clone());
        facts.expect("the run is there").state
    }
}
