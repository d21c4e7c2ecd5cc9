//! Whole batches over loopback sockets: the outcome of each request, the time at which it is sent, and the requests
//! that the server sees.

mod support;

#[path = "end_to_end/adaptive.rs"]
mod adaptive;
#[path = "end_to_end/batches.rs"]
mod batches;
#[path = "end_to_end/bounds.rs"]
mod bounds;
#[path = "end_to_end/channel.rs"]
mod channel;
#[path = "end_to_end/defaults.rs"]
mod defaults;
#[path = "end_to_end/fairness.rs"]
mod fairness;
#[path = "end_to_end/files.rs"]
mod files;
#[path = "end_to_end/hedging.rs"]
mod hedging;
#[path = "end_to_end/hosts.rs"]
mod hosts;
#[path = "end_to_end/inputs.rs"]
mod inputs;
#[path = "end_to_end/invalid.rs"]
mod invalid;
#[path = "end_to_end/json_bodies.rs"]
mod json_bodies;
#[path = "end_to_end/left_out.rs"]
mod left_out;
#[path = "end_to_end/not_done.rs"]
mod not_done;
#[path = "end_to_end/once_more.rs"]
mod once_more;
#[path = "end_to_end/outcomes.rs"]
mod outcomes;
#[path = "end_to_end/panics.rs"]
mod panics;
#[cfg(feature = "sqlite")]
#[path = "end_to_end/rebuilt.rs"]
mod rebuilt;
#[path = "end_to_end/recorded.rs"]
mod recorded;
#[path = "end_to_end/redirects.rs"]
mod redirects;
#[path = "end_to_end/scale.rs"]
mod scale;
#[path = "end_to_end/secrets.rs"]
mod secrets;
#[path = "end_to_end/settings.rs"]
mod settings;
#[path = "end_to_end/sinks.rs"]
mod sinks;
#[cfg(feature = "sqlite")]
#[path = "end_to_end/sqlite_program.rs"]
mod sqlite_program;
#[path = "end_to_end/timeouts.rs"]
mod timeouts;
#[path = "end_to_end/urls.rs"]
mod urls;
#[path = "end_to_end/whole_client.rs"]
mod whole_client;
#[path = "end_to_end/workers.rs"]
mod workers;

use std::time::Duration;

use haul::{Client, ClientBuilder, Error, ErrorType, Layer, Outcome, RetryPolicy, StopReason};

/// The default policy, but with short waits, and without a budget that other tests' failures could spend.
fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None)
}

fn builder(workers: usize) -> ClientBuilder {
    Client::builder().workers(workers).retry(quick())
}

fn client(workers: usize) -> Client {
    builder(workers).build().unwrap()
}

#[track_caller]
fn error<T>(outcome: &Outcome<T>) -> &Error {
    match outcome.error() {
        Some(error) => error,
        None => panic!("did not fail: {outcome:?}"),
    }
}

/// Layer and class of a failure, its number of attempts, and the reason why there was no further one.
#[track_caller]
fn verdict<T>(outcome: &Outcome<T>) -> (Layer, ErrorType, u32, Option<StopReason>) {
    let error = error(outcome);
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
