//! Costs of requests under limits on the cost of what starts in a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use haul::{Client, ErrorType, Outcome, RateLimit, Request};

use test_support::{Answer, Server};
use test_support::{builder, quick_retries};

fn limited(count: u32, milliseconds: u64) -> haul::ClientBuilder {
    let rate = RateLimit::new(count, Duration::from_millis(milliseconds));
    builder(8).retry(quick_retries()).rate_cost(rate)
}

#[test]
fn requests_wait_until_their_cost_fits_into_the_window() {
    let server = Server::always(Answer::text("x"));
    let client = limited(10, 300).build().unwrap();
    let requests = (0..3).map(|i| Request::get(server.url(&format!("/{i}"))).cost(5));
    let begin = Instant::now();
    assert!(
        client
            .as_completed(requests)
            .all(|outcome| outcome.is_success())
    );
    assert!(begin.elapsed() >= Duration::from_millis(300));
}

#[test]
fn each_attempt_pays_its_cost() {
    let server = Server::always(Answer::status(500));
    let client = limited(10, 200).build().unwrap();
    let begin = Instant::now();
    let outcome = client.send(Request::get(server.url("/")).cost(10));
    assert_eq!(outcome.attempts(), 3);
    assert!(begin.elapsed() >= Duration::from_millis(400));
}

#[test]
fn vector_161_a_cost_above_the_limit_is_an_invalid_request() {
    let server = Server::always(Answer::text("x"));
    let client = limited(10, 60_000)
        .rate_cost(RateLimit::per_hour(1_000))
        .build()
        .unwrap();
    let outcome = client.send(Request::get(server.url("/")).cost(11));
    let error = outcome.error().expect("a failure");
    assert_eq!(error.error_type(), ErrorType::InvalidRequest);
    assert!(error.message().contains("cost: it is 11"), "{error}");
    assert_eq!((outcome.attempts(), server.requests()), (0, 0));
    assert!(
        client
            .send(Request::get(server.url("/")).cost(10))
            .is_success()
    );
}

#[test]
fn the_clients_closure_is_asked_once_for_each_request_without_a_cost_of_its_own() {
    let server = Server::always(Answer::status(500));
    let asked = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&asked);
    let cost_of = move |request: &Request| {
        counts.fetch_add(1, Ordering::Relaxed);
        if request.url().ends_with("/dear") {
            99
        } else {
            1
        }
    };
    let client = limited(50, 60_000).cost_of(cost_of).build().unwrap();
    let requests = [
        Request::get(server.url("/cheap")),
        Request::get(server.url("/dear")),
        Request::get(server.url("/dear")).cost(2),
    ];
    let outcomes: Vec<Outcome> = client.map(requests).collect();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let attempts: Vec<_> = outcomes.iter().map(Outcome::attempts).collect();
    assert_eq!(attempts, [3, 0, 3]);
}

#[test]
fn limits_on_cost_are_checked() {
    let refused = |rate| {
        let built = Client::builder().rate_cost(rate).build();
        built.map(drop).unwrap_err()
    };
    for rate in [
        RateLimit::per_minute(0),
        RateLimit::per_minute(100).burst(2),
        RateLimit::new(1, Duration::ZERO),
    ] {
        assert_eq!(refused(rate).setting(), "rate_cost", "{rate:?}");
    }
    let twice = Client::builder()
        .rate_cost(RateLimit::per_minute(1))
        .rate_cost(RateLimit::per_minute(2));
    assert_eq!(twice.build().map(drop).unwrap_err().setting(), "rate_cost");
    let beside = Client::builder()
        .rate(RateLimit::per_minute(1))
        .rate_cost(RateLimit::per_minute(2));
    assert!(beside.build().is_ok());
}
