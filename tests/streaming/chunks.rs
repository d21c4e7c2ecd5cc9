//! `on_chunk`: the bytes, their attempts, the statuses that are handed on, and the end by the closure.

use std::ops::ControlFlow::{Break, Continue};

use crate::*;
use haul::{ErrorType, Request, StopReason};
use test_support::{Answer, Scenario};

#[test]
fn the_chunks_are_the_body_and_the_outcome_keeps_it() {
    let server = Scenario::new()
        .on("/", Answer::text("hello, world").chunked(3))
        .start();
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(server.url("/")).on_chunk(move |chunk| {
        to.add((chunk.bytes().to_vec(), chunk.attempt(), chunk.is_first()));
        Continue(())
    });
    let outcome = client().send(request);
    let response = outcome.success().unwrap();
    assert_eq!(response.text(), "hello, world");
    assert!(!response.is_truncated());
    let seen = seen.take();
    let bytes: Vec<u8> = seen.iter().flat_map(|(bytes, ..)| bytes).copied().collect();
    assert_eq!(bytes, b"hello, world");
    for (at, (bytes, attempt, is_first)) in seen.iter().enumerate() {
        assert!(!bytes.is_empty());
        assert_eq!((*attempt, *is_first), (1, at == 0));
    }
}

#[test]
fn chunks_come_without_their_content_coding() {
    let text = "0123456789".repeat(1000);
    let server = Scenario::new()
        .on("/", Answer::text(text.clone()).gzip().chunked(7))
        .start();
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(server.url("/")).on_chunk(move |chunk| {
        to.add(chunk.bytes().to_vec());
        Continue(())
    });
    assert!(client().send(request).is_success());
    assert_eq!(seen.take().concat(), text.as_bytes());
}

#[test]
fn bodies_of_refused_statuses_and_of_redirects_are_not_handed_on() {
    let server = Scenario::new()
        .on("/moved", Answer::redirect(302, "/flaky").body("moved"))
        .on(
            "/flaky",
            Answer::status(503)
                .body("busy")
                .times(1)
                .then(Answer::text("good")),
        )
        .on("/missing", Answer::status(404).body("no such item"))
        .start();
    let seen = Collected::new();
    let to = seen.clone();
    let get = |path: &str| {
        let to = to.clone();
        Request::get(server.url(path)).on_chunk(move |chunk| {
            to.add((chunk.bytes().to_vec(), chunk.attempt(), chunk.is_first()));
            Continue(())
        })
    };
    let outcome = client().send(get("/moved"));
    assert_eq!((outcome.is_success(), outcome.attempts()), (true, 2));
    assert_eq!(seen.take(), [(b"good".to_vec(), 2, true)]);
    let outcome = client().send(get("/missing"));
    assert_eq!(error(&outcome).response_text().unwrap(), "no such item");
    assert!(seen.take().is_empty());
}

#[test]
fn a_closure_that_breaks_off_ends_an_endless_body_as_a_success() {
    let addr = server(|stream| {
        begin(stream, "");
        while chunk(stream, b"more and more and ") {}
    });
    let mut left = 5;
    let request = Request::get(format!("http://{addr}/")).on_chunk(move |_| {
        left -= 1;
        match left {
            0 => Break(()),
            _ => Continue(()),
        }
    });
    let outcome = client().send(request);
    let response = outcome.success().unwrap();
    assert!(response.is_truncated());
    assert!(response.text().starts_with("more and more and "));
    assert!(outcome.first_byte().unwrap() <= outcome.elapsed());
}

#[test]
fn a_body_cut_short_is_tried_again_and_begins_anew() {
    let server = Scenario::new()
        .on(
            "/",
            Answer::text("hello")
                .cut_after(2)
                .times(1)
                .then(Answer::text("hello")),
        )
        .start();
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(server.url("/")).on_chunk(move |chunk| {
        to.add((chunk.bytes().to_vec(), chunk.attempt(), chunk.is_first()));
        Continue(())
    });
    assert!(client().send(request).is_success());
    let seen = seen.take();
    assert_eq!(seen[0], (b"he".to_vec(), 1, true));
    let second: Vec<u8> = seen[1..]
        .iter()
        .flat_map(|(bytes, ..)| bytes)
        .copied()
        .collect();
    assert_eq!((second, seen[1].1, seen[1].2), (b"hello".to_vec(), 2, true));
}

#[test]
fn a_body_cut_short_keeps_what_came() {
    let body = "x".repeat(200_000);
    let server = Scenario::new()
        .on("/", Answer::text(body).cut_after(150_000))
        .start();
    let request = Request::get(server.url("/"))
        .no_retry()
        .on_chunk(|_| Continue(()));
    let outcome = client().send(request);
    let error = error(&outcome);
    assert_eq!(error.error_type(), ErrorType::IncompleteBody);
    assert_eq!(error.response().unwrap().bytes().len(), 150_000);
}

#[test]
fn a_panic_of_the_closure_is_a_failed_outcome_and_the_client_lives() {
    let server = Scenario::new().on("/", Answer::text("hello")).start();
    let client = client();
    let request = Request::get(server.url("/")).on_chunk(|_| panic!("spilt"));
    for _ in 0..2 {
        let outcome = client.send(request.clone());
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::Panic);
        assert_eq!(error.message(), "panicked: spilt");
        assert_eq!(error.stop_reason(), Some(StopReason::NotRetryable));
        assert_eq!((outcome.attempts(), outcome.status()), (1, Some(200)));
    }
    assert!(client.get(server.url("/")).is_success());
}

#[test]
fn clones_share_the_closure() {
    let server = Scenario::new().on("/*", Answer::text("hello")).start();
    let mut count = 0;
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(server.url("/")).on_chunk(move |chunk| {
        count += chunk.bytes().len();
        to.add(count);
        Continue(())
    });
    let batch = vec![request; 20];
    assert!(
        client()
            .as_completed(batch)
            .all(|outcome| outcome.is_success())
    );
    assert_eq!(seen.take().last(), Some(&100));
}

#[test]
fn a_response_without_a_body_calls_no_closure() {
    let server = Scenario::new()
        .on("/none", Answer::status(204))
        .on("/", Answer::text("hello"))
        .start();
    let never = |request: Request| request.on_chunk(|_| panic!("called"));
    for request in [
        Request::get(server.url("/none")),
        Request::head(server.url("/")),
    ] {
        let outcome = client().send(never(request));
        assert!(outcome.is_success(), "{outcome:?}");
        assert_eq!(outcome.first_byte(), None);
    }
}

#[test]
fn a_body_has_one_destination_and_is_not_looked_into() {
    let request = || Request::get("http://127.0.0.1:1/").on_chunk(|_| Continue(()));
    for (request, name) in [
        (request().save_to("never"), "save_to"),
        (request().require("/code", 0), "require"),
        (request().expect_json(true), "expect_json"),
        (
            Request::get("http://127.0.0.1:1/")
                .save_to("never")
                .discard_body(),
            "discard_body",
        ),
    ] {
        let outcome = client().send(request);
        assert_eq!(error(&outcome).error_type(), ErrorType::InvalidRequest);
        assert!(
            error(&outcome).message().contains(name),
            "{}",
            error(&outcome)
        );
    }
}
