//! Hosts that may not be sent to for a time: cooled, blocked, opened again.

use std::time::Instant;

use super::Schedule;
use crate::slab::Id;

impl<J> Schedule<J> {
    /// Holds all jobs of the host back until `until`.
    pub(super) fn cool(&mut self, host: Id, until: Instant, now: Instant) {
        if let Some(state) = self.hosts.get_mut(host)
            && until > now
        {
            state.cool_until = state.cool_until.max(Some(until));
            if !state.blocked {
                self.block(host, now);
            } else if state.has_queue() {
                self.wake_when_open(host, now);
            }
        }
    }

    /// Blocks a host that can start no job now: its queued jobs count as parked.
    pub(super) fn block(&mut self, host: Id, now: Instant) {
        let Some(state) = self.hosts.get_mut(host).filter(|state| !state.blocked) else {
            return;
        };
        let waits = state.has_queue();
        self.change(host, |state| state.blocked = true);
        if waits {
            self.wake_when_open(host, now);
        }
    }

    /// Has a blocked host looked at when time opens it. Called only for hosts with waiting jobs: no other host needs a
    /// look.
    pub(super) fn wake_when_open(&mut self, host: Id, now: Instant) {
        self.note_slots_wanted(host, now);
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        let slots = state.rate.as_ref().and_then(|rate| rate.slots());
        let asks_at = slots.and_then(|slots| slots.ask_after);
        let later = |at: Option<Instant>| at.filter(|at| *at > now);
        let Some(at) = later(state.opens_at(now)).or(later(asks_at)) else {
            return;
        };
        if state.wakes_at.is_none_or(|already| at < already) {
            state.wakes_at = Some(at);
            self.timers.waking.push(at, host);
        }
    }

    /// Opens the blocked hosts whose time has come.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some((due, host)) = self.timers.waking.pop_due(now) {
            let Some(state) = self.hosts.get_mut(host) else {
                continue;
            };
            // An earlier look was planned in place of this one.
            if state.wakes_at != Some(due) {
                continue;
            }
            state.wakes_at = None;
            let waits = state.has_queue();
            self.unblock(host, now);
            if waits {
                self.wake_when_open(host, now);
            }
            self.retire(host, now);
        }
    }

    /// Opens a blocked host if it can start a job again.
    pub(super) fn unblock(&mut self, host: Id, now: Instant) {
        let state = self.hosts.get(host);
        if state.is_some_and(|state| state.blocked && state.is_open(now)) {
            self.change(host, |state| state.blocked = false);
        } else {
            self.note_slots_wanted(host, now);
        }
    }
}
