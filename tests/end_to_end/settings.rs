//! Impossible settings: `build` says which one is wrong and why.

use std::time::Duration;

use haul::settings::{BreakerSettings, Jitter, RetryBudget};
use haul::{
    Client, ClientBuilder, ErrorType, HostRule, RateLimit, RetryPolicy, StopReason, Timeouts,
};
use test_support::{Answer, Scenario, error};

use super::verdict;

#[test]
fn a_setting_that_cannot_be_is_named() {
    let seconds = Duration::from_secs;
    let retry = |policy: RetryPolicy| Client::builder().retry(policy);
    let rule = |rule: HostRule| Client::builder().host_rule("*", rule);
    let bad: Vec<(ClientBuilder, &str, &str)> = vec![
        (Client::builder().workers(0), "workers", "at least one"),
        (Client::builder().workers(usize::MAX), "workers", "threads"),
        (
            Client::builder().max_pending(0),
            "max_pending",
            "at least one",
        ),
        (
            Client::builder().max_per_host(0),
            "max_per_host",
            "at least one",
        ),
        (Client::builder().window(0), "window", "at least one"),
        (
            Client::builder().max_parked(0),
            "max_parked",
            "at least one",
        ),
        (Client::builder().byte_budget(0), "byte_budget", "zero"),
        (
            Client::builder().byte_budget(u64::MAX),
            "byte_budget",
            "memory",
        ),
        (
            Client::builder().header("bad name", "x"),
            "header",
            "\"bad name\"",
        ),
        (Client::builder().header("x-bad", "a\nb"), "header", "x-bad"),
        (
            Client::builder().basic_auth("a:b", "c"),
            "basic_auth",
            "colon",
        ),
        (
            Client::builder().bearer("a\nb"),
            "bearer",
            "may not be sent",
        ),
        (
            Client::builder().basic_auth("a", "b\r\nX-Y: z"),
            "basic_auth",
            "CR, LF and NUL",
        ),
        (
            Client::builder().basic_auth("a\0", ""),
            "basic_auth",
            "CR, LF and NUL",
        ),
        (
            Client::builder().proxy(haul::ProxySettings::all("http://a%0d%0ab:c@h:1")),
            "proxy",
            "CR, LF and NUL",
        ),
        (
            Client::builder().proxy(haul::ProxySettings::all("http://a:%00@h:1")),
            "proxy",
            "CR, LF and NUL",
        ),
        (
            Client::builder().require("code", 0),
            "require",
            "begins with /",
        ),
        (Client::builder().base_url("/api"), "base_url", "no scheme"),
        (Client::builder().base_url("ftp://h/"), "base_url", "scheme"),
        (
            Client::builder().user_agent("a\nb"),
            "user_agent",
            "may not be sent",
        ),
        (
            Client::builder().sensitive_header("a b"),
            "sensitive_header",
            "\"a b\"",
        ),
        (
            Client::builder().thread_name_prefix("a\0b"),
            "thread_name_prefix",
            "NUL",
        ),
        (
            Client::builder().timeouts(Timeouts::new().connect(seconds(9)).attempt(seconds(3))),
            "timeouts",
            "connect",
        ),
        (
            retry(RetryPolicy::default().max_attempts(0)),
            "retry",
            "max_attempts",
        ),
        (
            retry(RetryPolicy::default().backoff(seconds(2), seconds(1))),
            "retry",
            "backoff",
        ),
        (retry(RetryPolicy::default().factor(0.5)), "retry", "factor"),
        (
            retry(RetryPolicy::default().factor(f64::NAN)),
            "retry",
            "factor",
        ),
        (
            retry(RetryPolicy::default().deadline(Duration::ZERO)),
            "retry",
            "deadline",
        ),
        (
            retry(RetryPolicy::default().budget(RetryBudget::new().reserve(f64::NAN))),
            "retry",
            "budget",
        ),
        (
            Client::builder().rate(RateLimit::per_second(0)),
            "rate",
            "count",
        ),
        (
            Client::builder().rate(RateLimit::per_second(f64::NAN)),
            "rate",
            "count is NaN",
        ),
        (
            Client::builder()
                .rate(RateLimit::per_minute(5))
                .rate(RateLimit::per_second(1))
                .rate(RateLimit::new(5, Duration::from_secs(60))),
            "rate",
            "two limits for one window of 60s",
        ),
        (
            Client::builder()
                .rate_per_host(RateLimit::per_minute(30).burst(3))
                .rate_per_host(RateLimit::per_second(1)),
            "rate_per_host",
            "burst is for the shortest window alone",
        ),
        (
            Client::builder().rate_per_host(RateLimit::new(1, Duration::ZERO)),
            "rate_per_host",
            "per",
        ),
        (
            Client::builder().breaker(BreakerSettings::new().trials(0)),
            "breaker",
            "trials",
        ),
        (
            rule(HostRule::new().timeouts(Timeouts::new().connect(seconds(9)).attempt(seconds(3)))),
            "host_rule",
            "timeouts: the connect limit",
        ),
        (
            rule(HostRule::new().breaker(BreakerSettings::new().window(Duration::ZERO))),
            "host_rule",
            "breaker: window",
        ),
    ];
    for (builder, setting, reason) in bad {
        let error = builder.build().expect_err(setting);
        assert_eq!(error.setting(), setting);
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("{setting}: ")) && text.contains(reason),
            "{text}"
        );
    }
}

