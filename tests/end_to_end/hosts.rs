//! Rules for hosts, rates, breakers, and the hooks around attempts.

use std::time::Duration;

use haul::settings::BreakerSettings;
use haul::{Client, ErrorType, HostRule, RateLimit, Request, RetryPolicy, StopReason, Timeouts};
use test_support::{Answer, Scenario, quick_retries};

#[test]
fn the_most_specific_setting_for_a_host_decides() {
    let server = Scenario::new()
        .on("/*", Answer::status(503))
        .hosts(2)
        .start();
    let client = Client::builder()
        .workers(2)
        .retry(quick_retries().max_attempts(4))
        .header("x-who", "client")
        .host_rule(
            "http://*",
            HostRule::new()
                .header("x-who", "any")
                .header("x-any", "1")
                .retry(quick_retries().max_attempts(2)),
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
        .retry(quick_retries())
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
