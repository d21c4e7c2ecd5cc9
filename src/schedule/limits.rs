//! What may go to a host: the limits that hold for each, and the rules that hold for some.

use std::time::Duration;

use crate::host::Host;
use crate::settings::HostTable;
use crate::settings::{BreakerSettings, RateLimits, RetryBudget};

/// Default of [`ScheduleSettings::hanging_after`].
const HANGING_AFTER: Duration = Duration::from_secs(10);

/// Limits over all batches.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleSettings {
    /// Attempts at once, in all.
    pub(crate) in_flight: usize,
    /// Attempts at once to a host no connection has been made to yet.
    pub(crate) slow_start: usize,
    /// Starts in a time, in all.
    pub(crate) rate: RateLimits,
    /// What holds for each host by itself where no rule says otherwise.
    pub(crate) host: HostLimits,
    /// What holds for some.
    pub(crate) rules: HostTable<LimitRule>,
    /// Time that an attempt may wait for a byte, before its response head has come, until its host's breaker counts it as
    /// failed.
    pub(crate) hanging_after: Duration,
    /// What the spread of a breaker's rest is drawn from.
    pub(crate) seed: u64,
}

/// The limits of one host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HostLimits {
    /// Attempts at once.
    pub(crate) in_flight: usize,
    /// Starts in a time.
    pub(crate) rate: RateLimits,
    pub(crate) breaker: Option<BreakerSettings>,
    /// The allowance for retries it starts with.
    pub(crate) budget: Option<RetryBudget>,
}

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits {
            in_flight: usize::MAX,
            rate: RateLimits::default(),
            breaker: None,
            budget: None,
        }
    }
}

/// Limits that a rule sets for its hosts. `None` says nothing; `Some(None)`, or no rates,
/// turn the limit off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LimitRule {
    pub(crate) in_flight: Option<usize>,
    pub(crate) rate: Option<RateLimits>,
    pub(crate) breaker: Option<Option<BreakerSettings>>,
    pub(crate) budget: Option<Option<RetryBudget>>,
}

impl ScheduleSettings {
    /// So many attempts at once, and nothing else that limits a batch.
    pub(crate) fn new(in_flight: usize) -> ScheduleSettings {
        ScheduleSettings {
            in_flight,
            slow_start: (in_flight / 8).max(2),
            rate: RateLimits::default(),
            host: HostLimits::default(),
            rules: HostTable::default(),
            hanging_after: HANGING_AFTER,
            seed: 0,
        }
    }

    /// True if any host may have a breaker.
    pub(super) fn has_breakers(&self) -> bool {
        let of_rules = |rule: &LimitRule| rule.breaker.flatten().is_some();
        self.host.breaker.is_some() || self.rules.values().any(of_rules)
    }

    /// What holds for this host: of each limit, what the most specific rule says that says anything of it.
    pub(super) fn limits(&self, host: &Host) -> HostLimits {
        let mut limits = self.host.clone();
        if self.rules.is_empty() {
            return limits;
        }
        let mut said = LimitRule::default();
        for rule in self.rules.matching(host) {
            said.in_flight = said.in_flight.or(rule.in_flight);
            said.rate = said.rate.or_else(|| rule.rate.clone());
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
