//! The allowance for retries.

/// A per-host allowance for retries, so that retries stay a small share of the load: each first attempt adds
/// `per_request` tokens, each second adds `per_second`, a retry takes one (two after a timeout).
///
/// The default: 500 in reserve and at most, 0.2 per first attempt, 1 per second. After Finagle's `RetryBudget`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudget {
    /// Tokens at the start, and the most there can be.
    pub reserve: f64,
    /// Tokens added by each first attempt.
    pub per_request: f64,
    /// Tokens added each second.
    pub per_second: f64,
}

impl RetryBudget {
    /// Says what is wrong with it, naming the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        let numbers = [self.reserve, self.per_request, self.per_second];
        match numbers.iter().all(|n| n.is_finite() && *n >= 0.0) {
            true => Ok(()),
            false => Err("budget: its numbers must be finite and not negative".into()),
        }
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget {
            reserve: 500.0,
            per_request: 0.2,
            per_second: 1.0,
        }
    }
}
