//! Hosts in a window: the requests that wait for each, and those that are put aside so that others find room.
//!
//! A host with a low rate would fill the window by and by, and requests of all other hosts would wait behind it. So when
//! the window has no room for further entries and still not all jobs run, the last requests of the host with the most
//! waiting ones are put aside: parked, each until its turn comes at the pace that the host had.
//!
//! The pace of a host that pauses is not known. So the turns only say which request is next: a worker that has few
//! requests left of a host leases some that were put aside before their time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::host::Host;

use super::{CoreLane, WorkerCore};

/// Time for which a host counts as limited after it was in the way.
const LIMITED_FOR: Duration = Duration::from_secs(10);

/// Length of the windows in which starts are counted.
const COUNTED: Duration = Duration::from_secs(2);

/// Shortest part of the first window from which the starts in a whole one are told.
const SHORTEST_COUNTED: Duration = Duration::from_millis(200);

/// Number of requests that each host may have waiting.
const FEWEST_KEPT: usize = 8;

/// Longest delay: the pace may be wrong by then.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// Time for which the window must be crowded.
const CROWDED_FOR: Duration = Duration::from_millis(250);

/// Number of hosts beyond which hosts without a request are forgotten.
const MOST_HOSTS: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct LoadedHosts {
    /// Number of requests that each host may have waiting at the most: a quarter of the window.
    most_kept: usize,
    hosts: BTreeMap<Host, HostLoad>,
    /// Time since when the window is crowded. `None`: it is not.
    crowded_since: Option<Instant>,
    /// Time from which on hosts are judged. `None`: the server was not away.
    judged_from: Option<Instant>,
}

#[derive(Debug, Default)]
struct HostLoad {
    /// Requests that wait in the client.
    waiting: usize,
    /// Requests that the client was asked to give back.
    returning: usize,
    /// Begin of the present window, starts in it, and starts in the one before.
    counted: Option<(Instant, usize, usize)>,
    limited_until: Option<Instant>,
    /// Time at which the turn of the last request comes that was put aside.
    last_turn: Option<Instant>,
    /// True if few requests were left at the last start.
    is_short: bool,
}

impl HostLoad {
    fn starts(&mut self, now: Instant) {
        let (since, count, before) = self.counted.unwrap_or((now, 0, 0));
        let age = now.saturating_duration_since(since);
        self.counted = Some(match age {
            age if age < COUNTED => (since, count + 1, before),
            age if age < COUNTED * 2 => (since + COUNTED, 1, count),
            _ => (now, 1, 0),
        });
    }

    /// Number of starts in [`COUNTED`].
    fn pace(&self, now: Instant) -> usize {
        let Some((since, count, before)) = self.counted else {
            return 0;
        };
        let age = now.saturating_duration_since(since);
        match age {
            // The first window has not passed.
            _ if before == 0 && age < COUNTED => {
                let part = age.max(SHORTEST_COUNTED).as_secs_f64() / COUNTED.as_secs_f64();
                (count as f64 / part) as usize
            }
            _ if age < COUNTED * 2 => count.max(before),
            _ => 0,
        }
    }

    /// Number of requests that are kept in the client.
    fn kept(&self, most: usize, now: Instant) -> usize {
        self.pace(now).clamp(FEWEST_KEPT, most)
    }

    /// True if the turn of a request that was put aside has not come.
    fn has_aside(&self, now: Instant) -> bool {
        self.last_turn.is_some_and(|turn| turn > now)
    }

    /// Number of requests that the client could take of those that were put aside: 0 unless few are left.
    fn lacks(&self, most_kept: usize, now: Instant) -> usize {
        let kept = self.kept(most_kept, now);
        match self.has_aside(now) && self.waiting * 2 < kept {
            true => kept - self.waiting,
            false => 0,
        }
    }

    fn is_limited(&self, now: Instant) -> bool {
        self.limited_until.is_some_and(|until| until > now)
    }

    /// Delay until the turn of one more request.
    fn next_delay(&mut self, most_kept: usize, now: Instant) -> Duration {
        // Twice the pace: a host that gets its requests too late would seem to be as slow as that.
        let gap = match self.pace(now) as u32 * 2 {
            0 => COUNTED * 2,
            pace => COUNTED / pace,
        };
        let kept = self.waiting.min(self.kept(most_kept, now)) as u32;
        let first = now + gap.saturating_mul(kept).min(LONGEST_DELAY);
        let turn = self.last_turn.map_or(first, |last| first.max(last + gap));
        let turn = turn.min(now + LONGEST_DELAY);
        self.last_turn = Some(turn);
        turn - now
    }
}

