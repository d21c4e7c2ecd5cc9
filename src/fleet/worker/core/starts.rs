//! Permission to start an attempt, and the announcement of entries before their first byte.

use std::time::{Duration, Instant};

use crate::fleet::engine::{BegunEntry, EngineError};

use super::entries::{Announcement, EntryStage};
use super::trouble::CallThread;
use super::{BeginCall, EntryKey, NextCall, WorkerCore};

/// Time for which a start may be asked for. Later, the slot of the rate that it was given is void.
const LONGEST_ASKED: Duration = Duration::from_secs(1);

/// Largest number of entries in one call.
const MOST: usize = 200;

/// Answer to the question whether an attempt may send its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartAnswer {
    /// The attempt may send its first byte, now.
    Now,
    /// The question is to be asked again when the core has changed, or at this time at the latest.
    Wait(Instant),
    /// The attempt may not: it ends, and the entry comes back as undone, or is of no interest any more.
    Never,
}

impl WorkerCore {
    /// Asked before the first byte of each attempt. `asked`: time at which it was asked for the first time for this
    /// attempt.
    pub(crate) fn may_start(&mut self, key: EntryKey, asked: Instant, now: Instant) -> StartAnswer {
        let is_fresh = self.may_send(key, now);
        let starts_none = self.phase.is_ending() || !self.is_current(key);
        let resume_writes = self.settings.resume_writes;
        let Some(entry) = self.entries.get_mut(&key) else {
            return StartAnswer::Never;
        };
        let latest = asked + LONGEST_ASKED;
        let is_open = matches!(entry.stage, EntryStage::Waiting | EntryStage::Started);
        if starts_none || !is_open || now > latest {
            return StartAnswer::Never;
        }
        let once = entry.once && !resume_writes;
        let needs_begin = once || entry.leased.deliveries > 1;
        match entry.announcement {
            Announcement::Open if needs_begin && is_fresh => {
                entry.announcement = Announcement::Asked;
                self.to_begin.push_back(key);
                self.wakes_others = true;
                StartAnswer::Wait(latest)
            }
            Announcement::Asked => StartAnswer::Wait(latest),
            _ if !is_fresh => StartAnswer::Wait(latest),
            _ => {
                if entry.stage == EntryStage::Waiting {
                    entry.stage = EntryStage::Started;
                    self.started += 1;
                    let host = entry.host.as_ref();
                    if host.is_some_and(|host| self.hosts.starts(host, now)) {
                        self.lease_soon(now);
                    }
                }
                StartAnswer::Now
            }
        }
    }

    /// True if another thread has something to do since the last time that this was asked.
    pub(crate) fn wakes_others(&mut self) -> bool {
        std::mem::take(&mut self.wakes_others)
    }

    /// Next call of the begin thread.
    pub(crate) fn next_begin(&mut self, now: Instant) -> NextCall<BeginCall> {
        if self.phase.is_over() {
            return NextCall::Over;
        }
        let (entries, resume_writes) = (&self.entries, self.settings.resume_writes);
        self.to_begin.retain(|key| {
            let entry = entries.get(key);
            entry.is_some_and(|entry| !matches!(entry.stage, EntryStage::Closed { .. }))
        });
        let (turns, count) = (self.begin_turns, self.lanes.len());
        let waits = |key: &&EntryKey| {
            let lane = &self.lanes[key.lane as usize];
            turns.waits_until(&lane.begin_redial, now)
        };
        let ready = self.to_begin.iter().filter(|key| waits(key).is_none());
        let first = ready.min_by_key(|key| turns.before(key.lane as usize, count));
        let Some(first) = first.copied() else {
            return NextCall::Wait(self.to_begin.iter().filter_map(|key| waits(&key)).min());
        };
        self.begin_turns.take(first.lane as usize, count);
        let (mut begun, mut keys) = (Vec::new(), Vec::new());
        self.to_begin.retain(|key| {
            let is_together = (key.lane, key.generation) == (first.lane, first.generation);
            if !is_together || begun.len() >= MOST {
                return true;
            }
            let entry = &entries[key];
            keys.push(*key);
            begun.push(BegunEntry {
                sequence: key.sequence,
                once: entry.once && !resume_writes,
                again: entry.leased.deliveries > 1,
            });
            false
        });
        NextCall::Call(BeginCall {
            lane: first.lane,
            generation: first.generation,
            worker: self.lane(first.lane).name_of(first.generation).to_owned(),
            entries: begun,
            keys,
            sent: now,
        })
    }

    /// Takes the answer to a call of the begin thread.
    pub(crate) fn begin_done(
        &mut self,
        call: &BeginCall,
        answer: &Result<Vec<bool>, EngineError>,
        now: Instant,
    ) {
        self.note_answer((call.lane, CallThread::Begin), answer, now);
        let Ok(held) = answer else {
            self.lane_mut(call.lane).begin_redial.failed(now);
            let has_others = self
                .lanes
                .iter()
                .any(|lane| !lane.begin_redial.is_failing());
            self.begin_turns.failed(call.sent, has_others, now);
            for key in call.keys.iter().rev() {
                self.to_begin.push_front(*key);
            }
            return;
        };
        self.lane_mut(call.lane).begin_redial.succeeded();
        for (key, held) in call.keys.iter().copied().zip(held) {
            match self.entries.get_mut(&key) {
                Some(entry) if *held => entry.announcement = Announcement::Made,
                // The engine refuses its outcome too, so that a closed one goes the way of all outcomes.
                Some(entry) if !matches!(entry.stage, EntryStage::Closed { .. }) => {
                    self.forget(key);
                }
                _ => {}
            }
        }
    }
}
