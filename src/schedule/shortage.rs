//! Limit on attempts that this machine has room for: descriptors, ports and threads may be fewer than the workers.

use std::time::{Duration, Instant};

use super::{JobPlace, Schedule};
use crate::slab::Id;

/// Time after which more attempts are tried at once, if none has met a limit of the machine meanwhile.
const STEP: Duration = Duration::from_secs(1);

/// A limit on attempts in flight that an attempt has found by running into it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shortage {
    /// Upper bound for attempts in flight.
    most: usize,
    /// Time at which one eighth more is allowed.
    grows_at: Instant,
}

impl<J> Schedule<J> {
    /// True if an attempt other than this job's is in flight, or has ended since this job's [start](super::Start): then there
    /// is room for this one, or will be.
    ///
    /// `given_back` is that of the [start](super::Start::given_back). Jobs cannot wait for each other in a circle: once an
    /// attempt has found no room, few start at once, so the next that finds none was alone since its start.
    pub(crate) fn had_company(&self, id: Id, given_back: u32) -> bool {
        let held = |slot: &super::JobSlot<J>| slot.place == JobPlace::InFlight && !slot.released;
        let own = self.jobs.get(id).is_some_and(held);
        self.places.in_flight > usize::from(own) || self.places.given_back != given_back
    }

    /// Notes that an attempt found no room beside those that are in flight now, among which it does not count any more.
    /// No more than these are in flight at once, until one of them ends or time passes.
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

    /// True if as many attempts are in flight as may be.
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

    /// Upper bound for attempts in flight: the number of workers, or fewer if this machine has room for fewer.
    pub(super) fn most_at_once(&self) -> usize {
        let most = self
            .places
            .shortage
            .map_or(usize::MAX, |shortage| shortage.most);
        most.min(self.settings.in_flight)
    }

    /// Time at which more attempts may start although none has ended. `None`: time alone lets no more start, or no job
    /// waits.
    pub(super) fn grows_at(&self) -> Option<Instant> {
        let shortage = self.places.shortage.as_ref()?;
        let waits = self.queued > 0 && self.places.in_flight >= shortage.most;
        waits.then_some(shortage.grows_at)
    }
}
