//! Gates, at which a test holds requests until the server may respond.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Limit of every wait: long enough for the slowest machine, so a test that waits for this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A gate that holds requests. A request whose response stands [behind](super::Answer::behind) a closed gate waits
/// until the test lets it through. Clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    open: bool,
    waiting: usize,
    arrived: usize,
    passes: usize,
}

impl Gate {
    /// Returns a closed gate.
    pub fn closed() -> Gate {
        Gate::default()
    }

    /// Lets all requests through, those that wait now and those that come later.
    pub fn open(&self) {
        self.state().open = true;
        self.changed().notify_all();
    }

    /// Lets `count` requests through, waiting requests first.
    pub fn admit(&self, count: usize) {
        self.state().passes += count;
        self.changed().notify_all();
    }

    /// Number of requests that wait at the gate.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Returns when `count` requests in total have come to the gate, including those let through.
    ///
    /// # Panics
    /// If fewer requests come.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while state.arrived < count {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{} of {count} requests came to the gate",
                state.arrived
            );
            state = self.wait(state, left);
        }
    }

    /// Waits until the request is let through. Returns false if `given_up` returns true first.
    pub(super) fn pass(&self, given_up: impl Fn() -> bool) -> bool {
        let mut state = self.state();
        state.arrived += 1;
        state.waiting += 1;
        self.changed().notify_all();
        while !state.open && state.passes == 0 && !given_up() {
            state = self.wait(state, Duration::from_millis(20));
        }
        state.waiting -= 1;
        let passed = state.open || state.passes > 0;
        if !state.open && passed {
            state.passes -= 1;
        }
        passed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) -> &Condvar {
        &self.0.1
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed()
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}
