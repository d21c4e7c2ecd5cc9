//! Decision after an attempt that failed.

use std::time::Duration;

use super::attempt_facts::{AttemptFacts, is_ambiguous};
use super::backoff::{backoff, share};
use super::failure_class::FailureClass;
use crate::error::{ErrorType, StopReason};
use crate::settings::{Jitter, Judgement, RetryMethods, RetryPolicy};

/// Longest wait, 100 years: longer than any batch runs, and `now` plus this time is still an instant.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Counts that a job keeps of its attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttemptCounts {
    attempts: u32,
    /// Number of attempts that have added so much to a file that they take no retry.
    advances: u32,
    retries: [u32; FailureClass::COUNT],
    /// Number of retries since the start or the last redirect, by which the backoff grows.
    streak: u32,
    ambiguous: bool,
    replayed: bool,
    misdirected: bool,
}

impl AttemptCounts {
    /// Returns the counts of a request that was tried so often before it was handed in.
    pub(crate) fn after(attempts: u32) -> AttemptCounts {
        AttemptCounts {
            attempts,
            streak: attempts,
            ..AttemptCounts::default()
        }
    }

    /// Number of attempts so far, without redirect hops and free replays.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Number of retries so far.
    #[cfg(test)]
    pub(crate) fn retries(&self) -> u32 {
        self.retries.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// True if an attempt before the present one may have been carried out by the server.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Counts an attempt that needed no decision, because it settled the request.
    pub(crate) fn settled(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }

    /// Notes that a redirect is followed. It is no attempt, and leads to another server, so the backoff begins anew (as
    /// in urllib3).
    pub(crate) fn redirected(&mut self) {
        self.streak = 0;
        self.replayed = false;
        self.misdirected = false;
    }
}

/// Decision after an attempt that failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// The request is tried again.
    Retry {
        /// Time that passes before the next attempt.
        delay: Duration,
        /// Tokens taken from the host's budget: 1, or 2 after a timeout; 0 without a budget, or after a failure on this
        /// side.
        cost: f64,
        /// Time for which the whole host is left alone. `None`: only this request waits.
        cool: Option<Duration>,
        /// True if the attempt needs a new connection: the server objected to the connection of this attempt (408,
        /// 421).
        fresh: bool,
    },
    /// The request ends with this failure.
    Stop {
        /// Reason for which no further attempt is made.
        reason: StopReason,
        /// Time for which the whole host is left alone all the same. `None`: it is not left alone.
        cool: Option<Duration>,
    },
}

/// Returns the decision after a failed attempt, and counts the attempt. `left` is the time to the deadline (`None`:
/// there is no deadline); `random` returns numbers in [0, 1).
///
/// Reasons to stop, in this order: the failure is never repeated, the method may not be, the body cannot be; attempts
/// are used up, the limit of the class is; the server asks for too long a wait, or one past the deadline.
pub(crate) fn decide(
    policy: &RetryPolicy,
    facts: &AttemptFacts<'_>,
    counts: &mut AttemptCounts,
    left: Option<Duration>,
    random: &mut dyn FnMut() -> f64,
) -> Decision {
    if !facts.never_went_out() {
        counts.attempts = counts.attempts.saturating_add(1);
    }
    counts.replayed = false;
    if facts.advanced {
        counts.streak = 0;
    }
    let obeyed = facts.obeyed(policy);
    let class = FailureClass::of(&obeyed);
    let wait = Wait::new(policy, &obeyed, counts, random);
    let asked_to_cool = facts.advice().is_some_and(|advice| advice.cool_host);
    let holds_back = obeyed.announced_wait().is_some() || !facts.limit_adapts;
    let cools = (class == FailureClass::Throttle && holds_back) || asked_to_cool;
    let cool = cools.then_some(wait.delay);
    if let Err(reason) = may_repeat(policy, &obeyed, counts, class).and_then(|()| wait.fits(left)) {
        return Decision::Stop { reason, cool };
    }
    if facts.advanced {
        counts.advances = counts.advances.saturating_add(1);
    } else {
        counts.retries[class as usize] = counts.retries[class as usize].saturating_add(1);
    }
    counts.streak = counts.streak.saturating_add(1);
    counts.ambiguous |= is_ambiguous(&obeyed);
    counts.misdirected |= facts.status == Some(421);
    Decision::Retry {
        delay: wait.delay,
        cost: match (&policy.budget, facts.error_type) {
            // The failure is on this side, and not the server's.
            (None, _) | (_, ErrorType::Io) => 0.0,
            _ if facts.advanced => 0.0,
            (_, ErrorType::Timeout) => 2.0,
            _ => 1.0,
        },
        cool,
        fresh: matches!(facts.status, Some(408 | 421)),
    }
}

