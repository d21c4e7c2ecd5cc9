//! Upper bounds for what a client does at once and holds.

use super::places::PlaceLimit;

/// Upper bound for `workers`: Linux's `PID_MAX_LIMIT`.
const MOST_WORKERS: usize = 1 << 22;

/// Upper bounds for what a client does at once and holds.
#[derive(Clone, Debug)]
pub(crate) struct ClientLimits {
    /// Requests under way at once, each on its own thread.
    pub(crate) workers: usize,
    /// Requests under way at once to one host.
    pub(crate) max_per_host: PlaceLimit,
    /// Requests of a batch that are ready, under way, or finished and not taken. `None`: the
    /// [default](ClientLimits::window).
    pub(crate) window: Option<usize>,
    /// Requests of a batch that wait for a retry or behind a host's limit.
    pub(crate) max_parked: usize,
    /// Requests that may wait; if as many do, a submitted request is refused.
    pub(crate) max_pending: usize,
    /// Bytes of bodies of a batch that are finished and not taken.
    pub(crate) byte_budget: u64,
}

impl Default for ClientLimits {
    fn default() -> Self {
        // Default of Python's `ThreadPoolExecutor`: `min(32, available_parallelism + 4)`.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        ClientLimits {
            workers: (cores + 4).min(32),
            max_per_host: PlaceLimit::Fixed(usize::MAX),
            window: None,
            max_parked: 1 << 16,
            max_pending: 1 << 20,
            byte_budget: 64 << 20,
        }
    }
}

impl ClientLimits {
    /// Returns the window that is set. Default: four times the workers, at least 1,000.
    pub(crate) fn window(&self) -> usize {
        let default = self.workers.saturating_mul(4).max(1000);
        self.window.unwrap_or(default)
    }

    /// Checks the limits. The error is the name of the unusable setting and the reason.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const NONE: &str = "at least one is needed";
        let wrong = [
            (self.workers == 0, "workers", NONE),
            (
                self.workers > MOST_WORKERS,
                "workers",
                "no system has that many threads",
            ),
            (self.window == Some(0), "window", NONE),
            (self.max_pending == 0, "max_pending", NONE),
            (
                self.max_parked == 0,
                "max_parked",
                "at least one is needed: a request that is tried again waits there",
            ),
            (
                self.byte_budget == 0,
                "byte_budget",
                "it is zero: no outcome could be held",
            ),
            (
                self.byte_budget > i64::MAX as u64,
                "byte_budget",
                "it is larger than any memory",
            ),
        ];
        match wrong.into_iter().find(|(is_wrong, ..)| *is_wrong) {
            Some((_, setting, reason)) => Err((setting, reason)),
            None => {
                let places = self.max_per_host.check();
                places.map_err(|reason| ("max_per_host", reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_lets_nothing_through_is_refused_by_name() {
        let with = |change: fn(&mut ClientLimits)| {
            let mut limits = ClientLimits::default();
            change(&mut limits);
            limits.check().map_err(|(setting, _)| setting)
        };
        assert_eq!(with(|_| {}), Ok(()));
        assert_eq!(with(|limits| limits.workers = 0), Err("workers"));
        assert_eq!(with(|limits| limits.workers = 1 << 23), Err("workers"));
        assert_eq!(
            with(|limits| limits.max_per_host = 0.into()),
            Err("max_per_host")
        );
        assert_eq!(with(|limits| limits.window = Some(0)), Err("window"));
        assert_eq!(with(|limits| limits.max_pending = 0), Err("max_pending"));
        assert_eq!(with(|limits| limits.max_parked = 0), Err("max_parked"));
        assert_eq!(with(|limits| limits.byte_budget = 0), Err("byte_budget"));
        let huge = with(|limits| limits.byte_budget = u64::MAX);
        assert_eq!(huge, Err("byte_budget"));
    }

    #[test]
    fn the_window_grows_with_the_workers() {
        let of = |workers, window| {
            let limits = ClientLimits {
                workers,
                window,
                ..ClientLimits::default()
            };
            limits.window()
        };
        assert_eq!((of(10, None), of(1000, None)), (1000, 4000));
        assert_eq!(of(1000, Some(7)), 7);
    }
}
