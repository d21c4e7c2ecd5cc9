//! A `classify` hook that asks for another attempt although the response was accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use haul::settings::{BreakerSettings, Judgement, RetryBudget};
use haul::{Client, ErrorType, Layer, Rejection, Request, RetryPolicy, StopReason};
use test_support::{Answer, Scenario, Server, builder, error, quick_retries};

use super::verdict;

/// Policy that asks for another attempt after every response with this text.
fn wanting(policy: RetryPolicy, text: &'static str) -> RetryPolicy {
    policy.classify(move |finding| (finding.body == text.as_bytes()).then_some(Judgement::Retry))
}

fn client(policy: RetryPolicy) -> Client {
    builder(2).retry(policy).build().unwrap()
}

#[test]
fn once_the_attempts_are_used_up_the_accepted_response_is_the_outcome() {
    let server = Server::always(Answer::text("not yet"));
    let outcome = client(wanting(quick_retries(), "not yet")).get(server.url("/"));
    let response = outcome.success().expect("a success");
    assert_eq!((response.status(), &*response.text()), (200, "not yet"));
    assert_eq!(outcome.stop_reason(), Some(StopReason::AttemptsExhausted));
    assert_eq!((outcome.attempts(), server.requests()), (3, 3));
    assert_eq!(
        outcome.attempt_log().len(),
        2,
        "the last attempt is the outcome"
    );
    let record = haul::record::Record::new(&outcome, &Default::default());
    let line = serde_json::to_value(&record).unwrap();
    assert_eq!(line["outcome"], "success");
    assert_eq!(line["stop_reason"], "attempts_exhausted");
    assert!(line.get("error_type").is_none(), "{line}");
}

#[test]
fn a_response_that_settles_the_request_has_no_stop_reason() {
    let server = Scenario::new()
        .on(
            "/*",
            Answer::text("not yet").times(1).then(Answer::text("done")),
        )
        .start();
    let outcome = client(wanting(quick_retries(), "not yet")).get(server.url("/"));
    assert_eq!(outcome.success().unwrap().text(), "done");
    assert_eq!((outcome.attempts(), outcome.stop_reason()), (2, None));
}

#[test]
fn a_method_that_may_not_be_repeated_ends_with_its_accepted_response() {
    let server = Server::always(Answer::text("not yet"));
    let client = client(wanting(quick_retries(), "not yet"));
    let outcome = client.send(Request::post(server.url("/")).text("once"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.stop_reason(), Some(StopReason::MethodNotIdempotent));
    assert_eq!((outcome.attempts(), server.requests()), (1, 1));
}

#[test]
fn a_required_value_is_checked_when_the_attempts_are_used_up() {
    let server = Server::always(Answer::json(r#"{"code": 7, "msg": "busy"}"#));
    let policy = quick_retries().classify(|_| Some(Judgement::Retry));
    let looks = Arc::new(AtomicU32::new(0));
    let looked = Arc::clone(&looks);
    let requests = [
        Request::get(server.url("/required")).require("/code", 0),
        Request::get(server.url("/rejected")).reject_if(move |_| {
            looked.fetch_add(1, Ordering::Relaxed);
            Some(Rejection::new(7, "busy"))
        }),
    ];
    let client = client(policy);
    for request in requests {
        let outcome = client.send(request);
        assert_eq!(outcome.rejection(), Some(&Rejection::new(7, "busy")));
        assert_eq!(outcome.stop_reason(), Some(StopReason::AttemptsExhausted));
        assert_eq!(outcome.attempts(), 3);
    }
    assert_eq!(looks.load(Ordering::Relaxed), 1);
    let page = client.send(Request::get(server.url("/page")).require("/missing/x", 0));
    assert!(page.is_rejected());
}

#[test]
fn a_spent_budget_ends_with_the_accepted_response() {
    let server = Server::always(Answer::text("not yet"));
    let budget = RetryBudget::new()
        .reserve(1.0)
        .per_request(0.0)
        .per_second(0.0);
    let client = client(wanting(quick_retries().budget(budget), "not yet"));
    let outcome = client.get(server.url("/"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.stop_reason(), Some(StopReason::BudgetEmpty));
    assert_eq!((outcome.attempts(), server.requests()), (2, 2));
    assert_eq!(outcome.attempt_log().len(), 1);
}

#[test]
fn a_deadline_before_the_next_attempt_ends_with_the_accepted_response() {
    let server = Server::always(Answer::text("not yet").header("Retry-After", "60"));
    let policy = quick_retries().deadline(Duration::from_secs(20));
    let outcome = client(wanting(policy, "not yet")).get(server.url("/"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.stop_reason(), Some(StopReason::Deadline));
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn a_body_that_is_saved_is_in_its_file_when_the_attempts_are_used_up() {
    let path = std::env::temp_dir().join(format!("haul-once-more-{}", std::process::id()));
    let server = Server::always(Answer::text("not yet"));
    let policy = quick_retries().classify(|_| Some(Judgement::Retry));
    let outcome = client(policy).send(Request::get(server.url("/")).save_to(&path));
    assert_eq!(outcome.saved().unwrap().size, 7);
    assert_eq!(std::fs::read(&path).unwrap(), b"not yet");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_wish_that_a_failure_follows_is_no_reason_to_accept_that() {
    let server = Scenario::new()
        .on(
            "/*",
            Answer::text("not yet").times(2).then(Answer::status(404)),
        )
        .start();
    let outcome = client(wanting(quick_retries(), "not yet")).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            3,
            Some(StopReason::NotRetryable)
        )
    );
    assert_eq!(error(&outcome).message(), "404 Not Found");
}

#[test]
fn a_wait_that_is_cut_off_is_no_http_error() {
    let server = Scenario::new()
        .on("/wanted", Answer::text("not yet"))
        .on("/*", Answer::status(500))
        .start();
    let breaker = BreakerSettings::new().min_calls(2);
    let policy = wanting(
        RetryPolicy::default().backoff(Duration::from_secs(20), Duration::from_secs(20)),
        "not yet",
    );
    let client = builder(1).retry(policy).breaker(breaker).build().unwrap();
    let none = RetryPolicy::none();
    let wanted = client.submit(server.url("/wanted")).unwrap();
    server.wait_for_requests(1);
    for _ in 0..4 {
        client.send(Request::get(server.url("/")).retry(none.clone()));
    }
    wanted.cancel();
    let outcome = wanted.wait();
    assert_ne!(error(&outcome).error_type(), ErrorType::HttpStatus);
}
