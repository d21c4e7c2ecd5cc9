//! Tokens that the server refuses with status 401.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use haul::{ErrorType, Request, StopReason};

#[test]
fn a_401_renews_the_token_once_and_repeats_the_request_once_for_every_method() {
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        let (calls, server) = (Calls::default(), accepting("t2"));
        let client = numbered(&calls).build().unwrap();
        let outcome = client.send(Request::new(method, server.url("/a")).body("x"));
        assert!(outcome.is_success(), "{method}: {outcome:?}");
        assert_eq!((outcome.attempts(), calls.count()), (1, 2), "{method}");
        assert!(outcome.attempt_log().is_empty());
        assert_eq!(tokens(&server, "/a"), [bearer("t1"), bearer("t2")]);
        assert!(server.seen().iter().all(|seen| seen.body == b"x"));
    }
}

#[test]
fn a_second_401_of_a_present_token_stands() {
    let (calls, server) = (Calls::default(), accepting("none"));
    let client = numbered(&calls).build().unwrap();
    let outcome = client.get(server.url("/a"));
    let error = outcome.error().unwrap();
    assert_eq!(
        (error.error_type(), error.status()),
        (ErrorType::HttpStatus, Some(401))
    );
    assert_eq!((outcome.attempts(), calls.count()), (1, 2));
    assert_eq!(tokens(&server, "/a"), [bearer("t1"), bearer("t2")]);
}

#[test]
fn a_401_of_an_older_token_repeats_the_request_without_a_call() {
    let gate = test_support::Gate::closed();
    let (calls, held) = (Calls::default(), gate.clone());
    let server = Server::start(move |seen: &Seen| match seen.header("authorization") {
        Some("Bearer t2") => Answer::text("ok"),
        _ if seen.path() == "/slow" => Answer::status(401).behind(&held),
        _ => Answer::status(401),
    });
    let client = numbered(&calls).build().unwrap();
    let slow = client.submit(server.url("/slow")).unwrap();
    server.wait_for_requests_to("/slow", 1);
    assert!(client.get(server.url("/quick")).is_success());
    gate.open();
    assert!(slow.wait().is_success());
    assert_eq!(calls.count(), 2);
    assert_eq!(tokens(&server, "/slow"), [bearer("t1"), bearer("t2")]);
}

#[test]
fn a_later_attempt_after_a_renewal_is_a_retry_like_any_other() {
    let failed = AtomicBool::new(false);
    let calls = Calls::default();
    let server = Server::start(move |seen: &Seen| match seen.header("authorization") {
        Some("Bearer t2") if failed.swap(true, Ordering::SeqCst) => Answer::text("ok"),
        Some("Bearer t2") => Answer::status(503),
        _ => Answer::status(401),
    });
    let client = numbered(&calls).build().unwrap();
    let outcome = client.get(server.url("/a"));
    assert!(outcome.is_success());
    assert_eq!((outcome.attempts(), calls.count()), (2, 2));
}

#[test]
fn a_401_is_repeated_although_no_retries_are_allowed() {
    let (calls, server) = (Calls::default(), accepting("t2"));
    let client = numbered(&calls).retry(RetryPolicy::none()).build().unwrap();
    assert!(client.get(server.url("/a")).is_success());
}

#[test]
fn an_accepted_401_is_repeated_all_the_same() {
    let (calls, server) = (Calls::default(), accepting("t2"));
    let client = numbered(&calls).accept([200, 401]).build().unwrap();
    assert_eq!(client.get(server.url("/a")).status(), Some(200));
}

#[test]
fn a_body_that_was_read_and_can_be_read_only_once_ends_with_the_401() {
    let (calls, server) = (Calls::default(), accepting("t2"));
    let client = numbered(&calls).build().unwrap();
    let body = std::io::repeat(b'x');
    let request =
        Request::post(server.url("/a")).body_stream(std::io::Read::take(body, 10), Some(10));
    let outcome = client.send(request);
    let error = outcome.error().unwrap();
    assert_eq!(error.status(), Some(401));
    assert_eq!(error.stop_reason(), Some(StopReason::BodyNotReplayable));
    assert_eq!((tokens(&server, "/a").len(), calls.count()), (1, 1));
}

