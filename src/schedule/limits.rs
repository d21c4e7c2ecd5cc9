//! Limits on the attempts at a host: those of every host, and the rules for some hosts.

use std::time::Duration;

use crate::host::Host;
use crate::settings::HostTable;
use crate::settings::{BreakerSettings, PlaceLimit, RateLimits, RetryBudget};

/// Default of [`ScheduleSettings::hanging_after`].
const HANGING_AFTER: Duration = Duration::from_secs(10);

/// Limits over all batches.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleSettings {
    /// Upper bound for attempts in flight at once, over all hosts.
    pub(crate) in_flight: usize,
    /// Upper bound for attempts in flight at a host to which no connection has been made yet.
    pub(crate) slow_start: usize,
    /// Number of clients, this one included, that a fixed limit of a host's places is divided by.
    pub(crate) clients: usize,
    /// Upper bounds for starts in a time, over all hosts.
    pub(crate) rate: RateLimits,
    /// Upper bounds for the cost of the attempts that start in a time, over all hosts.
    pub(crate) rate_cost: RateLimits,
    /// Limits of each host, unless a rule sets another.
    pub(crate) host: HostLimits,
    /// Rules that set the limits of some hosts.
    pub(crate) rules: HostTable<LimitRule>,
    /// Time for which an attempt may wait for a byte, before its response head has come, until its host's breaker
    /// counts it as failed.
    pub(crate) hanging_after: Duration,
    /// True if the source of starts gives hosts a rest for all clients together. Jobs that the breaker of a host refuses
    /// are given back then.
    pub(crate) shared_rests: bool,
    /// Seed of the random numbers that spread the rests of breakers.
    pub(crate) seed: u64,
}

/// The limits of one host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HostLimits {
    /// Upper bound for attempts in flight at once.
    pub(crate) in_flight: PlaceLimit,
    /// Upper bounds for starts in a time.
    pub(crate) rate: RateLimits,
    /// True if starts are granted from outside: `rate` is that of all clients that share the host.
    pub(crate) granted: bool,
    pub(crate) breaker: Option<BreakerSettings>,
    /// Allowance for retries. `None`: retries are not limited.
    pub(crate) budget: Option<RetryBudget>,
}

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits {
            in_flight: PlaceLimit::Fixed(usize::MAX),
            rate: RateLimits::default(),
            granted: false,
            breaker: None,
            budget: None,
        }
    }
}

/// Limits that a rule sets for its hosts. `None`: the rule does not set this limit. `Some(None)`, or empty rates, turn
/// the limit off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LimitRule {
    pub(crate) in_flight: Option<PlaceLimit>,
    pub(crate) rate: Option<RateLimits>,
    pub(crate) breaker: Option<Option<BreakerSettings>>,
    pub(crate) budget: Option<Option<RetryBudget>>,
}

impl ScheduleSettings {
    /// Settings with `in_flight` attempts at once and no other limit of a batch.
    pub(crate) fn new(in_flight: usize) -> ScheduleSettings {
        ScheduleSettings {
            in_flight,
            slow_start: (in_flight / 8).max(2),
            clients: 1,
            rate: RateLimits::default(),
            rate_cost: RateLimits::default(),
            host: HostLimits::default(),
            rules: HostTable::default(),
            hanging_after: HANGING_AFTER,
            shared_rests: false,
            seed: 0,
        }
    }

    /// True if any host may have a breaker.
    pub(super) fn has_breakers(&self) -> bool {
        let of_rules = |rule: &LimitRule| rule.breaker.flatten().is_some();
        self.host.breaker.is_some() || self.rules.values().any(of_rules)
    }

    /// True if any host may have a limit of places that adapts.
    pub(super) fn adapts(&self) -> bool {
        let of_rules = |rule: &LimitRule| rule.in_flight.and_then(PlaceLimit::adaptive);
        let hosts = self.host.in_flight.adaptive();
        hosts.is_some() || self.rules.values().any(|rule| of_rules(rule).is_some())
    }

    /// Returns the limits of a host in this client: its places divided by the number of clients, and no jobs that wait
    /// for the end of a rest where another client may run them.
    pub(super) fn limits(&self, host: &Host) -> HostLimits {
        let mut limits = self.undivided(host);
        if let Some(breaker) = limits.breaker.as_mut().filter(|_| self.shared_rests) {
            breaker.wait = false;
        }
        if let PlaceLimit::Fixed(most) = &mut limits.in_flight {
            *most = (*most / self.clients.max(1)).max(1);
        }
        limits
    }

    /// Returns the limits of a host for all clients together. Each limit is that of the most specific rule that sets it,
    /// or else the default.
    fn undivided(&self, host: &Host) -> HostLimits {
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
