//! Entries that a worker has in hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fleet::engine::{LeasedEntry, ParkedEntry, ResultClass, Sequence, SettledEntry};
use crate::host::Host;

use super::WorkerCore;

/// Name of an entry in hand. A worker that was declared dead may hold an entry of before a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryKey {
    pub(crate) lane: u32,
    pub(crate) generation: u32,
    pub(crate) sequence: Sequence,
    /// Number of entries that this core took before: a second copy of an entry is not taken for the first.
    pub(crate) number: u64,
}

/// Entry that is to be dealt with.
#[derive(Clone, Debug)]
pub(crate) struct HandedEntry {
    pub(crate) key: EntryKey,
    pub(crate) leased: Arc<LeasedEntry>,
    pub(crate) action: EntryAction,
    /// Number of attempts that were made so far.
    pub(crate) attempts: u32,
}

/// Treatment of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryAction {
    /// The request is read and, if the core agrees, sent.
    Send,
    /// The entry ends as `interrupted`, since another worker may have sent it.
    Interrupted,
    /// The entry ends as `interrupted`, with its attempts exhausted, since workers died with it too often.
    GivenUp,
    /// The entry ends as an invalid request, for the reason that it states.
    BadLine,
}

/// Entry that came back from the client without a final outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UndoneEntry {
    /// Time before which it is not to be sent. Zero: it may be sent at any time.
    pub(crate) delay: Duration,
    /// Number of attempts that were made since it was handed out.
    pub(crate) attempts: u32,
    /// False if it may have reached a server and must not be repeated.
    pub(crate) is_repeatable: bool,
}

/// Entry in hand.
#[derive(Debug)]
pub(super) struct EntryInHand {
    pub(super) leased: Arc<LeasedEntry>,
    pub(super) action: EntryAction,
    pub(super) attempts: u32,
    pub(super) stage: EntryStage,
    pub(super) announcement: Announcement,
    /// `None`: the line was not read.
    pub(super) host: Option<Host>,
    pub(super) once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryStage {
    /// The entry waits to be handed out.
    Idle,
    /// The line is being read, or its request waits in the client.
    Waiting,
    /// An attempt was started.
    Started,
    /// The outcome or the parking waits for the engine.
    Closed { parks: bool },
}

/// State of the call that announces an entry before its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announcement {
    /// No call was made. It may not be needed.
    Open,
    /// The call is to be made, or on its way.
    Asked,
    /// The engine has noted it.
    Made,
}

impl WorkerCore {
    /// Takes the entries that are to be dealt with now.
    pub(crate) fn take_handed(&mut self, now: Instant) -> Vec<HandedEntry> {
        let mut handed = Vec::new();
        for key in std::mem::take(&mut self.to_hand) {
            let may_send = self.may_send(key, now);
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            if entry.stage != EntryStage::Idle {
                continue;
            }
            let sends = entry.action == EntryAction::Send;
            if sends && self.phase.is_ending() {
                self.park(key, Duration::ZERO, now);
            } else if sends && !may_send {
                if self.is_current(key) {
                    self.to_hand.push_back(key);
                } else {
                    self.park(key, Duration::ZERO, now);
                }
            } else {
                entry.stage = EntryStage::Waiting;
                handed.push(HandedEntry {
                    key,
                    leased: Arc::clone(&entry.leased),
                    action: entry.action,
                    attempts: entry.attempts,
                });
            }
        }
        handed
    }

    /// Notes that an entry's request was read: its host, and if it must not be repeated. Returns true if it is to be
    /// handed to the client.
    pub(crate) fn request_was_read(
        &mut self,
        key: EntryKey,
        host: &Host,
        once: bool,
        now: Instant,
    ) -> bool {
        let is_ending = self.phase.is_ending() || !self.is_current(key);
        let Some(entry) = self.entries.get_mut(&key) else {
            return false;
        };
        entry.once = once;
        entry.host = Some(host.clone());
        if is_ending {
            self.hosts.waits(host);
            self.park(key, Duration::ZERO, now);
            return false;
        }
        let delay = self.hosts.delay_of_new(host, now);
        self.hosts.waits(host);
        if let Some(delay) = delay {
            self.put_aside(key, delay, now);
            return false;
        }
        true
    }