/// True if the attempt is made again at once, on a fresh connection, without counting: the server had closed a
/// kept-alive connection, which says nothing about the request. Granted at most once per attempt; `tally` remembers it
/// until the next decision or redirect.
pub(crate) fn free_replay(
    policy: &RetryPolicy,
    facts: &AttemptFacts<'_>,
    counts: &mut AttemptCounts,
) -> bool {
    let closed = facts.reused
        && facts.error_type == ErrorType::Connection
        && !facts.permanent
        && facts.bytes_received == 0;
    // Most likely the server closed an idle connection as the request arrived, but this is unproven: it may have acted.
    let free = closed && is_harmless(policy, facts) && !counts.replayed;
    if free {
        counts.replayed = true;
        counts.ambiguous |= is_ambiguous(facts);
    }
    free
}

/// True if sending the request once more can do no harm, and its body can be sent again: no part of it reached the
/// server, or repeating it is safe.
pub(crate) fn is_harmless(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> bool {
    facts.replayable && (facts.is_unsent() || is_repeatable(policy, facts))
}

/// Returns the wait before a redirect is followed: none, or the time that its `Retry-After` asks for (RFC 9110
/// §10.2.3).
///
/// # Errors
/// The wait is longer than allowed, or ends after the deadline: the redirect is not followed.
pub(crate) fn redirect_delay(
    policy: &RetryPolicy,
    retry_after: Option<Duration>,
    left: Option<Duration>,
    random: &mut dyn FnMut() -> f64,
) -> Result<Duration, StopReason> {
    let asked = retry_after.filter(|_| policy.respect_retry_after);
    let wait = Wait::at_least(policy, asked, Duration::ZERO, random);
    wait.fits(left)?;
    Ok(wait.delay)
}

/// Wait before the next attempt. `over_cap`: true if the server asked for a longer wait than allowed.
struct Wait {
    delay: Duration,
    over_cap: bool,
}

impl Wait {
    fn new(
        policy: &RetryPolicy,
        facts: &AttemptFacts<'_>,
        counts: &AttemptCounts,
        random: &mut dyn FnMut() -> f64,
    ) -> Wait {
        if let Some(after) = facts.advice().and_then(|advice| advice.after) {
            return Wait::exactly(policy, after);
        }
        let n = counts.streak.saturating_add(1);
        let own = backoff(policy, n, facts.is_throttled(), random);
        Wait::at_least(policy, facts.announced_wait(), own, random)
    }

    /// Returns the wait that the caller's hook asks for, bounded like one that the server asks for.
    fn exactly(policy: &RetryPolicy, asked: Duration) -> Wait {
        let delay = asked.min(policy.retry_after_max).min(FAR);
        Wait {
            delay,
            over_cap: asked > delay && !policy.retry_after_clamp,
        }
    }

    /// Returns a wait at least as long as the server asks for. `Retry-After` shortens no backoff, and jitter only adds
    /// to it: every client is told the same instant, hence the spread above it.
    fn at_least(
        policy: &RetryPolicy,
        asked: Option<Duration>,
        own: Duration,
        random: &mut dyn FnMut() -> f64,
    ) -> Wait {
        let own = own.min(FAR);
        let Some(asked) = asked else {
            return Wait {
                delay: own,
                over_cap: false,
            };
        };
        let Wait {
            delay: granted,
            over_cap,
        } = Wait::exactly(policy, asked);
        let spread = match policy.jitter {
            Jitter::None => Duration::ZERO,
            _ => share((granted / 10).min(Duration::from_secs(1)), random()),
        };
        Wait {
            delay: own.max(granted).saturating_add(spread),
            over_cap,
        }
    }

    fn fits(&self, left: Option<Duration>) -> Result<(), StopReason> {
        if self.over_cap {
            Err(StopReason::RetryAfterOverCap)
        } else if left.is_some_and(|left| self.delay >= left) {
            Err(StopReason::Deadline)
        } else {
            Ok(())
        }
    }
}

fn may_repeat(
    policy: &RetryPolicy,
    facts: &AttemptFacts<'_>,
    counts: &AttemptCounts,
    class: FailureClass,
) -> Result<(), StopReason> {
    match allowed(policy, facts)? {
        Methods::Any if policy.methods != RetryMethods::Only(Vec::new()) => {}
        _ if is_repeatable(policy, facts) => {}
        _ => return Err(StopReason::MethodNotIdempotent),
    }
    // A judgement of the caller's hook stands above it.
    if facts.says_no && facts.judgement.is_none() {
        return Err(StopReason::ServerSaidNo);
    }
    if !facts.replayable {
        return Err(StopReason::BodyNotReplayable);
    }
    if facts.advanced {
        return Ok(());
    }
    if counts.attempts.saturating_sub(counts.advances) >= policy.max_attempts {
        return Err(StopReason::AttemptsExhausted);
    }
    let limit = class.limit(&policy.limits);
    let misdirected_again = facts.status == Some(421) && counts.misdirected;
    if limit.is_some_and(|limit| counts.retries[class as usize] >= limit) || misdirected_again {
        return Err(StopReason::ClassLimit);
    }
    Ok(())
}

/// Methods for which a failure may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Methods {
    /// All methods, because it is certain that the server did nothing.
    Any,
    /// Only methods that are safe to repeat, because the server may have acted, or has.
    Repeatable,
}

