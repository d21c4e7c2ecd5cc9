//! Rate limits that servers announce in headers.

use std::time::{Duration, Instant};

use super::command::haul;
use test_support::{Answer, Scenario, Server};

#[test]
fn an_announced_rate_limit_is_obeyed_unless_the_options_say_otherwise() {
    let limited = |reset: &str| {
        let answer = Answer::status(403).header("x-ratelimit-remaining", "0");
        answer.header("x-ratelimit-reset", reset)
    };
    let server = Scenario::new()
        .on("/soon", limited("0.01").times(1).then(Answer::text("")))
        .on("/late", limited("3600"))
        .start();
    let soon = ["--retry-delay", "1ms", "-d", "x", &server.url("/soon")];
    let done = haul(soon).done().exits(0);
    assert_eq!(done.results()[0]["attempts"], 2);
    let told = "it asks for a wait (x-ratelimit-reset: 0.01)";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let done = haul([server.url("/late")]).done().exits(1);
    assert_eq!(done.results()[0]["stop_reason"], "retry_after_over_cap");
    let off = ["--no-rate-limit-headers", &server.url("/late")];
    let done = haul(off).done().exits(1);
    assert_eq!(done.results()[0]["stop_reason"], "not_retryable");
}

#[test]
fn a_success_that_says_that_nothing_remains_holds_its_host() {
    let used_up = Answer::text("").header("ratelimit", "\"minute\";r=0;t=60");
    let server = Server::always(used_up);
    let paced = [
        "-j1",
        "--pace-by-headers",
        "--retry-after-max",
        "150ms",
        "-",
    ];
    let begin = Instant::now();
    let list = (0..3).map(|i| server.url(&format!("/{i}")) + "\n");
    haul(paced).input(list.collect::<String>()).done().exits(0);
    assert!(begin.elapsed() >= Duration::from_millis(300));
}
