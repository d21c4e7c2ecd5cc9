//! Features of a session beside single requests: cookies, credentials by host, and the choice of redirects to follow.

mod support;

#[cfg(feature = "cookies")]
#[path = "session_state/cookies.rs"]
mod cookies;
#[path = "session_state/digest.rs"]
mod digest;
#[path = "session_state/netrc.rs"]
mod netrc;
#[path = "session_state/redirects.rs"]
mod redirects;

use std::time::Duration;

use haul::{Client, ClientBuilder, Error, Outcome, RetryPolicy};

fn builder() -> ClientBuilder {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None);
    Client::builder().workers(4).retry(policy)
}

#[track_caller]
fn error(outcome: &Outcome) -> &Error {
    match outcome.error() {
        Some(error) => error,
        None => panic!("did not fail: {outcome:?}"),
    }
}

/// Returns a path of this test process's own.
fn path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("haul-sessions-{}-{name}", std::process::id()))
}