fn allowed(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> Result<Methods, StopReason> {
    use ErrorType::*;
    match facts.error_type {
        // No judgement of a hook changes these: the requests ended for reasons on this side.
        Cancelled => return Err(StopReason::Cancelled),
        Deadline => return Err(StopReason::Deadline),
        BreakerOpen => return Err(StopReason::BreakerOpen),
        InvalidRequest | AddressDenied | Interrupted | Panic | Sign | Auth => {
            return Err(StopReason::NotRetryable);
        }
        _ => {}
    }
    let usual = if facts.permanent {
        None
    } else {
        match facts.error_type {
            HttpStatus => by_status(policy, facts),
            Dns | Connect | Proxy | Tls | Io | Timeout | Connection => Some(if facts.is_unsent() {
                Methods::Any
            } else {
                Methods::Repeatable
            }),
            IncompleteBody | Checksum => Some(Methods::Repeatable),
            _ => None,
        }
    };
    match facts.judgement {
        Some(Judgement::Stop(_)) => Err(StopReason::NotRetryable),
        Some(Judgement::RetryWith(advice)) if advice.unacted => Ok(Methods::Any),
        Some(Judgement::Retry | Judgement::RetryWith(_)) if facts.is_unsent() => Ok(Methods::Any),
        Some(Judgement::Retry | Judgement::RetryWith(_)) => {
            Ok(usual.unwrap_or(Methods::Repeatable))
        }
        Some(Judgement::Accept) | None => usual.ok_or(StopReason::NotRetryable),
    }
}

/// Returns the methods for which the status may be repeated. `None`: it is never repeated. A caller's own set says
/// which statuses are repeated. It does not change the meaning of a status, so a status that refuses a request before
/// any work may be repeated for every method.
fn by_status(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> Option<Methods> {
    let status = facts.status?;
    let repeated = match &policy.statuses {
        Some(set) => set.contains(status),
        None => match status {
            413 => facts.retry_after.is_some(),
            403 => facts.is_throttled(),
            408 | 421 | 425 | 429 => true,
            501 | 505 | 506 | 508 | 510 | 511 | 525 | 526 => false,
            // An unknown status is treated as its class (RFC 9110 §15).
            500..=599 => true,
            _ => false,
        },
    };
    repeated.then_some(match status {
        421 | 425 | 429 | 529 => Methods::Any,
        403 if facts.is_throttled() => Methods::Any,
        _ => Methods::Repeatable,
    })
}

/// True if repeating the request is safe although the server may have acted: by its method (RFC 9110 §9.2.2, or the
/// policy's own list), or because the request says so. An empty list allows no method.
fn is_repeatable(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> bool {
    match &policy.methods {
        RetryMethods::All => true,
        RetryMethods::Only(methods) if methods.is_empty() => false,
        RetryMethods::Only(methods) => {
            facts.repeatable_by_request || methods.contains(facts.method)
        }
        RetryMethods::Idempotent => facts.repeatable_by_request || facts.method.is_idempotent(),
    }
}

#[cfg(test)]
mod tests;
