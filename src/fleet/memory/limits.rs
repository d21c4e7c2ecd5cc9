//! Rates, pauses and rests of hosts that all workers share.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::engine::{HostWait, ListedWait, PermitCall, PermitReply};
use crate::fleet::redis::SHORTEST_LISTED_WAIT;
use crate::host::Host;

/// Time for which a worker's vote counts.
const VOTE_LASTS: Duration = Duration::from_secs(10);

/// Longest rest of a host.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Limits by host. `None`: those of all hosts together.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryLimits(BTreeMap<Option<Host>, MemoryHostLimits>);

#[derive(Clone, Debug, Default)]
pub(super) struct MemoryHostLimits {
    /// Time of the next slot by the even pace.
    next_slot: Duration,
    /// End of the pause that a server asked for.
    cools_until: Duration,
    rest: Option<HostRest>,
    /// Last vote of each worker: time, and whether it was for a rest.
    votes: BTreeMap<String, (Duration, bool)>,
    /// End of each wait that is listed.
    listed: BTreeMap<HostWait, Duration>,
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
    pub(super) fn permit(&mut self, call: &PermitCall, now: Duration) -> PermitReply {
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
        let wait = first - now;
        if wait > longest_wait {
            return PermitReply::Later(wait - longest_wait);
        }
        self.next_slot = self.next_slot.max(first) + call.interval * count;
        match &mut self.rest {
            Some(rest) => {
                (rest.is_probed, rest.until) = (true, now + rest.length);
                PermitReply::Probe
            }
            None => PermitReply::Granted(wait),
        }
    }

    pub(super) fn cool(&mut self, pause: Duration, now: Duration) {
        self.cools_until = self.cools_until.max(now + pause);
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
        self.votes.retain(|_, (at, _)| now - *at < VOTE_LASTS);
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
