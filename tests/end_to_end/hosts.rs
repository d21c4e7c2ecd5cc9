//! Rules for hosts, rates, breakers, and the hooks around attempts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::settings::{BreakerSettings, Jitter};
use haul::{
    Client, ErrorType, HostRule, Layer, RateLimit, Request, RetryPolicy, StopReason, Timeouts,
};

use crate::support::{Answer, Scenario, Server};

fn quick() -> RetryPolicy {
    let wait = Duration::from_millis(1);
    RetryPolicy::default()
        .backoff(wait, wait)
        .jitter(Jitter::None)
}

#[test]
fn the_most_specific_setting_for_a_host_decides() {
    let server = Scenario::new()
        .on("/*", Answer::status(503))
        .hosts(2)
        .start();
    let client = Client::builder()
        .workers(2)
        .retry(quick().max_attempts(4))
        .header("x-who", "client")
        .host_rule(
            "http://*",
            HostRule::new()
                .header("x-who", "any")
                .header("x-any", "1")
                .retry(quick().max_attempts(2)),
        )
        .host_rule(
            "127.0.0.1",
            HostRule::new().header("x-who", "first").bearer("t"),
        )
        .build()
        .unwrap();
    let outcome = client.get(server.url("/a"));
    assert_eq!(
        outcome.attempts(),
        2,
        "the wider rule's policy, where the narrower says nothing of it"
    );
    let seen = server.last("/a");
    assert_eq!(seen.header("x-who"), Some("first"));
    assert_eq!(
        (seen.header("x-any"), seen.header("authorization")),
        (Some("1"), Some("Bearer t"))
    );
    let own = client.send(
        Request::get(server.url("/b"))
            .header("x-who", "own")
            .no_retry(),
    );
    assert_eq!(
        (own.attempts(), server.last("/b").header("x-who")),
        (1, Some("own"))
    );
}

#[test]
fn a_host_rule_sets_limits_for_its_host() {
    let server = Scenario::new()
        .on("/slow", Answer::never())
        .on("/*", Answer::text("").after(Duration::from_millis(5)))
        .start();
    let rule = HostRule::new()
        .max_in_flight(2)
        .timeouts(Timeouts::new().attempt(Duration::from_millis(200)))
        .retry(RetryPolicy::none());
    let client = Client::builder()
        .workers(8)
        .host_rule("127.0.0.1", rule)
        .build()
        .unwrap();
    let urls = (0..40).map(|i| server.url(&format!("/{i}")));
    assert!(
        client
            .as_completed(urls)
            .all(|outcome| outcome.is_success())
    );
    assert!(server.most_at_once() <= 2);
    let late = client.get(server.url("/slow"));
    assert_eq!(late.error().unwrap().error_type(), ErrorType::Timeout);
}

#[test]
fn an_open_breaker_ends_requests_without_sending_them() {
    let server = Scenario::new().on("/*", Answer::status(500)).start();
    let breaker = BreakerSettings::new().min_calls(20);
    let client = Client::builder()
        .workers(1)
        .retry(RetryPolicy::none())
        .breaker(breaker)
        .build()
        .unwrap();
    let outcomes: Vec<_> = client
        .map((0..30).map(|i| server.url(&format!("/{i}"))))
        .collect();
    let refused: Vec<_> = outcomes
        .iter()
        .filter(|o| o.error().unwrap().error_type() == ErrorType::BreakerOpen)
        .collect();
    assert_eq!(server.requests() + refused.len(), 30);
    assert_eq!(
        server.requests(),
        20,
        "it opens at the twentieth call, all of them failures"
    );
    for outcome in refused {
        assert_eq!(outcome.attempts(), 0);
        assert_eq!(
            outcome.error().unwrap().stop_reason(),
            Some(StopReason::BreakerOpen)
        );
    }
}

#[test]
fn a_breaker_opens_after_as_many_calls_as_there_are_workers_and_at_least_five() {
    let server = Scenario::new().on("/*", Answer::status(500)).start();
    let client = Client::builder()
        .workers(1)
        .retry(RetryPolicy::none())
        .breaker(BreakerSettings::default())
        .build()
        .unwrap();
    let urls = (0..30).map(|i| server.url(&format!("/{i}")));
    assert_eq!(client.map(urls).count(), 30);
    assert_eq!(server.requests(), 5);
}

