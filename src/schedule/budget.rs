//! Allowance of a host for retries.

use std::time::Instant;

use crate::settings::RetryBudget;

/// Tolerance of comparisons: sums of tenths come out a hair below the whole that they stand for.
const HAIR: f64 = 1e-9;

/// Tokens of one host for retries.
///
/// However requests and failures fall, in a time t with n first attempts no more than `reserve + n * per_request + t *
/// per_second` tokens are taken. No token is given back after a success: that would break the bound.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    settings: RetryBudget,
    tokens: f64,
    at: Instant,
}

impl Budget {
    pub(crate) fn new(settings: &RetryBudget, now: Instant) -> Budget {
        Budget {
            settings: *settings,
            tokens: settings.reserve,
            at: now,
        }
    }

    /// Counts a first attempt. Retries, free replays and redirect hops are not first attempts.
    pub(crate) fn first_attempt(&mut self, now: Instant) {
        // Most budgets are full: tokens that do not fit are not computed.
        if self.tokens >= self.settings.reserve {
            self.at = self.at.max(now);
            return;
        }
        self.refill(now);
        self.add(self.settings.per_request);
    }

    /// Takes the cost of a retry, before it is scheduled. False: the budget is spent and the retry does not take place.
    pub(crate) fn withdraw(&mut self, cost: f64, now: Instant) -> bool {
        self.refill(now);
        let granted = self.tokens + HAIR >= cost;
        if granted {
            self.tokens = (self.tokens - cost).max(0.0);
        }
        granted
    }

    /// True if the budget is as it was when new, so that forgetting it changes nothing. If `per_second` is 0, only
    /// first attempts fill it again.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.tokens + self.earned(now) + HAIR >= self.settings.reserve
    }

    fn refill(&mut self, now: Instant) {
        self.add(self.earned(now));
        self.at = self.at.max(now);
    }

    fn earned(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.at).as_secs_f64() * self.settings.per_second
    }

    fn add(&mut self, tokens: f64) {
        self.tokens = (self.tokens + tokens).min(self.settings.reserve);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ten() -> RetryBudget {
        RetryBudget {
            reserve: 10.0,
            ..RetryBudget::default()
        }
    }

    fn granted(budget: &mut Budget, asked: u32, now: Instant) -> u32 {
        (0..asked)
            .map(|_| u32::from(budget.withdraw(1.0, now)))
            .sum()
    }

    #[test]
    fn vector_112_retries_take_the_reserve_then_what_requests_and_time_add() {
        let now = Instant::now();
        let (mut a, mut b) = (Budget::new(&ten(), now), Budget::new(&ten(), now));
        assert_eq!(granted(&mut a, 11, now), 10);
        for _ in 0..5 {
            a.first_attempt(now);
        }
        assert_eq!(granted(&mut a, 2, now), 1);
        assert_eq!(granted(&mut a, 4, now + Duration::from_secs(3)), 3);
        assert_eq!(granted(&mut b, 1, now), 1, "another host has its own");
    }

    #[test]
    fn a_budget_pays_the_cost_of_each_retry() {
        let now = Instant::now();
        let mut budget = Budget::new(&ten(), now);
        for _ in 0..5 {
            assert!(budget.withdraw(2.0, now));
        }
        assert!(!budget.withdraw(1.0, now));
        assert!(budget.withdraw(0.0, now));
    }

    #[test]
    fn a_budget_fills_up_to_its_reserve() {
        let now = Instant::now();
        let mut budget = Budget::new(&ten(), now);
        assert!(budget.is_full(now));
        assert_eq!(granted(&mut budget, 4, now), 4);
        assert!(!budget.is_full(now + Duration::from_millis(3_900)));
        assert!(budget.is_full(now + Duration::from_secs(4)));
        let year = now + Duration::from_secs(365 * 86_400);
        assert_eq!(granted(&mut budget, 20, year), 10);
    }

    #[test]
    fn a_clock_that_steps_back_earns_nothing() {
        let now = Instant::now() + Duration::from_secs(10);
        let mut budget = Budget::new(&ten(), now);
        granted(&mut budget, 10, now);
        assert!(!budget.withdraw(1.0, now - Duration::from_secs(5)));
        assert!(!budget.withdraw(1.0, now));
        assert!(budget.withdraw(1.0, now + Duration::from_secs(1)));
    }

    #[test]
    fn no_history_takes_more_than_the_bound() {
        let seed = fastrand::u64(..);
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..50 {
            let settings = RetryBudget {
                reserve: rng.f64() * 20.0,
                per_request: rng.f64(),
                per_second: rng.f64() * 3.0,
            };
            let start = Instant::now();
            let (mut now, mut taken, mut first) = (start, 0.0, 0.0);
            let mut budget = Budget::new(&settings, start);
            for _ in 0..2_000 {
                match rng.u8(..3) {
                    0 => {
                        budget.first_attempt(now);
                        first += 1.0;
                    }
                    1 => {
                        let cost = f64::from(rng.u8(1..=2));
                        if budget.withdraw(cost, now) {
                            taken += cost;
                        }
                    }
                    _ => now += Duration::from_micros(rng.u64(..500_000)),
                }
                let t = (now - start).as_secs_f64();
                let bound =
                    settings.reserve + first * settings.per_request + t * settings.per_second;
                assert!(taken <= bound + 1e-5, "seed {seed}: {taken} > {bound}");
            }
        }
    }
}