#[test]
fn the_first_wrong_setting_is_named_without_its_secret() {
    let error = Client::builder()
        .bearer("s3cret\n")
        .workers(0)
        .build()
        .unwrap_err();
    assert_eq!(error.setting(), "bearer");
    assert!(!error.to_string().contains("s3cret"));
    let error = Client::builder()
        .base_url("ftp://user:s3cret@h/")
        .build()
        .unwrap_err();
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn an_attempt_limit_below_the_default_connect_limit_is_no_contradiction() {
    let limits = Timeouts::new().attempt(Duration::from_secs(1));
    assert!(Client::builder().timeouts(limits).build().is_ok());
}

#[test]
fn the_smallest_settings_work() {
    let client = Client::builder()
        .workers(1)
        .max_per_host(1)
        .window(1)
        .max_parked(1)
        .byte_budget(1)
        .build()
        .unwrap();
    let server = Scenario::new().on("/*", Answer::text("x")).start();
    let urls = || (0..20).map(|i| server.url(&format!("/{i}")));
    assert_eq!(client.as_completed(urls()).count(), 20);
    assert!(client.map(urls()).map(|outcome| outcome.index()).eq(0..20));
}

#[test]
fn the_largest_settings_are_no_limits() {
    let endless = Duration::MAX;
    let server = Scenario::new()
        .on(
            "/never",
            Answer::status(503).header("Retry-After", "9".repeat(40)),
        )
        .on("/sick", Answer::status(503))
        .on("/*", Answer::text("x"))
        .start();
    let patient = RetryPolicy::default()
        .backoff(endless, endless)
        .jitter(Jitter::None)
        .retry_after_max(endless)
        .deadline(endless);
    let client = Client::builder()
        .workers(2)
        .window(usize::MAX)
        .max_parked(usize::MAX)
        .max_pending(usize::MAX)
        .max_idle(usize::MAX)
        .max_idle_per_host(usize::MAX)
        .idle_timeout(endless)
        .timeouts(
            Timeouts::new()
                .connect(endless)
                .attempt(endless)
                .read(endless),
        )
        .breaker(
            BreakerSettings::new()
                .window(endless)
                .open(endless)
                .open_max(endless),
        )
        .retry(patient)
        .build()
        .unwrap();
    let urls = || (0..20).map(|i| server.url(&format!("/{i}")));
    assert!(client.get(server.url("/")).is_success());
    assert!(client.submit(server.url("/")).unwrap().wait().is_success());
    assert_eq!(client.as_completed(urls()).deadline(endless).count(), 20);
    assert!(client.map(urls()).map(|outcome| outcome.index()).eq(0..20));

    let sick = client.submit(server.url("/sick")).unwrap();
    server.wait_for_requests_to("/sick", 1);
    assert!(sick.cancel(), "it waits for the end of time");
    assert_eq!(error(&sick.wait()).error_type(), ErrorType::Cancelled);

    // This request comes last: the host is left alone for as long as that.
    let outcome = client.get(server.url("/never"));
    let (_, _, attempts, reason) = verdict(&outcome);
    assert_eq!((attempts, reason), (1, Some(StopReason::RetryAfterOverCap)));
}
