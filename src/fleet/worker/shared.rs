//! The core of a worker, shared by its threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::engine::{EngineError, FleetEngine};
use super::super::patient::asked_again;
use super::core::{EntryKey, NextCall, StartAnswer, WorkerCore};
use crate::redact::escape::log_line;

/// Core under a lock, and the wake-up of all threads that wait for it to change.
pub(super) struct SharedCore {
    core: Mutex<WorkerCore>,
    changed: Condvar,
}

/// Longest time for which a thread waits without a look at the core.
const LOOK: Duration = Duration::from_millis(500);

impl SharedCore {
    pub(super) fn new(core: WorkerCore) -> SharedCore {
        SharedCore {
            core: Mutex::new(core),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, WorkerCore> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the core.
    pub(super) fn look<T>(&self, look: impl FnOnce(&WorkerCore) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the core, and wakes the threads that wait.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut WorkerCore, Instant) -> T) -> T {
        let changed = change(&mut self.lock(), Instant::now());
        self.changed.notify_all();
        changed
    }

    /// Changes the core, and wakes the threads that wait if there is work for one of them. Most outcomes only join others
    /// that wait, and waking all threads for each of them would cost more than the outcomes do.
    pub(super) fn change_quietly<T>(
        &self,
        change: impl FnOnce(&mut WorkerCore, Instant) -> T,
    ) -> T {
        let mut core = self.lock();
        let changed = change(&mut core, Instant::now());
        let wakes = core.has_work();
        drop(core);
        if wakes {
            self.changed.notify_all();
        }
        changed
    }

    /// Asks whether an attempt may start, until the core has an answer other than to wait.
    pub(super) fn may_start(&self, key: EntryKey, asked: Instant) -> bool {
        let mut core = self.lock();
        loop {
            let now = Instant::now();
            let answer = core.may_start(key, asked, now);
            if core.wakes_others() {
                self.changed.notify_all();
            }
            let until = match answer {
                StartAnswer::Now => return true,
                StartAnswer::Never => return false,
                StartAnswer::Wait(until) => until,
            };
            let time = until.saturating_duration_since(now);
            let time = time.clamp(Duration::from_millis(1), LOOK);
            let waited = self.changed.wait_timeout(core, time);
            core = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks the core again and again until it has an answer. `ask` returns the answer, or the time at which it is to be
    /// asked again at the latest.
    pub(super) fn wait<T>(
        &self,
        mut ask: impl FnMut(&mut WorkerCore, Instant) -> Result<T, Option<Instant>>,
    ) -> T {
        let mut core = self.lock();
        loop {
            let now = Instant::now();
            let until = match ask(&mut core, now) {
                Ok(answer) => {
                    drop(core);
                    self.changed.notify_all();
                    return answer;
                }
                Err(until) => until,
            };
            let time = until.map_or(LOOK, |until| until.saturating_duration_since(now));
            let waited = self
                .changed
                .wait_timeout(core, time.clamp(Duration::from_millis(1), LOOK));
            core = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Carries out the calls of one thread until the worker is over.
    pub(super) fn serve<C, A>(
        &self,
        engine: &mut dyn FleetEngine,
        ask: fn(&mut WorkerCore, Instant) -> NextCall<C>,
        make: impl Fn(&mut dyn FleetEngine, &C) -> Result<A, EngineError>,
        done: fn(&mut WorkerCore, C, Result<A, EngineError>, Instant),
    ) {
        let next = || {
            self.wait(|core, now| match ask(core, now) {
                NextCall::Call(call) => Ok(Some(call)),
                NextCall::Over => Ok(None),
                NextCall::Wait(until) => Err(until),
            })
        };
        while let Some(call) = next() {
            let answer = make(engine, &call);
            if let Err(error @ (EngineError::Away(_) | EngineError::Busy(_))) = &answer {
                log_line!(Warn, "{}", asked_again(error));
            }
            self.change(|core, now| done(core, call, answer, now));
        }
    }
}
