//! Waits of an executor whose clock moves only while no worker has anything to do.

use std::sync::{Arc, Condvar, MutexGuard, Weak};
use std::time::Instant;

use crate::attempt::{Clock, ClockUser, WorkLeft};

use super::shared::{Executor, ExecutorState};

impl Executor {
    /// Makes the clock ask this executor before it moves, if it moves that way.
    pub(super) fn join_clock(self: &Arc<Self>) {
        if let Some(clock) = self.clock.as_virtual() {
            clock.add_user(Arc::downgrade(self) as Weak<dyn ClockUser>);
        }
    }

    /// Tells a virtual clock that a caller hands in a request.
    pub(super) fn tell_clock_of_request(&self) {
        if let Some(clock) = self.clock.as_virtual() {
            clock.request_came();
        }
    }

    /// Returns the clock of this executor.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the present instant.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Waits as a caller until the condition variable is notified, or until `until`. May return early.
    pub(super) fn wait_as_caller<'g, T>(
        &self,
        condvar: &Condvar,
        guard: MutexGuard<'g, T>,
        until: Option<Instant>,
    ) -> MutexGuard<'g, T> {
        match self.clock.as_virtual() {
            Some(clock) => {
                clock.pass_for_caller(until);
                clock.wait_briefly(condvar, guard)
            }
            None => self.clock.wait(condvar, guard, until),
        }
    }

    /// Waits as a caller until there is a change in the executor, or until `until`. May return early.
    pub(super) fn wait_for_change<'g>(
        &'g self,
        state: MutexGuard<'g, ExecutorState>,
        until: Option<Instant>,
    ) -> MutexGuard<'g, ExecutorState> {
        match self.clock.as_virtual() {
            Some(clock) => {
                drop(state);
                clock.pass_for_caller(until);
                clock.wait_briefly(&self.changed, self.lock())
            }
            None => self.clock.wait(&self.changed, state, until),
        }
    }

    /// Waits as the leader of the idle workers until it is called, or until `until`. May return early.
    pub(super) fn wait_as_leader<'g>(
        &'g self,
        state: MutexGuard<'g, ExecutorState>,
        until: Option<Instant>,
    ) -> MutexGuard<'g, ExecutorState> {
        let clock = self.clock.as_virtual().filter(|_| until.is_some());
        let before = clock.map(|clock| clock.now());
        let state = self.clock.wait(&self.leader, state, until);
        match clock {
            // No caller has moved the time on, and no worker was called.
            Some(clock) if Some(clock.now()) == before && !state.roster.is_called() => {
                drop(state);
                clock.pass_unattended();
                self.lock()
            }
            _ => state,
        }
    }
}

impl ClockUser for Executor {
    fn work_left(&self, now: Instant) -> WorkLeft {
        let state = self.lock();
        let schedule = &state.schedule;
        let times = [schedule.next_wakeup(), schedule.next_deadline()];
        // An idle worker that has slept until now counts as busy, even before it has woken.
        let wakes = state.roster.has_idle() && times[0].is_some_and(|time| time <= now);
        let busy = state.roster.busy() + usize::from(wakes);
        WorkLeft {
            busy,
            has_requests: busy > 0 || schedule.queued() > 0,
            next: times.into_iter().flatten().filter(|time| *time > now).min(),
        }
    }

    fn time_moved(&self) {
        self.leader.notify_all();
        self.changed.notify_all();
    }
}
