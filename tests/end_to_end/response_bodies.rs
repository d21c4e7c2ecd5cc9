//! Bodies of responses: rejected, unreadable, cut short, too large, or kept in part.

use std::error::Error as _;

use haul::{ErrorType, Layer, Phase, Rejection, Request, StopReason};
use test_support::{Answer, Scenario, Server, builder, client, error};

use super::verdict;

#[test]
fn a_body_in_an_unknown_coding_is_kept_as_it_is() {
    let coded = || Answer::json("{}").header("Content-Encoding", "sdch");
    let server = Server::always(coded());
    let client = client(1);
    let outcome = client.get(server.url("/"));
    assert_eq!(outcome.content_encoding().as_deref(), Some("sdch"));
    let response = outcome.success().unwrap();
    assert_eq!(response.bytes(), b"{}");
    assert_eq!(response.content_encoding().as_deref(), Some("sdch"));
    for request in [
        Request::get(server.url("/")).expect_json(true),
        Request::get(server.url("/")).require("/a", 1),
    ] {
        let outcome = client.send(request);
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::Decode);
        assert!(error.message().contains("\"sdch\""), "{error}");
        assert_eq!(outcome.attempts(), 1);
    }
    let outcome = client.send(Request::head(server.url("/")).expect_json(true));
    assert!(outcome.is_success() && outcome.content_encoding().is_none());
}

#[test]
fn html_where_json_is_expected_fails_with_the_text_kept() {
    let server = Server::always(Answer::html("<h1>Sign in</h1>"));
    let client = client(1);
    let expecting = Request::get(server.url("/")).expect_json(true);
    let requiring = Request::get(server.url("/")).require("/code", 0);
    for request in [expecting, requiring] {
        let outcome = client.send(request);
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Parse,
                ErrorType::Decode,
                1,
                Some(StopReason::NotRetryable)
            )
        );
        let failed = error(&outcome);
        assert_eq!(failed.status(), Some(200));
        assert_eq!(failed.response_text().as_deref(), Some("<h1>Sign in</h1>"));
        assert!(failed.message().contains("text/html"), "{failed}");
        assert!(
            failed
                .source()
                .is_some_and(|source| source.is::<serde_json::Error>())
        );
    }
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_body_that_is_no_gzip_although_it_says_so_fails_in_the_parse_layer() {
    let server = Server::always(Answer::text("plain").header("Content-Encoding", "gzip"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Parse,
            ErrorType::Decode,
            1,
            Some(StopReason::NotRetryable)
        )
    );
}

