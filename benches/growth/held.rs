//! A transport in memory that keeps a number of requests under way, as a server does that takes its time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::Duration;

use haul::internals::empty_answer;
use haul::unversioned::{Call, ExchangeResult, Transport};

use crate::support::AnyError;

/// Longest time until all threads have started.
const START: Duration = Duration::from_secs(60);

/// Requests that wait for their answer: a number are under way, and each that begins releases the oldest.
pub(crate) struct Held {
    pub(crate) under_way: usize,
    state: Mutex<HeldState>,
    full: Condvar,
}

#[derive(Default)]
struct HeldState {
    /// True: no request waits.
    open: bool,
    /// True: as many requests were under way as can be.
    was_full: bool,
    waiting: VecDeque<Arc<Waiting>>,
}

struct Waiting {
    released: AtomicBool,
    thread: Thread,
}

impl Waiting {
    fn release(&self) {
        self.released.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Held {
    pub(crate) fn new(under_way: usize) -> Held {
        Held {
            under_way,
            state: Mutex::default(),
            full: Condvar::new(),
        }
    }

    /// Returns when the request is answered.
    pub(crate) fn pass(&self) {
        // A request that is under way releases another one, so all but one wait.
        if self.under_way == 1 {
            return;
        }
        let own = Arc::new(Waiting {
            released: AtomicBool::new(false),
            thread: thread::current(),
        });
        let mut state = self.locked();
        if state.open {
            return;
        }
        state.waiting.push_back(Arc::clone(&own));
        let mut oldest = None;
        if state.waiting.len() == self.under_way {
            oldest = state.waiting.pop_front();
            if !state.was_full {
                state.was_full = true;
                self.full.notify_one();
            }
        }
        drop(state);
        if let Some(oldest) = oldest {
            oldest.release();
        }
        while !own.released.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// Lets all requests that wait go on, and holds none until it is closed again.
    pub(crate) fn open(&self, open: bool) {
        let mut state = self.locked();
        state.open = open;
        if open {
            state
                .waiting
                .drain(..)
                .for_each(|waiting| waiting.release());
        }
    }

    /// Waits until as many requests have been under way as can be.
    ///
    /// # Errors
    ///
    /// If threads are missing a minute later. No request is held any more then.
    pub(crate) fn wait_until_full(&self) -> Result<(), AnyError> {
        let not_full = |state: &mut HeldState| !state.was_full && self.under_way > 1;
        let waited = self.full.wait_timeout_while(self.locked(), START, not_full);
        let (state, timeout) = waited.expect("no thread panics while it holds the lock");
        if !timeout.timed_out() {
            return Ok(());
        }
        let started = state.waiting.len();
        drop(state);
        self.open(true);
        Err(format!("only {started} of {} threads have started", self.under_way).into())
    }

    fn locked(&self) -> MutexGuard<'_, HeldState> {
        self.state
            .lock()
            .expect("no thread panics while it holds the lock")
    }
}

pub(crate) struct HoldingTransport(pub(crate) Arc<Held>);

impl Transport for HoldingTransport {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        call.connected();
        self.0.pass();
        empty_answer()
    }
}