impl LoadedHosts {
    pub(super) fn new(window: usize) -> LoadedHosts {
        LoadedHosts {
            most_kept: window / 4,
            ..LoadedHosts::default()
        }
    }

    /// Notes that a request of the host waits in the client.
    pub(super) fn waits(&mut self, host: &Host) {
        if self.hosts.len() > MOST_HOSTS {
            self.hosts.retain(|_, load| load.waiting > 0);
        }
        match self.hosts.get_mut(host) {
            Some(load) => load.waiting += 1,
            None => {
                let waiting = 1;
                let load = HostLoad {
                    waiting,
                    ..HostLoad::default()
                };
                self.hosts.insert(host.clone(), load);
            }
        }
    }

    pub(super) fn waits_no_more(&mut self, host: &Host) {
        if let Some(load) = self.hosts.get_mut(host) {
            load.waiting -= 1;
            load.returning = load.returning.min(load.waiting);
        }
    }

    /// Notes a start. Returns true if few requests of the host are left since then.
    pub(super) fn starts(&mut self, host: &Host, now: Instant) -> bool {
        self.waits_no_more(host);
        let Some(load) = self.hosts.get_mut(host) else {
            return false;
        };
        load.starts(now);
        let is_short = load.lacks(self.most_kept, now) > 0;
        let was_short = std::mem::replace(&mut load.is_short, is_short);
        is_short && !was_short
    }

    /// Number of requests of all hosts that the client could take of those that were put aside. `None`: this worker put
    /// none aside whose turn has not come.
    pub(super) fn lacking(&self, now: Instant) -> Option<usize> {
        let loads = self.hosts.values().filter(|load| load.has_aside(now));
        loads
            .map(|load| load.lacks(self.most_kept, now))
            .reduce(|one, other| one + other)
    }

    /// Delay of a request that was leased for a host that is limited and has enough waiting. `None`: it is handed to
    /// the client.
    pub(super) fn delay_of_new(&mut self, host: &Host, now: Instant) -> Option<Duration> {
        let load = self.hosts.get_mut(host)?;
        let parks = load.is_limited(now) && load.waiting >= load.kept(self.most_kept, now);
        parks.then(|| load.next_delay(self.most_kept, now))
    }

    /// Delay of a request that came back from the client. `None`: the client was not asked to give it back.
    pub(super) fn delay_of_returned(&mut self, host: &Host, now: Instant) -> Option<Duration> {
        let load = self.hosts.get_mut(host)?;
        load.returning = load.returning.checked_sub(1)?;
        Some(load.next_delay(self.most_kept, now))
    }
}

impl WorkerCore {
    /// Hosts whose last requests are to be taken back from the client, so that others find room.
    pub(super) fn hosts_in_the_way(&mut self, now: Instant) -> Vec<(Host, usize)> {
        // While the server is away, and until starts are permitted again, no host is the reason that none runs.
        let lease = self.settings.lease;
        let is_away = |lane: &CoreLane| lane.membership.is_overdue(lease, now);
        if self.lanes.iter().any(is_away) {
            self.hosts.judged_from = Some(now + COUNTED);
        }
        let is_judged = self.hosts.judged_from.is_none_or(|from| from <= now);
        let is_crowded = !self.is_half_free()
            && self.started * 10 < self.settings.jobs * 9
            && self.lanes.iter().any(CoreLane::takes_outcomes)
            && is_judged;
        if !is_crowded {
            self.hosts.crowded_since = None;
            return Vec::new();
        }
        let since = *self.hosts.crowded_since.get_or_insert(now);
        if now.saturating_duration_since(since) < CROWDED_FOR {
            return Vec::new();
        }
        let most_kept = self.hosts.most_kept;
        let loads = self.hosts.hosts.iter_mut();
        let most = loads.max_by_key(|(_, load)| load.waiting - load.returning);
        let Some((host, load)) = most else {
            return Vec::new();
        };
        let surplus = (load.waiting - load.returning).saturating_sub(load.kept(most_kept, now));
        if surplus == 0 {
            return Vec::new();
        }
        load.limited_until = Some(now + LIMITED_FOR);
        load.returning += surplus;
        vec![(host.clone(), surplus)]
    }

    /// Notes that the client gave back fewer requests of a host than it was asked for.
    pub(crate) fn given_back(&mut self, host: &Host, asked: usize, given: usize) {
        if let Some(load) = self.hosts.hosts.get_mut(host) {
            load.returning = load.returning.saturating_sub(asked.saturating_sub(given));
        }
    }
}

#[cfg(test)]
mod tests;
