//! Membership of a worker in its lanes: beats, and the time for which they permit it to start requests.

use std::time::{Duration, Instant};

use crate::fleet::engine::{BeatReply, EngineError, RunState};

use super::ending::CoreEnd;
use super::redial::Redial;
use super::trouble::CallThread;
use super::{BeatCall, CoreLane, EntryKey, NextCall, WorkerCore, worker_name};

/// Membership in one lane.
#[derive(Debug)]
pub(super) struct Membership {
    standing: Standing,
    /// Time at which the last good beat was sent. `None`: there was none since the worker joined.
    last_good: Option<Instant>,
    /// First beat of those that are unbroken.
    unbroken_since: Option<Instant>,
    next_beat: Instant,
    redial: Redial,
    /// Number of members that the last beat told.
    pub(super) workers: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The worker is no member yet.
    Joining,
    Member,
    /// The worker has left.
    Left,
}

impl Membership {
    pub(super) fn new(now: Instant) -> Membership {
        Membership {
            standing: Standing::Joining,
            last_good: None,
            unbroken_since: None,
            next_beat: now,
            redial: Redial::default(),
            workers: 1,
        }
    }

    /// True if the last good beat is recent enough for entries to be started.
    pub(super) fn is_fresh(&self, lease: Duration, now: Instant) -> bool {
        let recent = |sent: Instant| now.saturating_duration_since(sent) * 3 <= lease * 2;
        self.standing == Standing::Member && self.last_good.is_some_and(recent)
    }

    /// True if there were good beats, and none of them is recent enough.
    pub(super) fn is_overdue(&self, lease: Duration, now: Instant) -> bool {
        self.last_good.is_some() && !self.is_fresh(lease, now)
    }

    /// True if the beats are unbroken for a lease.
    pub(super) fn is_unbroken(&self, lease: Duration, now: Instant) -> bool {
        let long = |since| now.saturating_duration_since(since) >= lease;
        self.is_fresh(lease, now) && self.unbroken_since.is_some_and(long)
    }

    /// Lets the worker leave at once, whatever beats failed before.
    pub(super) fn begin_leaving(&mut self) {
        self.redial.succeeded();
    }

    pub(super) fn is_member(&self) -> bool {
        self.standing == Standing::Member
    }

    fn beat_was_good(&mut self, sent: Instant, lease: Duration) {
        let gap = self
            .last_good
            .map(|last| sent.saturating_duration_since(last));
        if gap.is_none_or(|gap| gap * 3 > lease * 2) {
            self.unbroken_since = Some(sent);
        }
        self.standing = Standing::Member;
        self.last_good = Some(sent);
    }
}

impl WorkerCore {
    /// Next call of the beat thread: a beat of each lane every third of a lease, or every second while places are
    /// divided, and in the end the leaving of each.
    pub(crate) fn next_beat(&mut self, now: Instant) -> NextCall<BeatCall> {
        self.look_at_end(now);
        if self.phase.is_over() {
            return NextCall::Over;
        }
        let leaves = self.phase.is_leaving();
        let mut first: Option<(Instant, u32)> = None;
        for (number, lane) in (0..).zip(&self.lanes) {
            let member = &lane.membership;
            if member.standing == Standing::Left {
                continue;
            }
            let due = if leaves { now } else { member.next_beat };
            let due = member
                .redial
                .waits_until(now)
                .map_or(due, |until| until.max(due));
            // A lane that is asked again and again, since its node is silent, holds up none that waits for longer.
            first = first.into_iter().chain([(due, number)]).min();
        }
        match first {
            Some((due, number)) if due <= now => {
                let lane = self.lane(number);
                NextCall::Call(BeatCall {
                    lane: number,
                    generation: lane.generation(),
                    worker: lane.name().to_owned(),
                    leaves,
                    join: lane.membership.standing == Standing::Joining,
                    sent: now,
                })
            }
            first => {
                let due = first.map(|(due, _)| due);
                NextCall::Wait(due.into_iter().chain(self.phase.wakes_at()).min())
            }
        }
    }

