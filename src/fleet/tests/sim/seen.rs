//! Events that histories had.

/// Events of histories, so that a test that no longer reaches them fails.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) histories: u64,
    pub(super) hits: u64,
    pub(super) repeated: u64,
    pub(super) delayed: u64,
    pub(super) crashes: u64,
    pub(super) stops: u64,
    pub(super) drains: u64,
    pub(super) restarts: u64,
    pub(super) losses: u64,
    pub(super) deaths: u64,
    pub(super) stale: u64,
    pub(super) reclaimed: u64,
    pub(super) found_again: u64,
    pub(super) parked: u64,
    /// Calls that came after a later one, and did not park what the worker held anew.
    pub(super) outrun: u64,
    pub(super) given_back: u64,
    pub(super) given_up: u64,
    pub(super) interrupted: u64,
    pub(super) full: u64,
    pub(super) local_slots: u64,
    pub(super) cancelled: u64,
    pub(super) lost_collectors: u64,
    /// Loaders that were told that their input is another one.
    pub(super) other_inputs: u64,
}

impl Seen {
    fn fields(&mut self) -> [(&'static str, &mut u64); 23] {
        [
            ("histories", &mut self.histories),
            ("hits", &mut self.hits),
            ("repeated", &mut self.repeated),
            ("delayed", &mut self.delayed),
            ("crashes", &mut self.crashes),
            ("stops", &mut self.stops),
            ("drains", &mut self.drains),
            ("restarts", &mut self.restarts),
            ("losses", &mut self.losses),
            ("deaths", &mut self.deaths),
            ("stale", &mut self.stale),
            ("reclaimed", &mut self.reclaimed),
            ("found_again", &mut self.found_again),
            ("parked", &mut self.parked),
            ("outrun", &mut self.outrun),
            ("given_back", &mut self.given_back),
            ("given_up", &mut self.given_up),
            ("interrupted", &mut self.interrupted),
            ("full", &mut self.full),
            ("local_slots", &mut self.local_slots),
            ("cancelled", &mut self.cancelled),
            ("lost_collectors", &mut self.lost_collectors),
            ("other_inputs", &mut self.other_inputs),
        ]
    }

    pub(super) fn add(&mut self, other: &Seen) {
        let mut other = *other;
        for ((_, sum), (_, count)) in self.fields().into_iter().zip(other.fields()) {
            *sum += *count;
        }
    }

    pub(super) fn cover_everything(mut self) {
        eprintln!("{self:?}");
        for (name, count) in self.fields() {
            assert!(*count > 0, "no history had: {name}");
        }
    }
}
