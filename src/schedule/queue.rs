//! Which job is next, and what moves jobs between lanes, delay and flight.

use std::time::Instant;

use super::batches::Ended;
use super::lanes::HostState;
use super::slots::Id;
use super::{Place, Schedule, Start};

/// Where in a lane a job is added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

impl<J> Schedule<J> {
    /// Brings lanes up to date with the time: due retries join their lanes, cooled hosts open.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some(id) = self.delayed.pop_due(now) {
            let Some(slot) = self
                .jobs
                .get_mut(id)
                .filter(|slot| slot.place == Place::Delayed)
            else {
                continue;
            };
            slot.place = Place::Lane;
            let batch = slot.batch;
            if let Some(batch) = self.batches.get_mut(batch) {
                batch.parked -= 1;
            }
            self.enqueue(id, now, End::Back);
        }
        while let Some(host) = self.cooling.pop_due(now) {
            self.unblock(host, now);
            self.retire(host, now);
        }
    }

    /// Puts a job into its lane; it counts as ready, or as parked behind a blocked host.
    pub(super) fn enqueue(&mut self, id: Id, now: Instant, end: End) {
        let Some(slot) = self.jobs.get(id) else {
            return;
        };
        let (batch_id, host_id) = (slot.batch, slot.host);
        let Some(host) = self.hosts.get_mut(host_id) else {
            return;
        };
        let lane = host.lane(batch_id);
        match end {
            End::Front => lane.jobs.push_front(id),
            End::Back => lane.jobs.push_back(id),
        }
        lane.live += 1;
        let blocked = host.blocked;
        if let Some(batch) = self.batches.get_mut(batch_id) {
            if blocked {
                batch.parked += 1;
            } else {
                batch.ready += 1;
            }
        }
        if blocked {
            return;
        }
        if !host.is_open(now, self.settings.slow_start) {
            self.block(host_id);
        } else if !host.in_ring {
            host.in_ring = true;
            self.ring.push_back(host_id);
        }
    }

    /// The job at the head of the ring that may start now. Hosts that can start nothing leave the ring on the way.
    pub(super) fn front(&mut self, now: Instant) -> Option<Id> {
        loop {
            let Some(&host_id) = self.ring.front() else {
                if self.restart_any() {
                    continue;
                }
                return None;
            };
            let slow_start = self.settings.slow_start;
            let open = self
                .hosts
                .get(host_id)
                .is_some_and(|host| host.has_queue() && host.is_open(now, slow_start));
            if open && let Some(id) = self.next_of(host_id) {
                if self
                    .jobs
                    .get(id)
                    .and_then(|slot| slot.deadline)
                    .is_some_and(|deadline| deadline <= now)
                {
                    self.end_queued(id, Ended::Deadline, now);
                    continue;
                }
                return Some(id);
            }
            self.ring.pop_front();
            let Some(host) = self.hosts.get_mut(host_id) else {
                continue;
            };
            host.in_ring = false;
            if !host.has_queue() {
                self.retire(host_id, now);
            } else if !host.is_open(now, slow_start) {
                self.block(host_id);
            } else {
                self.stall(host_id);
            }
        }
    }

    /// The first ready job of the first lane in turn whose batch may start one; that lane comes to the front.
    fn next_of(&mut self, host: Id) -> Option<Id> {
        let host = self.hosts.get_mut(host)?;
        for _ in 0..host.lanes.len() {
            let lane = host.lanes.front_mut()?;
            let Some(batch) = self.batches.get(lane.batch) else {
                host.lanes.pop_front();
                continue;
            };
            if lane.live > 0 && batch.may_start(false) {
                while let Some(id) = lane.jobs.front().copied() {
                    if self
                        .jobs
                        .get(id)
                        .is_some_and(|slot| slot.place == Place::Lane)
                    {
                        return Some(id);
                    }
                    lane.jobs.pop_front();
                }
            }
            host.lanes.rotate_left(1);
        }
        None
    }

    /// The oldest request of an ordered batch that has no other place left, wherever it stands in its lane.
    pub(super) fn oldest_in_need(&mut self, now: Instant) -> Option<Id> {
        let slow_start = self.settings.slow_start;
        self.ordered.iter().find_map(|id| {
            let batch = self.batches.get(*id)?;
            if batch.may_start(false) || !batch.may_start(true) {
                return None;
            }
            let oldest = (*batch.order.front()?)?;
            let slot = self
                .jobs
                .get(oldest)
                .filter(|slot| slot.place == Place::Lane)?;
            let open = self.hosts.get(slot.host)?.is_open(now, slow_start);
            (open && slot.deadline.is_none_or(|deadline| deadline > now)).then_some(oldest)
        })
    }

    /// Takes a ready job out of its lane and counts it as in flight.
    pub(super) fn start(&mut self, id: Id, now: Instant) -> Option<Start<J>> {
        let slot = self.jobs.get_mut(id)?;
        let job = slot.job.take()?;
        slot.place = Place::InFlight;
        let first = !std::mem::replace(&mut slot.tried, true);
        let (batch_id, host_id) = (slot.batch, slot.host);
        self.in_flight += 1;
        self.queued -= 1;
        if let Some(batch) = self.batches.get_mut(batch_id) {
            batch.ready -= 1;
            batch.in_flight += 1;
        }
        let host = self.hosts.get_mut(host_id)?;
        host.in_flight += 1;
        if first && let Some(budget) = &mut host.budget {
            budget.first_attempt(now);
        }
        let unproven = !host.proven;
        leave_lane(host, batch_id, id);
        if self.ring.front() == Some(&host_id) {
            // Hosts in turn, and within the host, batches in turn.
            host.lanes.rotate_left(1);
            self.ring.pop_front();
            host.in_ring = host.has_queue();
            if host.in_ring {
                self.ring.push_back(host_id);
            }
        }
        if !host.is_open(now, self.settings.slow_start) {
            self.block(host_id);
        }
        Some(Start {
            id,
            batch: batch_id,
            job,
            unproven,
        })
    }

    /// Puts a job that was in flight aside until `at`.
    pub(super) fn delay(&mut self, id: Id, job: J, at: Instant, deadline: Option<Instant>) {
        self.return_to(id, job, deadline, Place::Delayed);
        self.delayed.push(at, id);
        if let Some(batch) = self.jobs.get(id).map(|slot| slot.batch)
            && let Some(known) = self.batches.get_mut(batch)
        {
            known.parked += 1;
            self.note_room(batch);
        }
        self.end_if_stopped(id, at);
    }

    /// Puts a job that was in flight at the front of its lane.
    pub(super) fn go_first(&mut self, id: Id, job: J, deadline: Option<Instant>, now: Instant) {
        self.return_to(id, job, deadline, Place::Lane);
        self.enqueue(id, now, End::Front);
        self.end_if_stopped(id, now);
    }

    /// The job belongs to another host from here on.
    pub(super) fn move_to(&mut self, id: Id, to: Id) {
        let Some(slot) = self.jobs.get_mut(id) else {
            return;
        };
        let from = std::mem::replace(&mut slot.host, to);
        if let Some(host) = self.hosts.get_mut(to) {
            host.jobs += 1;
        }
        if let Some(host) = self.hosts.get_mut(from) {
            host.jobs -= 1;
        }
    }

    fn return_to(&mut self, id: Id, job: J, deadline: Option<Instant>, place: Place) {
        let Some(slot) = self.jobs.get_mut(id) else {
            return;
        };
        slot.job = Some(job);
        slot.place = place;
        slot.deadline = deadline;
        self.queued += 1;
        if let Some(deadline) = deadline {
            let batch = slot.batch;
            self.deadlines.push(deadline, id);
            // Its caller may be asleep for longer.
            self.nudges.push(batch);
        }
    }

    fn end_if_stopped(&mut self, id: Id, now: Instant) {
        let batch = self
            .jobs
            .get(id)
            .and_then(|slot| self.batches.get(slot.batch));
        if let Some(why) = batch.and_then(|batch| batch.stopped.clone()) {
            self.end_queued(id, why, now);
        }
    }

    /// Nothing is sent to the host before `until`.
    pub(super) fn cool(&mut self, host: Id, until: Instant) {
        if let Some(state) = self.hosts.get_mut(host)
            && state.cool_until.is_none_or(|already| already < until)
        {
            state.cool_until = Some(until);
            self.cooling.push(until, host);
            self.block(host);
        }
    }

    /// The host can start nothing now: its queued jobs count as parked.
    pub(super) fn block(&mut self, host: Id) {
        let Some(state) = self.hosts.get_mut(host).filter(|state| !state.blocked) else {
            return;
        };
        state.blocked = true;
        let mut made_room = Vec::new();
        for lane in state.lanes.iter().filter(|lane| lane.live > 0) {
            if let Some(batch) = self.batches.get_mut(lane.batch) {
                batch.ready -= lane.live;
                batch.parked += lane.live;
                if batch.hungry {
                    made_room.push(lane.batch);
                }
            }
        }
        made_room
            .into_iter()
            .for_each(|batch| self.note_room(batch));
    }

    /// The host may be able to start something again.
    pub(super) fn unblock(&mut self, host: Id, now: Instant) {
        let slow_start = self.settings.slow_start;
        let Some(state) = self
            .hosts
            .get_mut(host)
            .filter(|h| h.blocked && h.is_open(now, slow_start))
        else {
            return;
        };
        state.blocked = false;
        for lane in state.lanes.iter().filter(|lane| lane.live > 0) {
            if let Some(batch) = self.batches.get_mut(lane.batch) {
                batch.parked -= lane.live;
                batch.ready += lane.live;
            }
        }
        if state.has_queue() && !state.in_ring {
            state.in_ring = true;
            self.ring.push_back(host);
        }
    }

    /// The host is open, but no batch with jobs there may start one: it waits in the batches' lists.
    fn stall(&mut self, host: Id) {
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        for lane in state
            .lanes
            .iter_mut()
            .filter(|lane| lane.live > 0 && !lane.listed)
        {
            if let Some(batch) = self.batches.get_mut(lane.batch) {
                lane.listed = true;
                batch.stalled.push_back(host);
            }
        }
    }

    /// The batch may start jobs again: as many of its stalled hosts as it has places return to the ring.
    pub(super) fn restart(&mut self, batch: Id) -> bool {
        let mut returned = false;
        let mut places = self.batches.get(batch).map_or(0, |batch| batch.places());
        while places > 0 {
            let Some(host) = self
                .batches
                .get_mut(batch)
                .and_then(|batch| batch.stalled.pop_front())
            else {
                break;
            };
            let Some(state) = self.hosts.get_mut(host) else {
                continue;
            };
            let Some(lane) = state.lane_mut(batch) else {
                continue;
            };
            lane.listed = false;
            if lane.live == 0 {
                continue;
            }
            places -= 1;
            if !state.in_ring && !state.blocked {
                state.in_ring = true;
                self.ring.push_back(host);
                returned = true;
            }
        }
        returned
    }

    fn restart_any(&mut self) -> bool {
        let waiting = |id: &Id| {
            self.batches
                .get(*id)
                .is_some_and(|b| !b.stalled.is_empty() && b.may_start(false))
        };
        let Some(batch) = self.batches.ids().find(waiting) else {
            return false;
        };
        // Entries that turn out stale are gone from the list, so this comes to an end.
        self.restart(batch) || self.restart_any()
    }

    pub(super) fn note_room(&mut self, batch: Id) {
        if let Some(known) = self.batches.get_mut(batch)
            && known.hungry
            && known.room() > 0
        {
            known.hungry = false;
            self.nudges.push(batch);
        }
    }
}

/// Takes a job that is no longer ready out of its lane: at once where it is first, later where it is not.
pub(super) fn leave_lane(host: &mut HostState, batch: Id, id: Id) {
    if let Some(lane) = host.lane_mut(batch) {
        lane.live -= 1;
        if lane.jobs.front() == Some(&id) {
            lane.jobs.pop_front();
        }
    }
}
