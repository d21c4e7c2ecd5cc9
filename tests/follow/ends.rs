//! Ends of batches whose outcomes lead to further requests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use haul::batch::CancelToken;
use haul::{Journal, JsonLines};

use super::*;

#[test]
fn a_panic_of_the_closure_passes_to_the_caller_and_ends_the_batch() {
    let server = pages(usize::MAX);
    let client = client(4, 16);
    let (mut calls, last) = (0, std::cell::Cell::new(None));
    let seeds = ["/1", "/1000", "/2000"].map(|path| server.url(path));
    let mut pages = client.follow(seeds, |outcome, next| {
        calls += 1;
        last.set(Some(outcome.index()));
        assert!(calls < 10, "on purpose");
        to_next(outcome, next);
    });
    let handed_over = pages.by_ref().take(9).count();
    assert_eq!(handed_over, 9);
    let panic = catch_unwind(AssertUnwindSafe(|| pages.next())).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
    // The outcome that the closure saw, and those of the requests that were under way.
    let rest: Vec<_> = pages.by_ref().collect();
    assert!(rest[0].is_success() && rest.len() <= 3, "{rest:?}");
    assert_eq!(last.get(), Some(rest[0].index()));
    assert!(rest[1..].iter().all(|o| o.is_success() || o.is_not_done()));
    assert_eq!(pages.end(), Some(End::Panicked));
    let summary = pages.summary().snapshot();
    assert_eq!(summary.total(), 9 + rest.len() as u64);
    drop(pages);
    assert_eq!(calls, 10);
    assert_eq!(client.get(server.url("/1")).status(), Some(200));
}

#[test]
fn a_panic_of_the_closure_leaves_the_client_usable_when_the_iterator_is_dropped() {
    let server = pages(usize::MAX);
    let client = client(2, 4);
    let url = server.url("/1");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let pages = client.follow([&url], |_, _| panic!("on purpose"));
        pages.count()
    }));
    assert!(panicked.is_err());
    assert_eq!(client.get(url).status(), Some(200));
}

#[test]
fn a_failure_too_many_ends_the_batch_with_requests_that_wait() {
    let server = Server::start(|seen| match seen.path() {
        "/1" => page(seen, 2),
        _ => Answer::status(404),
    });
    let client = client(1, 1);
    let mut pushed = Vec::new();
    let mut pages = client
        .follow([server.url("/1")], |outcome, next| {
            for n in 2..100 {
                pushed.push(next.push(format!("{}/{n}", outcome.url())).unwrap());
            }
        })
        .max_failures(2);
    let states: Vec<_> = pages.by_ref().map(|page| page.is_failed()).collect();
    assert_eq!(states, [false, true, true]);
    assert_eq!(pages.end(), Some(End::TooManyFailures));
}

#[test]
fn nothing_is_added_after_the_batch_was_stopped() {
    let server = pages(usize::MAX);
    let client = client(2, 4);
    let token = CancelToken::new();
    let mut stopped = false;
    let seeds = ["/1", "/1000"].map(|path| server.url(path));
    let mut pages = client
        .follow(seeds, |outcome, next| {
            let pushed = next.push(server.url("/5")).unwrap();
            stopped |= outcome.is_not_done();
            assert!(!stopped || pushed == Pushed::Stopped);
            stopped |= pushed == Pushed::Stopped;
            if outcome.index() == 20 {
                token.cancel();
            }
        })
        .cancel_token(&token);
    assert!(pages.by_ref().count() < 100);
    assert_eq!(pages.end(), Some(End::Cancelled));
}

#[test]
fn a_deadline_ends_an_endless_chain() {
    let server = pages(usize::MAX);
    let client = client(2, 4);
    let pages = client.follow([server.url("/1")], to_next);
    let mut pages = pages.deadline(Duration::from_millis(100));
    pages.by_ref().for_each(drop);
    assert_eq!(pages.end(), Some(End::Deadline));
}

#[test]
fn a_limit_of_the_iteration_ends_an_endless_chain() {
    let server = pages(usize::MAX);
    let client = client(2, 4);
    let pages = client.follow([server.url("/1")], to_next);
    let results = pages.timeout(Duration::from_millis(100));
    let errors = results.filter(Result::is_err).count();
    assert_eq!(errors, 1);
}

#[test]
fn a_batch_that_is_left_leaves_the_client_as_usable_as_before() {
    let server = pages(usize::MAX);
    let client = client(1, 1);
    for _ in 0..20 {
        let pages = client.follow([server.url("/1")], to_next);
        assert_eq!(pages.take(3).count(), 3);
    }
    assert_eq!(client.get(server.url("/1")).status(), Some(200));
}

#[test]
fn a_journal_refuses_the_batch_before_anything_is_sent() {
    let server = pages(3);
    let client = client(2, 4);
    let name = format!("haul-follow-{}-run.jsonl", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut journal = Journal::open(&path).unwrap();
    let lines = JsonLines::new(Vec::new()).named("memory");
    let mut sinks = (lines, &mut journal);
    let pages = client.follow([server.url("/1")], to_next);
    let results: Vec<_> = pages.record_to(&mut sinks).collect();
    let [Err(error)] = &results[..] else {
        panic!("{results:?}");
    };
    assert!(
        error
            .to_string()
            .ends_with("run.jsonl: a journal cannot record a batch of Client::follow: a later run could not continue it (JsonLines records such a batch)"),
        "{error}"
    );
    assert_eq!(server.requests(), 0);
    drop(journal);
    std::fs::remove_file(path).unwrap();
}
