//! Which job is next, and how it comes into its lane and out of it.

use std::time::Instant;

use super::batches::Ended;
use super::slots::Id;
use super::{Place, Schedule, Start};

/// Where in a lane a job is added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

impl<J> Schedule<J> {
    /// Brings lanes up to date with the time: due retries join their lanes, hosts whose time has come open.
    fn settle(&mut self, now: Instant) {
        self.wake(now);
        if !self.backlogged.is_empty() {
            self.lift_backlogs(now);
        }
        while let Some((_, id)) = self.delayed.pop_due(now) {
            let Some(slot) = self
                .jobs
                .get_mut(id)
                .filter(|slot| slot.place == Place::Delayed)
            else {
                continue;
            };
            slot.place = Place::Lane;
            let batch = slot.batch;
            if let Some(known) = self.batches.get_mut(batch) {
                known.parked -= 1;
            }
            self.enqueue(id, now, End::Back);
            self.note_room(batch);
        }
    }

    /// The job that may start now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Id> {
        self.settle(now);
        self.paced_until = None;
        if self.is_full(now) {
            return None;
        }
        let id = match self.oldest_in_need(now) {
            Some(id) => id,
            None => self.front(now)?,
        };
        let paced = self.rate.as_ref().map(|rate| rate.next(now));
        if let Some(at) = paced.filter(|at| *at > now) {
            self.paced_until = Some(at);
            return None;
        }
        Some(id)
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
        let waited = host.has_queue();
        let lane = host.lane(batch_id);
        match end {
            End::Front => lane.jobs.push_front(id),
            End::Back => lane.jobs.push_back(id),
        }
        lane.live += 1;
        let (blocked, open) = (host.blocked, host.is_open(now, self.settings.slow_start));
        if let Some(batch) = self.batches.get_mut(batch_id) {
            if blocked {
                batch.parked += 1;
            } else {
                batch.ready += 1;
            }
        }
        match (blocked, open) {
            (false, true) if host.in_ring => {}
            (false, true) => {
                if !waited {
                    host.turn = self.ring.new_turn();
                }
                host.in_ring = true;
                self.ring.join(host.turn, host_id);
            }
            (true, true) => self.unblock(host_id, now),
            (_, false) => {
                if !self.refused_for(id, now).is_zero() {
                    self.end_refused(id, now);
                } else if blocked {
                    self.wake_when_open(host_id, now);
                } else {
                    self.block(host_id, now);
                }
                self.note_room(batch_id);
            }
        }
    }

    /// The job at the head of the ring that may start now. Hosts that can start nothing leave the ring on the way.
    fn front(&mut self, now: Instant) -> Option<Id> {
        loop {
            let Some(host_id) = self.ring.front() else {
                if self.restart_any() {
                    continue;
                }
                return None;
            };
            let slow_start = self.settings.slow_start;
            let open = self
                .hosts
                .get(host_id)
                .is_some_and(|host| host.is_open(now, slow_start));
            if open && let Some(id) = self.next_of(host_id) {
                if self.end_if_past(id, now) {
                    continue;
                }
                return Some(id);
            }
            self.ring.pop();
            let Some(host) = self.hosts.get_mut(host_id) else {
                continue;
            };
            host.in_ring = false;
            if !host.has_queue() {
                self.retire(host_id, now);
            } else if !open {
                self.block(host_id, now);
            } else {
                self.stall(host_id);
            }
        }
    }

    /// The first job of the first lane in turn whose batch may start one; that lane comes to the front.
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
                    if self.jobs.get(id).is_some() {
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
    fn oldest_in_need(&mut self, now: Instant) -> Option<Id> {
        let slow_start = self.settings.slow_start;
        self.ordered.iter().find_map(|id| {
            let batch = self.batches.get(*id)?;
            if batch.may_start(false) || !batch.may_start(true) || batch.is_past(now) {
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

    /// Takes a job out of its lane and counts it as in flight.
    pub(super) fn start(&mut self, id: Id, now: Instant) -> Option<Start<J>> {
        let slot = self.jobs.get_mut(id)?;
        let job = slot.job.take()?;
        slot.place = Place::InFlight;
        let first = !std::mem::replace(&mut slot.tried, true);
        let (batch_id, host_id) = (slot.batch, slot.host);
        self.in_flight += 1;
        self.queued -= 1;
        if let Some(rate) = &mut self.rate {
            rate.take(now);
        }
        if let Some(batch) = self.batches.get_mut(batch_id) {
            batch.ready -= 1;
            batch.in_flight += 1;
        }
        let host = self.hosts.get_mut(host_id)?;
        let pass = host.started(first, now);
        let unproven = !host.proven;
        let in_turn = host
            .lanes
            .front()
            .is_some_and(|lane| lane.batch == batch_id);
        if let Some(lane) = host.lane_mut(batch_id) {
            lane.leave(id);
        }
        if in_turn && self.ring.front() == Some(host_id) {
            // Hosts in turn, and within the host, batches in turn.
            if host.lanes.len() > 1 {
                host.lanes.rotate_left(1);
            }
            self.ring.pop();
            host.turn = self.ring.new_turn();
            host.in_ring = host.has_queue();
            if host.in_ring {
                self.ring.join(host.turn, host_id);
            }
        }
        if !host.is_open(now, self.settings.slow_start) {
            self.block(host_id, now);
        }
        let watched = pass.is_some();
        if let Some(pass) = pass {
            self.watch(id, pass, now);
        }
        Some(Start {
            id,
            batch: batch_id,
            job,
            unproven,
            watched,
        })
    }

    /// Nothing is sent after its deadline, nor after its batch's.
    fn end_if_past(&mut self, id: Id, now: Instant) -> bool {
        let Some(slot) = self.jobs.get(id) else {
            return false;
        };
        let batch = slot.batch;
        if slot.deadline.is_some_and(|deadline| deadline <= now) {
            self.end_queued(id, Ended::Deadline, now);
        } else if self.batches.get(batch).is_some_and(|b| b.is_past(now)) {
            self.end_batch(batch, &Ended::Deadline, now);
        } else {
            return false;
        }
        true
    }
}
