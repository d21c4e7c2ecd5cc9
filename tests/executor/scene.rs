//! Servers, clients and requests that the tests of the executor begin with.

use std::thread;

use haul::{Client, ErrorType, Handle, Outcome, StopReason};
use test_support::{Gate, Server};

/// Returns a request that the only worker runs, and a request that waits behind it.
pub(crate) fn running_and_pending(
    client: &Client,
    server: &Server,
    held: &Gate,
) -> (Handle, Handle) {
    let before = held.waiting();
    let running = client.submit(server.url("/held/1")).unwrap();
    while held.waiting() == before {
        thread::yield_now();
    }
    (running, client.submit(server.url("/pending")).unwrap())
}

/// Asserts that the outcome is that of a cancelled request.
#[track_caller]
pub(crate) fn assert_cancelled(outcome: &Outcome) {
    let error = test_support::error(outcome);
    assert_eq!(error.error_type(), ErrorType::Cancelled);
    assert_eq!(error.stop_reason(), Some(StopReason::Cancelled));
    assert!(outcome.is_cancelled() && outcome.is_failed());
}
