//! Whole batches over loopback sockets: the outcome of each request, the time at which it is sent, and the requests
//! that the server sees.

mod adaptive;
mod announced;
mod batches;
mod bounds;
mod channel;
mod costs;
mod defaults;
mod drained;
mod fairness;
mod files;
mod hedging;
mod hooks;
mod hosts;
mod inputs;
mod invalid;
mod json_bodies;
mod left_out;
mod limiter;
mod not_done;
mod once_more;
mod ordered_channel;
mod other_scheme;
mod outcomes;
mod panics;
#[cfg(feature = "sqlite")]
mod rebuilt;
mod recorded;
mod redirect_policies;
mod redirects;
mod response_bodies;
mod retried_statuses;
mod scale;
mod secrets;
mod settings;
mod sinks;
#[cfg(feature = "sqlite")]
mod sqlite_program;
mod timeouts;
mod urls;
mod whole_client;
mod workers;

use haul::{ErrorType, Layer, Outcome, StopReason};

/// Layer and class of a failure, its number of attempts, and the reason why there was no further one.
#[track_caller]
fn verdict<T>(outcome: &Outcome<T>) -> (Layer, ErrorType, u32, Option<StopReason>) {
    let error = test_support::error(outcome);
    (
        error.layer(),
        error.error_type(),
        outcome.attempts(),
        error.stop_reason(),
    )
}

/// Returns the indices of outcomes, smallest first.
fn indices<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Vec<u64> {
    let mut indices: Vec<_> = outcomes.into_iter().map(Outcome::index).collect();
    indices.sort_unstable();
    indices
}
