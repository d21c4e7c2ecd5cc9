//! Choice of the next job, and moves of jobs into their lane and out of it.

use std::time::Instant;

use super::adaptive::reported;
use super::end_reason::EndReason;
use super::lanes::Lane;
use super::{JobPlace, Schedule, Start};
use crate::slab::Id;

/// End of a lane at which a job is added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LaneEnd {
    Front,
    Back,
}

impl<J> Schedule<J> {
    /// Brings lanes up to date with the time: due retries join their lanes, and hosts whose time has come open.
    fn settle(&mut self, now: Instant) {
        self.wake(now);
        self.wanting.settle(now);
        if !self.tokens.is_empty() {
            self.give_up_token_calls(now);
        }
        if !self.batches.held_back.is_empty() {
            self.batches.lift_backlogs(now);
        }
        while let Some((_, id)) = self.timers.delayed.pop_due(now) {
            let Some(slot) = self
                .jobs
                .get_mut(id)
                .filter(|slot| slot.place == JobPlace::Delayed)
            else {
                continue;
            };
            slot.place = JobPlace::Lane;
            let batch = slot.batch;
            if let Some(known) = self.batches.get_mut(batch) {
                known.parked -= 1;
            }
            self.enqueue(id, now, LaneEnd::Back);
            self.note_room(batch);
        }
    }

    /// Returns the job that may start now. `None`: no job may.
    pub(super) fn next(&mut self, now: Instant) -> Option<Id> {
        self.settle(now);
        (self.total.paced_until, self.demand.kept_free_until) = (None, None);
        if self.is_full(now) {
            return None;
        }
        let id = match self.oldest_in_need(now) {
            Some(id) => id,
            None => self.front(now)?,
        };
        let cost = || {
            let job = self.jobs.get(id).and_then(|slot| slot.job.as_ref());
            job.map_or(0, self.cost_of)
        };
        if self.is_file_check(id) || self.total.allows(cost, now) {
            return Some(id);
        }
        self.note_total_wanted(now);
        self.next_file_check(now)
    }

    /// Puts a job into its lane. The job counts as ready, or as parked if its host is blocked.
    pub(super) fn enqueue(&mut self, id: Id, now: Instant, end: LaneEnd) {
        let Some(slot) = self.jobs.get(id) else {
            return;
        };
        let (batch_id, host_id) = (slot.batch, slot.host);
        self.open_lane(host_id, batch_id);
        let Some(host) = self.hosts.get_mut(host_id) else {
            return;
        };
        let Some(lane) = host.lane_mut(batch_id) else {
            return;
        };
        match end {
            LaneEnd::Front => lane.jobs.push_front(id),
            LaneEnd::Back => lane.jobs.push_back(id),
        }
        lane.live += 1;
        let first = lane.live == 1;
        let (counted, open) = (host.counted_as(), host.is_open(now));
        if let Some(batch) = self.batches.get_mut(batch_id) {
            batch.add_waiting(counted, 1);
        }
        self.note_slots_wanted(host_id, now);
        match (counted.blocked, open) {
            (false, true) if first => self.rank(host_id),
            (false, true) => {}
            (true, true) => self.unblock(host_id, now),
            (blocked, false) => {
                if !self.refused_for(id, now).is_zero() {
                    self.end_refused(id, now, now);
                } else if blocked {
                    self.wake_when_open(host_id, now);
                } else {
                    self.block(host_id, now);
                }
                self.note_room(batch_id);
            }
        }
        if counted.slow || counted.spare {
            // The job may be the first of its batch whose host is slow, or may have come back from a worker to a lane
            // that does not count in the window: then there is room beyond the window.
            self.note_room(batch_id);
        }
    }

    /// Opens a lane of a host for a batch, if there is none. Lanes that are not needed any more are dropped.
    fn open_lane(&mut self, host_id: Id, batch_id: Id) {
        let Some(host) = self.hosts.get_mut(host_id) else {
            return;
        };
        if host.lane_mut(batch_id).is_some() {
            return;
        }
        let (slow, batches) = (host.slow, &self.batches);
        host.lanes.retain(|lane| {
            let counts = slow && batches.get(lane.batch).is_some();
            counts || lane.live + lane.running > 0
        });
        host.lanes.push(Lane::new(batch_id));
        if slow && let Some(batch) = self.batches.get_mut(batch_id) {
            batch.slow += 1;
        }
    }

