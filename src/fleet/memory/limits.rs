//! Rates, pauses and rests of hosts that all workers share.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::engine::{HostWait, ListedWait, PermitCall, PermitReply, SlotWindow};
use crate::fleet::redis::SHORTEST_LISTED_WAIT;
use crate::host::Host;

/// Time for which a worker's vote counts.
const VOTE_LASTS: Duration = Duration::from_secs(10);

/// Number of parts of a window. Slots of one part leave it together, its length after the end of the part.
const PARTS: u128 = 64;

/// Longest rest of a host.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Slots and time that the calls of some workers may have more than those of others.
const MORE_SLOTS: u32 = 8;
const MORE_TIME: Duration = Duration::from_secs(1);

/// Limits by host. `None`: those of all hosts together.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryLimits(BTreeMap<Option<Host>, MemoryHostLimits>);

#[derive(Clone, Debug, Default)]
pub(super) struct MemoryHostLimits {
    /// Time of the next slot by the even pace.
    next_slot: Duration,
    /// End of the pause that a server asked for, and its length.
    cools_until: Duration,
    cools_for: Duration,
    /// Slots in each longer window, by its length.
    used: BTreeMap<Duration, Vec<WindowPart>>,
    rest: Option<HostRest>,
    /// Last vote of each worker: time, and whether it was for a rest.
    votes: BTreeMap<String, (Duration, bool)>,
    /// End of each wait that is listed.
    listed: BTreeMap<HostWait, Duration>,
}

/// Slots of one part of a window.
#[derive(Clone, Copy, Debug)]
struct WindowPart {
    number: u128,
    slots: u32,
}

impl WindowPart {
    fn length(window: Duration) -> u128 {
        window.as_micros().div_ceil(PARTS)
    }

    /// Time at which the slots leave the window.
    fn leaves(self, window: Duration) -> Duration {
        let end = (self.number + 1) * WindowPart::length(window);
        Duration::from_micros(end as u64) + window
    }
}

/// Rest of a host that does not answer.
#[derive(Clone, Copy, Debug)]
struct HostRest {
    length: Duration,
    /// End of the rest, or time by which the answer to the request that was let through is waited for.
    until: Duration,
    is_probed: bool,
}

impl MemoryLimits {
    pub(super) fn of(&mut self, host: Option<&Host>) -> &mut MemoryHostLimits {
        self.0.entry(host.cloned()).or_default()
    }

    pub(super) fn waiting(&self, now: Duration) -> Vec<ListedWait> {
        let hosts = self.0.iter();
        let hosts = hosts.filter_map(|(host, limits)| Some((host.as_ref()?, limits)));
        let waits = hosts.flat_map(|(host, limits)| {
            let left = move |(reason, until): (&HostWait, &Duration)| ListedWait {
                host: host.to_string(),
                reason: *reason,
                left: until.saturating_sub(now),
            };
            limits.listed.iter().map(left)
        });
        let mut waits: Vec<_> = waits.filter(|wait| !wait.left.is_zero()).collect();
        waits.sort_by(|one, other| (&one.host, one.reason).cmp(&(&other.host, other.reason)));
        waits
    }
}

impl MemoryHostLimits {
    /// Brings times nearer that are further ahead than calls set them: the clock was set back.
    fn follow_clock(&mut self, call: &PermitCall, now: Duration) {
        // Other calls may be for some slots and some time more.
        let slots = call.interval * (call.count + MORE_SLOTS);
        let latest = now + call.longest_wait + slots + MORE_TIME;
        self.next_slot = self.next_slot.min(latest + call.tolerance);
        self.cools_until = self.cools_until.min(now + self.cools_for);
        for SlotWindow { length, .. } in &call.windows {
            let last = latest.as_micros() / WindowPart::length(*length);
            for part in self.used.get_mut(length).into_iter().flatten() {
                part.number = part.number.min(last);
            }
        }
        if let Some(rest) = &mut self.rest {
            rest.until = rest.until.min(now + rest.length);
        }
    }

