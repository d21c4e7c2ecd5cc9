//! Rate limits that servers announce in headers, and advice of a hook on another attempt.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use haul::settings::{Judgement, RetryAdvice};
use haul::{Client, Outcome, Request, RetryPolicy, StopReason};

use test_support::{Answer, Scenario, Server};
use test_support::{builder, quick_retries};

fn client(policy: RetryPolicy) -> Client {
    builder(1).retry(policy).build().unwrap()
}

/// Server that answers the first request so, and all others with 200.
fn once(answer: Answer) -> Server {
    let script = answer.times(1).then(Answer::text("done"));
    Scenario::new().on("/*", script).start()
}

/// Returns the wait after the first attempt of a request that succeeded with the second.
fn waited(outcome: &Outcome) -> Duration {
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.attempts(), 2);
    outcome.attempt_log()[0].delay.expect("a retry")
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

#[test]
fn an_announced_reset_is_waited_for() {
    let far = (since_1970() + Duration::from_secs(80))
        .as_secs()
        .to_string();
    for (name, value, least) in [
        ("x-ratelimit-reset", "0.05", 50),
        ("RateLimit-Reset", "0.05", 50),
        ("RateLimit", r#""default";r=0;t=0.05"#, 50),
        ("RateLimit", "limit=10, remaining=0, reset=0.05", 50),
        ("x-ratelimit-reset-requests", "50ms", 50),
        ("x-ratelimit-reset-tokens", "0m0.05s", 50),
        ("retry-after-ms", "50", 50),
        // The wait of 80 s is cut down to the cap.
        ("x-ratelimit-reset", &far, 100),
    ] {
        for status in [429, 503] {
            let server = once(Answer::status(status).header(name, value));
            let policy = quick_retries().retry_after_max(Duration::from_millis(100));
            let client = client(policy.retry_after_clamp(true));
            let wait = waited(&client.get(server.url("/")));
            let least = Duration::from_millis(least);
            assert!(wait >= least, "{name}: {value}: {wait:?}");
        }
    }
}

#[test]
fn a_403_that_says_that_nothing_remains_is_retried_for_every_method() {
    for (name, value) in [
        ("X-RateLimit-Remaining", "0"),
        ("ratelimit-remaining", "0"),
        ("RateLimit", r#""hour";r=0;t=0"#),
        ("Retry-After", "0"),
    ] {
        let server = once(Answer::status(403).header(name, value));
        let outcome = client(quick_retries()).send(Request::post(server.url("/")).text("once"));
        waited(&outcome);
        let server = once(Answer::status(403).header(name, value));
        let off = client(quick_retries().rate_limit_headers(false));
        let outcome = off.get(server.url("/"));
        assert_eq!((outcome.status(), outcome.attempts()), (Some(403), 1));
    }
    let server = once(Answer::status(403).header("x-ratelimit-remaining", "1"));
    let outcome = client(quick_retries()).get(server.url("/"));
    assert_eq!(outcome.stop_reason(), Some(StopReason::NotRetryable));
}

#[test]
fn a_reset_beyond_the_cap_ends_the_request() {
    let hour = (since_1970() + Duration::from_secs(3_600))
        .as_millis()
        .to_string();
    let limited = Answer::status(403).header("x-ratelimit-remaining", "0");
    let server = Server::always(limited.header("x-ratelimit-reset", hour));
    let outcome = client(quick_retries()).get(server.url("/"));
    assert_eq!(outcome.stop_reason(), Some(StopReason::RetryAfterOverCap));
    assert_eq!(server.requests(), 1);
}

#[test]
fn retry_after_ms_comes_before_retry_after() {
    let limited = Answer::status(429).header("Retry-After", "100");
    let server = once(limited.header("Retry-After-Ms", "20"));
    let wait = waited(&client(quick_retries()).get(server.url("/")));
    assert!(wait >= Duration::from_millis(20) && wait < Duration::from_secs(100));
}

#[test]
fn a_success_that_says_that_nothing_remains_holds_its_host_if_the_policy_paces_by_headers() {
    let used_up = Answer::text("").header("x-ratelimit-remaining", "0");
    let server = once(used_up.header("x-ratelimit-reset", "3600"));
    let policy = quick_retries().retry_after_max(Duration::from_millis(200));
    let client = client(policy.pace_by_headers(true));
    let begin = Instant::now();
    let urls = (0..3).map(|n| server.url(&format!("/{n}")));
    let outcomes: Vec<_> = client.as_completed(urls).collect();
    assert!(outcomes.iter().all(Outcome::is_success));
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[test]
fn advice_repeats_a_write_that_the_server_did_nothing_for() {
    let server = once(Answer::text("overloaded"));
    let advice = || {
        let wait = Duration::from_millis(30);
        RetryAdvice::new().after(wait).unacted().cool_host()
    };
    let policy = quick_retries().classify(move |attempt| {
        let overloaded = attempt.body == b"overloaded";
        overloaded.then(|| Judgement::RetryWith(advice()))
    });
    let outcome = client(policy).send(Request::post(server.url("/")).text("once"));
    assert_eq!(waited(&outcome), Duration::from_millis(30));
}

#[test]
fn advice_after_the_last_attempt_leaves_the_accepted_response() {
    let server = Server::always(Answer::text("overloaded"));
    let policy = quick_retries().classify(|_| {
        let advice = RetryAdvice::new().after(Duration::ZERO).cool_host();
        Some(Judgement::RetryWith(advice))
    });
    let outcome = client(policy).get(server.url("/"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.stop_reason(), Some(StopReason::AttemptsExhausted));
    assert_eq!(server.requests(), 3);
}
