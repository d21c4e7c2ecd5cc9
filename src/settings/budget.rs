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

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget {
            reserve: 500.0,
            per_request: 0.2,
            per_second: 1.0,
        }
    }
}
