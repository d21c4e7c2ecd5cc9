//! Requests that a source sends itself.

use std::time::Duration;

use super::*;
use haul::settings::TokenRequest;
use haul::{ErrorType, RateLimit, Request, Timeouts};

type Fetched = Result<Token, Box<dyn std::error::Error + Send + Sync>>;

/// Fetches the token from `/token` of the same host.
fn log_in(url: &str) -> impl Fn(&TokenRequest<'_>) -> Fetched + Send + Sync + 'static {
    let url = url.to_owned();
    move |token| {
        let response = token.send(Request::post(url.clone())).into_result()?;
        Ok(Token::new(response.text()))
    }
}

/// Server whose `/token` gives `t`, and which accepts that elsewhere.
fn server() -> Server {
    Server::start(
        |seen: &Seen| match (seen.path(), seen.header("authorization")) {
            ("/token", None) => Answer::text("t"),
            (_, Some("Bearer t")) => Answer::text("ok"),
            _ => Answer::status(401),
        },
    )
}

#[test]
fn a_source_sends_without_a_token_on_a_client_with_one_worker() {
    let server = server();
    let client = builder()
        .workers(1)
        .token_source(log_in(&server.url("/token")))
        .build()
        .unwrap();
    let urls = (0..50).map(|_| server.url("/a"));
    assert_eq!(
        client.as_completed(urls).filter(|o| o.is_success()).count(),
        50
    );
    assert_eq!(tokens(&server, "/token"), [None]);
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn a_source_sends_within_the_limits_of_the_client() {
    let server = server();
    let client = builder()
        .max_per_host(1)
        .rate(RateLimit::per_second(1_000))
        .token_source(log_in(&server.url("/token")))
        .build()
        .unwrap();
    let urls = (0..20).map(|_| server.url("/a"));
    assert_eq!(
        client.as_completed(urls).filter(|o| o.is_success()).count(),
        20
    );
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn a_relative_url_of_a_source_is_resolved_against_the_base() {
    let server = server();
    let client = builder()
        .base_url(server.url("/"))
        .token_source(log_in("token"))
        .build()
        .unwrap();
    assert!(client.get("a").is_success());
}

#[test]
fn the_rules_and_hooks_of_the_client_are_for_its_own_requests_alone() {
    let server = Server::start(|seen: &Seen| match seen.path() {
        "/token" => Answer::text("t"),
        _ => Answer::json(r#"{"code": 0}"#),
    });
    let client = builder()
        .require("/code", 0)
        .expect_json(true)
        .query("page", "1")
        .accept([200])
        .before_attempt(|outgoing| assert_ne!(outgoing.uri.path(), "/token"))
        .token_source(log_in(&server.url("/token")))
        .build()
        .unwrap();
    let outcome = client.get(server.url("/a"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(server.last("/token").query(), None);
}

#[test]
fn a_request_of_a_source_is_not_tried_again_by_itself() {
    let server = Server::always(Answer::status(503));
    let client = builder()
        .token_source(log_in(&server.url("/token")))
        .build()
        .unwrap();
    let outcome = client.get(server.url("/a"));
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Auth);
    assert_eq!(server.paths(), ["/token"; 3]);
}

#[test]
fn a_source_has_the_time_limits_of_the_client() {
    let server = Server::always(Answer::never());
    let client = builder()
        .timeouts(Timeouts::new().attempt(Duration::from_millis(30)))
        .token_source(log_in(&server.url("/token")))
        .build()
        .unwrap();
    let outcome = client.get(server.url("/a"));
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Auth);
    assert_eq!(server.requests_to("/token"), 3);
}

#[test]
fn a_request_of_a_source_that_is_not_fit_to_be_sent_fails_the_call() {
    let client = builder()
        .token_source(log_in("ftp://nowhere/"))
        .build()
        .unwrap();
    let outcome = client.get("http://127.0.0.1:1/");
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Auth);
    assert!(error.message().contains("scheme"), "{error}");
}

#[test]
fn a_batch_does_not_count_the_requests_of_its_source() {
    let server = server();
    let client = builder()
        .token_source(log_in(&server.url("/token")))
        .build()
        .unwrap();
    let outcomes = client.as_completed([server.url("/a")]);
    let summary = outcomes.summary();
    assert_eq!(outcomes.count(), 1);
    assert_eq!(summary.snapshot().total(), 1);
}
