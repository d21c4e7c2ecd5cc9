//! The limit of places: requests to one host that are under way at once.

/// Upper bound for the requests to one host that are under way at once.
///
/// A number, or one that [adapts](Adaptive).
///
/// Both convert into it, so that [`max_per_host`](crate::ClientBuilder::max_per_host) and
/// [`max_in_flight`](crate::HostRule::max_in_flight) take either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceLimit {
    /// A number that stays.
    Fixed(usize),
    /// A number that follows what the host takes.
    Adaptive(Adaptive),
}

/// Limit of requests at once that follows what a host takes.
///
/// For servers that do not say how many requests at once they bear.
///
/// Each host begins with 4 requests at once. After as many answers as the present limit, while at least half of it was
/// used, one more is allowed. A 429, a 503 or a timeout takes the limit to 0.7 of its value, at most once in a round
/// trip: failures of attempts that began before the last cut tell nothing new. So the limit swings just below the
/// server's capacity, and clients that share a server get similar shares of it (additive increase, multiplicative
/// decrease, as in TCP and in Netflix's `AIMDLimit`).
///
/// A 429 or 503 that names no time to wait does not hold back the whole host, as it does under a fixed limit: fewer
/// requests at once are the answer. The refused request waits for its retry as always, and a `Retry-After` is obeyed.
///
/// [`Progress::adaptive`](crate::batch::Progress::adaptive) and
/// [`HostFigures::limit`](crate::summary::HostFigures::limit) show the present limit.
///
/// ```
/// use haul::{Adaptive, Client, HostRule};
///
/// let client = Client::builder()
///     .workers(64)
///     .max_per_host(Adaptive::new(1, 64))
///     .host_rule("slow.example.com", HostRule::new().max_in_flight(2))
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "AIMD")]
#[doc(alias = "AutoThrottle")]
#[must_use = "a limit holds for what it is given to: `ClientBuilder::max_per_host` or `HostRule::max_in_flight`"]
pub struct Adaptive {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

impl Adaptive {
    /// Makes a limit that is never below `least` and never above `most` requests at once.
    ///
    /// `least` is at least 1 and at most `most`; otherwise the client is not built.
    pub fn new(least: usize, most: usize) -> Adaptive {
        Adaptive { least, most }
    }
}

impl PlaceLimit {
    /// Returns the adaptive limit. `None`: the limit is a number that stays.
    pub(crate) fn adaptive(self) -> Option<Adaptive> {
        match self {
            PlaceLimit::Fixed(_) => None,
            PlaceLimit::Adaptive(adaptive) => Some(adaptive),
        }
    }

    /// Returns the largest number that the limit can be.
    pub(crate) fn most(self) -> usize {
        match self {
            PlaceLimit::Fixed(most) | PlaceLimit::Adaptive(Adaptive { most, .. }) => most,
        }
    }

    /// Checks the limit. The error says what is wrong.
    pub(crate) fn check(self) -> Result<(), &'static str> {
        match self {
            PlaceLimit::Fixed(0) => Err("at least one is needed"),
            PlaceLimit::Adaptive(Adaptive { least: 0, .. }) => {
                Err("the least number of an adaptive limit is 0, and at least one is needed")
            }
            PlaceLimit::Adaptive(Adaptive { least, most }) if least > most => {
                Err("the least number of an adaptive limit is above its largest")
            }
            _ => Ok(()),
        }
    }
}

impl From<usize> for PlaceLimit {
    fn from(most: usize) -> PlaceLimit {
        PlaceLimit::Fixed(most)
    }
}

impl From<Adaptive> for PlaceLimit {
    fn from(adaptive: Adaptive) -> PlaceLimit {
        PlaceLimit::Adaptive(adaptive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_places_that_lets_nothing_through_is_refused() {
        let wrong: [PlaceLimit; 3] = [
            0.into(),
            Adaptive::new(0, 4).into(),
            Adaptive::new(5, 4).into(),
        ];
        for limit in wrong {
            assert!(limit.check().is_err(), "{limit:?}");
        }
    }

    #[test]
    fn a_limit_of_places_may_be_any_number_above_zero() {
        let right: [PlaceLimit; 3] = [1.into(), usize::MAX.into(), Adaptive::new(4, 4).into()];
        for limit in right {
            assert_eq!(limit.check(), Ok(()), "{limit:?}");
        }
    }
}
