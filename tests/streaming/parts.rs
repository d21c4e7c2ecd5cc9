//! `on_event` and `on_line`.

use std::ops::ControlFlow::{Break, Continue};

use crate::*;
use haul::{ErrorType, Request, StopReason};
use test_support::{Answer, Scenario};

/// Returns a request that collects its events as name and data.
fn events(url: String) -> (Request, Collected<(String, String)>) {
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(url).on_event(move |event| {
        to.add((event.name().to_owned(), event.data().to_owned()));
        Continue(())
    });
    (request, seen)
}

fn lines(url: String) -> (Request, Collected<String>) {
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(url).on_line(move |line| {
        to.add(line.to_owned());
        Continue(())
    });
    (request, seen)
}

const STREAM: &str = ": hello\r\nevent: add\r\ndata: 1 €\r\n\r\ndata: 2\n\ndata: lost";

#[test]
fn events_come_whole_however_the_stream_is_cut_into_chunks() {
    for size in [1, 2, 3, 7, 1000] {
        for answer in [
            Answer::text(STREAM).chunked(size),
            Answer::text(STREAM).gzip().chunked(size),
        ] {
            let server = Scenario::new().on("/", answer).start();
            let (request, seen) = events(server.url("/"));
            assert!(client().send(request).is_success());
            let event = |name: &str, data: &str| (name.to_owned(), data.to_owned());
            assert_eq!(seen.take(), [event("add", "1 €"), event("message", "2")]);
        }
    }
}

#[test]
fn an_event_is_handed_on_before_the_next_one_is_sent() {
    let (told, tell) = std::sync::mpsc::channel();
    let tell = Mutex::new(tell);
    let addr = server(move |stream| {
        begin(stream, "Content-Type: text/event-stream\r\n");
        for number in 0..3 {
            chunk(stream, format!("data: {number}\n\n").as_bytes());
            tell.lock().unwrap().recv().unwrap();
        }
        chunk(stream, b"");
    });
    let mut count = 0;
    let request = Request::get(format!("http://{addr}/")).on_event(move |event| {
        assert_eq!(event.data(), count.to_string());
        count += 1;
        told.send(()).unwrap();
        Continue(())
    });
    assert!(client().send(request).is_success());
}

#[test]
fn a_budget_ends_an_endless_event_stream() {
    let addr = server(|stream| {
        begin(stream, "");
        while chunk(stream, b"data: tick\n\n") {}
    });
    let seen = Collected::new();
    let to = seen.clone();
    let request = Request::get(format!("http://{addr}/")).on_event(move |event| {
        match to.add(event.data().to_owned()) {
            10 => Break(()),
            _ => Continue(()),
        }
    });
    let outcome = client().send(request);
    assert!(outcome.success().unwrap().is_truncated());
    assert_eq!(seen.take().len(), 10);
}

#[test]
fn a_stream_that_breaks_off_after_an_event_is_not_asked_for_again() {
    let server = Scenario::new()
        .on("/", Answer::text("data: 1\n\ndata: 2\n\n").cut_after(12))
        .start();
    let (request, seen) = events(server.url("/"));
    let outcome = client().send(request);
    let error = error(&outcome);
    assert_eq!(error.error_type(), ErrorType::IncompleteBody);
    assert_eq!(error.stop_reason(), Some(StopReason::NotRetryable));
    assert_eq!(error.response_text().unwrap(), "data: 1\n\ndat");
    assert_eq!((outcome.attempts(), seen.take().len()), (1, 1));
}

#[test]
fn a_stream_that_breaks_off_before_an_event_is_asked_for_again() {
    let whole = Answer::text("data: 1\n\n");
    let server = Scenario::new()
        .on("/", whole.clone().cut_after(4).times(1).then(whole))
        .start();
    let (request, seen) = events(server.url("/"));
    let outcome = client().send(request);
    assert_eq!((outcome.is_success(), outcome.attempts()), (true, 2));
    assert_eq!(seen.take().len(), 1);
}

#[test]
fn lines_come_whole_and_the_last_one_needs_no_end() {
    for size in [1, 2, 3, 1000] {
        let body = "{\"n\":1}\r\n\n{\"n\":\"€\"}\n{\"n\":3}";
        let server = Scenario::new()
            .on("/", Answer::text(body).chunked(size))
            .start();
        let (request, seen) = lines(server.url("/"));
        assert!(client().send(request).is_success());
        assert_eq!(seen.take(), ["{\"n\":1}", "{\"n\":\"€\"}", "{\"n\":3}"]);
    }
}

#[test]
fn a_part_of_a_line_is_not_handed_on() {
    let server = Scenario::new()
        .on("/", Answer::text("one\ntwo\n").cut_after(6))
        .start();
    let (request, seen) = lines(server.url("/"));
    let outcome = client().send(request);
    assert_eq!(error(&outcome).error_type(), ErrorType::IncompleteBody);
    assert_eq!(seen.take(), ["one"]);
}

#[test]
fn a_line_or_event_without_end_fails_at_the_body_limit() {
    let addr = server(|stream| {
        begin(stream, "");
        chunk(stream, b"data: 1\n\n");
        while chunk(stream, &[b'x'; 1000]) {}
    });
    let url = format!("http://{addr}/");
    let ((by_event, events), (by_line, lines)) = (events(url.clone()), lines(url));
    for (request, part) in [(by_event, "an event"), (by_line, "a line")] {
        let outcome = client().send(request.body_limit(50_000));
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::BodyTooLarge);
        assert!(error.message().starts_with(part), "{error}");
        assert_eq!(outcome.attempts(), 1);
    }
    assert_eq!((events.take().len(), lines.take().len()), (1, 1));
}

#[test]
fn panics_of_either_closure_are_failed_outcomes() {
    let server = Scenario::new()
        .on("/", Answer::text("data: 1\n\nlast"))
        .start();
    let url = server.url("/");
    for request in [
        Request::get(&url).on_event(|event| panic!("{}", event.data())),
        Request::get(&url).on_line(|line| match line {
            "last" => panic!("1"),
            _ => Continue(()),
        }),
    ] {
        let outcome = client().send(request);
        assert_eq!(error(&outcome).error_type(), ErrorType::Panic);
        assert_eq!(error(&outcome).message(), "panicked: 1");
    }
}
