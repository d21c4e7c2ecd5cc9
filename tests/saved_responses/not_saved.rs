//! Bodies that are not saved: no part of them has the name.

use std::fs;
use std::time::{Duration, Instant};

use haul::batch::CancelToken;
use haul::settings::Judgement;
use haul::{Client, ErrorType, Outcome, Phase, Request, RetryPolicy, Timeouts};
use test_support::{Answer, Folder, PATIENCE, Scenario, Server, client};

use super::{bytes, class};

/// Sends the request twice, with and without an old file of the name, and asserts that no file appears and the old
/// file stays.
fn leaves_no_trace(client: &Client, request: Request) -> Outcome {
    let folder = Folder::new();
    client.send(request.clone().save_to(folder.file("new")));
    assert_eq!(folder.names(), [""; 0]);
    fs::write(folder.file("old"), "as it was").unwrap();
    let outcome = client.send(request.save_to(folder.file("old")));
    assert_eq!(folder.names(), ["old"]);
    assert_eq!(fs::read(folder.file("old")).unwrap(), b"as it was");
    assert_eq!(outcome.saved(), None);
    outcome
}

#[test]
fn a_body_that_is_cut_off_never_has_the_name() {
    let body = Answer::status(200).body(bytes(90_000));
    let server = Scenario::new()
        .on("/cut", body.clone().cut_after(80_000))
        .on("/chunks", body.clone().chunked(1_000).cut_after(80_000))
        .on("/reset", body.clone().reset_after(80_000))
        .on("/gzip", body.clone().gzip().cut_after(80_000))
        .on("/garbage", body.header("Content-Encoding", "gzip"))
        .start();
    for (path, expected) in [
        ("/cut", ErrorType::IncompleteBody),
        ("/chunks", ErrorType::IncompleteBody),
        ("/reset", ErrorType::IncompleteBody),
        #[cfg(feature = "gzip")]
        ("/gzip", ErrorType::IncompleteBody),
        #[cfg(feature = "gzip")]
        ("/garbage", ErrorType::Decode),
    ] {
        let outcome = leaves_no_trace(&client(2), Request::get(server.url(path)));
        assert_eq!(class(&outcome), expected, "{path}");
    }
}

#[test]
fn a_body_over_a_time_limit_is_not_saved() {
    let slow = Answer::status(200)
        .body(bytes(50_000))
        .dripping(100, Duration::from_millis(50));
    let stuck = Answer::status(200)
        .body(bytes(50_000))
        .dripping(25_000, Duration::from_secs(30));
    let server = Scenario::new()
        .on("/slow", slow)
        .on("/stuck", stuck)
        .start();
    let limits = Timeouts::new().read(Duration::from_millis(300));
    let request = Request::get(server.url("/stuck")).no_retry();
    let outcome = leaves_no_trace(&client(2), request.timeouts(limits));
    assert_eq!(class(&outcome), ErrorType::Timeout);
    assert_eq!(outcome.error().unwrap().phase(), Some(Phase::Receive));
    let limits = Timeouts::new().attempt(Duration::from_millis(300));
    let request = Request::get(server.url("/slow")).no_retry();
    let outcome = leaves_no_trace(&client(2), request.timeouts(limits));
    assert_eq!(class(&outcome), ErrorType::Timeout);
}

#[test]
fn a_body_over_its_size_limit_is_not_saved() {
    let body = Answer::status(200).body(bytes(90_000));
    let server = Scenario::new()
        .on("/length", body.clone())
        .on("/chunks", body.chunked(1_000))
        .start();
    for path in ["/length", "/chunks"] {
        let request = Request::get(server.url(path)).body_limit(89_999);
        let outcome = leaves_no_trace(&client(2), request);
        assert_eq!(class(&outcome), ErrorType::BodyTooLarge);
        let request = Request::get(server.url(path)).body_limit(90_000);
        let folder = Folder::new();
        assert!(
            client(2)
                .send(request.save_to(folder.file("a")))
                .is_success()
        );
    }
}

#[test]
fn a_response_without_a_body_touches_no_file() {
    let server = Scenario::new()
        .on("/204", Answer::status(204))
        .on("/304", Answer::status(304))
        .on("/404", Answer::status(404).body("no such page"))
        .on("/loop", Answer::redirect(302, "/loop").body("moved"))
        .on("/*", Answer::text("here"))
        .start();
    let client = client(2);
    for path in ["/204", "/304"] {
        assert!(leaves_no_trace(&client, Request::get(server.url(path))).is_success());
    }
    assert!(leaves_no_trace(&client, Request::head(server.url("/"))).is_success());
    let missing = leaves_no_trace(&client, Request::get(server.url("/404")));
    let response = missing.error().unwrap().response().unwrap();
    assert_eq!(response.text(), "no such page");
    let looped = leaves_no_trace(&client, Request::get(server.url("/loop")));
    assert_eq!(class(&looped), ErrorType::Redirect);
}

#[test]
fn a_body_cancelled_half_way_is_removed() {
    let slow = Answer::status(200)
        .body(bytes(1_000_000))
        .dripping(1_000, Duration::from_millis(20));
    let server = Server::always(slow);
    let folder = Folder::new();
    let (client, cancel) = (client(2), CancelToken::new());
    let requests = [Request::get(server.url("/")).save_to(folder.file("a"))];
    let mut batch = client.as_completed(requests).cancel_token(&cancel);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let patience = Instant::now() + PATIENCE;
            while !folder.names().iter().any(|name| name.ends_with(".part")) {
                assert!(Instant::now() < patience, "no file was begun");
                std::thread::yield_now();
            }
            cancel.cancel();
        });
        assert!(batch.next().unwrap().is_cancelled());
    });
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_panic_in_a_hook_leaves_no_file() {
    let server = Server::always(Answer::text("here"));
    let policy = RetryPolicy::default().classify(|_| -> Option<Judgement> { panic!("no") });
    let request = Request::get(server.url("/")).retry(policy);
    let outcome = leaves_no_trace(&client(2), request);
    assert_eq!(class(&outcome), ErrorType::Panic);
}

#[test]
fn a_check_of_the_body_contradicts_saving_it() {
    let server = Server::always(Answer::json("{}"));
    for request in [
        Request::get(server.url("/")).require("/code", 0),
        Request::get(server.url("/")).expect_json(true),
    ] {
        let outcome = leaves_no_trace(&client(2), request);
        assert_eq!(class(&outcome), ErrorType::InvalidRequest);
    }
    assert_eq!(server.requests(), 0);
}
