//! The hosts that the schedule knows.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::host::Host;

use super::Schedule;
use super::lanes::HostState;
use super::limits::HostLimits;
use crate::slab::{Id, Slab};

/// Upper bound for the hosts that are visited to find the one that a display shows, which may ask ten times a second.
const LOOKED_AT: usize = 1_000;

/// Hosts that have jobs, and hosts whose state is still remembered.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    states: Slab<HostState>,
    pub(super) by_name: HashMap<Host, Id>,
    /// The host that was looked up last: lists are mostly sorted by host.
    last: Option<(Host, Id)>,
    /// Stand-in under which jobs look at files. `None`: no job has.
    files: Option<Id>,
    /// Idle hosts that are not back at their defaults.
    pub(super) lingering: VecDeque<Id>,
}

impl Hosts {
    #[inline]
    pub(super) fn get(&self, id: Id) -> Option<&HostState> {
        self.states.get(id)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut HostState> {
        self.states.get_mut(id)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &HostState> {
        self.states.values()
    }

    /// Returns the id of a host. `None`: the host is not known.
    #[inline]
    pub(super) fn find(&mut self, host: &Host) -> Option<Id> {
        if let Some((last, id)) = &self.last
            && last == host
            && self.states.get(*id).is_some()
        {
            return Some(*id);
        }
        let id = *self.by_name.get(host)?;
        self.last = Some((host.clone(), id));
        Some(id)
    }

    /// Returns the id that the stand-in for files had last. `None`: no job has looked at a file.
    pub(super) fn files(&self) -> Option<Id> {
        self.files
    }

    /// Adds a host that is not known.
    #[inline]
    pub(super) fn add(&mut self, state: HostState) -> Id {
        let host = state.host.clone();
        let id = self.states.insert(state);
        self.by_name.insert(host.clone(), id);
        self.last = Some((host, id));
        id
    }

    #[inline]
    pub(super) fn remove(&mut self, id: Id) -> Option<HostState> {
        let state = self.states.remove(id)?;
        self.by_name.remove(&state.host);
        Some(state)
    }

    /// Returns hosts for a display, at most [`LOOKED_AT`].
    pub(super) fn visited(&self) -> impl Iterator<Item = &HostState> {
        self.states.values().take(LOOKED_AT)
    }

    #[cfg(any(test, feature = "fleet"))]
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        self.states.ids()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }
}

impl<J> Schedule<J> {
    /// Returns the id of a host, and adds the host if it is not known.
    pub(crate) fn host(&mut self, host: &Host, now: Instant) -> Id {
        if let Some(id) = self.hosts.find(host) {
            return id;
        }
        let limits = self.settings.limits(host);
        let turn = self.turns.arrive();
        let workers = self.settings.in_flight;
        let state = HostState::new(host.clone(), &limits, turn, workers, now);
        self.hosts.add(state)
    }

    /// Returns the id of the stand-in under which jobs [look at their files](super::file_checks), and adds it if it is not
    /// known.
    pub(crate) fn files(&mut self, now: Instant) -> Id {
        if let Some(id) = self.hosts.files()
            && self.hosts.get(id).is_some()
        {
            return id;
        }
        let (limits, turn) = (HostLimits::default(), self.turns.arrive());
        let mut state = HostState::new(
            Host::of_files(),
            &limits,
            turn,
            self.settings.in_flight,
            now,
        );
        // Files answer at once, so their jobs are served as those of a host that is known to answer.
        (state.is_local, state.proven, state.answering) = (true, true, true);
        let id = self.hosts.add(state);
        self.hosts.files = Some(id);
        id
    }

    /// Returns the host that keeps most jobs of a batch waiting for a time, the number of these jobs, and that time.
    /// `None`: no host does.
    pub(super) fn waiting(&self, batch: Id, now: Instant) -> Option<(Host, usize, Duration)> {
        let hosts = self.hosts.visited();
        let waiting = hosts.filter(|state| state.blocked).filter_map(|state| {
            let lane = state.lanes.iter().find(|lane| lane.batch == batch)?;
            let time = state.opens_at(now)?.checked_duration_since(now)?;
            (lane.live > 0).then_some((state, lane.live, time))
        });
        let (state, jobs, time) = waiting.max_by_key(|(_, jobs, time)| (*jobs, *time))?;
        Some((state.host.clone(), jobs, time))
    }
}
