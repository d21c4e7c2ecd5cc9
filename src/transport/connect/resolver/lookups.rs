//! Threads that ask the system for addresses, and the lookups that wait for them.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::cache::{Cache, Cached};
use super::lookup::{Lookup, LookupResult};
use super::{LookUp, ResolverSettings, Unresolved};
use crate::transport::connection::{descriptors, platform};

pub(super) struct Lookups {
    settings: ResolverSettings,
    look_up: Arc<LookUp>,
    state: Mutex<LookupsState>,
    /// Notified when the queue has a lookup.
    work: Condvar,
}

#[derive(Default)]
struct LookupsState {
    cache: Cache,
    queue: VecDeque<Arc<Lookup>>,
    threads: usize,
    idle: usize,
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

    /// Returns the cached state of a name. If the name is not cached, starts a lookup.
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
            return Err(Unresolved::Unasked(Arc::new(io::Error::other(text))));
        }
        let lookup = Arc::new(Lookup::new(name));
        state.queue.push_back(Arc::clone(&lookup));
        state.cache.ask(&lookup);
        if state.idle >= state.queue.len() {
            self.work.notify_one();
        } else if state.threads < self.settings.threads {
            match self.start_thread() {
                Ok(()) => state.threads += 1,
                // A running lookup thread will take this lookup.
                Err(_) if state.threads > 0 => {}
                Err(error) => {
                    state.queue.pop_back();
                    state.cache.forget(name);
                    let text = format!("no thread could be started: {error}");
                    let error = io::Error::new(error.kind(), text);
                    return Err(Unresolved::Unasked(Arc::new(error)));
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

    /// Runs a lookup thread: answers lookups until none has come for a while.
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

    /// Asks the system. Every failure, even a panic, becomes an answer, so that the waiting workers get one.
    fn ask(&self, name: &str) -> LookupResult {
        let refusals = descriptors::refusals();
        let answer = catch_unwind(AssertUnwindSafe(|| (self.look_up)(name)))
            .unwrap_or_else(|_| Err(io::Error::other("the lookup panicked")));
        match answer {
            Ok(addresses) if addresses.is_empty() => Err(Arc::new(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no addresses",
            ))),
            Ok(addresses) => Ok(distinct(addresses).into()),
            // Without a free descriptor the system says that there is no such name, or reports another error.
            Err(_) if descriptors::were_short_since(refusals) => {
                Err(Arc::new(platform::out_of_files()))
            }
            Err(error) => Err(Arc::new(error)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LookupsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.threads, state.cache.len())
    }
}

/// Removes repeated addresses: the system names an address once for each kind of socket.
fn distinct(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut seen = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    seen
}
