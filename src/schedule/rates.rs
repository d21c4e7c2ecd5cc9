//! Rate limits that hold together: the shortest window is paced, the longer ones are counted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::settings::{RateLimit, RateLimits};

use super::rate::{Gcra, gap};
use super::slots::Slots;

/// Upper bound for the slices of a counted window, and so for its memory.
const SLICES: usize = 64;

/// The rate limits of one host, or of all hosts together. A start is allowed when every window allows it.
///
/// Evenly paced starts alone would not keep the longer windows from being exceeded by the faster pace of the shortest,
/// and pacing the longer ones too would never let the shortest reach its own rate.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    paced: Pace,
    counted: Vec<CountedWindow>,
}

/// Pace of the starts, and its source.
#[derive(Clone, Debug)]
enum Pace {
    /// Pace that this client keeps by itself.
    Own(Gcra),
    /// Starts that are granted from outside.
    Granted(Slots),
}

impl Rates {
    /// Returns the rates for these limits. `None`: there is no limit.
    pub(crate) fn new(limits: &RateLimits) -> Option<Rates> {
        let (shortest, longer) = limits.as_slice().split_first()?;
        Some(Rates {
            paced: Pace::Own(Gcra::new(*shortest)),
            counted: longer.iter().copied().map(CountedWindow::new).collect(),
        })
    }

    /// Returns rates that are granted from outside, all windows together. Without limits a grant opens the host for a
    /// time.
    pub(super) fn granted(limits: &RateLimits) -> Rates {
        Rates {
            paced: Pace::Granted(Slots::new(limits.as_slice())),
            counted: Vec::new(),
        }
    }

    /// Returns the slots, if starts are granted from outside.
    pub(super) fn slots(&self) -> Option<&Slots> {
        match &self.paced {
            Pace::Granted(slots) => Some(slots),
            Pace::Own(_) => None,
        }
    }

    /// Returns the slots to change, if starts are granted from outside.
    pub(super) fn slots_mut(&mut self) -> Option<&mut Slots> {
        match &mut self.paced {
            Pace::Granted(slots) => Some(slots),
            Pace::Own(_) => None,
        }
    }

    /// Time at which a start is allowed: `now` or later. `None`: it is not known, since no slot is left.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let counted = self.counted.iter().filter_map(|window| window.opens_at(1));
        let paced = match &self.paced {
            Pace::Own(gcra) => gcra.next(now),
            Pace::Granted(slots) => slots.opens_at(now)?.max(now),
        };
        Some(counted.fold(paced, Instant::max))
    }

    /// Time from which on a start is allowed. `None`: from the beginning of time, or no slot is left. A window that has
    /// opened stays open until a start is counted, so the last window to open decides.
    pub(crate) fn opens_at(&self, now: Instant) -> Option<Instant> {
        let counted = self.counted.iter().map(|window| window.opens_at(1));
        let paced = match &self.paced {
            Pace::Own(gcra) => gcra.opens_at(),
            Pace::Granted(slots) => slots.opens_at(now),
        };
        counted.fold(paced, Option::max)
    }

    /// True if starts are granted from outside, and no slot is left.
    pub(super) fn lacks_slot(&self, now: Instant) -> bool {
        self.slots()
            .is_some_and(|slots| slots.opens_at(now).is_none())
    }

    /// Counts a start: a retry or a redirect hop like any other.
    pub(crate) fn take(&mut self, now: Instant) {
        match &mut self.paced {
            Pace::Own(gcra) => gcra.take(now),
            Pace::Granted(slots) => slots.take(now),
        }
        self.counted
            .iter_mut()
            .for_each(|window| window.take(1, now));
    }

    /// True if every window is as it was when new, so that forgetting the rates changes nothing.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        let paced = match &self.paced {
            Pace::Own(gcra) => gcra.is_idle(now),
            Pace::Granted(slots) => slots.is_idle(now),
        };
        paced && self.counted.iter().all(|window| window.is_idle(now))
    }
}

/// Limits on the cost of the attempts that start in a time. Every window is counted and none is paced, so that one
/// expensive request may start at once.
#[derive(Clone, Debug)]
pub(crate) struct CostRates(Vec<CountedWindow>);

impl CostRates {
    /// Returns the rates for these limits. `None`: there is no limit.
    pub(crate) fn new(limits: &RateLimits) -> Option<CostRates> {
        let windows = limits.as_slice().iter().copied().map(CountedWindow::new);
        Some(CostRates(windows.collect())).filter(|rates| !rates.0.is_empty())
    }

    /// Time at which an attempt of this cost is allowed: `now` or later. A cost above the count of a limit, which is
    /// refused before it comes here, is allowed once nothing else counts.
    pub(crate) fn next(&self, cost: u32, now: Instant) -> Instant {
        let opens = self.0.iter().filter_map(|w| w.opens_at(cost.into()));
        opens.fold(now, Instant::max)
    }

    /// Counts an attempt of this cost.
    pub(crate) fn take(&mut self, cost: u32, now: Instant) {
        if cost > 0 {
            self.0.iter_mut().for_each(|w| w.take(cost.into(), now));
        }
    }
}

