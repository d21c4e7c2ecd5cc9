//! Clients and servers that most tests begin with, and the error of an outcome.

use std::time::Duration;

use haul::{Client, ClientBuilder, Error, Outcome, RetryPolicy};

use super::{Answer, Gate, Scenario, Server};

/// The default retry policy, but with waits of a few milliseconds, and without a budget that the failures of one test
/// could use up.
pub fn quick_retries() -> RetryPolicy {
    RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None)
}

/// Builder of a client with [`quick_retries`], for tests that set more than the number of workers.
pub fn builder(workers: usize) -> ClientBuilder {
    Client::builder().workers(workers).retry(quick_retries())
}

/// Builds a client with [`quick_retries`].
pub fn client(workers: usize) -> Client {
    builder(workers).build().expect("settings that are valid")
}

/// Starts a server that holds `/held/*` at the gate, and answers `/bad/*` with 404, `/later/*` with 503, and all other
/// paths with the text `at once`.
pub fn server(held: &Gate) -> Server {
    Scenario::new()
        .on("/held/*", Answer::text("").behind(held))
        .on("/bad/*", Answer::status(404))
        .on("/later/*", Answer::status(503))
        .on("/*", Answer::text("at once"))
        .start()
}

/// Returns the URLs of these paths on the first host of the server.
pub fn urls(server: &Server, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| server.url(path)).collect()
}

/// Returns the error of an outcome.
///
/// # Panics
/// If the outcome has none.
#[track_caller]
pub fn error<T>(outcome: &Outcome<T>) -> &Error {
    match outcome.error() {
        Some(error) => error,
        None => panic!("did not fail: {outcome:?}"),
    }
}
