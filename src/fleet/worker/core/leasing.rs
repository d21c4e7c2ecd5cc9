//! Calls of the lease thread: entries that the worker takes up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fleet::engine::{EngineError, LeaseReply, LeasedEntry, RunState};

use super::entries::{Announcement, EntryInHand, EntryStage};
use super::trouble::CallThread;
use super::{
    CoreLane, EntryAction, EntryKey, LeaseAnswer, LeaseCall, LeaseStep, NextCall, WorkerCore,
};

/// Largest number of entries in one call.
const MOST: usize = 500;

/// Shortest and longest time from one look at an empty lane to the next.
const POLLS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// Time by which the next lease is put off for each entry that is sent back unsent.
const SENT_BACK: Duration = Duration::from_millis(1);

/// Number of entries of a lane that wait for the engine at which the worker leases no more of it.
const MOST_CLOSED: usize = 2_000;

/// Times of the next calls for one lane.
#[derive(Debug)]
pub(super) struct LanePolls {
    lease_at: Instant,
    pause: Duration,
    reclaim_at: Instant,
    held_at: Instant,
    count_at: Instant,
    /// True after a call without an answer: it may have handed entries to the worker.
    lost_answer: bool,
    /// True if the last look found no entry to lease.
    is_dry: bool,
    /// True if the lane was found without entries after all of its input was loaded.
    pub(super) is_empty: bool,
}

impl LanePolls {
    pub(super) fn new(now: Instant) -> LanePolls {
        LanePolls {
            lease_at: now,
            pause: Duration::ZERO,
            reclaim_at: now,
            held_at: now,
            count_at: now,
            lost_answer: false,
            is_dry: false,
            is_empty: false,
        }
    }

    /// Puts the next lease off, since an entry was sent back unsent: a worker whose route to a host is broken is not to
    /// take the whole queue from others and park it.
    pub(super) fn sent_back(&mut self, now: Instant) {
        let later = self.lease_at.max(now) + SENT_BACK;
        self.lease_at = later.min(now + POLLS.1);
    }

    fn leased(&mut self, count: usize, most: usize, now: Instant) {
        self.is_dry = count == 0;
        self.pause = match count {
            0 => (self.pause * 2).clamp(POLLS.0, POLLS.1),
            _ if count < most => POLLS.0,
            _ => Duration::ZERO,
        };
        self.lease_at = now + self.pause;
    }
}

impl WorkerCore {
    /// Next call of the lease thread.
    pub(crate) fn next_lease(&mut self, now: Instant) -> NextCall<LeaseCall> {
        self.look_at_end(now);
        if self.phase.is_over() {
            return NextCall::Over;
        }
        if self.phase.is_ending() {
            return NextCall::Wait(self.phase.wakes_at());
        }
        if let Some(until) = self.waits_for_places(now) {
            return NextCall::Wait(Some(until));
        }
        self.count_stuck(now);
        let count = self.lanes.len();
        for number in self.lease_turns.order(count) {
            if let Some(step) = self.lease_step(number as u32, now) {
                self.lease_turns.take(number, count);
                let lane = &mut self.lanes[number];
                lane.is_leasing = true;
                return NextCall::Call(LeaseCall {
                    lane: number as u32,
                    generation: lane.generation(),
                    worker: lane.name().to_owned(),
                    step,
                    sent: now,
                });
            }
        }
        NextCall::Wait(self.lease_wakes_at(now))
    }

    /// Counts the entries that wait for a lane whose server is silent: they leave the window to the other lanes.
    fn count_stuck(&mut self, now: Instant) {
        let lease = self.settings.lease;
        let is_overdue = |lane: &CoreLane| lane.membership.is_overdue(lease, now);
        if !self.lanes.iter().any(is_overdue) {
            self.stuck = 0;
            return;
        }
        let is_stuck = |key: &EntryKey, entry: &EntryInHand| {
            let is_closed = matches!(entry.stage, EntryStage::Closed { .. });
            !is_closed && is_overdue(self.lane(key.lane))
        };
        let stuck = self
            .entries
            .iter()
            .filter(|(key, entry)| is_stuck(key, entry));
        self.stuck = stuck.count();
    }

