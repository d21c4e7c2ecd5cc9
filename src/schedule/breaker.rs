//! Circuit breaker of one host: a host that keeps failing is given a rest.

use std::time::{Duration, Instant};

use crate::settings::BreakerSettings;

const BUCKETS: usize = 10;

/// Largest part of the rest by which it is made longer or shorter at random, so that clients do not come back in step.
const SPREAD: f64 = 0.2;

/// Circuit breaker: closed, open or half-open. After Polly's window, resilience4j's ratio and failsafe's half-open
/// permits.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    /// Number of calls in the window below which the breaker stays closed.
    min_calls: u32,
    state: BreakerState,
    window: Window,
    /// Number of changes of state, so that a call is judged only in the state that let it through.
    era: u32,
    /// Number of times the breaker opened since it was last closed.
    opened: u32,
    /// Time at which the half-open breaker last let a call through.
    tried: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BreakerState {
    Closed,
    Open { until: Instant },
    HalfOpen { out: u32, good: u32, bad: u32 },
}

/// Permission for a call to go out.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum BreakerPermit {
    /// The call may go out. Its end is to be [recorded](Breaker::record), whatever it is.
    Granted(PassedCall),
    /// The call may not go out. Asking before `until` is of no use, unless the end of another call is recorded.
    Refused { until: Instant },
}

/// A call that was let through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PassedCall {
    /// Value of [`Breaker::era`] when the call was let through.
    era: u32,
    /// Bucket of the window that counts the call as failed while it is under way. `None`: it is not counted so.
    hangs_in: Option<u64>,
}

/// End of a call, as far as it tells about the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The host sent a response that is neither a 5xx nor a 429: also another 4xx, and a response that the application
    /// rejects.
    Success,
    /// The host sent no response, or a 5xx, perhaps asking to be left alone for a while.
    Failure { retry_after: Option<Duration> },
    /// The end tells nothing about the host: cancelled, cut off by a deadline, throttled, failed on this side.
    Ignored,
}

impl Breaker {
    /// Returns a closed breaker for a client with this number of workers.
    pub(crate) fn new(settings: &BreakerSettings, workers: usize, now: Instant) -> Breaker {
        Breaker {
            settings: *settings,
            min_calls: settings.min_calls_with(workers),
            state: BreakerState::Closed,
            window: Window::new(settings.window, now),
            era: 0,
            opened: 0,
            tried: now,
        }
    }

    /// Asks to let a call through. A granted call counts at once, so ask only for a call that then goes out.
    pub(crate) fn permit(&mut self, now: Instant) -> BreakerPermit {
        if let BreakerState::Open { until } = self.state {
            if now < until {
                return BreakerPermit::Refused { until };
            }
            self.enter(BreakerState::HalfOpen {
                out: 0,
                good: 0,
                bad: 0,
            });
        }
        if let BreakerState::HalfOpen { out, good, bad } = &mut self.state {
            if *out + *good + *bad >= self.settings.trials.max(1) {
                // The calls on trial decide. `until` is only the time to look again if none of them ever ends.
                return BreakerPermit::Refused {
                    until: later(now, self.settings.open),
                };
            }
            *out += 1;
            self.tried = now;
        }
        BreakerPermit::Granted(PassedCall {
            era: self.era,
            hangs_in: None,
        })
    }

    /// Records the end of a call that was let through. A call from before the last change of state has no effect.
    /// `random` returns numbers in [0, 1).
    pub(crate) fn record(
        &mut self,
        pass: PassedCall,
        call: CallEnd,
        now: Instant,
        random: &mut dyn FnMut() -> f64,
    ) {
        if !self.is_current(&pass) {
            return;
        }
        if let Some(bucket) = pass.hangs_in {
            self.take_back(bucket);
        }
        self.count(call, now, random);
    }

