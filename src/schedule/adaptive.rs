//! Limits of places that follow what a host takes: additive increase, multiplicative decrease.
//!
//! The limit grows by one for each round of answers and falls to 0.7 when the host refuses. Two clients that share a
//! server both lose the same share and gain the same number, so they drift towards equal limits (the argument of Chiu
//! and Jain for TCP). Four details keep the limit near the capacity of the server, as `tests/sim/capacity.rs` shows:
//!
//! - *One cut for a round trip.* When the capacity is passed, several attempts that are under way are refused, and all
//!   of them tell the same. Only an attempt that began after the last cut cuts again: otherwise one overload would take
//!   the limit to its least value. The start of the attempt is compared with the time of the cut, so no list of
//!   attempts is kept.
//! - *Growth counts answers, not time.* The limit grows once in as many answers as it has places, which is about once
//!   in a round trip, however long that is.
//! - *Only answers since the last cut count.* Answers to attempts that began before it tell of a load that the host has
//!   just refused. Counting them, the limit of a small server grows again while it is still drained.
//! - *An idle limit does not grow.* While less than half of the limit is used, answers do not show that the host would
//!   bear more.

use std::num::NonZeroU32;
use std::time::Instant;

use crate::host::Host;
use crate::settings::Adaptive;

use super::Schedule;
use crate::slab::Id;

/// Limit of a host of which nothing is known.
const FIRST: usize = 4;

/// Sign of a host's load, as an attempt shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LoadSign {
    /// A response came, and the host did not refuse the request.
    Answered,
    /// The host refused the request because it has too much to do (429, 503), or did not answer in time.
    Overloaded,
}

/// A host with an adaptive limit, and the present limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AdaptedHost {
    pub(crate) host: Host,
    pub(crate) places: usize,
    pub(crate) limit: usize,
}

/// State of a host's adaptive limit.
#[derive(Debug)]
pub(super) struct AdaptiveLimit {
    bounds: Adaptive,
    limit: usize,
    /// Number of answers since the limit last changed.
    answers: usize,
    /// Time of the last cut. `None`: there was none.
    cut: Option<Instant>,
}