#[test]
fn a_401_of_a_request_with_credentials_of_its_own_is_no_refusal_of_the_token() {
    let (calls, server) = (Calls::default(), accepting("t2"));
    let client = numbered(&calls).build().unwrap();
    let outcome = client.send(Request::get(server.url("/a")).bearer("own"));
    assert_eq!(outcome.error().unwrap().status(), Some(401));
    assert_eq!(calls.count(), 0);
    assert_eq!(tokens(&server, "/a"), [bearer("own")]);
}

#[test]
fn a_hook_sees_the_token_and_may_replace_it() {
    let (calls, server) = (Calls::default(), accepting("own"));
    let client = numbered(&calls)
        .before_attempt(|outgoing| {
            assert_eq!(outgoing.headers["authorization"], "Bearer t1");
            let own = haul::http::HeaderValue::from_static("Bearer own");
            outgoing.headers.insert("authorization", own);
        })
        .build()
        .unwrap();
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(calls.count(), 1);
}

#[test]
fn a_hop_of_the_same_origin_is_repeated_with_the_new_token() {
    let calls = Calls::default();
    let server = Server::start(
        |seen: &Seen| match (seen.path(), seen.header("authorization")) {
            ("/a", _) => Answer::redirect(302, "/b"),
            (_, Some("Bearer t2")) => Answer::text("ok"),
            _ => Answer::status(401),
        },
    );
    let client = numbered(&calls).build().unwrap();
    let outcome = client.get(server.url("/a"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(server.paths(), ["/a", "/b", "/b"]);
    assert_eq!(tokens(&server, "/b"), [bearer("t1"), bearer("t2")]);
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn refused_tokens_of_many_requests_at_once_lead_to_one_call() {
    let calls = Calls::default();
    let server = Server::start(|seen: &Seen| match seen.header("authorization") {
        Some("Bearer t2") => Answer::text("ok"),
        _ => Answer::status(401).after(Duration::from_millis(20)),
    });
    let client = numbered(&calls).workers(32).build().unwrap();
    let urls = (0..200).map(|_| server.url("/a"));
    assert_eq!(
        client.as_completed(urls).filter(|o| o.is_success()).count(),
        200
    );
    assert_eq!(calls.count(), 2);
}

/// Sends requests to a server that refuses every token, and checks that each is sent twice.
fn refused_for_ever(client: ClientBuilder, workers: usize, calls: &Calls) {
    let server = Server::start(|_: &Seen| Answer::status(401).after(Duration::from_millis(2)));
    let client = client.workers(workers).build().unwrap();
    let paths: Vec<String> = (0..60).map(|n| format!("/{n}")).collect();
    let outcomes = client.as_completed(paths.iter().map(|path| server.url(path)));
    let refused = outcomes.filter(|o| o.error().is_some_and(|e| e.status() == Some(401)));
    assert_eq!(refused.count(), paths.len());
    for path in &paths {
        assert_eq!(server.requests_to(path), 2, "{path}");
    }
    assert!(calls.count() <= paths.len() + 1, "{} calls", calls.count());
}

#[test]
fn a_request_whose_every_token_is_refused_is_sent_twice() {
    for workers in [1, 32] {
        let calls = Calls::default();
        refused_for_ever(numbered(&calls), workers, &calls);
    }
}

#[test]
fn a_source_that_returns_the_refused_token_again_has_no_request_sent_a_third_time() {
    for workers in [1, 32] {
        let calls = Calls::default();
        let counted = calls.clone();
        let same = builder().token_source(move |_| {
            counted.next();
            Ok(Token::new("same"))
        });
        refused_for_ever(same, workers, &calls);
    }
}

#[test]
fn an_older_token_and_then_a_present_one_that_are_refused_end_with_the_401() {
    let gate = test_support::Gate::closed();
    let (calls, held) = (Calls::default(), gate.clone());
    let server = Server::start(move |seen: &Seen| match seen.header("authorization") {
        Some("Bearer t2") if seen.path() == "/quick" => Answer::text("ok"),
        Some("Bearer t1") if seen.path() == "/slow" => Answer::status(401).behind(&held),
        _ => Answer::status(401),
    });
    let client = numbered(&calls).build().unwrap();
    let slow = client.submit(server.url("/slow")).unwrap();
    server.wait_for_requests_to("/slow", 1);
    assert!(client.get(server.url("/quick")).is_success());
    gate.open();
    assert_eq!(slow.wait().error().unwrap().status(), Some(401));
    assert_eq!(tokens(&server, "/slow"), [bearer("t1"), bearer("t2")]);
    assert_eq!(calls.count(), 2);
}