    /// Counts a call that is under way as failed, until it ends.
    pub(crate) fn count_hanging(
        &mut self,
        pass: &mut PassedCall,
        now: Instant,
        random: &mut dyn FnMut() -> f64,
    ) {
        if self.is_current(pass) && pass.hangs_in.is_none() {
            self.count(CallEnd::Failure { retry_after: None }, now, random);
            pass.hangs_in = Some(self.window.newest);
        }
    }

    /// True if the state that let the call through still holds, so that the end of the call counts.
    pub(crate) fn is_current(&self, pass: &PassedCall) -> bool {
        pass.era == self.era
    }

    /// Takes back the failure counted for a call that was still under way.
    fn take_back(&mut self, bucket: u64) {
        match &mut self.state {
            BreakerState::Open { .. } => {}
            BreakerState::Closed => self.window.take_back_failure(bucket),
            BreakerState::HalfOpen { out, bad, .. } => {
                *out += 1;
                *bad = bad.saturating_sub(1);
            }
        }
    }

    fn count(&mut self, call: CallEnd, now: Instant, random: &mut dyn FnMut() -> f64) {
        let settings = self.settings;
        match &mut self.state {
            BreakerState::Open { .. } => {}
            BreakerState::Closed => {
                self.window.add(call, now);
                let (good, bad) = self.window.counts(now);
                let calls = good.saturating_add(bad);
                if let CallEnd::Failure { retry_after } = call
                    && calls >= self.min_calls
                    && f64::from(bad) >= f64::from(calls) * settings.failure_ratio
                {
                    self.open(retry_after, now, random);
                }
            }
            BreakerState::HalfOpen { out, good, bad } => {
                *out = out.saturating_sub(1);
                match call {
                    CallEnd::Success => *good += 1,
                    CallEnd::Failure { .. } => *bad += 1,
                    CallEnd::Ignored => {}
                }
                let trials = settings.trials.max(1);
                let needed = settings.trials_to_close.clamp(1, trials);
                if *good >= needed {
                    self.opened = 0;
                    self.window.clear();
                    self.enter(BreakerState::Closed);
                } else if let CallEnd::Failure { retry_after } = call
                    && *bad > trials - needed
                {
                    self.open(retry_after, now, random);
                }
            }
        }
    }

    /// True if the call with this pass is on trial: such calls decide whether the breaker closes.
    pub(crate) fn is_trial(&self, pass: &PassedCall) -> bool {
        self.is_current(pass) && matches!(self.state, BreakerState::HalfOpen { .. })
    }

    /// Tells how the calls fare, and how long the host is to rest first: true if most of them fail. `None`: calls are on
    /// trial.
    pub(crate) fn vote(&self) -> Option<(bool, Duration)> {
        let rest = self.settings.open;
        match self.state {
            BreakerState::Closed => Some((false, rest)),
            BreakerState::Open { .. } => Some((true, rest)),
            BreakerState::HalfOpen { .. } => None,
        }
    }

