//! Wait before a retry.

use std::time::Duration;

use crate::settings::{Jitter, RetryPolicy};

/// Returns the wait before the `n`-th retry (from 1): `base * factor^(n-1)`, at most `max`, spread by the policy's
/// jitter. After throttling the policy's longer base is used. `random` returns numbers in [0, 1).
///
/// The first wait is the base and not zero (as in urllib3), so that a burst of failures is not repeated at once.
pub(crate) fn backoff(
    policy: &RetryPolicy,
    n: u32,
    throttle: bool,
    random: &mut dyn FnMut() -> f64,
) -> Duration {
    let base = if throttle {
        policy.throttle_base
    } else {
        policy.base
    };
    let full = exponential(base, policy.factor, n).min(policy.max);
    match policy.jitter {
        Jitter::None => full,
        Jitter::Full => share(full, random()),
        Jitter::Equal => {
            let half = full / 2;
            half.saturating_add(share(half, random()))
        }
    }
}

fn exponential(base: Duration, factor: f64, n: u32) -> Duration {
    if base.is_zero() {
        return base; // zero times an infinite power is not a number
    }
    let power = i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX);
    Duration::try_from_secs_f64(base.as_secs_f64() * factor.powi(power)).unwrap_or(Duration::MAX)
}

/// Returns `part` of `whole`, and never more than `whole`, whatever `part` is.
pub(super) fn share(whole: Duration, part: f64) -> Duration {
    Duration::try_from_secs_f64(whole.as_secs_f64() * part)
        .unwrap_or(whole)
        .min(whole)
}

#[cfg(test)]
mod tests;
