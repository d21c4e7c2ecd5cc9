//! Limits of bodies that are handed on: time and memory.

use std::ops::ControlFlow::Continue;
use std::time::Instant;

use crate::*;
use haul::batch::CancelToken;
use haul::{ErrorType, Phase, Request, RetryPolicy, Timeouts};
use test_support::{Answer, Scenario};

const SHORT: Duration = Duration::from_millis(600);

/// Returns the URL of a server that sends 5 events, with a wait after each, for longer than [`SHORT`].
fn slow() -> String {
    let addr = server(|stream| {
        begin(stream, "");
        for _ in 0..5 {
            chunk(stream, b"data: tick\n\n");
            pause(SHORT / 2);
        }
        chunk(stream, b"");
    });
    format!("http://{addr}/")
}

#[test]
fn the_clients_limit_for_an_attempt_ends_with_the_head() {
    let client = builder()
        .timeouts(Timeouts::new().attempt(SHORT))
        .build()
        .unwrap();
    let outcome = client.send(Request::get(slow()).on_event(|_| Continue(())));
    assert!(outcome.is_success(), "{outcome:?}");
}

#[test]
fn a_limit_of_the_request_holds_for_the_body() {
    let request = Request::get(slow())
        .timeouts(Timeouts::new().attempt(SHORT))
        .on_event(|_| Continue(()));
    let outcome = client().send(request);
    let error = error(&outcome);
    assert_eq!(
        (error.error_type(), error.phase()),
        (ErrorType::Timeout, Some(Phase::Receive))
    );
}

#[test]
fn a_deadline_holds_for_the_body() {
    let request = Request::get(slow())
        .retry(RetryPolicy::default().deadline(SHORT))
        .on_event(|_| Continue(()));
    assert_eq!(
        error(&client().send(request)).error_type(),
        ErrorType::Timeout
    );
}

#[test]
fn a_server_that_hangs_within_a_stream_meets_the_read_limit() {
    let addr = server(|stream| {
        begin(stream, "");
        chunk(stream, b"data: 1\n\n");
        hang(stream);
    });
    let request = || Request::get(format!("http://{addr}/")).on_event(|_| Continue(()));
    let of_client = builder()
        .timeouts(Timeouts::new().read(SHORT))
        .build()
        .unwrap();
    for outcome in [
        of_client.send(request()),
        client().send(request().timeouts(Timeouts::new().read(SHORT))),
    ] {
        let error = error(&outcome);
        assert_eq!(
            (error.error_type(), error.phase()),
            (ErrorType::Timeout, Some(Phase::Receive))
        );
        assert!(
            error.message().starts_with("no bytes of the body came"),
            "{error}"
        );
        assert_eq!(error.response_text().unwrap(), "data: 1\n\n");
    }
}

#[test]
fn the_head_has_the_clients_limit() {
    let addr = server(|stream| hang(stream));
    let client = builder()
        .timeouts(Timeouts::new().attempt(SHORT))
        .build()
        .unwrap();
    let request = Request::get(format!("http://{addr}/"))
        .no_retry()
        .on_chunk(|_| Continue(()));
    let outcome = client.send(request);
    let error = error(&outcome);
    assert_eq!(
        (error.error_type(), error.phase()),
        (ErrorType::Timeout, Some(Phase::Wait))
    );
    assert_eq!(outcome.first_byte(), None);
}

#[test]
fn the_first_byte_is_that_of_the_body() {
    let addr = server(|stream| {
        begin(stream, "");
        pause(SHORT);
        chunk(stream, b"late");
        chunk(stream, b"");
    });
    let request = Request::get(format!("http://{addr}/")).on_chunk(|_| Continue(()));
    let outcome = client().send(request);
    let first = outcome.first_byte().unwrap();
    assert!(first >= SHORT && first <= outcome.elapsed(), "{first:?}");
}

#[test]
fn a_body_longer_than_the_limit_is_kept_up_to_it() {
    for answer in [
        Answer::text("x".repeat(100_000)),
        Answer::text("x".repeat(100_000)).chunked(999),
        Answer::text("x".repeat(100_000)).gzip(),
    ] {
        let server = Scenario::new().on("/", answer).start();
        let seen = Collected::new();
        let to = seen.clone();
        let request = Request::get(server.url("/"))
            .body_limit(70_000)
            .on_chunk(move |chunk| {
                to.add(chunk.bytes().len());
                Continue(())
            });
        let outcome = client().send(request);
        let response = outcome.success().unwrap();
        assert!(response.is_truncated());
        assert_eq!(response.bytes().len(), 70_000);
        assert_eq!(seen.take().iter().sum::<usize>(), 100_000);
    }
}

#[test]
fn a_cancelled_stream_ends_at_once() {
    let addr = server(|stream| {
        begin(stream, "");
        chunk(stream, b"data: 1\n\n");
        hang(stream);
    });
    let token = CancelToken::new();
    let cancel = token.clone();
    let request = Request::get(format!("http://{addr}/")).on_event(move |_| {
        cancel.cancel();
        Continue(())
    });
    let began = Instant::now();
    let mut outcomes = client().as_completed([request]).cancel_token(&token);
    assert!(outcomes.next().unwrap().is_cancelled());
    assert!(began.elapsed() < Duration::from_secs(20));
}