#[test]
fn rates_of_two_windows_hold_together_retries_included() {
    let server = Scenario::new()
        .on("/*", Answer::status(503).times(1).then(Answer::text("")))
        .start();
    let client = Client::builder()
        .workers(4)
        .retry(quick())
        .rate(RateLimit::per_hour(6))
        .rate(RateLimit::per_second(1000))
        .build()
        .unwrap();
    let handles: Vec<_> = (0..20)
        .map(|i| client.submit(server.url(&format!("/{i}"))).unwrap())
        .collect();
    server.wait_for_requests(6);
    std::thread::park_timeout(Duration::from_millis(100));
    for handle in &handles {
        handle.cancel();
    }
    assert_eq!(server.requests(), 6);
    let retried = handles.iter().filter(|handle| handle.wait().attempts() > 1);
    assert!(retried.count() < 6, "a retry is one of the six");
}

#[test]
fn the_rates_of_a_host_rule_replace_those_of_the_client_for_each_host() {
    let server = Scenario::new().on("/*", Answer::text("")).start();
    let hourly = RateLimit::per_hour(1);
    for (rule, all) in [
        (HostRule::new().rate(RateLimit::per_second(1000)), true),
        (HostRule::new().rate(hourly).rate(None), true),
        (HostRule::new().max_in_flight(3), false),
    ] {
        let client = Client::builder()
            .rate_per_host(RateLimit::per_second(500))
            .rate_per_host(hourly)
            .host_rule("127.0.0.1", rule)
            .build()
            .unwrap();
        let urls = (0..20).map(|i| server.url(&format!("/{i}")));
        let outcomes = client.as_completed(urls).deadline(match all {
            true => Duration::from_secs(60),
            false => Duration::from_millis(200),
        });
        let done = outcomes.filter(|outcome| outcome.is_success()).count();
        assert_eq!(done, if all { 20 } else { 1 });
    }
}

#[test]
fn a_rate_spreads_the_starts() {
    let server = Scenario::new().on("/*", Answer::text("")).start();
    let client = Client::builder()
        .workers(8)
        .rate_per_host(RateLimit::per_second(100))
        .build()
        .unwrap();
    let started = std::time::Instant::now();
    let outcomes = client.as_completed((0..21).map(|i| server.url(&format!("/{i}"))));
    assert!(outcomes.into_iter().all(|outcome| outcome.is_success()));
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "twenty gaps of ten milliseconds"
    );
}

#[test]
fn a_hook_signs_each_attempt_anew() {
    let server = Scenario::new()
        .on("/*", Answer::status(503).times(2).then(Answer::text("")))
        .start();
    let client = Client::builder()
        .workers(1)
        .retry(quick())
        .before_attempt(|outgoing| {
            let stamp = haul::http::HeaderValue::from(outgoing.attempt);
            outgoing.headers.append("x-attempt", stamp);
        })
        .build()
        .unwrap();
    assert!(client.get(server.url("/a")).is_success());
    let stamps: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("x-attempt").map(str::to_owned))
        .collect();
    assert_eq!(
        stamps,
        [Some("1".into()), Some("2".into()), Some("3".into())]
    );
}

#[test]
fn a_hook_holds_no_permit_while_it_sends() {
    let server = Scenario::new()
        .on("/*", Answer::text("").after(Duration::from_millis(5)))
        .start();
    let sender = Arc::new(Mutex::new(None::<Client>));
    let client = {
        let (sender, token) = (Arc::clone(&sender), server.url("/token"));
        Client::builder()
            .workers(4)
            .max_per_host(1)
            .before_attempt(move |outgoing| {
                if outgoing.uri.path() != "/token" {
                    let client = sender.lock().unwrap().clone().unwrap();
                    assert!(client.get(token.as_str()).is_success());
                    let signed = haul::http::HeaderValue::from_static("1");
                    outgoing.headers.append("x-signed", signed);
                }
            })
            .build()
            .unwrap()
    };
    *sender.lock().unwrap() = Some(client.clone());
    let outcomes = client.as_completed((0..8).map(|i| server.url(&format!("/{i}"))));
    assert!(
        outcomes
            .into_iter()
            .all(|outcome| outcome.is_success() && outcome.attempts() == 1)
    );
    sender.lock().unwrap().take();
    assert_eq!(server.requests_to("/token"), 8, "signed once for each");
    let signed = server.seen();
    let signed = signed.iter().filter(|seen| seen.path() != "/token");
    assert!(
        signed.clone().count() == 8
            && signed
                .clone()
                .all(|s| s.all_headers("x-signed").count() == 1)
    );
    assert_eq!(server.most_at_once_on(0), 1);
}