    /// Takes the answer to a call of the beat thread. After a call that left, the reply does not matter.
    pub(crate) fn beat_done(
        &mut self,
        call: &BeatCall,
        answer: &Result<BeatReply, EngineError>,
        now: Instant,
    ) {
        self.note_answer((call.lane, CallThread::Beat), answer, now);
        let (lease, pause) = (self.settings.lease, self.settings.beat_pause());
        if lane_left(self.lane_mut(call.lane), call, answer) {
            self.look_at_end(now);
            return;
        }
        let lane = self.lane_mut(call.lane);
        if lane.generation() != call.generation {
            // The lease thread heard meanwhile that the worker was declared dead.
            return;
        }
        if let Ok(BeatReply::Member { workers: 2.., .. }) = answer
            && call.join
        {
            self.joins_others(now);
        }
        let member = &mut self.lane_mut(call.lane).membership;
        match answer {
            Ok(BeatReply::Member { state, workers }) => {
                member.redial.succeeded();
                member.beat_was_good(call.sent, lease);
                member.workers = *workers;
                member.next_beat = call.sent + pause;
                self.note_state(call.lane, *state, now);
            }
            Ok(BeatReply::Dead) => self.declared_dead(call.lane, now),
            Err(_) => member.redial.failed_for(lease / 3, now),
        }
    }

    /// Notes that the worker joins a lane in which others live. If they divide places and did not count it so far, it starts
    /// nothing until each of them has had a beat, and has given its part of their places up.
    fn joins_others(&mut self, now: Instant) {
        let lease = self.settings.lease;
        let is_counted = |lane: &CoreLane| lane.membership.is_fresh(lease, now);
        if self.settings.divides_places && !self.lanes.iter().any(is_counted) {
            self.leases_from = Some(now + self.settings.beat_pause() * 3 / 2);
        }
    }

    /// Time until which the worker leases nothing, since others give places up for it. `None`: it may lease.
    pub(super) fn waits_for_places(&self, now: Instant) -> Option<Instant> {
        self.leases_from.filter(|from| *from > now)
    }

    /// Notes that the worker is no member of a lane any more, though it did not leave: it starts nothing that it held,
    /// and joins again under another name.
    pub(super) fn declared_dead(&mut self, lane: u32, now: Instant) {
        let name = worker_name(&self.settings.prefix, &mut self.random);
        let workers = self.lane(lane).membership.workers;
        let lane = self.lane_mut(lane);
        lane.names.push(name);
        lane.membership = Membership::new(now);
        lane.membership.workers = workers;
        lane.polls = super::leasing::LanePolls::new(now);
    }

    pub(super) fn note_state(&mut self, lane: u32, state: RunState, now: Instant) {
        let lane = self.lane_mut(lane);
        lane.state = state;
        lane.polls.is_empty &= state == RunState::Loaded;
        if state == RunState::Cancelled {
            self.begin_ending(CoreEnd::Cancelled, None, now);
        }
    }

    /// True if the lane's beats permit that the entry is started.
    pub(super) fn may_send(&self, key: EntryKey, now: Instant) -> bool {
        let member = &self.lane(key.lane).membership;
        self.is_current(key) && member.is_fresh(self.settings.lease, now)
    }

    pub(super) fn has_left(&self) -> bool {
        let mut lanes = self.lanes.iter();
        lanes.all(|lane| lane.membership.standing == Standing::Left)
    }
}

/// Takes the answer to a call that leaves the lane. Returns false if the call was a beat.
fn lane_left(
    lane: &mut CoreLane,
    call: &BeatCall,
    answer: &Result<BeatReply, EngineError>,
) -> bool {
    let member = &mut lane.membership;
    match answer {
        _ if !call.leaves => return false,
        Err(EngineError::Away(_) | EngineError::Busy(_)) => {
            member.redial.failed(call.sent);
        }
        _ => member.standing = Standing::Left,
    }
    true
}
