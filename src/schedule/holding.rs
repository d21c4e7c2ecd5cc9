//! Host that holds the most places: workers that are busy with its requests.

use std::time::Instant;

use crate::host::Host;

use super::Schedule;

/// A host and the places that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostHolding {
    pub(crate) host: Host,
    pub(crate) places: usize,
    /// Time from which on the host has held at least one place.
    pub(crate) since: Instant,
}

impl<J> Schedule<J> {
    /// Returns the host that holds the most places, of all batches together; if several hold equally many, the host
    /// that has held some for the longest time. `None`: no job is in flight. Visits every host, so it is to be called
    /// rarely.
    pub(crate) fn holding(&self) -> Option<HostHolding> {
        let holding = self.hosts.values().filter_map(|state| {
            let holds = state.in_flight > 0 && !state.is_local;
            let since = state.held_since.filter(|_| holds)?;
            Some((state, since))
        });
        let (state, since) =
            holding.max_by_key(|(state, since)| (state.in_flight, std::cmp::Reverse(*since)))?;
        Some(HostHolding {
            host: state.host.clone(),
            places: state.in_flight,
            since,
        })
    }
}
