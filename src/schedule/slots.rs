//! Starts of a host, or of all hosts, that were granted from outside: by a server that many clients share.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::granted::SlotDemand;
use super::rate::gap;
use crate::host::Host;
use crate::settings::RateLimit;

/// Time after which a slot that was not used is void, so that a client that stood still cannot start what it was granted
/// long ago.
const VOID_AFTER: Duration = Duration::from_secs(1);

/// Time for which a grant without a rate opens a host.
const OPEN_FOR: Duration = Duration::from_millis(250);

/// Time for whose starts slots are asked for at once.
const ASK_FOR: Duration = Duration::from_millis(50);

/// Slots: each permits one start, from its time on and for one second, or less if rates for longer windows hold too.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    limit: Option<RateLimit>,
    /// Rates for longer windows. The limiter keeps them; the client does not count them.
    longer: Vec<RateLimit>,
    /// Time after which a slot is void.
    void_after: Duration,
    /// Time from one start to the next. Zero: starts are not paced, and a grant opens the host for a time.
    gap: Duration,
    /// Times of the slots that were not used, in order.
    times: VecDeque<Instant>,
    /// Time in which starts are permitted without slots. `None`: in none.
    open: Option<(Instant, Instant)>,
    /// Time of a start on trial that was not used. `None`: there is none.
    trial: Option<Instant>,
    /// True after a start on trial, until it is known of which job it was.
    pub(super) trial_began: bool,
    /// True after slots were asked for, and before the answer.
    pub(super) asked: bool,
    /// Time before which slots are not asked for. `None`: at any time.
    pub(super) ask_after: Option<Instant>,
    /// True while the host is in the list of those that want slots.
    pub(super) listed: bool,
}

impl Slots {
    /// Returns no slots yet. `limits`: the rates of all clients together, that for the shortest window first. Empty:
    /// starts are not paced.
    pub(super) fn new(limits: &[RateLimit]) -> Slots {
        let limit = limits.first().copied();
        let longer = limits.get(1..).unwrap_or_default().to_vec();
        let void_after = match longer.is_empty() {
            true => VOID_AFTER,
            false => RateLimit::longest_late(&longer) * 2 / 5,
        };
        Slots {
            limit,
            longer,
            void_after,
            gap: limit.map(gap).unwrap_or_default(),
            times: VecDeque::new(),
            open: None,
            trial: None,
            trial_began: false,
            asked: false,
            ask_after: None,
            listed: false,
        }
    }

    /// Demand for slots.
    pub(super) fn demand(&self, host: Option<Host>, count: u32) -> SlotDemand {
        SlotDemand {
            host,
            count,
            rate: self.limit,
            longer: self.longer.clone(),
        }
    }

    fn is_valid(&self, slot: Instant, now: Instant) -> bool {
        slot.checked_add(self.void_after)
            .is_none_or(|end| end > now)
    }

    /// Adds `count` slots: the first at `at`, each further one a gap later. Without a rate, starts are permitted for a
    /// quarter of a second from `at` on.
    pub(super) fn grant(&mut self, at: Instant, count: u32) {
        (self.asked, self.ask_after) = (false, None);
        if self.gap.is_zero() {
            if count > 0 {
                self.open = Some((at, at + OPEN_FOR));
            }
            return;
        }
        let after_last = self
            .times
            .back()
            .and_then(|last| last.checked_add(self.gap));
        let at = after_last.map_or(at, |after| at.max(after));
        for number in 0..count {
            let Some(time) = at.checked_add(self.gap.saturating_mul(number)) else {
                return;
            };
            self.times.push_back(time);
        }
    }

    /// Adds a slot for one start on trial. Slots of an earlier time are void.
    pub(super) fn grant_trial(&mut self, at: Instant) {
        (self.asked, self.ask_after) = (false, None);
        (self.open, self.trial) = (None, Some(at));
        self.times.clear();
    }

    /// Time from which on a start is permitted, which may be later than `now`. `None`: there is no slot.
    pub(super) fn opens_at(&self, now: Instant) -> Option<Instant> {
        if let Some(at) = self.trial.filter(|at| self.is_valid(*at, now)) {
            return Some(at);
        }
        if self.gap.is_zero() {
            return self.open.filter(|(_, end)| *end > now).map(|(at, _)| at);
        }
        self.times
            .iter()
            .copied()
            .find(|at| self.is_valid(*at, now))
    }

    /// Uses the first slot whose time has come.
    pub(super) fn take(&mut self, now: Instant) {
        if let Some(at) = self.trial.take_if(|at| *at <= now)
            && self.is_valid(at, now)
        {
            self.trial_began = true;
            return;
        }
        while let Some(first) = self.times.front().copied().filter(|at| *at <= now) {
            self.times.pop_front();
            if self.is_valid(first, now) {
                return;
            }
        }
    }

    /// Number of slots to ask for, if `waiting` jobs wait and this number of places is free. 0: enough slots are left, or
    /// they were asked for.
    pub(super) fn missing(&self, waiting: usize, free: usize, now: Instant) -> u32 {
        let waiting = match self.longer.is_empty() {
            true => waiting,
            // A slot that is not used counts in the longer windows all the same.
            false => waiting.min(free),
        };
        let early = self.ask_after.is_some_and(|at| at > now);
        if self.asked || early || waiting == 0 {
            return 0;
        }
        if self.gap.is_zero() {
            return u32::from(self.opens_at(now).is_none());
        }
        if self.trial.is_some_and(|at| self.is_valid(at, now)) {
            return 0;
        }
        let left = self
            .times
            .iter()
            .filter(|at| self.is_valid(**at, now))
            .count();
        let worth = ASK_FOR.as_nanos().div_ceil(self.gap.as_nanos().max(1));
        let wanted = (waiting as u128).min(worth.max(1)) as usize;
        match left * 2 > wanted {
            true => 0,
            false => (wanted - left).min(u32::MAX as usize) as u32,
        }
    }

    /// True if forgetting the slots changes nothing.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        !self.asked && self.opens_at(now).is_none()
    }
}