    /// True if the breaker would let a call through.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open { until } => now >= until,
            BreakerState::HalfOpen { out, good, bad } => {
                out + good + bad < self.settings.trials.max(1)
            }
        }
    }

    /// Time for which the breaker stays open. Zero if it is not open.
    pub(crate) fn remaining(&self, now: Instant) -> Duration {
        match self.state {
            BreakerState::Open { until } => until.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    /// Time until which calls wait for the breaker. `None`: it is not open, or calls do not wait but fail.
    pub(crate) fn rests_until(&self) -> Option<Instant> {
        match self.state {
            BreakerState::Open { until } if self.settings.wait => Some(until),
            _ => None,
        }
    }

    /// Time for which the breaker stays open for a call with this deadline. Zero if the call can wait for its end.
    pub(crate) fn refuses_for(&self, now: Instant, deadline: Option<Instant>) -> Duration {
        let in_time = |until| deadline.is_none_or(|deadline| until < deadline);
        match self.rests_until() {
            Some(until) if in_time(until) => Duration::ZERO,
            _ => self.remaining(now),
        }
    }

    /// True if the breaker is as it was when new, so that forgetting it changes nothing. A breaker that opened counts
    /// as new when no call has come for a window's length since it would have let one through: the calls it counted
    /// have fallen out of the window by then, and a host that is never called again is not to be kept for ever.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        match self.state {
            BreakerState::Closed => self.window.counts(now) == (0, 0),
            BreakerState::Open { until } => now >= later(until, self.settings.window),
            BreakerState::HalfOpen { out, .. } => {
                out == 0 && now >= later(self.tried, self.settings.window)
            }
        }
    }

    fn open(
        &mut self,
        retry_after: Option<Duration>,
        now: Instant,
        random: &mut dyn FnMut() -> f64,
    ) {
        let longest = self.settings.open_max;
        let doubled = 2_u32.saturating_pow(self.opened);
        let rest = self.settings.open.saturating_mul(doubled).min(longest);
        let factor = 1.0 + SPREAD * (2.0 * random() - 1.0);
        let spread = Duration::try_from_secs_f64(rest.as_secs_f64() * factor).unwrap_or(rest);
        // `Retry-After` lengthens the rest to `open_max` at most: a host that asks for a century is not to be dead for
        // one.
        let asked = retry_after.unwrap_or_default().min(longest);
        self.opened = self.opened.saturating_add(1);
        self.window.clear();
        self.enter(BreakerState::Open {
            until: later(now, spread.max(asked)),
        });
    }

    fn enter(&mut self, state: BreakerState) {
        self.state = state;
        self.era = self.era.wrapping_add(1);
    }
}

/// Returns `now + wait`, with `wait` cut to a year: absurd settings rest for a long time and do not overflow.
fn later(now: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    now.checked_add(wait.min(YEAR)).unwrap_or(now)
}

/// Numbers of good and bad calls in the last window's length, in buckets that fall out one by one.
#[derive(Clone, Debug)]
struct Window {
    begin: Instant,
    bucket: Duration,
    /// Number of the newest bucket, counted from `begin`.
    newest: u64,
    counts: [(u32, u32); BUCKETS],
}

impl Window {
    fn new(length: Duration, now: Instant) -> Window {
        Window {
            begin: now,
            bucket: (length / BUCKETS as u32).max(Duration::from_nanos(1)),
            newest: 0,
            counts: Default::default(),
        }
    }

    fn add(&mut self, call: CallEnd, now: Instant) {
        let number = self.number(now);
        if number > self.newest {
            let stale = (number - self.newest).min(BUCKETS as u64);
            for back in 0..stale {
                self.counts[Self::slot(number - back)] = (0, 0);
            }
            self.newest = number;
        }
        let (good, bad) = &mut self.counts[Self::slot(self.newest)];
        match call {
            CallEnd::Success => *good = good.saturating_add(1),
            CallEnd::Failure { .. } => *bad = bad.saturating_add(1),
            CallEnd::Ignored => {}
        }
    }

    /// Takes a failure back from the bucket it was added to, unless that bucket has left the window.
    fn take_back_failure(&mut self, bucket: u64) {
        if self.newest - bucket < BUCKETS as u64 {
            let (_, bad) = &mut self.counts[Self::slot(bucket)];
            *bad = bad.saturating_sub(1);
        }
    }

    fn counts(&self, now: Instant) -> (u32, u32) {
        let oldest = (self.number(now) + 1).saturating_sub(BUCKETS as u64);
        let first = (self.newest + 1).saturating_sub(BUCKETS as u64);
        (first.max(oldest)..=self.newest)
            .map(|number| self.counts[Self::slot(number)])
            .fold((0, 0), |(good, bad), (g, b): (u32, u32)| {
                (good.saturating_add(g), bad.saturating_add(b))
            })
    }

    fn clear(&mut self) {
        self.counts = Default::default();
    }

    fn number(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.begin).as_nanos();
        u64::try_from(passed / self.bucket.as_nanos()).unwrap_or(u64::MAX - 1)
    }

    fn slot(number: u64) -> usize {
        (number % BUCKETS as u64) as usize
    }
}

#[cfg(test)]
mod tests;
