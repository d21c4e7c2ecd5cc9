//! Client of a simulated worker: jobs that wait, start and run, and the server that they reach.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::fleet::engine::ResultClass;
use crate::fleet::worker::core::{EntryKey, StartAnswer, UndoneEntry, WorkerCore};
use crate::host::Host;
use crate::settings::{PermittedStarts, WantedStarts};

use super::history::{SimHistory, ms};
use super::world::{SimEvent, SimWorld};

/// Part of a time that may be missing by the clock of the machine that lets it pass.
const SLOWEST_CLOCK: f64 = 0.97;

/// Time after which a slot is void.
const VOID_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct SimClient {
    jobs: usize,
    waiting: VecDeque<SimJob>,
    /// Jobs that asked whether they may start.
    starting: Vec<SimJob>,
    running: BTreeMap<u64, SimJob>,
    /// Requests whose start was refused.
    refused: Vec<EntryKey>,
    slots: VecDeque<Instant>,
    is_asking: bool,
    asks_after: Instant,
    is_drained: bool,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct SimJob {
    key: EntryKey,
    index: usize,
    asked: Instant,
}

impl SimClient {
    pub(super) fn new(jobs: usize, now: Instant) -> SimClient {
        SimClient {
            jobs,
            waiting: VecDeque::new(),
            starting: Vec::new(),
            running: BTreeMap::new(),
            refused: Vec::new(),
            slots: VecDeque::new(),
            is_asking: false,
            asks_after: now,
            is_drained: false,
            next: 0,
        }
    }

    pub(super) fn push(&mut self, key: EntryKey, index: usize) {
        assert!(!self.is_drained, "requests come after the drain");
        let asked = self.asks_after;
        self.waiting.push_back(SimJob { key, index, asked });
    }

    /// Starts what can start. Returns the numbers of the jobs that begin, and the time of the next try.
    pub(super) fn start(
        &mut self,
        core: &mut WorkerCore,
        history: &SimHistory,
        now: Instant,
    ) -> (Vec<u64>, Option<Instant>) {
        let (mut begun, mut wakes) = (Vec::new(), None::<Instant>);
        while self.slots.front().is_some_and(|at| *at + VOID_AFTER <= now) {
            self.slots.pop_front();
        }
        while self.running.len() + self.starting.len() < self.jobs {
            let slot = self.slots.front().filter(|at| **at <= now).is_some();
            let fits = |job: &SimJob| slot || !history.is_rated(job.index);
            let Some(place) = self.waiting.iter().position(fits) else {
                wakes = self.slots.front().copied().filter(|at| *at > now);
                break;
            };
            let mut job = self.waiting.remove(place).expect("it was found");
            if history.is_rated(job.index) {
                self.slots.pop_front();
            }
            job.asked = now;
            self.starting.push(job);
        }
        for job in std::mem::take(&mut self.starting) {
            match core.may_start(job.key, job.asked, now) {
                StartAnswer::Now => {
                    assert!(now <= job.asked + VOID_AFTER, "its slot is void");
                    self.next += 1;
                    self.running.insert(self.next, job);
                    begun.push(self.next);
                }
                StartAnswer::Wait(at) => {
                    let at = at.max(now) + ms(1);
                    wakes = wakes.into_iter().chain([at]).min();
                    self.starting.push(job);
                }
                StartAnswer::Never => self.refused.push(job.key),
            }
        }
        (begun, wakes)
    }

    pub(super) fn take_refused(&mut self) -> Vec<EntryKey> {
        std::mem::take(&mut self.refused)
    }

    pub(super) fn give_back(
        &mut self,
        host: &Host,
        count: usize,
        history: &SimHistory,
    ) -> Vec<EntryKey> {
        let mut given = Vec::new();
        while given.len() < count {
            let is_meant = |job: &SimJob| history.lines[job.index].host == *host;
            let Some(place) = self.waiting.iter().rposition(is_meant) else {
                break;
            };
            given.extend(self.waiting.remove(place).map(|job| job.key));
        }
        given
    }

    pub(super) fn drain(&mut self) -> Vec<EntryKey> {
        self.is_drained = true;
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let starting = std::mem::take(&mut self.starting).into_iter();
        waiting.chain(starting).map(|job| job.key).collect()
    }

    pub(super) fn cut_off(&mut self) -> Vec<(EntryKey, usize)> {
        let running = std::mem::take(&mut self.running).into_values();
        running.map(|job| (job.key, job.index)).collect()
    }

    /// Slots that are to be asked for.
    pub(super) fn wanted(&mut self, history: &SimHistory, now: Instant) -> Option<WantedStarts> {
        let rate = history.rate?;
        let waits = |job: &&SimJob| history.is_rated(job.index);
        let first = self.waiting.iter().find(waits)?;
        if self.is_asking || !self.slots.is_empty() || self.asks_after > now {
            return None;
        }
        self.is_asking = true;
        Some(WantedStarts {
            host: Some(history.lines[first.index].host.clone()),
            count: self.waiting.iter().filter(waits).count().min(3) as u32,
            rate: Some(rate),
            longer: Vec::new(),
        })
    }

    pub(super) fn permitted(
        &mut self,
        wanted: &WantedStarts,
        permitted: PermittedStarts,
        now: Instant,
    ) {
        self.is_asking = false;
        let rate = wanted.rate.expect("only rated hosts are asked for");
        match permitted {
            PermittedStarts::Granted { after, count } => {
                let gap = rate.per.div_f64(rate.count);
                let slots = (0..count).map(|number| now + after + gap * number);
                self.slots.extend(slots);
            }
            PermittedStarts::Trial => self.slots.push_back(now),
            PermittedStarts::Later { after, .. } => self.asks_after = now + after,
        }
    }
}

impl SimWorld {
    /// Sends the first byte of a request. `at`: time at which it was to be sent.
    pub(super) fn first_byte(&mut self, number: usize, job: u64, at: Duration) {
        let incarnation = self.machines[number].incarnation;
        let process = self.machines[number].process.as_ref();
        let process = process.expect("only running processes send");
        let Some(sent) = process.client.running.get(&job).copied() else {
            return;
        };
        let (is_delayed, line) = (self.now > at, &self.history.lines[sent.index]);
        let (latency, is_poison) = (line.latency, line.is_poison);
        let refused = !is_poison && self.rng.u64(0..100) < self.history.refused;
        if !refused {
            self.check_sent(number, sent.key, sent.index, is_delayed);
            if is_poison {
                self.crash(number);
                return;
            }
        }
        let event = SimEvent::Response {
            machine: number,
            incarnation,
            job,
            refused,
        };
        self.after(if refused { ms(1) } else { latency }, event);
    }

    /// Ends an attempt.
    pub(super) fn response(&mut self, number: usize, job: u64, refused: bool) {
        let now = self.local(number);
        let dice = self.rng.u64(0..3);
        // Leases until the next attempt.
        let short_or_long = match self.rng.u64(0..3) {
            0 => 0.0,
            1 => self.rng.f64() * 0.2,
            _ => self.rng.f64() * 2.0,
        };
        let Some(process) = &mut self.machines[number].process else {
            return;
        };
        let Some(mut sent) = process.client.running.remove(&job) else {
            return;
        };
        let holder = self.holder_of(sent.key.lane, sent.key.sequence);
        let is_holder = holder.is_some_and(|(machine, _)| machine == number);
        let history = &self.history;
        let Some(process) = &mut self.machines[number].process else {
            return;
        };
        let line = &history.lines[sent.index];
        let hits = self.truth.hits(sent.key.sequence);
        let undone = |delay| UndoneEntry {
            delay,
            attempts: 1,
            is_repeatable: true,
        };
        if refused && dice == 0 && !process.client.is_drained {
            // The client tries again by itself.
            sent.asked = now;
            process.client.starting.push(sent);
        } else if refused {
            let delay = history.lease.mul_f64(short_or_long);
            let until = self.now + delay.mul_f64(SLOWEST_CLOCK);
            if is_holder {
                self.truth.delays(sent.key.sequence, until);
            }
            let taken = process.core.undone(sent.key, undone(delay), now);
            assert!(taken, "a refused connection is no reason to interrupt");
        } else if !line.once && hits <= line.delays.0 {
            let until = self.now + line.delays.1.mul_f64(SLOWEST_CLOCK);
            if is_holder {
                self.truth.delays(sent.key.sequence, until);
            }
            let taken = process.core.undone(sent.key, undone(line.delays.1), now);
            assert!(taken, "a request that may be repeated is taken back");
        } else {
            let class = match sent.index % 3 {
                0 => ResultClass::Success,
                1 => ResultClass::Rejected,
                _ => ResultClass::Failed,
            };
            let record = self.truth.record(sent.key.sequence, "sent");
            process.core.ended(sent.key, class, record, now);
        }
        self.pump(number);
    }
}