#[test]
fn a_hook_that_panics_loses_no_outcome() {
    let server = Scenario::new()
        .on("/*", Answer::status(503).times(2).then(Answer::text("")))
        .start();
    let told = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::new(AtomicUsize::new(0));
    let client = {
        let (told, calls) = (Arc::clone(&told), Arc::clone(&calls));
        Client::builder()
            .workers(1)
            .retry(quick())
            .on_retry(move |retrying| {
                told.lock().unwrap().push((
                    retrying.attempt,
                    retrying.max_attempts,
                    retrying.error.status(),
                ));
                if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                    panic!("no");
                }
            })
            .build()
            .unwrap()
    };
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(
        *told.lock().unwrap(),
        [(1, 3, Some(503)), (2, 3, Some(503))]
    );
    let panicking = Client::builder()
        .before_attempt(|_| panic!("unsigned"))
        .build()
        .unwrap();
    let outcome = panicking.get(server.url("/b"));
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Panic);
    assert_eq!(server.requests_to("/b"), 0);
}

#[derive(Debug)]
struct NoKey(u32);

impl std::fmt::Display for NoKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no key for attempt {}", self.0)
    }
}

impl std::error::Error for NoKey {}

#[test]
fn a_hook_that_fails_ends_the_request_unsent_with_its_error() {
    let server = Server::always(Answer::status(503));
    let client = Client::builder()
        .workers(2)
        .retry(quick())
        .before_attempt(|outgoing| match outgoing.uri.path() {
            "/first" => Err(NoKey(outgoing.attempt)),
            "/second" if outgoing.attempt == 2 => Err(NoKey(outgoing.attempt)),
            _ => Ok(()),
        })
        .build()
        .unwrap();
    for (path, attempts) in [("/first", 0), ("/second", 1)] {
        for request in [
            Request::get(server.url(path)),
            Request::post(server.url(path)).idempotent(true),
        ] {
            let outcome = client.send(request);
            let failed = outcome.error().unwrap();
            assert_eq!(
                (failed.layer(), failed.error_type(), failed.stop_reason()),
                (
                    Layer::Application,
                    ErrorType::Sign,
                    Some(StopReason::NotRetryable)
                )
            );
            assert_eq!(outcome.attempts(), attempts, "{path}");
            assert_eq!(outcome.attempt_log().len(), attempts as usize);
            let source = std::error::Error::source(failed).unwrap();
            let NoKey(attempt) = source.downcast_ref().unwrap();
            assert_eq!(*attempt, attempts + 1);
            assert_eq!(failed.message(), format!("no key for attempt {attempt}"));
            let record = haul::record::Record::new(&outcome, &Default::default());
            let line = serde_json::to_value(&record).unwrap();
            assert_eq!(
                (&line["error_type"], &line["layer"]),
                (&"sign".into(), &"application".into())
            );
        }
    }
    assert_eq!(
        (server.requests_to("/first"), server.requests_to("/second")),
        (0, 2)
    );
}

#[test]
fn hooks_may_return_nothing_a_result_or_never() {
    let _ = Client::builder().before_attempt(|_| {});
    let _ = Client::builder().before_attempt(|_| Ok::<_, std::fmt::Error>(()));
    let _ = Client::builder().before_attempt(
        |_| -> Result<(), Box<dyn std::error::Error + Send + Sync>> { Err("no key".into()) },
    );
    let _ = Client::builder().before_attempt(|_| Err::<(), _>("no key"));
    let _ = Client::builder().before_attempt(|_| panic!("no key"));
}

#[test]
fn build_names_the_wrong_part_of_a_host_rule() {
    let cases = [
        Client::builder().host_rule("a b", HostRule::new()),
        Client::builder().host_rule("h", HostRule::new().max_in_flight(0)),
        Client::builder().host_rule("h", HostRule::new().header("a b", "")),
        Client::builder().host_rule("h", HostRule::new().rate(RateLimit::per_second(0))),
        Client::builder().host_rule(
            "h",
            HostRule::new()
                .rate(RateLimit::per_second(1))
                .rate(RateLimit::per_second(2)),
        ),
        Client::builder().host_rule(
            "h",
            HostRule::new().retry(RetryPolicy::default().max_attempts(0)),
        ),
    ];
    for builder in cases {
        assert_eq!(builder.build().unwrap_err().setting(), "host_rule");
    }
    assert_eq!(
        Client::builder()
            .rate(RateLimit::per_second(0))
            .build()
            .unwrap_err()
            .setting(),
        "rate"
    );
}