    /// Takes the outcome of an entry.
    pub(crate) fn ended(
        &mut self,
        key: EntryKey,
        class: ResultClass,
        record: Vec<u8>,
        now: Instant,
    ) {
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        let settled = SettledEntry {
            sequence: key.sequence,
            class,
            size: entry.leased.entry.size(),
            record,
        };
        if self.close(key, false) {
            let lane = self.lane_mut(key.lane);
            lane.closed.settle(key.generation, settled, now);
        }
    }

    /// Takes back an entry that has no final outcome. Returns false if it ends as `interrupted`: its outcome is awaited.
    #[must_use]
    pub(crate) fn undone(&mut self, key: EntryKey, undone: UndoneEntry, now: Instant) -> bool {
        let (resume_writes, is_current) = (self.settings.resume_writes, self.is_current(key));
        let is_ending = self.phase.is_ending();
        let Some(entry) = self.entries.get_mut(&key) else {
            return true;
        };
        entry.attempts = entry.attempts.saturating_add(undone.attempts);
        if entry.once && !undone.is_repeatable && !resume_writes {
            return false;
        }
        if undone.attempts == 0 && !undone.delay.is_zero() {
            self.lanes[key.lane as usize].polls.sent_back(now);
        }
        let given_back = entry
            .host
            .as_ref()
            .and_then(|host| self.hosts.delay_of_returned(host, now));
        if is_ending || !is_current || !undone.delay.is_zero() {
            self.park(key, undone.delay, now);
        } else if let Some(delay) = given_back {
            self.put_aside(key, delay, now);
        } else {
            let stage = std::mem::replace(&mut entry.stage, EntryStage::Idle);
            let host = entry.host.take();
            self.leave_stage(stage, host.as_ref());
            self.to_hand.push_back(key);
        }
        true
    }

    /// Parks an entry that is in hand.
    pub(super) fn park(&mut self, key: EntryKey, delay: Duration, now: Instant) {
        self.park_as(key, delay, false, now);
    }

    /// Parks an entry that is in hand so that others find room.
    fn put_aside(&mut self, key: EntryKey, delay: Duration, now: Instant) {
        self.park_as(key, delay, true, now);
    }

    fn park_as(&mut self, key: EntryKey, delay: Duration, is_aside: bool, now: Instant) {
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        let parked = ParkedEntry {
            sequence: key.sequence,
            delay,
            attempts: entry.attempts,
            deliveries: entry.leased.deliveries,
            begun_again: entry.leased.deliveries > 1 && entry.announcement != Announcement::Open,
            is_aside,
        };
        if self.close(key, true) {
            let lane = self.lane_mut(key.lane);
            lane.closed.park(key.generation, parked, now);
        }
    }

    /// Notes that an entry waits for the engine from now on. Returns false if it does so already.
    fn close(&mut self, key: EntryKey, parks: bool) -> bool {
        let Some(entry) = self.entries.get_mut(&key) else {
            return false;
        };
        if matches!(entry.stage, EntryStage::Closed { .. }) {
            return false;
        }
        let stage = std::mem::replace(&mut entry.stage, EntryStage::Closed { parks });
        let host = entry.host.clone();
        self.leave_stage(stage, host.as_ref());
        self.closed += 1;
        true
    }

    fn leave_stage(&mut self, stage: EntryStage, host: Option<&Host>) {
        match (stage, host) {
            (EntryStage::Waiting, Some(host)) => self.hosts.waits_no_more(host),
            (EntryStage::Started, _) => self.started -= 1,
            _ => {}
        }
    }

    /// Forgets an entry, which is not this worker's any more.
    pub(super) fn forget(&mut self, key: EntryKey) {
        let Some(entry) = self.entries.remove(&key) else {
            return;
        };
        self.leave_stage(entry.stage, entry.host.as_ref());
        if matches!(entry.stage, EntryStage::Closed { .. }) {
            self.closed -= 1;
        }
    }

    /// Key of an entry that is in hand.
    pub(super) fn in_hand(
        &self,
        lane: u32,
        generation: u32,
        sequence: Sequence,
    ) -> Option<EntryKey> {
        let key = |number| EntryKey {
            lane,
            generation,
            sequence,
            number,
        };
        let mut found = self.entries.range(key(0)..=key(u64::MAX));
        found.next().map(|(key, _)| *key)
    }

    /// True if the worker was not declared dead since it leased the entry.
    pub(super) fn is_current(&self, key: EntryKey) -> bool {
        self.lane(key.lane).generation() == key.generation
    }
}