    /// Step that is due for a lane.
    fn lease_step(&self, number: u32, now: Instant) -> Option<LeaseStep> {
        let lane = self.lane(number);
        let (lease, polls) = (self.settings.lease, &lane.polls);
        let waits = self.lease_turns.waits_until(&lane.lease_redial, now);
        if lane.is_parking || waits.is_some() || !lane.membership.is_fresh(lease, now) {
            return None;
        }
        if polls.lost_answer || (self.entries.is_empty() && polls.held_at <= now && polls.is_dry) {
            let generation = lane.generation();
            let keys = self.entries.keys();
            let known = keys.filter(|key| key.lane == number && key.generation == generation);
            let known = known.map(|key| key.sequence).collect();
            return Some(LeaseStep::Held { known });
        }
        let most = self.room_of(lane);
        if most > 0 && polls.lease_at <= now {
            let early = self.early(now);
            return Some(LeaseStep::Lease { most, early });
        }
        let is_dry = most > 0 && polls.is_dry && lane.state != RunState::Paused;
        if is_dry && polls.reclaim_at <= now && lane.membership.is_unbroken(lease, now) {
            return Some(LeaseStep::Reclaim { most });
        }
        let is_done = polls.is_dry && lane.state == RunState::Loaded && self.entries.is_empty();
        (is_done && polls.count_at <= now && !polls.is_empty).then_some(LeaseStep::Count)
    }

    /// Number of entries that were put aside and are leased before their time: those that hosts lack. A worker that put
    /// none aside takes those of others while it has little to do.
    fn early(&self, now: Instant) -> usize {
        let (jobs, filled) = (self.settings.jobs, self.filled());
        let idle = if filled * 2 < jobs { jobs - filled } else { 0 };
        self.hosts.lacking(now).unwrap_or(idle)
    }

    /// Leases at once, since few requests of a host are left.
    pub(super) fn lease_soon(&mut self, now: Instant) {
        for lane in &mut self.lanes {
            lane.polls.lease_at = lane.polls.lease_at.min(now);
        }
        self.wakes_others = true;
    }

    /// True if entries may be leased.
    pub(super) fn has_room(&self) -> bool {
        self.is_half_free() && self.lanes.iter().any(|lane| self.room_of(lane) > 0)
    }

    /// Number of entries of a lane that may be leased: 0 unless half of the window is free. Outcomes that a lane does not
    /// take keep the others waiting only if there are more than one lane can have.
    fn room_of(&self, lane: &CoreLane) -> usize {
        let is_blocked = !lane.takes_outcomes() || self.closed >= 2 * MOST_CLOSED + self.window();
        if is_blocked || !self.is_half_free() {
            return 0;
        }
        let most_open = 2 * self.window();
        let room = (self.window() - self.filled()).min(MOST);
        room.min(most_open.saturating_sub(self.open()))
    }

    pub(super) fn is_half_free(&self) -> bool {
        self.filled() * 2 <= self.window()
    }

    /// Time at which a lane is to be looked at again.
    fn lease_wakes_at(&self, now: Instant) -> Option<Instant> {
        let lease = self.settings.lease;
        let idle = self.entries.is_empty();
        let of_lane = |lane: &CoreLane| {
            let waits = self.lease_turns.waits_until(&lane.lease_redial, now);
            if waits.is_some() {
                return waits;
            }
            let (polls, has_room) = (&lane.polls, self.room_of(lane) > 0);
            let dry = polls.is_dry;
            let mut times = Vec::new();
            times.extend(has_room.then_some(polls.lease_at));
            times.extend((has_room && dry).then_some(polls.reclaim_at));
            times.extend((idle && dry).then_some(polls.held_at));
            times.extend((idle && dry).then_some(polls.count_at));
            times.into_iter().filter(|at| *at > now).min()
        };
        let lanes = self.lanes.iter();
        let lanes = lanes.filter(|lane| lane.membership.is_fresh(lease, now));
        lanes.filter_map(of_lane).min()
    }

