//! Rows of `tests/vectors/whole_client.md` that need a server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::{ErrorType, Request, RetryPolicy, StopReason};
use test_support::{Answer, Scenario, builder, error, quick_retries};

use super::verdict;

#[test]
fn vector_135_a_body_is_sent_again_unchanged() {
    let server = Scenario::new()
        .on(
            "/again",
            Answer::status(418).times(1).then(Answer::text("")),
        )
        .on("/moved", Answer::redirect(307, "/there"))
        .on("/there", Answer::text(""))
        .start();
    let body: Vec<u8> = (0..64 << 10).map(|i| (i % 251) as u8).collect();
    let client = builder(1)
        .retry(quick_retries().retry_statuses([418]))
        .build()
        .unwrap();
    for path in ["/again", "/moved"] {
        let outcome = client.send(Request::put(server.url(path)).body(body.clone()));
        assert!(outcome.is_success(), "{outcome:?}");
    }
    let seen = server.seen();
    assert_eq!(
        server.paths(),
        ["/again", "/again", "/moved", "/there"],
        "one retry, one redirect"
    );
    assert!(seen.iter().all(|seen| seen.body == body));
}

#[test]
fn vector_138_hooks_tell_retries_from_first_attempts() {
    let server = Scenario::new()
        .on(
            "/flaky",
            Answer::status(503).times(2).then(Answer::text("")),
        )
        .on("/well", Answer::text(""))
        .start();
    let retries = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&retries);
    let client = builder(1)
        .before_attempt(|outgoing| {
            if outgoing.attempt > 1 {
                let nth = haul::http::HeaderValue::from(outgoing.attempt - 1);
                outgoing.headers.insert("foo", nth);
            }
        })
        .on_retry(move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    assert!(client.get(server.url("/well")).is_success());
    assert_eq!(retries.load(Ordering::Relaxed), 0);
    assert_eq!(server.last("/well").header("foo"), None);
    assert_eq!(client.get(server.url("/flaky")).attempts(), 3);
    assert_eq!(retries.load(Ordering::Relaxed), 2);
    assert_eq!(server.last("/flaky").header("foo"), Some("2"));
}

#[test]
fn vector_140_a_cancel_ends_a_response_half_way() {
    let server = Scenario::new().on("/slow", Answer::never()).start();
    let client = builder(1).build().unwrap();
    let slow = client.submit(server.url("/slow")).unwrap();
    server.wait_for_requests_to("/slow", 1);
    assert!(slow.cancel());
    let outcome = slow.wait();
    assert_eq!(error(&outcome).error_type(), ErrorType::Cancelled);
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn vector_140_a_cancel_ends_a_backoff_before_its_time() {
    let server = Scenario::new().on("/sick", Answer::status(503)).start();
    let ten_minutes = Duration::from_secs(600);
    let patient = RetryPolicy::default().backoff(ten_minutes, ten_minutes);
    let (retrying, was_told) = std::sync::mpsc::channel();
    let retrying = Mutex::new(retrying);
    let client = builder(1)
        .retry(patient.jitter(haul::settings::Jitter::None))
        .on_retry(move |_| retrying.lock().unwrap().send(()).unwrap())
        .build()
        .unwrap();
    let sick = client.submit(server.url("/sick")).unwrap();
    was_told.recv_timeout(Duration::from_secs(30)).unwrap();
    // When the hook has been called, the job is on its way into the schedule; either way the cancel holds.
    assert!(sick.cancel());
    let outcome = sick.wait();
    let (_, error_type, attempts, reason) = verdict(&outcome);
    assert_eq!(
        (error_type, attempts, reason),
        (ErrorType::Cancelled, 1, Some(StopReason::Cancelled))
    );
    assert_eq!(server.requests_to("/sick"), 1);
}
