//! Places of hosts that several clients share: each client has its part, which changes as clients come and go.

use std::time::Instant;

use super::Schedule;
#[cfg(feature = "fleet")]
use crate::settings::PlaceLimit;
use crate::slab::Id;

impl<J> Schedule<J> {
    /// Number of clients that the fixed limits of hosts' places are divided by.
    #[cfg(all(test, feature = "fleet"))]
    pub(crate) fn places_divided_by(&self) -> usize {
        self.settings.clients
    }

    /// True if any host may have a fixed limit of places.
    #[cfg(feature = "fleet")]
    pub(crate) fn divides_places(&self) -> bool {
        let is_fixed =
            |limit: PlaceLimit| matches!(limit, PlaceLimit::Fixed(most) if most < usize::MAX);
        let mut rules = self.settings.rules.values();
        is_fixed(self.settings.host.in_flight)
            || rules.any(|rule| rule.in_flight.is_some_and(is_fixed))
    }

    /// Divides the fixed limits of hosts' places by a number of clients, this one included: at least one place is left.
    /// A limit that adapts stays as it is. Attempts under way go on, also those beyond a smaller limit.
    pub(crate) fn divide_places(&mut self, clients: usize, now: Instant) {
        if std::mem::replace(&mut self.settings.clients, clients) == clients {
            return;
        }
        let hosts: Vec<Id> = self.hosts.ids().collect();
        for id in hosts {
            let Some(state) = self.hosts.get_mut(id) else {
                continue;
            };
            if state.is_local || state.adaptive.is_some() {
                continue;
            }
            state.limit = self.settings.limits(&state.host).in_flight.most();
            match state.is_open(now) {
                true => self.unblock(id, now),
                false => self.block(id, now),
            }
            self.rank(id);
        }
    }
}
