//! The allowance for retries.

/// Allowance of each host for retries, so that retries stay a small share of the load.
///
/// Each first attempt adds `per_request` tokens, each second adds `per_second`, a retry takes one token (two after a
/// timeout).
///
/// The default: 500 tokens at the start and at most, 0.2 per first attempt, 1 per second. After Finagle's
/// `RetryBudget`.
///
/// ```
/// use haul::RetryPolicy;
/// use haul::settings::RetryBudget;
///
/// // Retries are at most a tenth of the load, after 20 at the start.
/// let budget = RetryBudget::new().reserve(20.0).per_request(0.1).per_second(0.0);
/// let policy = RetryPolicy::default().budget(budget);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a budget holds for the policy it is given to with `RetryPolicy::budget`"]
pub struct RetryBudget {
    pub(crate) reserve: f64,
    pub(crate) per_request: f64,
    pub(crate) per_second: f64,
}

impl RetryBudget {
    /// Checks the budget. The error says what is wrong and names the setting.
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

impl RetryBudget {
    /// Makes the default budget.
    pub fn new() -> RetryBudget {
        RetryBudget::default()
    }

    /// Number of tokens at the start, and upper bound for it. Default 500.
    pub fn reserve(mut self, tokens: f64) -> RetryBudget {
        self.reserve = tokens;
        self
    }

    /// Number of tokens that each first attempt adds. Default 0.2.
    pub fn per_request(mut self, tokens: f64) -> RetryBudget {
        self.per_request = tokens;
        self
    }

    /// Number of tokens that each second adds. Default 1.
    pub fn per_second(mut self, tokens: f64) -> RetryBudget {
        self.per_second = tokens;
        self
    }
}