    /// Takes the answer to a call of the lease thread. The new entries are for
    /// [`take_handed`](WorkerCore::take_handed).
    pub(crate) fn lease_done(
        &mut self,
        call: &LeaseCall,
        answer: Result<LeaseAnswer, EngineError>,
        now: Instant,
    ) {
        self.note_answer((call.lane, CallThread::Lease), &answer, now);
        self.lane_mut(call.lane).is_leasing = false;
        let lease = self.settings.lease;
        let is_current = self.lane(call.lane).generation() == call.generation;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.lane_mut(call.lane).lease_redial.failed(now);
                let has_others = self
                    .lanes
                    .iter()
                    .any(|lane| !lane.lease_redial.is_failing());
                self.lease_turns.failed(call.sent, has_others, now);
                let polls = &mut self.lane_mut(call.lane).polls;
                if let LeaseStep::Reclaim { .. } = call.step {
                    polls.reclaim_at = now + lease / 3;
                }
                if matches!(error, EngineError::Away(_)) && call.step != LeaseStep::Count {
                    polls.lost_answer |= is_current;
                }
                return;
            }
        };
        self.lane_mut(call.lane).lease_redial.succeeded();
        let polls = &mut self.lane_mut(call.lane).polls;
        match (&call.step, answer) {
            (LeaseStep::Lease { most, .. }, LeaseAnswer::Leased(reply)) => {
                if is_current {
                    polls.leased(reply.entries.len(), *most, now);
                }
                self.take_leased(call, reply, now);
            }
            (LeaseStep::Reclaim { .. }, LeaseAnswer::Leased(reply)) => {
                polls.reclaim_at = now + lease / 3;
                self.take_leased(call, reply, now);
            }
            (LeaseStep::Held { .. }, LeaseAnswer::Held(entries)) => {
                if is_current {
                    polls.lost_answer = false;
                    polls.held_at = now + lease / 3;
                }
                self.take_entries(call, entries);
            }
            (LeaseStep::Count, LeaseAnswer::Count(count)) => {
                polls.count_at = now + POLLS.1;
                polls.is_empty = count == 0;
                self.look_at_end(now);
            }
            (step, answer) => debug_assert!(false, "{answer:?} is no answer to {step:?}"),
        }
    }

    fn take_leased(&mut self, call: &LeaseCall, reply: LeaseReply, now: Instant) {
        let is_current = self.lane(call.lane).generation() == call.generation;
        if is_current && !reply.is_member {
            // Beats of this thread's peer may say the same a little later, about a name that is not used any more.
            if self.lane(call.lane).membership.is_member() {
                self.declared_dead(call.lane, now);
            }
            return;
        }
        self.note_state(call.lane, reply.state, now);
        self.take_entries(call, reply.entries);
    }

    fn take_entries(&mut self, call: &LeaseCall, entries: Vec<LeasedEntry>) {
        let polls = &mut self.lane_mut(call.lane).polls;
        polls.is_empty &= entries.is_empty();
        for leased in entries {
            let (lane, generation) = (call.lane, call.generation);
            let sequence = leased.entry.sequence;
            if self.in_hand(lane, generation, sequence).is_some() {
                // A call without an answer parked it. It is parked once more, by a call that is repeated.
                self.lane_mut(lane).closed.renew_park(generation, &leased);
                continue;
            }
            self.taken += 1;
            let key = EntryKey {
                lane,
                generation,
                sequence,
                number: self.taken,
            };
            let entry = EntryInHand {
                action: self.action(&leased, &call.worker),
                attempts: leased.attempts,
                leased: Arc::new(leased),
                stage: EntryStage::Idle,
                announcement: Announcement::Open,
                host: None,
                once: false,
            };
            self.entries.insert(key, entry);
            self.to_hand.push_back(key);
        }
    }

    fn action(&self, leased: &LeasedEntry, worker: &str) -> EntryAction {
        let max = self.settings.max_deliveries;
        let intent = leased.intent.as_deref();
        match leased {
            _ if intent.is_some_and(|name| name != worker) && !self.settings.resume_writes => {
                EntryAction::Interrupted
            }
            _ if leased.entry.fault.is_some() => EntryAction::BadLine,
            _ if leased.deliveries > 1 && leased.begun_again + 1 >= max => EntryAction::GivenUp,
            _ => EntryAction::Send,
        }
    }

    /// True if all lanes are loaded and were found without entries.
    pub(super) fn is_complete(&self) -> bool {
        let is_done = |lane: &CoreLane| lane.state == RunState::Loaded && lane.polls.is_empty;
        self.entries.is_empty() && self.lanes.iter().all(is_done)
    }
}

impl CoreLane {
    /// True unless outcomes of the lane find no room, or as many as can wait.
    pub(super) fn takes_outcomes(&self) -> bool {
        self.full_since.is_none() && self.closed.len() < MOST_CLOSED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_sent_back_put_the_next_lease_off_for_half_a_second_at_the_most() {
        let now = Instant::now();
        let mut polls = LanePolls::new(now);
        polls.leased(MOST, MOST, now);
        assert_eq!(polls.lease_at, now);
        (0..50).for_each(|_| polls.sent_back(now));
        assert_eq!(polls.lease_at, now + Duration::from_millis(50));
        (0..MOST * 2).for_each(|_| polls.sent_back(now));
        assert_eq!(polls.lease_at, now + POLLS.1);
        polls.leased(1, MOST, now);
        assert_eq!(polls.lease_at, now + POLLS.0);
    }
}
