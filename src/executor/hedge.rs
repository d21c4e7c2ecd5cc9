//! Second requests on a worker.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::MutexGuard;
use std::time::Instant;

use crate::schedule::HedgeStart;

use super::shared::ExecutorState;
use super::work::RunningHedge;
use super::workers::WorkerLoop;

impl WorkerLoop<'_> {
    /// Sends the second request of a job that another worker runs. That worker makes the outcome, and ends this request
    /// when it needs no answer. Returns the lock with a time read under it.
    // Kept out of line, so that an ordinary attempt does not carry its stack.
    #[inline(never)]
    pub(super) fn hedge<'g>(
        &'g self,
        mut state: MutexGuard<'g, ExecutorState>,
        start: HedgeStart,
        now: Instant,
    ) -> (MutexGuard<'g, ExecutorState>, Instant) {
        let executor = self.executor;
        let race = state.races.remove(&start.job);
        let attempt = self.slot.begin();
        let after = executor.call(&mut state, now);
        drop(state);
        executor.finish(after);
        if let Some(race) = race {
            let running = RunningHedge {
                cancel: &self.slot,
                attempt,
                clock: &executor.clock,
                cpu: &executor.cpu,
                start: executor.clock.now(),
            };
            // The race has noted the end of the request, also after a panic in the caller's hook.
            let _ = catch_unwind(AssertUnwindSafe(|| executor.work.hedge(&race, running)));
        }
        self.slot.end();
        let mut state = executor.lock();
        let now = executor.clock.now();
        state.schedule.end_hedge(start, now);
        (state, now)
    }
}