/// The rate limits over all hosts.
#[derive(Debug)]
pub(super) struct TotalRate {
    /// Rates of all hosts together. `None`: there is no limit.
    pub(super) rates: Option<Rates>,
    /// Limits on cost. `None`: there is no limit.
    costs: Option<CostRates>,
    /// Time at which the next job may start, if the rate holds it back now. `None`: no job waits for the rate.
    pub(super) paced_until: Option<Instant>,
}

impl TotalRate {
    /// Returns the limits. `granted`: true if the starts that `limits` allow are granted from outside.
    pub(super) fn new(limits: &RateLimits, costs: &RateLimits, granted: bool) -> TotalRate {
        let rates = match granted && !limits.as_slice().is_empty() {
            true => Some(Rates::granted(limits)),
            false => Rates::new(limits),
        };
        TotalRate {
            rates,
            costs: CostRates::new(costs),
            paced_until: None,
        }
    }

    /// True if a job may start now. If not, `paced_until` is set to the time until which it waits. `cost` returns the
    /// cost that the job's start pays.
    #[inline]
    pub(super) fn allows(&mut self, cost: impl FnOnce() -> u32, now: Instant) -> bool {
        let mut next = match &self.rates {
            None => None,
            Some(rates) => match rates.next(now) {
                None => return false,
                at => at,
            },
        };
        if let Some(costs) = &self.costs {
            next = next.max(Some(costs.next(cost(), now)));
        }
        self.paced_until = next.filter(|at| *at > now);
        self.paced_until.is_none()
    }

    /// Counts a start. `cost` returns the cost that it pays.
    #[inline]
    pub(super) fn take(&mut self, cost: impl FnOnce() -> u32, now: Instant) {
        if let Some(rates) = &mut self.rates {
            rates.take(now);
        }
        if let Some(costs) = &mut self.costs {
            costs.take(cost(), now);
        }
    }
}

/// Counts starts, each with its weight, so that no window of its length holds more than its limit.
///
/// Starts that lie close together share a slice. A slice leaves the window as a whole, a window's length after its last
/// start, so its earlier starts count a little longer than they must: by a 63rd of the window at most.
#[derive(Clone, Debug)]
struct CountedWindow {
    length: Duration,
    /// Starts allowed in the window, at least 1.
    limit: u64,
    /// Time from the first start of a slice to the first of the next. Zero while the limit allows each start a slice
    /// of its own, which counts exactly.
    slice: Duration,
    /// Slices, oldest first. Slices that have left the window are dropped at the next start.
    slices: VecDeque<Slice>,
    /// Weight of the starts in all slices.
    starts: u64,
}

#[derive(Clone, Copy, Debug)]
struct Slice {
    first: Instant,
    last: Instant,
    /// Weight of the starts in the slice.
    starts: u64,
}

impl CountedWindow {
    /// Returns an empty window. A window holds whole starts: of 2.5 in a minute, two. A rate of less than one start in
    /// a window becomes one start in a window that is longer by as much.
    fn new(rate: RateLimit) -> CountedWindow {
        let (length, limit) = if rate.count >= 1.0 {
            (rate.per, rate.count as u64)
        } else {
            (gap(rate), 1)
        };
        // As 64 slices begin at least a 63rd of the window apart, the first of them has left when a 65th begins.
        let slice = if limit <= SLICES as u64 {
            Duration::ZERO
        } else {
            length / (SLICES as u32 - 1) + Duration::from_nanos(1)
        };
        CountedWindow {
            length,
            limit,
            slice,
            slices: VecDeque::new(),
            starts: 0,
        }
    }

    /// Time at which enough slices have left for one more start of this weight. `None`: it is allowed at any time.
    fn opens_at(&self, weight: u64) -> Option<Instant> {
        let mut left = self.starts;
        let mut slices = self.slices.iter();
        let mut opens = None;
        while left.saturating_add(weight) > self.limit
            && let Some(oldest) = slices.next()
        {
            left -= oldest.starts;
            opens = Some(self.leaves_at(oldest));
        }
        opens
    }

    fn take(&mut self, weight: u64, now: Instant) {
        while let Some(oldest) = self.slices.front()
            && self.leaves_at(oldest) <= now
        {
            self.starts -= oldest.starts;
            self.slices.pop_front();
        }
        self.starts += weight;
        let full = self.slices.len() >= SLICES;
        match self.slices.back_mut() {
            Some(newest) if full || now.saturating_duration_since(newest.first) < self.slice => {
                newest.last = newest.last.max(now);
                newest.starts += weight;
            }
            _ => self.slices.push_back(Slice {
                first: now,
                last: now,
                starts: weight,
            }),
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.slices
            .back()
            .is_none_or(|newest| self.leaves_at(newest) <= now)
    }

    fn leaves_at(&self, slice: &Slice) -> Instant {
        // Only absurd lengths do not fit; their windows do not open again for a century.
        slice.last.checked_add(self.length).unwrap_or_else(|| {
            const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
            slice.last + CENTURY
        })
    }
}

#[cfg(test)]
mod tests;
