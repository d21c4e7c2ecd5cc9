//! Slots of rates that a worker asks for, and those that it gives itself while the engine does not answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::fleet::engine::{PermitCall, PermitReply, SlotWindow};
use crate::host::Host;
use crate::settings::{PermittedStarts, RateLimit, WantedStarts};

/// Longest time for which a slot is waited for that the engine grants.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Longest time of a call by which its slots may be late. Those of a longer call are used earlier by the rest.
///
/// A question is given up after half a second. So where rates for longer windows hold too, and none is shorter than half a
/// minute, no slot is used earlier than it was granted for.
const LONGEST_CALL: Duration = Duration::from_millis(250);

/// Time between two questions while there are no slots.
const ASKS_AGAIN: Duration = Duration::from_millis(500);

/// Time between two questions about a host that rests.
const ASKS_RESTING: Duration = Duration::from_secs(2);

/// Number of slots of its own that a worker tells the engine of at the most: the last one, and one that is yet to come.
/// Telling of all would count starts again that lie back, and nothing would start for as long as the engine was away.
const MOST_UNTOLD: u32 = 2;

/// Gap of a rate that is not more than one start in 100 years.
const LONGEST_GAP: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Slots of one worker.
///
/// Without an answer of the engine, a worker uses the slots that it has. Then it gives itself slots at its part of the
/// rate, one at a time, for the length of a lease. It tells the engine of the last ones with its next question.
///
/// Where rates for longer windows hold too, it gives itself none: others may have used what a window allows.
#[derive(Debug)]
pub(crate) struct SlotKeeper {
    lease: Duration,
    last_answer: Instant,
    rates: BTreeMap<Option<Host>, KeptRate>,
}

#[derive(Debug, Default)]
struct KeptRate {
    /// Time of the last slot. `None`: there was no slot.
    last: Option<Instant>,
    /// Number of slots that were granted together with the last one.
    together: u32,
    /// Number of recent slots that the engine does not know.
    untold: u32,
    /// Number of them that the present question tells.
    told: u32,
}

impl SlotKeeper {
    pub(crate) fn new(lease: Duration, now: Instant) -> SlotKeeper {
        SlotKeeper {
            lease,
            last_answer: now,
            rates: BTreeMap::new(),
        }
    }

    /// Question to the engine.
    pub(crate) fn call(&mut self, wanted: &WantedStarts, now: Instant) -> PermitCall {
        let interval = wanted.rate.map(gap).unwrap_or_default();
        let burst = wanted.rate.map_or(1, |rate| rate.burst.max(1));
        self.forget_idle(now);
        let kept = self.rates.entry(wanted.host.clone()).or_default();
        kept.told = kept.untold;
        PermitCall {
            interval,
            tolerance: interval.saturating_mul(burst - 1),
            count: wanted.count.max(1).saturating_add(kept.told),
            longest_wait: LONGEST_WAIT,
            windows: windows(&wanted.longer),
        }
    }

    /// Starts that the engine's answer permits. `sent`: time before the question was sent.
    pub(crate) fn answered(
        &mut self,
        wanted: &WantedStarts,
        reply: PermitReply,
        sent: Instant,
        now: Instant,
    ) -> PermittedStarts {
        self.last_answer = now;
        let interval = wanted.rate.map(gap).unwrap_or_default();
        let kept = self.rates.entry(wanted.host.clone()).or_default();
        let told = std::mem::take(&mut kept.told);
        let asked = wanted.count.max(1);
        let longest_call = match wanted.longer.is_empty() {
            true => LONGEST_CALL,
            false => RateLimit::longest_late(&wanted.longer) * 2 / 5,
        };
        match reply {
            PermitReply::Granted(wait) | PermitReply::Fewer(wait, _) => {
                kept.untold -= told;
                let took = now.saturating_duration_since(sent);
                let after = wait.saturating_add(interval.saturating_mul(told));
                let after = after.saturating_sub(took.saturating_sub(longest_call));
                let count = match reply {
                    PermitReply::Fewer(_, count) => count.min(asked),
                    _ => asked,
                };
                let last = after.saturating_add(interval.saturating_mul(count - 1));
                (kept.last, kept.together) = (now.checked_add(last), count);
                PermittedStarts::Granted { after, count }
            }
            PermitReply::Probe => PermittedStarts::Trial,
            PermitReply::Later(after) => later(after, false),
            // A request on trial may end the rest before its time.
            PermitReply::Rests(after) => later(after.min(ASKS_RESTING), true),
        }
    }

    /// Starts that are permitted without an answer of the engine. `workers`: number of workers that live.
    pub(crate) fn unanswered(
        &mut self,
        wanted: &WantedStarts,
        workers: u32,
        now: Instant,
    ) -> PermittedStarts {
        let is_late = now.saturating_duration_since(self.last_answer) >= self.lease;
        if is_late || !wanted.longer.is_empty() {
            return later(ASKS_AGAIN, is_late);
        }
        let interval = wanted.rate.map(gap).unwrap_or_default();
        let own = interval.saturating_mul(workers.max(1));
        let kept = self.rates.entry(wanted.host.clone()).or_default();
        // The question may have been answered by slots that never came.
        kept.told = 0;
        // Slots that were granted together are the worker's part of the time for all of them.
        let part = own.saturating_mul(kept.together.max(1));
        let part = part.saturating_sub(interval.saturating_mul(kept.together.saturating_sub(1)));
        let due = kept.last.map_or(Some(now), |last| last.checked_add(part));
        let Some(start) = due.map(|due| due.max(now)) else {
            return later(ASKS_AGAIN, false);
        };
        let wait = start.saturating_duration_since(now);
        if wait > LONGEST_WAIT {
            return later(wait.saturating_sub(LONGEST_WAIT).min(ASKS_AGAIN), false);
        }
        (kept.last, kept.together) = (Some(start), 1);
        if !interval.is_zero() {
            kept.untold = (kept.untold + 1).min(MOST_UNTOLD);
        }
        PermittedStarts::Granted {
            after: wait,
            count: 1,
        }
    }

    fn forget_idle(&mut self, now: Instant) {
        const MOST: usize = 10_000;
        if self.rates.len() > MOST {
            self.rates
                .retain(|_, kept| kept.untold > 0 || kept.last.is_some_and(|at| at > now));
        }
    }
}

fn later(after: Duration, pause: bool) -> PermittedStarts {
    PermittedStarts::Later {
        after: after.max(Duration::from_millis(1)),
        pause,
    }
}

/// Longer windows as the engine keeps them. Each is longer by the time by which a start may be late, so that the starts
/// themselves hold it.
fn windows(longer: &[RateLimit]) -> Vec<SlotWindow> {
    let late = RateLimit::longest_late(longer);
    let window = |rate: &RateLimit| {
        // A window holds whole starts. Less than one start is one in a window that is longer by as much.
        let (length, most) = match rate.count >= 1.0 {
            true => (rate.per, rate.count as u32),
            false => (gap(*rate), 1),
        };
        let length = length.saturating_add(late);
        SlotWindow { length, most }
    };
    longer.iter().map(window).collect()
}

/// Time from one start to the next, rounded up.
fn gap(rate: RateLimit) -> Duration {
    let count = if rate.count > 0.0 { rate.count } else { 1.0 };
    let nanos = (rate.per.as_nanos() as f64 / count).ceil();
    match nanos < LONGEST_GAP.as_nanos() as f64 {
        true => Duration::from_nanos(nanos as u64),
        false => LONGEST_GAP,
    }
}
