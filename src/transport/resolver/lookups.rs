//! The threads that ask the system, and those who wait for them.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::cache::{Answer, Cache, Cached};
use super::{LookUp, ResolverSettings, Unresolved};
use crate::transport::cancel::{CancelSlot, Wake};
use crate::transport::wire::Limits;

pub(super) struct Lookups {
    settings: ResolverSettings,
    look_up: Arc<LookUp>,
    state: Mutex<State>,
    /// There is something in the queue.
    work: Condvar,
}

#[derive(Default)]
struct State {
    cache: Cache,
    queue: VecDeque<Arc<Lookup>>,
    threads: usize,
    idle: usize,
}

/// One question, and all who wait for its answer.
pub(super) struct Lookup {
    name: Arc<str>,
    answer: Mutex<Option<Answer>>,
    answered: Condvar,
    /// How many wait, and thereby whether anybody still wants to know.
    waiting: AtomicUsize,
    /// Connections that began with the answer before it was in the cache.
    turn: AtomicUsize,
}

impl Lookups {
    pub(super) fn new(settings: ResolverSettings, look_up: Arc<LookUp>) -> Lookups {
        Lookups {
            settings,
            look_up,
            state: Mutex::default(),
            work: Condvar::new(),
        }
    }

    /// What is known of a name. If nothing is, somebody asks from now on.
    pub(super) fn find(self: &Arc<Self>, name: &str, now: Instant) -> Result<Cached, Unresolved> {
        let mut state = self.lock();
        if let Some(cached) = state.cache.find(name, now) {
            if let Cached::Asking(lookup) = &cached {
                lookup.waiting.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(cached);
        }
        if state.queue.len() >= self.settings.queue {
            let text = format!("{} names wait to be resolved already", state.queue.len());
            return Err(Unresolved::Unasked(io::Error::other(text)));
        }
        let lookup = Arc::new(Lookup::new(name));
        state.queue.push_back(Arc::clone(&lookup));
        state.cache.ask(&lookup);
        if state.idle >= state.queue.len() {
            self.work.notify_one();
        } else if state.threads < self.settings.threads {
            match self.start_thread() {
                Ok(()) => state.threads += 1,
                // One of those that run will come to it.
                Err(_) if state.threads > 0 => {}
                Err(error) => {
                    state.queue.pop_back();
                    state.cache.forget(name);
                    return Err(Unresolved::Unasked(error));
                }
            }
        }
        Ok(Cached::Asking(lookup))
    }

    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let lookups = Arc::clone(self);
        std::thread::Builder::new()
            .name("haul-resolver".to_owned())
            .spawn(move || lookups.serve())?;
        Ok(())
    }

    /// What a lookup thread does: answers until nothing has been asked for a while.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            while let Some(lookup) = state.queue.pop_front() {
                if lookup.waiting.load(Ordering::Relaxed) == 0 {
                    state.cache.forget(&lookup.name);
                    continue;
                }
                drop(state);
                let answer = self.ask(&lookup.name);
                state = self.lock();
                let now = Instant::now();
                state
                    .cache
                    .answer(&lookup.name, &answer, now, &self.settings);
                lookup.give(answer);
            }
            state.idle += 1;
            let (again, wait) = self
                .work
                .wait_timeout_while(state, self.settings.linger, |s| s.queue.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            state = again;
            state.idle -= 1;
            if wait.timed_out() && state.queue.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }

    /// Asks the system. Nothing that happens there may leave those who wait without an answer.
    fn ask(&self, name: &str) -> Answer {
        let answer = catch_unwind(AssertUnwindSafe(|| (self.look_up)(name)))
            .unwrap_or_else(|_| Err(io::Error::other("the lookup panicked")));
        match answer {
            Ok(addresses) if addresses.is_empty() => Err(Arc::new(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no addresses",
            ))),
            Ok(addresses) => Ok(distinct(addresses).into()),
            Err(error) => Err(Arc::new(error)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.threads, state.cache.len())
    }
}

/// The system names an address once for each kind of socket.
fn distinct(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut seen = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    seen
}

impl Lookup {
    fn new(name: &str) -> Lookup {
        Lookup {
            name: name.into(),
            answer: Mutex::new(None),
            answered: Condvar::new(),
            waiting: AtomicUsize::new(1),
            turn: AtomicUsize::new(0),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn give(&self, answer: Answer) {
        *self.lock() = Some(answer);
        self.answered.notify_all();
    }

    /// Waits for the answer: the addresses, and how many began with them before.
    pub(super) fn wait(
        self: Arc<Self>,
        began: Instant,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<(Arc<[IpAddr]>, usize), Unresolved> {
        let result = cancel
            .publish_waiter(Arc::clone(&self) as Arc<dyn Wake>)
            .map_err(Unresolved::from)
            .and_then(|()| self.wait_published(began, limits, cancel));
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        cancel.withdraw()?;
        result
    }

    fn wait_published(
        &self,
        began: Instant,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<(Arc<[IpAddr]>, usize), Unresolved> {
        let mut answer = self.lock();
        loop {
            match &*answer {
                Some(Ok(addresses)) => {
                    let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                    return Ok((Arc::clone(addresses), turn));
                }
                Some(Err(error)) => return Err(Unresolved::Failed(Arc::clone(error))),
                None => {}
            }
            if cancel.is_cancelled() {
                return Err(Unresolved::Cancelled);
            }
            let left = limits
                .left(began, Instant::now())
                .map_err(Unresolved::TimedOut)?;
            answer = match left {
                None => self
                    .answered
                    .wait(answer)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.answered
                        .wait_timeout(answer, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Answer>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Lookup {
    /// The lock is taken so that a waiter which has just found itself not cancelled is waiting by now.
    fn wake(&self) {
        let _answer = self.lock();
        self.answered.notify_all();
    }
}