impl AdaptiveLimit {
    pub(super) fn new(bounds: Adaptive) -> AdaptiveLimit {
        AdaptiveLimit {
            bounds,
            limit: FIRST.clamp(bounds.least, bounds.most),
            answers: 0,
            cut: None,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit by the end of an attempt that began at `start`. `in_flight`: attempts under way, this one
    /// included.
    pub(super) fn learn(&mut self, sign: LoadSign, start: Instant, in_flight: usize, now: Instant) {
        if self.cut.is_some_and(|cut| start < cut) {
            return;
        }
        match sign {
            LoadSign::Overloaded => {
                self.cut = Some(now);
                self.set(self.limit.saturating_mul(7) / 10);
            }
            LoadSign::Answered if in_flight.saturating_mul(2) < self.limit => {}
            LoadSign::Answered => {
                self.answers += 1;
                if self.answers >= self.limit {
                    self.set(self.limit.saturating_add(1));
                }
            }
        }
    }

    fn set(&mut self, limit: usize) {
        self.limit = limit.clamp(self.bounds.least, self.bounds.most);
        self.answers = 0;
    }
}

impl<J> Schedule<J> {
    /// Changes the limit of the host of a job in flight, if it adapts, by the end of the job's attempt, which began at
    /// `start`. Called before [`complete`](Schedule::complete), which lets further jobs through.
    pub(crate) fn adapt(&mut self, id: Id, sign: LoadSign, start: Instant, now: Instant) {
        let Some(host) = self.jobs.get(id).map(|slot| slot.host) else {
            return;
        };
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        if let Some(adaptive) = &mut state.adaptive {
            adaptive.learn(sign, start, state.in_flight, now);
            state.limit = adaptive.limit();
            if !state.is_open(now) {
                self.block(host, now);
            }
        }
    }

    /// Returns the host with an adaptive limit that holds the most places of those with jobs of a batch. `None`: no
    /// host of the batch has such a limit.
    pub(super) fn adapted(&self, batch: Id) -> Option<AdaptedHost> {
        if !self.settings.adapts() {
            return None;
        }
        let hosts = self.hosts.visited().filter(|state| {
            state.adaptive.is_some() && state.lanes.iter().any(|lane| lane.batch == batch)
        });
        let state = hosts.max_by_key(|state| state.in_flight)?;
        Some(AdaptedHost {
            host: state.host.clone(),
            places: state.in_flight,
            limit: state.limit,
        })
    }
}

/// Returns an adaptive limit for an outcome's report, where a small number is kept.
pub(super) fn reported(limit: usize) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(limit).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Player {
        limit: AdaptiveLimit,
        now: Instant,
    }

    impl Player {
        /// Returns a limit of 10 places.
        fn of_ten() -> Player {
            let mut limit = AdaptiveLimit::new(Adaptive::new(1, 100));
            let now = Instant::now();
            limit.set(10);
            Player { limit, now }
        }

        /// Ends an attempt that began `age` ago, with `in_flight` under way.
        fn end(&mut self, sign: LoadSign, age: Duration, in_flight: usize) -> usize {
            self.now += Duration::from_millis(10);
            self.limit.learn(sign, self.now - age, in_flight, self.now);
            self.limit.limit()
        }

        fn answers(&mut self, count: usize, in_flight: usize) -> usize {
            let age = Duration::from_millis(1);
            for _ in 0..count {
                self.end(LoadSign::Answered, age, in_flight);
            }
            self.limit.limit()
        }
    }

    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn vector_133_a_refusal_takes_a_limit_of_10_to_7_and_7_answers_add_one() {
        let mut player = Player::of_ten();
        assert_eq!(player.end(LoadSign::Overloaded, SHORT, 10), 7);
        assert_eq!(player.answers(6, 7), 7);
        assert_eq!(player.answers(1, 7), 8);
        assert_eq!(player.answers(7, 8), 8);
        assert_eq!(player.answers(1, 8), 9);
    }

    #[test]
    fn vector_133_answers_count_while_at_least_half_of_the_limit_is_used() {
        let mut player = Player::of_ten();
        assert_eq!(player.answers(100, 4), 10);
        assert_eq!(player.answers(10, 5), 11);
    }

    #[test]
    fn refusals_of_one_round_trip_cut_the_limit_once() {
        let mut player = Player::of_ten();
        assert_eq!(player.end(LoadSign::Overloaded, SHORT, 10), 7);
        let before = Duration::from_millis(50);
        assert_eq!(player.end(LoadSign::Overloaded, before, 9), 7);
        assert_eq!(player.end(LoadSign::Overloaded, SHORT, 7), 4);
    }

    #[test]
    fn answers_of_attempts_that_began_before_the_last_cut_do_not_count() {
        let mut player = Player::of_ten();
        player.end(LoadSign::Overloaded, SHORT, 10);
        for _ in 0..20 {
            let before = Duration::from_secs(1);
            assert_eq!(player.end(LoadSign::Answered, before, 7), 7);
        }
    }

    #[test]
    fn a_limit_keeps_to_its_bounds() {
        let bounds = Adaptive::new(3, 5);
        let mut player = Player {
            limit: AdaptiveLimit::new(bounds),
            now: Instant::now(),
        };
        assert_eq!(player.limit.limit(), 4);
        assert_eq!(player.answers(100, 5), 5);
        for _ in 0..5 {
            player.end(LoadSign::Overloaded, SHORT, 5);
        }
        assert_eq!(player.limit.limit(), 3);
    }

    #[test]
    fn a_limit_begins_with_four_places_if_its_bounds_allow() {
        let first = |least, most| AdaptiveLimit::new(Adaptive::new(least, most)).limit();
        assert_eq!((first(1, 64), first(1, 2), first(10, 64)), (4, 2, 10));
    }
}
