//! What may go to a host: the limits that hold for each, and the rules that hold for some.

use crate::host::Host;
use crate::host_rule::HostTable;
use crate::limits::{BreakerSettings, RateLimit, RetryBudget};

/// Limits over all batches.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Attempts at once, in all.
    pub(crate) in_flight: usize,
    /// Attempts at once to a host no connection has been made to yet.
    pub(crate) slow_start: usize,
    /// Starts in a time, in all.
    pub(crate) rate: Option<RateLimit>,
    /// What holds for each host by itself where no rule says otherwise.
    pub(crate) host: HostLimits,
    /// What holds for some.
    pub(crate) rules: HostTable<LimitRule>,
    /// What the spread of a breaker's rest is drawn from.
    pub(crate) seed: u64,
}

/// The limits of one host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HostLimits {
    /// Attempts at once.
    pub(crate) in_flight: usize,
    /// Starts in a time.
    pub(crate) rate: Option<RateLimit>,
    pub(crate) breaker: Option<BreakerSettings>,
    /// The allowance for retries it starts with.
    pub(crate) budget: Option<RetryBudget>,
}

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits {
            in_flight: usize::MAX,
            rate: None,
            breaker: None,
            budget: None,
        }
    }
}

/// What a rule says of the limits of the hosts it is for. `None` says nothing; `Some(None)` turns the limit off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LimitRule {
    pub(crate) in_flight: Option<usize>,
    pub(crate) rate: Option<Option<RateLimit>>,
    pub(crate) breaker: Option<Option<BreakerSettings>>,
    pub(crate) budget: Option<Option<RetryBudget>>,
}

impl Settings {
    /// So many attempts at once, and nothing else that limits a batch.
    pub(crate) fn new(in_flight: usize) -> Settings {
        Settings {
            in_flight,
            slow_start: (in_flight / 8).max(2),
            rate: None,
            host: HostLimits::default(),
            rules: HostTable::default(),
            seed: 0,
        }
    }

    /// What holds for this host: of each limit, what the most specific rule says that says anything of it.
    pub(super) fn limits(&self, host: &Host) -> HostLimits {
        let mut limits = self.host;
        if self.rules.is_empty() {
            return limits;
        }
        let mut said = LimitRule::default();
        for rule in self.rules.matching(host) {
            said.in_flight = said.in_flight.or(rule.in_flight);
            said.rate = said.rate.or(rule.rate);
            said.breaker = said.breaker.or(rule.breaker);
            said.budget = said.budget.or(rule.budget);
        }
        limits.in_flight = said.in_flight.unwrap_or(limits.in_flight);
        limits.rate = said.rate.unwrap_or(limits.rate);
        limits.breaker = said.breaker.unwrap_or(limits.breaker);
        limits.budget = said.budget.unwrap_or(limits.budget);
        limits
    }
}