    pub(super) fn permit(&mut self, call: &PermitCall, now: Duration) -> PermitReply {
        self.follow_clock(call, now);
        let resting = self.rest.map(|rest| rest.until);
        if let Some(until) = resting.filter(|until| *until > now) {
            return PermitReply::Rests(until - now);
        }
        // The request that probes the host takes a slot of the rate, and waits for none.
        let (count, longest_wait) = match resting {
            Some(_) => (1, Duration::ZERO),
            None => (call.count, call.longest_wait),
        };
        let paced = self.next_slot.saturating_sub(call.tolerance);
        let first = now.max(self.cools_until).max(paced);
        let first = call.windows.iter().fold(first, |first, window| {
            first.max(self.opens_at(*window, now))
        });
        let wait = first - now;
        if wait > longest_wait {
            return PermitReply::Later(wait - longest_wait);
        }
        let asked = count;
        let windows = call.windows.iter();
        let count = windows.fold(asked, |count, window| {
            count.min(window.most.max(1) - self.slots_in(window.length, first))
        });
        if !call.interval.is_zero() {
            self.next_slot = self.next_slot.max(first) + call.interval * count;
            self.use_slots(call, count, first + call.interval * (count - 1), now);
        }
        match &mut self.rest {
            Some(rest) => {
                (rest.is_probed, rest.until) = (true, now + rest.length);
                PermitReply::Probe
            }
            None if count < asked => PermitReply::Fewer(wait, count),
            None => PermitReply::Granted(wait),
        }
    }

    /// Slots that have not left a window at this time.
    fn slots_in(&self, window: Duration, at: Duration) -> u32 {
        let parts = self.used.get(&window).into_iter().flatten();
        let left = parts.filter(|part| part.leaves(window) > at);
        left.map(|part| part.slots).sum()
    }

    /// Time at which a window has room for a slot: now, or when enough parts have left it.
    fn opens_at(&self, window: SlotWindow, now: Duration) -> Duration {
        let parts = self.used.get(&window.length).into_iter().flatten();
        let times = parts.map(|part| part.leaves(window.length).max(now));
        let has_room = |at: &Duration| self.slots_in(window.length, *at) < window.most.max(1);
        let mut times = std::iter::once(now).chain(times);
        times.find(has_room).expect("all slots leave it")
    }

    /// Counts slots, the last of which is at `last`, in the windows of a call. Other windows are forgotten.
    fn use_slots(&mut self, call: &PermitCall, count: u32, last: Duration, now: Duration) {
        let mut used = std::mem::take(&mut self.used);
        for SlotWindow { length, .. } in call.windows.iter().copied() {
            let mut parts = used.remove(&length).unwrap_or_default();
            parts.retain(|part| part.leaves(length) > now);
            let number = last.as_micros() / WindowPart::length(length);
            match parts.last_mut() {
                // A slot of a burst may lie before those of an earlier call.
                Some(newest) if newest.number >= number => newest.slots += count,
                _ => parts.push(WindowPart {
                    number,
                    slots: count,
                }),
            }
            self.used.insert(length, parts);
        }
    }

    pub(super) fn cool(&mut self, pause: Duration, now: Duration) {
        self.cools_until = self.cools_until.min(now + self.cools_for);
        if now + pause > self.cools_until {
            (self.cools_until, self.cools_for) = (now + pause, pause);
        }
        self.list(HostWait::Asked, pause, now);
    }

    fn list(&mut self, reason: HostWait, wait: Duration, now: Duration) {
        if wait >= SHORTEST_LISTED_WAIT {
            let until = self.listed.entry(reason).or_default();
            *until = (*until).max(now + wait);
        }
    }

    pub(super) fn vote(
        &mut self,
        worker: &str,
        tripped: bool,
        rest: Duration,
        now: Duration,
    ) -> bool {
        // Calls that fail while the host rests were begun before.
        let tripped = tripped && self.rest.is_none();
        self.votes.insert(worker.to_owned(), (now, tripped));
        self.votes
            .retain(|_, (at, _)| *at <= now + VOTE_LASTS && now < *at + VOTE_LASTS);
        let tripped = self.votes.values().filter(|(_, tripped)| *tripped).count();
        let is_quorum = tripped >= 2 && tripped * 10 >= self.votes.len() * 3;
        if self.rest.is_none() && is_quorum {
            for (_, tripped) in self.votes.values_mut() {
                *tripped = false;
            }
            self.rest = Some(HostRest {
                length: rest,
                until: now + rest,
                is_probed: false,
            });
            self.list(HostWait::Failing, rest, now);
        }
        self.rest.is_some()
    }

    pub(super) fn probe(&mut self, succeeded: bool, now: Duration) {
        let Some(rest) = self.rest.as_mut().filter(|rest| rest.is_probed) else {
            return;
        };
        if succeeded {
            self.rest = None;
            self.listed.remove(&HostWait::Failing);
            return;
        }
        let length = (rest.length * 2).min(LONGEST_REST);
        *rest = HostRest {
            length,
            until: now + length,
            is_probed: false,
        };
        self.list(HostWait::Failing, length, now);
    }
}
