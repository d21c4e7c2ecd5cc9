//! Rates, time limits and retries that the arguments ask for, of the run or of some hosts.

use haul::{RateLimit, RetryPolicy, Timeouts};

use crate::arguments::{TimeArguments, name_of};
use crate::failure::CommandError;
use crate::units::Rate;

/// Returns the retry policy.
pub(crate) fn retry(times: &TimeArguments) -> RetryPolicy {
    let mut retry = RetryPolicy::default()
        .max_attempts(times.retry.saturating_add(1))
        .backoff(
            times.retry_delay,
            times.retry_max_delay.max(times.retry_delay),
        )
        .retry_after_max(times.retry_after_max)
        .respect_retry_after(!times.no_retry_after)
        .rate_limit_headers(!times.no_rate_limit_headers)
        .pace_by_headers(times.pace_by_headers)
        .hedge(times.hedge);
    if let Some(statuses) = &times.retry_on {
        retry = retry.retry_statuses(statuses.clone());
    }
    if times.retry_all_methods {
        retry = retry.retry_all_methods();
    }
    match times.retry_max_time {
        Some(limit) => retry.deadline(limit),
        None => retry,
    }
}

/// Returns the time limits. The limit of an attempt also limits its connecting.
pub(crate) fn timeouts(times: &TimeArguments) -> Timeouts {
    let limited = times.max_time.filter(|limit| !limit.is_zero());
    let connect = match limited {
        Some(limit) if !times.connect_timeout.is_zero() => times.connect_timeout.min(limit),
        _ => times.connect_timeout,
    };
    let timeouts = Timeouts::new().connect(connect);
    match times.max_time {
        Some(limit) => timeouts.attempt(limit),
        None => timeouts,
    }
}

/// Returns the limits of one option, with the shortest window first, which gets the burst.
pub(crate) fn rates(
    option: &str,
    given: &[Rate],
    burst: Option<u32>,
) -> Result<Vec<RateLimit>, CommandError> {
    let mut limits = Vec::new();
    for window in ["s", "m", "h"] {
        let mut of_window = given.iter().filter(|rate| rate.window == window);
        let Some(rate) = of_window.next() else {
            continue;
        };
        if of_window.next().is_some() {
            return Err(CommandError::usage(format!(
                "{}: there are two rates for one window, N/{window} (one for each of s, m and h is expected)",
                name_of(option)
            )));
        }
        limits.push(rate.limit());
    }
    if let (Some(shortest), Some(burst)) = (limits.first_mut(), burst) {
        *shortest = shortest.burst(burst);
    }
    Ok(limits)
}
