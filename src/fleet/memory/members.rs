//! Members of a lane, and the entries of those that fell silent.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::fleet::engine::{BeatReply, LeaseReply, Sequence};

use super::lane::{EntryPlace, MemoryLane};
use super::member::LaneMember;

impl MemoryLane {
    pub(super) fn beat(
        &mut self,
        worker: &str,
        join: bool,
        now: Duration,
        lease: Duration,
    ) -> BeatReply {
        let known = self.members.get(worker);
        if known.is_none() && !join {
            return BeatReply::Dead;
        }
        let unbroken = known.filter(|member| member.is_unbroken(now, lease));
        let member = LaneMember {
            last_beat: now,
            unbroken_since: unbroken.map_or(now, |member| member.unbroken_since),
        };
        self.members.insert(worker.to_owned(), member);
        BeatReply::Member {
            state: self.state(),
            workers: self.members.len() as u32,
        }
    }

    pub(super) fn leave(&mut self, worker: &str) {
        self.members.remove(worker);
        if self.held_since(worker).is_empty() {
            self.last_parks.remove(worker);
        }
    }

    pub(super) fn reclaim(
        &mut self,
        worker: &str,
        most: usize,
        now: Duration,
        lease: Duration,
    ) -> LeaseReply {
        let mut reply = self.no_entries(worker);
        if !self.hands_out() || !self.may_reclaim(worker, now, lease) {
            return reply;
        }
        self.reaper = Some((worker.to_owned(), now));
        for silent in self.silent(now, lease) {
            let left = self.held_since(&silent);
            let old = left.iter().filter(|(_, since)| now > *since + lease);
            let room = most - reply.entries.len();
            let taken: Vec<_> = old.map(|(number, _)| *number).take(room).collect();
            for number in &taken {
                let entry = self.entries.get_mut(number).expect("it was found above");
                entry.deliveries += 1;
                reply.entries.push(entry.hand_to(worker, now));
            }
            if !taken.is_empty() || left.is_empty() {
                self.members.remove(&silent);
            }
        }
        let mut last_parks = std::mem::take(&mut self.last_parks);
        last_parks
            .retain(|name, _| self.members.contains_key(name) || !self.held_since(name).is_empty());
        self.last_parks = last_parks;
        self.counts.reclaimed += reply.entries.len() as u64;
        reply
    }

    fn may_reclaim(&self, worker: &str, now: Duration, lease: Duration) -> bool {
        let Some(member) = self.members.get(worker) else {
            return false;
        };
        let is_long = now >= member.unbroken_since + lease;
        let long_enough = member.is_unbroken(now, lease) && is_long;
        let other = self.reaper.as_ref();
        // A call that lies ahead was made before the clock was set back.
        let other =
            other.filter(|(name, last)| name != worker && now < *last + lease && *last <= now);
        long_enough && other.is_none()
    }

    /// Workers that are silent for longer than a lease, and holders that are no members.
    fn silent(&self, now: Duration, lease: Duration) -> BTreeSet<String> {
        let members = self.members.iter();
        let silent = members.filter(|(_, member)| now > member.last_beat + lease);
        let holders = self
            .entries
            .values()
            .filter_map(|entry| match &entry.place {
                EntryPlace::Leased { holder, .. } => Some(holder),
                _ => None,
            });
        let gone = holders.filter(|holder| !self.members.contains_key(*holder));
        silent.map(|(name, _)| name).chain(gone).cloned().collect()
    }

    /// Entries that a worker holds, and the times since when.
    fn held_since(&self, worker: &str) -> Vec<(Sequence, Duration)> {
        let entries = self.entries.iter();
        let held = entries.filter_map(|(number, entry)| match &entry.place {
            EntryPlace::Leased { holder, since } if holder == worker => Some((*number, *since)),
            _ => None,
        });
        held.collect()
    }
}
