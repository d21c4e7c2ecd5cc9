//! URLs whose other scheme is tried when their host cannot be connected to.

use haul::record::Key;
use haul::testing::{Script, fail, get, status};
use haul::{Client, ErrorType, Outcome, Request, RetryPolicy};

fn client(script: &Script, retry: RetryPolicy) -> Client {
    let client = Client::builder().workers(1).retry(retry);
    client.transport(script.clone()).build().unwrap()
}

fn send(script: &Script, url: &str) -> Outcome {
    client(script, RetryPolicy::none()).send(Request::get(url).or_other_scheme())
}

/// A server that is there for http alone: https fails with this class.
fn without_https(class: ErrorType) -> Script {
    Script::new()
        .on(get("https://h/a?b=1"), fail(class))
        .on(get("http://h/a?b=1"), status(200))
}

#[test]
fn http_answers_where_https_cannot_be_connected_to() {
    for class in [ErrorType::Connect, ErrorType::Dns] {
        let outcome = send(&without_https(class), "https://h/a?b=1#c");
        assert!(outcome.is_success(), "{class}");
        assert_eq!(
            (outcome.url(), outcome.attempts()),
            ("http://h/a?b=1#c".into(), 2)
        );
        assert_eq!(outcome.attempt_log()[0].error_type, class);
        let key = |url| Key::of(&Request::get(url));
        assert_eq!(Key::of(outcome.request()), key("https://h/a?b=1#c"));
    }
}

#[test]
fn other_failures_are_not_followed_by_the_other_scheme() {
    for class in [
        ErrorType::Tls,
        ErrorType::Timeout,
        ErrorType::Connection,
        ErrorType::Protocol,
        ErrorType::AddressDenied,
    ] {
        let outcome = send(&without_https(class), "https://h/a?b=1");
        assert_eq!(outcome.error().unwrap().error_type(), class);
        assert_eq!(outcome.url(), "https://h/a?b=1");
        assert!(outcome.attempts() <= 1);
    }
}

#[test]
fn a_status_of_the_first_scheme_is_the_answer() {
    let script = Script::new()
        .on(get("https://h/"), status(500))
        .on(get("http://h/"), status(200));
    assert_eq!(send(&script, "https://h/").status(), Some(500));
}

#[test]
fn the_other_scheme_is_tried_once() {
    let script = Script::new()
        .on(get("https://h/"), fail(ErrorType::Connect))
        .on(get("http://h/"), fail(ErrorType::Dns));
    let outcome = send(&script, "https://h/");
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Dns);
    assert_eq!((outcome.url(), outcome.attempts()), ("http://h/".into(), 2));
    let policy =
        RetryPolicy::default().backoff(std::time::Duration::ZERO, std::time::Duration::ZERO);
    let outcome =
        client(&script, policy.max_attempts(3)).send(Request::get("https://h/").or_other_scheme());
    let urls: Vec<_> = script
        .calls()
        .iter()
        .map(|call| call.url().to_string())
        .collect();
    assert_eq!(urls[2..], ["https://h/", "http://h/", "http://h/"]);
    assert_eq!(outcome.attempts(), 3);
}

#[test]
fn http_can_come_first_and_a_port_is_kept() {
    let script = Script::new()
        .on(get("http://h:81/"), fail(ErrorType::Connect))
        .on(get("https://h:81/"), status(200));
    let outcome = send(&script, "http://h:81/");
    assert_eq!(outcome.url(), "https://h:81/");
    assert!(outcome.is_success());
}

#[test]
fn credentials_stay_with_the_first_scheme() {
    let script = without_https(ErrorType::Connect);
    let request = Request::get("https://h/a")
        .query("b", "1")
        .bearer("sesame")
        .header("x-plain", "1");
    let outcome = client(&script, RetryPolicy::none()).send(request.or_other_scheme());
    assert!(outcome.is_success());
    let calls = script.calls();
    let has = |call: usize, name| calls[call].headers().contains_key(name);
    assert!(has(0, "authorization") && has(0, "x-plain"));
    assert!(!has(1, "authorization") && has(1, "x-plain"));
}

#[test]
fn a_redirect_target_has_no_other_scheme() {
    let script = Script::new()
        .on(
            get("http://h/"),
            status(302).header("location", "https://other/"),
        )
        .on(get("https://other/"), fail(ErrorType::Connect))
        .on(get("http://other/"), status(200));
    let outcome = send(&script, "http://h/");
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Connect);
}
