//! Statuses of responses that are tried again or end a request, and the budget of these retries.

use haul::settings::RetryBudget;
use haul::{ErrorType, Layer, Request, StopReason};
use serde_json::json;
use test_support::{Answer, Scenario, Server, builder, client, error, quick_retries};

use super::verdict;

#[test]
fn a_404_ends_at_once_with_what_the_server_said() {
    let server = Server::always(Answer::status(404).typed("text/plain", "no such item"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            1,
            Some(StopReason::NotRetryable)
        )
    );
    assert_eq!(error(&outcome).message(), "404 Not Found");
    assert_eq!(outcome.status(), Some(404));
    assert_eq!(
        error(&outcome).response_text().as_deref(),
        Some("no such item")
    );
    assert_eq!(server.requests(), 1);
}

#[test]
fn vector_142_a_503_ends_after_three_attempts_with_the_last_response() {
    let server = Scenario::new()
        .on(
            "/busy",
            Answer::status(503)
                .header("Retry-After", "0")
                .body("first")
                .times(2)
                .then(
                    Answer::status(503)
                        .header("Retry-After", "0")
                        .body("still busy"),
                ),
        )
        .start();
    let outcome = client(1).get(server.url("/busy"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            3,
            Some(StopReason::AttemptsExhausted)
        )
    );
    assert_eq!(
        error(&outcome).response_text().as_deref(),
        Some("still busy")
    );
    assert_eq!(outcome.retry_after(), Some("0"));
    let log = outcome.attempt_log();
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|attempt| attempt.status == Some(503)));
    assert_eq!(
        log.iter().map(|a| a.delay.is_some()).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_retry_after_over_the_cap_ends_the_request() {
    let server = Server::always(Answer::status(429).header("Retry-After", "3600"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            1,
            Some(StopReason::RetryAfterOverCap)
        )
    );
    assert_eq!(outcome.retry_after(), Some("3600"));
}

#[test]
fn a_500_is_tried_again_if_the_request_is_idempotent() {
    let server = Server::always(Answer::status(500));
    let client = client(1);
    let post = |path: &str| Request::post(server.url(path)).text("x");
    for (request, attempts, reason) in [
        (
            Request::get(server.url("/get")),
            3,
            StopReason::AttemptsExhausted,
        ),
        (
            Request::put(server.url("/put")).text("x"),
            3,
            StopReason::AttemptsExhausted,
        ),
        (post("/post"), 1, StopReason::MethodNotIdempotent),
        (
            post("/flagged").idempotent(true),
            3,
            StopReason::AttemptsExhausted,
        ),
        (
            post("/keyed").header("Idempotency-Key", "k"),
            3,
            StopReason::AttemptsExhausted,
        ),
    ] {
        let path = request.url().rsplit('/').next().unwrap().to_owned();
        let outcome = client.send(request);
        assert_eq!(
            verdict(&outcome),
            (Layer::Http, ErrorType::HttpStatus, attempts, Some(reason)),
            "{path}"
        );
        assert_eq!(
            server.requests_to(&format!("/{path}")),
            attempts as usize,
            "{path}"
        );
    }
}

#[test]
fn a_429_is_tried_again_for_a_post_too() {
    let server = Scenario::new()
        .on(
            "/",
            Answer::status(429)
                .header("Retry-After", "0")
                .times(1)
                .then(Answer::text("done")),
        )
        .start();
    let outcome = client(1).send(Request::post(server.url("/")).json(&json!({"n": 1})));
    assert!(outcome.is_success(), "{outcome:?}");
    let bodies: Vec<_> = server.seen().iter().map(|seen| seen.text()).collect();
    assert_eq!(bodies, [r#"{"n":1}"#, r#"{"n":1}"#]);
}

#[test]
fn a_request_may_succeed_at_its_third_attempt() {
    let server = Scenario::new()
        .on(
            "/flaky",
            Answer::status(503).times(2).then(Answer::text("at last")),
        )
        .on(
            "/reset",
            Answer::reset().times(2).then(Answer::text("at last")),
        )
        .on(
            "/cut",
            Answer::text("at last")
                .cut_after(3)
                .times(2)
                .then(Answer::text("at last")),
        )
        .start();
    for (path, class) in [
        ("/flaky", ErrorType::HttpStatus),
        ("/reset", ErrorType::Connection),
        ("/cut", ErrorType::IncompleteBody),
    ] {
        // Each path has a client of its own: on a connection that was used before, a reset is no attempt but a free
        // replay.
        let outcome = client(1).get(server.url(path));
        assert_eq!(outcome.success().unwrap().text(), "at last", "{path}");
        assert_eq!(outcome.attempts(), 3, "{path}");
        let log = outcome.attempt_log();
        assert_eq!(log.len(), 2, "{path}");
        assert!(
            log.iter()
                .all(|a| a.error_type == class && a.delay.is_some())
        );
        assert_eq!(server.requests_to(path), 3, "{path}");
    }
}

#[test]
fn a_dead_host_uses_no_more_than_its_reserve_of_retries() {
    let server = Server::always(Answer::status(500));
    let budget = RetryBudget::new()
        .reserve(10.0)
        .per_request(0.0)
        .per_second(0.0);
    let client = builder(4)
        .retry(quick_retries().budget(budget))
        .build()
        .unwrap();
    let outcomes = client.as_completed((0..50).map(|i| server.url(&format!("/{i}"))));
    let summary = outcomes.summary();
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!((outcomes.len(), server.requests()), (50, 60));
    let refused = outcomes
        .iter()
        .filter(|outcome| error(outcome).stop_reason() == Some(StopReason::BudgetEmpty))
        .count();
    // At most two retries of one request end in another way.
    assert!((45..=50).contains(&refused), "{refused}");
    let summary = summary.snapshot();
    assert_eq!(summary.budget_refusals(), refused as u64);
    assert_eq!(summary.retry_attempts(), 10);
    for outcome in &outcomes {
        let path = outcome.url().rsplit('/').next().unwrap().to_owned();
        assert_eq!(
            outcome.attempts() as usize,
            server.requests_to(&format!("/{path}"))
        );
        let waits = outcome.attempt_log().iter().filter(|a| a.delay.is_some());
        assert_eq!(waits.count() as u32 + 1, outcome.attempts());
    }
}

#[test]
fn the_default_budget_bounds_the_retries_of_a_dead_host() {
    let server = Scenario::new()
        .on("*", Answer::status(500))
        .unlogged()
        .start();
    let policy = quick_retries().budget(RetryBudget::default());
    let client = builder(8).retry(policy).build().unwrap();
    let started = std::time::Instant::now();
    let count = 400;
    let outcomes: Vec<_> = client
        .as_completed((0..count).map(|_| server.url("/")))
        .collect();
    let most = 500.0 + 0.2 * f64::from(count) + started.elapsed().as_secs_f64();
    assert_eq!(outcomes.len(), count as usize);
    let retries = server.requests() - count as usize;
    assert!(
        retries as f64 <= most && retries >= 500,
        "{retries} of {most}"
    );
    assert!(
        outcomes
            .iter()
            .any(|outcome| error(outcome).stop_reason() == Some(StopReason::BudgetEmpty))
    );
}
