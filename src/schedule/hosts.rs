//! When a host may be sent to: cooling, blocked, opened again; and who waits for a batch's window.

use std::time::{Duration, Instant};

use crate::host::Host;

use super::Schedule;
use super::backlog::Seen;
use super::lanes::HostState;
use crate::slab::Id;

/// How many hosts are looked at to tell which keeps requests waiting: a display may ask ten times a second.
const LOOKED_AT: usize = 1_000;

impl<J> Schedule<J> {
    /// What is known of a host, begun if need be.
    pub(crate) fn host(&mut self, host: &Host, now: Instant) -> Id {
        if let Some((last, id)) = &self.last_host
            && last == host
            && self.hosts.get(*id).is_some()
        {
            return *id;
        }
        let id = match self.by_host.get(host) {
            Some(id) => *id,
            None => {
                let limits = self.settings.limits(host);
                let turn = self.turns.arrive();
                let workers = self.settings.in_flight;
                let state = HostState::new(host.clone(), &limits, turn, workers, now);
                let id = self.hosts.insert(state);
                self.by_host.insert(host.clone(), id);
                id
            }
        };
        self.last_host = Some((host.clone(), id));
        id
    }

    /// The host that keeps most jobs of a batch waiting for a time, how many, and for how long.
    pub(super) fn waiting(&self, batch: Id, now: Instant) -> Option<(Host, usize, Duration)> {
        let hosts = self.hosts.values().take(LOOKED_AT);
        let waiting = hosts.filter(|state| state.blocked).filter_map(|state| {
            let lane = state.lanes.iter().find(|lane| lane.batch == batch)?;
            let time = state.opens_at()?.checked_duration_since(now)?;
            (lane.live > 0).then_some((state, lane.live, time))
        });
        let (state, jobs, time) = waiting.max_by_key(|(_, jobs, time)| (*jobs, *time))?;
        Some((state.host.clone(), jobs, time))
    }

    /// Nothing is sent to the host before `until`.
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

    /// The host can start nothing now: its queued jobs count as parked.
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

    /// Sees to it that a blocked host is looked at when time opens it. One that nothing waits for needs no look.
    pub(super) fn wake_when_open(&mut self, host: Id, now: Instant) {
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        let Some(at) = state.opens_at().filter(|at| *at > now) else {
            return;
        };
        if state.wakes_at.is_none_or(|already| at < already) {
            state.wakes_at = Some(at);
            self.waking.push(at, host);
        }
    }

    /// Looks at hosts whose time has come.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some((due, host)) = self.waking.pop_due(now) {
            let Some(state) = self.hosts.get_mut(host) else {
                continue;
            };
            // An earlier look has taken the place of one that was planned.
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

    /// The host may be able to start something again.
    pub(super) fn unblock(&mut self, host: Id, now: Instant) {
        let state = self.hosts.get(host);
        if state.is_some_and(|state| state.blocked && state.is_open(now)) {
            self.change(host, |state| state.blocked = false);
        }
    }

    /// Something was made of the answer of this job in flight. Says whether its batch is being held to no more than keep
    /// the cores busy.
    pub(crate) fn see_backlog(&mut self, id: Id, seen: Seen, now: Instant) -> bool {
        let Some(batch_id) = self.jobs.get(id).map(|slot| slot.batch) else {
            return false;
        };
        let Some(batch) = self.batches.get_mut(batch_id) else {
            return false;
        };
        let before = batch.backlog.until();
        let few = batch.backlog.see(seen, batch.in_flight, now);
        let began = before.is_none() && batch.backlog.until().is_some();
        if began && !self.backlogged.contains(&batch_id) {
            self.backlogged.push(batch_id);
        }
        few
    }

    /// Batches of which nothing was seen for long start as many as they otherwise may.
    pub(super) fn lift_backlogs(&mut self, now: Instant) {
        let batches = &mut self.batches;
        self.backlogged.retain(|id| {
            let Some(batch) = batches.get_mut(*id) else {
                return false;
            };
            match batch.backlog.until() {
                Some(until) if until > now => return true,
                Some(_) => {
                    batch.backlog.lift();
                }
                None => {}
            }
            false
        });
    }

    /// Tells a caller that waits for room that there is some.
    pub(super) fn note_room(&mut self, batch: Id) {
        if let Some(known) = self.batches.get_mut(batch)
            && known.hungry
            && known.room(self.settings.in_flight) > 0
        {
            known.hungry = false;
            self.nudge(batch);
        }
    }

    /// Has the callers of all batches look again.
    pub(crate) fn nudge_all(&mut self) {
        let all: Vec<Id> = self.batches.ids().collect();
        all.into_iter().for_each(|batch| self.nudge(batch));
    }

    /// Has the caller of a batch look again.
    pub(super) fn nudge(&mut self, batch: Id) {
        if self.nudges.last() != Some(&batch) {
            self.nudges.push(batch);
        }
    }
}
