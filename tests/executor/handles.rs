//! Handles of submitted requests: waiting, looking, cancelling, and callbacks.

use std::sync::Arc;
use std::time::Duration;

use haul::ErrorType;
use test_support::{Gate, client, server};

use crate::scene::{assert_cancelled, running_and_pending};

#[test]
fn v1_a_handle_waits_for_its_outcome() {
    let server = server(&Gate::closed());
    let client = client(2);
    let handle = client.submit(server.url("/a")).unwrap();
    let outcome = handle.wait();
    assert_eq!(outcome.success().unwrap().text(), "at once");
    assert!(
        Arc::ptr_eq(&outcome, &handle.clone().wait()),
        "one outcome for all"
    );
    assert!(handle.is_done() && !handle.is_running() && !handle.is_cancelled());
    assert_eq!(handle.request().url(), server.url("/a"));
}

#[test]
fn v2_a_wait_of_zero_time_changes_nothing() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    for handle in [&running, &pending] {
        let late = handle.wait_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(late.to_string(), "no outcome within 0ns");
        assert!(handle.wait_timeout(Duration::from_millis(2)).is_err());
        assert!(handle.try_outcome().is_none() && !handle.is_done());
    }
    assert!(running.is_running() && !pending.is_running());
    held.open();
    assert!(running.wait().is_success() && pending.wait().is_success());
}

#[test]
fn v3_a_wait_of_zero_time_returns_a_finished_outcome() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    handle.wait();
    for _ in 0..1000 {
        assert!(handle.wait_timeout(Duration::ZERO).unwrap().is_success());
    }
}

#[test]
fn a_wait_may_be_of_the_longest_duration() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    assert!(handle.wait_timeout(Duration::MAX).unwrap().is_success());
}

#[test]
fn v39_a_request_is_dropped_with_its_last_handle() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    handle.wait();
    let request = Arc::downgrade(handle.request());
    drop(handle);
    // The worker drops its reference after it has reported the outcome, at the latest before its next job.
    client.get(server.url("/next"));
    assert!(request.upgrade().is_none());
}

#[test]
fn a_request_that_cannot_be_sent_is_a_handle_that_is_done() {
    let client = client(1);
    let handle = client.submit("ftp://nowhere/").unwrap();
    assert!(handle.is_done());
    assert_eq!(
        handle.wait().error().unwrap().error_type(),
        ErrorType::InvalidRequest
    );
    assert!(!handle.cancel());
}

#[test]
fn the_last_holder_gets_the_outcome_by_value() {
    let server = server(&Gate::closed());
    let client = client(2);
    for _ in 0..200 {
        let handle = client.submit(server.url("/a")).unwrap();
        let outcome = handle.into_outcome().expect("there is no other holder");
        let response = outcome.into_result().unwrap();
        assert_eq!(response.into_bytes(), b"at once");
    }
}

#[test]
fn a_holder_among_others_gets_the_shared_outcome() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    let other = handle.clone();
    let shared = handle.into_outcome().unwrap_err();
    assert!(shared.is_success());
    assert!(other.clone().into_outcome().is_err(), "it is kept here too");
    drop(shared);
    assert!(other.into_outcome().is_ok());
    let handle = client.submit(server.url("/a")).unwrap();
    let kept = handle.wait();
    let shared = handle.into_outcome().unwrap_err();
    assert!(Arc::ptr_eq(&kept, &shared));
}

#[test]
fn a_cancelled_request_gives_its_outcome_by_value() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    pending.cancel();
    assert_cancelled(&pending.into_outcome().unwrap());
    held.open();
    assert!(running.into_outcome().is_ok());
}