    /// Returns the job that is served next in the order of batches and hosts.
    fn front(&mut self, now: Instant) -> Option<Id> {
        loop {
            let (batch, host) = self.choose(now)?;
            let state = self.hosts.get_mut(host)?;
            if !state.is_open(now) {
                self.block(host, now);
                continue;
            }
            let lane = state.lane_mut(batch)?;
            while lane
                .jobs
                .front()
                .is_some_and(|id| self.jobs.get(*id).is_none())
            {
                lane.jobs.pop_front();
            }
            let id = *lane.jobs.front()?;
            if self.end_if_past(id, now) || self.hold_for_token(id, now) {
                continue;
            }
            return Some(id);
        }
    }

    /// Returns the oldest request of an ordered batch that has no other place left, wherever it stands in its lane.
    fn oldest_in_need(&mut self, now: Instant) -> Option<Id> {
        for at in 0..self.batches.ordered.len() {
            self.block_host_of_oldest(self.batches.ordered[at], now);
            if let Some((oldest, host)) = self.oldest_of(self.batches.ordered[at], now)
                && self.may_have_worker(host, now)
                && !self.hold_for_token(oldest, now)
            {
                return Some(oldest);
            }
        }
        None
    }

    /// Returns the oldest request of a batch, and its host. `None`: another request of the batch may start, or this one
    /// may not.
    fn oldest_of(&self, batch: Id, now: Instant) -> Option<(Id, Id)> {
        let batch = self.batches.get(batch)?;
        if batch.may_start(false) || !batch.may_start(true) || batch.is_past(now) {
            return None;
        }
        let oldest = (*batch.order.front()?)?;
        let slot = self
            .jobs
            .get(oldest)
            .filter(|slot| slot.place == JobPlace::Lane)?;
        let open = self.hosts.get(slot.host)?.is_open(now);
        let in_time = slot.deadline.is_none_or(|deadline| deadline > now);
        (open && in_time).then_some((oldest, slot.host))
    }

    /// Takes a job out of its lane and counts it as in flight.
    pub(super) fn start(&mut self, id: Id, now: Instant) -> Option<Start<J>> {
        let is_file_check = self.is_file_check(id);
        let slot = self.jobs.get_mut(id)?;
        let job = slot.job.take()?;
        slot.place = JobPlace::InFlight;
        let first = !is_file_check && !std::mem::replace(&mut slot.tried, true);
        let ahead = slot.ahead.take();
        let (batch_id, host_id) = (slot.batch, slot.host);
        let deadline = slot.deadline;
        self.tokens.started(id);
        self.queued -= 1;
        if !is_file_check {
            self.total.take(|| (self.cost_of)(&job), now);
        }
        let turn = self.turns.serve();
        let host = self.hosts.get_mut(host_id)?;
        let pass = host.started(first, now);
        host.note_trial(id);
        host.turn = turn;
        host.unheard.push(now, id);
        self.places.take(host.answering);
        if let Some(lane) = host.lane_mut(batch_id) {
            lane.leave(id);
            lane.running += 1;
        }
        let unproven = !host.proven;
        let limit = host.adaptive.as_ref().and_then(|a| reported(a.limit()));
        let runs_out = host.answering && !is_file_check && !host.has_queue();
        let (counted, open) = (host.counted_as(), host.is_open(now));
        let unwatched = host.is_unwatched();
        let mut reads_on = false;
        if let Some(batch) = self.batches.get_mut(batch_id) {
            batch.remove_waiting(counted, 1);
            batch.in_flight += 1;
            batch.turn = turn;
            batch.needs_ahead_no_more(ahead);
            // While a host is slow, the caller reads on until enough jobs of the other hosts are ready.
            reads_on = batch.hungry && batch.slow > 0;
        }
        self.note_slots_wanted(host_id, now);
        if open {
            self.rank(host_id);
            if runs_out {
                self.demand.note_gap(host_id, now);
            }
        } else {
            self.block(host_id, now);
        }
        if unwatched {
            self.watch_host(host_id);
        }
        let watched = pass.is_some();
        if let Some(pass) = pass {
            self.watch_call(id, pass, now);
        }
        if reads_on {
            self.note_room(batch_id);
        }
        Some(Start {
            id,
            batch: batch_id,
            job,
            unproven,
            given_back: self.places.given_back,
            watched,
            deadline,
            limit,
        })
    }

    /// Ends a job that is past its deadline or that of its batch. False: it is past neither.
    fn end_if_past(&mut self, id: Id, now: Instant) -> bool {
        let Some(slot) = self.jobs.get(id) else {
            return false;
        };
        let batch = slot.batch;
        if slot.deadline.is_some_and(|deadline| deadline <= now) {
            self.end_queued(id, EndReason::Deadline, now);
        } else if self.batches.get(batch).is_some_and(|b| b.is_past(now)) {
            self.end_batch(batch, &EndReason::Deadline, now);
        } else {
            return false;
        }
        true
    }
}
