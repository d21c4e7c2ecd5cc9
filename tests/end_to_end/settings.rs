//! Settings that cannot be: `build` says which one and why.

use std::time::Duration;

use haul::{Client, ClientBuilder, RetryBudget, RetryPolicy, Timeouts};

#[test]
fn a_setting_that_cannot_be_is_named() {
    let seconds = Duration::from_secs;
    let retry = |policy: RetryPolicy| Client::builder().retry(policy);
    let bad: Vec<(ClientBuilder, &str, &str)> = vec![
        (Client::builder().workers(0), "workers", "at least one"),
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
        (Client::builder().base_url("/api"), "base_url", "no scheme"),
        (Client::builder().base_url("ftp://h/"), "base_url", "ftp"),
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
            retry(RetryPolicy::default().budget(RetryBudget {
                reserve: f64::NAN,
                ..RetryBudget::default()
            })),
            "retry",
            "budget",
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
fn the_first_thing_wrong_is_the_one_named_and_no_secret_with_it() {
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
    let server = super::support::Scenario::new()
        .on("/*", super::support::Answer::text("x"))
        .start();
    let urls = || (0..20).map(|i| server.url(&format!("/{i}")));
    assert_eq!(client.as_completed(urls()).count(), 20);
    assert!(client.map(urls()).map(|outcome| outcome.index()).eq(0..20));
}
