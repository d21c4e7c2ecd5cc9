//! Cassettes of bodies that were not kept whole, and of responses whose bodies have a way of their own.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use haul::testing::Cassette;
use haul::{Client, ClientBuilder, Outcome, Request, RetryPolicy};
use test_support::{Answer, Scenario, Server};

use super::cassette::Directory;

/// Properties of an outcome that a replay has in common with its recording.
fn told(outcome: &Outcome) -> String {
    let kept = outcome.error().and_then(|error| error.response());
    let response = outcome.success().or(kept);
    let error = outcome.error().map(|error| error.error_type());
    let body = response.map(|response| {
        let length = response.bytes().len();
        (response.status(), length, response.is_truncated())
    });
    let attempts = (outcome.attempts(), outcome.history().len());
    format!("{body:?} {error:?} {attempts:?}")
}

fn client(cassette: Cassette) -> ClientBuilder {
    let quick =
        RetryPolicy::default().backoff(std::time::Duration::ZERO, std::time::Duration::ZERO);
    Client::builder()
        .workers(1)
        .retry(quick)
        .transport(cassette)
}

/// Sends requests over sockets with a recording, and again from that recording. Returns the text of the files.
fn same_again(server: &Server, requests: impl Fn(&Server) -> Vec<Request>) -> Vec<String> {
    let directory = Directory::new();
    let ask = |cassette| {
        let client = client(cassette).build().unwrap();
        let outcomes = requests(server)
            .into_iter()
            .map(|request| client.send(request));
        outcomes.map(|outcome| told(&outcome)).collect::<Vec<_>>()
    };
    let recorded = ask(Cassette::record(&directory.0).unwrap());
    let sent = server.requests();
    let replay = Cassette::replay(&directory.0).unwrap();
    assert_eq!(ask(replay.clone()), recorded);
    assert_eq!(replay.unused(), [""; 0]);
    assert_eq!(server.requests(), sent);
    let names = directory.names().into_iter();
    let names = names.filter(|name| name.ends_with(".json"));
    names.map(|name| directory.text(&name)).collect()
}

fn large() -> Answer {
    Answer::text("x".repeat(100_000))
}

#[test]
fn a_body_that_is_cut_says_so_and_is_played_as_cut() {
    let server = Scenario::new()
        .on("/refused", Answer::status(404).body("x".repeat(100_000)))
        .on("/broken-off", Answer::text("short"))
        .on("/*", large())
        .start();
    let files = same_again(&server, |server| {
        vec![
            Request::get(server.url("/limit")).body_limit(70_000),
            Request::get(server.url("/refused")),
            Request::get(server.url("/streamed"))
                .body_limit(10_000)
                .on_chunk(|_| ControlFlow::Continue(())),
            Request::get(server.url("/broken-off")).on_chunk(|_| ControlFlow::Break(())),
            Request::get(server.url("/discarded")).discard_body(),
        ]
    });
    assert_eq!(files.len(), 5);
    for text in &files {
        assert!(text.contains("\"truncated\": true"), "{text}");
    }
}

#[test]
fn a_whole_body_is_not_called_truncated() {
    let server = Scenario::new()
        .on("/zipped", large().gzip())
        .on("/*", large())
        .start();
    let files = same_again(&server, |server| {
        vec![
            Request::get(server.url("/plain")),
            Request::get(server.url("/zipped")),
            Request::get(server.url("/streamed")).on_chunk(|_| ControlFlow::Continue(())),
            Request::head(server.url("/head")),
            Request::head(server.url("/head")).discard_body(),
        ]
    });
    assert_eq!(files.len(), 5);
    for text in &files {
        assert!(!text.contains("truncated"), "{text}");
    }
}

#[test]
fn a_discarded_body_is_missing_in_a_replay_that_wants_it() {
    let server = Server::always(large());
    let directory = Directory::new();
    let recording = client(Cassette::record(&directory.0).unwrap()).build();
    let get = || Request::get(server.url("/a"));
    recording.unwrap().send(get().discard_body());
    let playing = client(Cassette::replay(&directory.0).unwrap()).build();
    let outcome = playing.unwrap().send(get());
    assert!(outcome.success().unwrap().is_truncated());
}

#[test]
fn a_closure_is_given_the_same_bytes_again() {
    let body = b"data: 1\n\ndata: 2\n\n".repeat(1000);
    let server = Server::always(Answer::status(200).body(body.clone()).gzip());
    let given = Arc::new(Mutex::new(Vec::new()));
    same_again(&server, |server| {
        let taken = Arc::clone(&given);
        let request = Request::get(server.url("/")).on_chunk(move |chunk| {
            taken.lock().unwrap().extend_from_slice(chunk.bytes());
            ControlFlow::Continue(())
        });
        vec![request]
    });
    assert!(*given.lock().unwrap() == body.repeat(2));
}

#[test]
fn events_redirects_and_retries_are_played_again() {
    let server = Scenario::new()
        .on(
            "/events",
            Answer::status(200).typed("text/event-stream", "data: 1\n\ndata: 2\n\n"),
        )
        .on("/moved", Answer::redirect(302, "/here"))
        .on(
            "/unwell",
            Answer::status(503).times(1).then(Answer::text("well")),
        )
        .on("/*", Answer::text("here"))
        .start();
    let files = same_again(&server, |server| {
        vec![
            Request::get(server.url("/events")).on_event(|_| ControlFlow::Continue(())),
            Request::get(server.url("/moved")),
            Request::head(server.url("/moved")),
            Request::get(server.url("/unwell")),
        ]
    });
    assert_eq!(files.len(), 7);
}
