//! Limit on attempts that this machine has room for: descriptors, ports and threads may be fewer than the workers.

use std::time::{Duration, Instant};

use super::{JobPlace, Schedule};
use crate::slab::Id;

/// Time after which more attempts are tried at once, if none has met a limit of the machine meanwhile.
const STEP: Duration = Duration::from_secs(1);

/// A limit on attempts in flight that an attempt has found by running into it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shortage {
    /// Attempts at once.
    most: usize,
    /// When one eighth more is allowed.
    grows_at: Instant,
}

impl<J> Schedule<J> {
    /// Returns true if an attempt other than this job's is in flight, or has ended since this job's [start](Start): there
    /// is room for this one then, or will be.
    ///
    /// `given_back` is the number of the start. Jobs cannot wait for each other in a circle: once one has found no room,
    /// few start at once, so the next that finds none was alone since its start.
    pub(crate) fn had_company(&self, id: Id, given_back: u32) -> bool {
        let held = |slot: &super::JobSlot<J>| slot.place == JobPlace::InFlight && !slot.released;
        let own = self.jobs.get(id).is_some_and(held);
        self.places.in_flight > usize::from(own) || self.places.given_back != given_back
    }

    /// An attempt found no room beside those that are in flight now, which are not counting it any more: no more than
    /// these are in flight at once, until one ends, or time passes.
    pub(super) fn found_no_room(&mut self, now: Instant) {
        let known = self
            .places
            .shortage
            .map_or(usize::MAX, |shortage| shortage.most);
        self.places.shortage = Some(Shortage {
            most: known.min(self.places.in_flight).max(1),
            grows_at: now + STEP,
        });
    }

    /// Returns true if as many attempts are in flight as may be.
    pub(super) fn is_full(&mut self, now: Instant) -> bool {
        while let Some(shortage) = &mut self.places.shortage
            && shortage.grows_at <= now
        {
            shortage.most += (shortage.most / 8).max(1);
            shortage.grows_at += STEP;
            if shortage.most >= self.settings.in_flight {
                self.places.shortage = None;
            }
        }
        self.places.in_flight >= self.most_at_once()
    }

    /// The number of attempts that may be in flight: as many as there are workers, or as this machine has room for.
    pub(super) fn most_at_once(&self) -> usize {
        let most = self
            .places
            .shortage
            .map_or(usize::MAX, |shortage| shortage.most);
        most.min(self.settings.in_flight)
    }

    /// When more attempts may start although none has ended. `None`: not by time alone, or nothing waits.
    pub(super) fn grows_at(&self) -> Option<Instant> {
        let shortage = self.places.shortage.as_ref()?;
        let waits = self.queued > 0 && self.places.in_flight >= shortage.most;
        waits.then_some(shortage.grows_at)
    }
}