#[test]
fn a_business_error_is_a_rejection() {
    let server = Server::always(Answer::json(r#"{"code": 4001, "msg": "余额不足"}"#));
    let client = client(1);
    let by_predicate = Request::get(server.url("/")).reject_if(|response| {
        let body = response.value().ok()?;
        let message = body["msg"].as_str().unwrap_or_default();
        (body["code"] != 0).then(|| Rejection::new(body["code"].clone(), message))
    });
    let required = Request::get(server.url("/")).require("/code", 0);
    for request in [by_predicate, required] {
        let outcome = client.send(request);
        let rejection = outcome.rejection().unwrap();
        assert_eq!(*rejection, Rejection::new(4001, "余额不足"));
        assert_eq!(rejection.response().unwrap().status(), 200);
        assert_eq!((outcome.attempts(), outcome.status()), (1, Some(200)));
        let url = server.url("/");
        assert_eq!(
            outcome.into_result().unwrap_err().to_string(),
            format!("GET {url}: rejected: 4001 余额不足")
        );
    }
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_missing_required_value_is_rejected_where_a_body_may_be() {
    let server = Scenario::new()
        .on("/empty", Answer::status(204))
        .on(
            "/other",
            Answer::json(r#"{"status": "ok", "error": "no code"}"#),
        )
        .start();
    let client = builder(1).require("/code", 0).build().unwrap();
    let other = client.get(server.url("/other"));
    assert_eq!(
        *other.rejection().unwrap(),
        Rejection::new(serde_json::Value::Null, "no code")
    );
    assert!(client.get(server.url("/empty")).is_success());
    assert!(
        client
            .send(Request::head(server.url("/other")))
            .is_success()
    );
}

#[test]
fn predicates_see_accepted_statuses_only() {
    let server = Server::always(Answer::status(404).body("gone"));
    let client = builder(1)
        .reject_if(|_| Some(Rejection::new(1, "seen")))
        .build()
        .unwrap();
    assert!(client.get(server.url("/")).is_failed());
    let accepting = Request::get(server.url("/")).accept([404]);
    assert!(client.send(accepting).is_rejected());
}

#[test]
fn a_body_cut_short_keeps_what_came_of_it() {
    let server = Scenario::new()
        .on("/cut", Answer::text("hello world").cut_after(5))
        .on(
            "/chunked",
            Answer::text("hello world").chunked(4).cut_after(9),
        )
        .on(
            "/reset",
            Answer::text("hello world").until_close().reset_after(5),
        )
        .start();
    let client = client(1);
    for path in ["/cut", "/chunked", "/reset"] {
        let outcome = client.get(server.url(path));
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Network,
                ErrorType::IncompleteBody,
                3,
                Some(StopReason::AttemptsExhausted)
            ),
            "{path}"
        );
        assert_eq!(error(&outcome).phase(), Some(Phase::Receive), "{path}");
        assert_eq!(error(&outcome).status(), Some(200), "{path}");
        assert_eq!(server.requests_to(path), 3, "{path}");
    }
    let kept = client.get(server.url("/cut"));
    assert_eq!(error(&kept).response_text().as_deref(), Some("hello"));
    let posted = client.send(Request::post(server.url("/cut")).text("x"));
    assert_eq!(posted.attempts(), 1);
}

#[test]
fn a_body_over_the_limit_fails_after_one_attempt() {
    let server = Scenario::new()
        .on("/long", Answer::text("x".repeat(1001)))
        .on("/chunked", Answer::text("x".repeat(1001)).chunked(100))
        .on("/right", Answer::text("x".repeat(1000)))
        .start();
    let client = builder(1).body_limit(1000).build().unwrap();
    for path in ["/long", "/chunked"] {
        let outcome = client.get(server.url(path));
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Http,
                ErrorType::BodyTooLarge,
                1,
                Some(StopReason::NotRetryable)
            ),
            "{path}"
        );
        assert!(error(&outcome).message().contains("1000"));
    }
    assert_eq!(
        client
            .get(server.url("/right"))
            .success()
            .unwrap()
            .bytes()
            .len(),
        1000
    );
    let more = Request::get(server.url("/long")).body_limit(2000);
    assert!(client.send(more).is_success());
}

#[test]
fn a_body_that_a_limit_cut_is_truncated() {
    let server = Scenario::new()
        .on("/plain", Answer::text("0123456789"))
        .on("/chunked", Answer::text("0123456789").chunked(3))
        .on("/error", Answer::status(500).body(vec![b'x'; 70_000]))
        .on("/lost", Answer::text("0123456789").cut_after(5))
        .start();
    let client = builder(1)
        .body_limit(4)
        .retry(haul::RetryPolicy::none())
        .build()
        .unwrap();
    let of = |path: &str| {
        let outcome = client.get(server.url(path));
        let failed = error(&outcome);
        let response = failed.response().unwrap();
        (
            failed.error_type(),
            response.bytes().len(),
            response.is_truncated(),
        )
    };
    assert_eq!(of("/plain"), (ErrorType::BodyTooLarge, 4, true));
    assert_eq!(of("/chunked"), (ErrorType::BodyTooLarge, 4, true));
    assert_eq!(of("/error"), (ErrorType::HttpStatus, 65_536, true));
    let wide = builder(1).retry(haul::RetryPolicy::none()).build().unwrap();
    let lost = wide.get(server.url("/lost"));
    let response = error(&lost).response().unwrap();
    assert_eq!(
        (response.bytes(), response.is_truncated()),
        (&b"01234"[..], false)
    );
    let whole = wide.get(server.url("/plain"));
    assert!(!whole.success().unwrap().is_truncated());
}

#[test]
fn the_body_of_an_error_is_kept_up_to_64_kib() {
    let server = Server::always(Answer::status(400).body(vec![b'x'; 100_000]));
    let client = client(1);
    let outcome = client.get(server.url("/"));
    let response = error(&outcome).response().unwrap();
    assert_eq!(
        (response.bytes().len(), response.is_truncated()),
        (65536, true)
    );
    assert!(client.get(server.url("/")).is_failed());
    assert_eq!(server.connections(), 1, "the rest of the body was read");
}
