//! The hosts that the schedule knows.

use std::time::{Duration, Instant};

use crate::host::Host;

use super::Schedule;
use super::lanes::HostState;
use super::slots::Id;

/// How many hosts are looked at to tell which keeps requests waiting: a display may ask ten times a second.
const LOOKED_AT: usize = 1_000;

impl<J> Schedule<J> {
    /// What is known of a host, begun if need be.
    pub(crate) fn host(&mut self, host: &Host, now: Instant) -> Id {
        if let Some((last, id)) = &self.last_host
            && last == host
            && self.hosts.get(*id).is_some()
        {
            return *id;
        }
        let id = match self.by_host.get(host) {
            Some(id) => *id,
            None => {
                let limits = self.settings.limits(host);
                let turn = self.turns.arrive();
                let workers = self.settings.in_flight;
                let state = HostState::new(host.clone(), &limits, turn, workers, now);
                let id = self.hosts.insert(state);
                self.by_host.insert(host.clone(), id);
                id
            }
        };
        self.last_host = Some((host.clone(), id));
        id
    }

    /// The host that keeps most jobs of a batch waiting for a time, how many, and for how long.
    pub(super) fn waiting(&self, batch: Id, now: Instant) -> Option<(Host, usize, Duration)> {
        let hosts = self.hosts.values().take(LOOKED_AT);
        let waiting = hosts.filter(|state| state.blocked).filter_map(|state| {
            let lane = state.lanes.iter().find(|lane| lane.batch == batch)?;
            let time = state.opens_at()?.checked_duration_since(now)?;
            (lane.live > 0).then_some((state, lane.live, time))
        });
        let (state, jobs, time) = waiting.max_by_key(|(_, jobs, time)| (*jobs, *time))?;
        Some((state.host.clone(), jobs, time))
    }
}
