//! Where a test holds requests until it wants them answered.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Long enough for the slowest machine; a test that waits for this long has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Requests whose answer stands [behind](super::Answer::behind) a closed gate wait there until the test lets them
/// through. Clones are the same gate.
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
    /// A gate that is closed.
    pub fn closed() -> Gate {
        Gate::default()
    }

    /// Lets everything through, now and from now on.
    pub fn open(&self) {
        self.state().open = true;
        self.changed().notify_all();
    }

    /// Lets `count` requests through, those that wait first.
    pub fn admit(&self, count: usize) {
        self.state().passes += count;
        self.changed().notify_all();
    }

    /// How many requests wait here.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Returns once `count` requests have come to the gate in all, those let through among them.
    ///
    /// # Panics
    /// When they do not come.
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

    /// Waits to be let through; false when `given_up` says there is nobody to answer any more.
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
