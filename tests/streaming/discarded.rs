//! `discard_body`, and HEAD that is asked again by GET.

use crate::*;
use haul::record::{Record, RecordOptions};
use haul::{ErrorType, Request};
use test_support::{Answer, Scenario};

#[test]
fn a_discarded_body_of_64_kib_keeps_the_connection() {
    for answer in [
        Answer::text("x".repeat(64 << 10)),
        Answer::text("x".repeat(60 << 10)).chunked(4096),
        Answer::text("x".repeat(60 << 10)).gzip(),
    ] {
        let server = Scenario::new().on("/", answer).start();
        let client = client();
        for _ in 0..3 {
            let outcome = client.send(Request::get(server.url("/")).discard_body());
            assert!(outcome.success().unwrap().bytes().is_empty());
        }
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn no_limit_and_no_cut_make_a_discarded_body_a_failure() {
    let server = Scenario::new()
        .on("/long", Answer::text("x".repeat(1 << 20)))
        .on("/cut", Answer::text("hello").cut_after(2))
        .on(
            "/bad",
            Answer::text("no gzip").header("Content-Encoding", "gzip"),
        )
        .start();
    for path in ["/long", "/cut", "/bad"] {
        let request = Request::get(server.url(path)).body_limit(10).discard_body();
        let outcome = client().send(request);
        assert_eq!(outcome.success().unwrap().bytes(), b"", "{path}");
        assert_eq!(outcome.attempts(), 1);
    }
}

#[test]
fn a_discarded_body_that_hangs_or_has_no_end_holds_the_worker_for_a_moment_only() {
    let hanging = server(|stream| {
        begin(stream, "");
        chunk(stream, b"some");
        hang(stream);
    });
    let endless = server(|stream| {
        begin(stream, "");
        while chunk(stream, &[0; 1000]) {}
    });
    for addr in [hanging, endless] {
        let outcome = client().send(Request::get(format!("http://{addr}/")).discard_body());
        assert!(outcome.is_success(), "{outcome:?}");
        assert!(outcome.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn the_body_of_a_refused_status_is_kept() {
    let server = Scenario::new().start();
    let outcome = client().send(Request::get(server.url("/")).discard_body());
    assert_eq!(error(&outcome).status(), Some(404));
    assert!(error(&outcome).response().is_some());
}

/// Returns a server that refuses HEAD with this status, and knows GET.
fn without_head(status: u16) -> test_support::Server {
    Scenario::new()
        .when("/", move |seen| match seen.method.as_str() {
            "HEAD" => Answer::status(status),
            _ => Answer::text("x".repeat(1000)),
        })
        .start()
}

#[test]
fn a_refused_head_is_asked_again_by_get_without_a_retry() {
    for status in [403, 404, 405, 501] {
        let server = without_head(status);
        let client = client();
        for request in [
            Request::head(server.url("/")).no_retry().or_get(),
            Request::head(server.url("/")).accept(100..=599).or_get(),
        ] {
            let outcome = client.send(request);
            assert_eq!(outcome.success().unwrap().status(), 200);
            assert_eq!(outcome.success().unwrap().bytes(), b"");
            assert_eq!((outcome.attempts(), outcome.method().as_str()), (1, "GET"));
            assert!(outcome.attempt_log().is_empty() && outcome.history().is_empty());
            let record = Record::new(&outcome, &RecordOptions::new());
            assert_eq!(record.method, "GET");
        }
        assert_eq!(server.requests_to("/"), 4);
    }
}

#[test]
fn other_answers_to_a_head_stand() {
    for status in [200, 204, 401, 410, 429, 500] {
        let server = without_head(status);
        let outcome = client().send(Request::head(server.url("/")).no_retry().or_get());
        assert_eq!(
            (outcome.status(), outcome.method().as_str()),
            (Some(status), "HEAD")
        );
        assert_eq!(server.requests_to("/"), 1);
    }
}

#[test]
fn a_head_without_or_get_is_not_asked_again() {
    let server = without_head(405);
    let outcome = client().send(Request::head(server.url("/")));
    assert_eq!(
        (outcome.status(), outcome.method().as_str()),
        (Some(405), "HEAD")
    );
}

#[test]
fn the_get_is_tried_again_as_a_get() {
    let server = Scenario::new()
        .when("/", |seen| match (seen.method.as_str(), seen.nth) {
            ("HEAD", _) => Answer::status(405),
            (_, 0..=2) => Answer::status(503),
            _ => Answer::text("good"),
        })
        .start();
    let outcome = client().send(Request::head(server.url("/")).or_get());
    assert!(outcome.is_success(), "{outcome:?}");
    assert!(outcome.attempts() >= 2);
    let seen = server.seen();
    let heads = seen.iter().filter(|seen| seen.method == "HEAD").count();
    assert_eq!(heads, 1);
}

#[test]
fn the_get_is_signed_anew() {
    let server = without_head(405);
    let seen = Collected::new();
    let to = seen.clone();
    let client = builder()
        .before_attempt(move |outgoing| {
            to.add((outgoing.method.to_string(), outgoing.attempt));
        })
        .build()
        .unwrap();
    assert!(
        client
            .send(Request::head(server.url("/")).or_get())
            .is_success()
    );
    assert_eq!(seen.take(), [("HEAD".to_owned(), 1), ("GET".to_owned(), 1)]);
}

#[test]
fn or_get_on_another_method_is_a_mistake() {
    let outcome = client().send(Request::get("http://127.0.0.1:1/").or_get());
    assert_eq!(error(&outcome).error_type(), ErrorType::InvalidRequest);
    assert_eq!(
        error(&outcome).message(),
        "or_get: the method is GET, not HEAD"
    );
}
