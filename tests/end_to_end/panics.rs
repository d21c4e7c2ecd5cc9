//! Panics in the caller's code: each gives one outcome, and no other request is affected.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use haul::{Client, ErrorType, Layer, Outcome, Request, Response};
use test_support::{Answer, Server, builder, client, error, quick_retries};

use super::indices;

/// URLs of `count` requests, one of which makes the caller's code panic.
fn urls(server: &Server, count: usize) -> impl Iterator<Item = String> {
    let base = server.url("");
    (0..count).map(move |i| format!("{base}/{i}"))
}

#[track_caller]
fn one_panicked(outcomes: &[Outcome<impl Sized>], count: usize) {
    assert_eq!(outcomes.len(), count);
    for outcome in outcomes {
        if outcome.index() != 7 {
            assert!(outcome.is_success(), "{outcome:?}");
            continue;
        }
        let failed = error(outcome);
        assert_eq!(
            (failed.layer(), failed.error_type()),
            (Layer::Local, ErrorType::Panic)
        );
        assert_eq!(failed.message(), "panicked: not the 7");
        assert_eq!(outcome.attempts(), 1, "it was sent once");
    }
}

fn stumble(path: &str) {
    assert!(path != "/7", "not the 7");
}

#[test]
fn a_panic_in_a_predicate_is_the_outcome_of_its_request() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = builder(2)
        .reject_if(|response| {
            stumble(response.final_url().path());
            None
        })
        .build()
        .unwrap();
    let outcomes: Vec<_> = client.as_completed(urls(&server, 40)).collect();
    one_panicked(&outcomes, 40);
    assert!(client.get(server.url("/")).is_success());
}

#[test]
fn a_panic_in_the_classifying_hook_is_the_outcome_of_its_request() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let policy = quick_retries().classify(|finding| {
        let url = finding.url;
        stumble(&url[url.rfind('/').unwrap_or_default()..]);
        None
    });
    let client = Client::builder().workers(2).retry(policy).build().unwrap();
    let outcomes: Vec<_> = client.as_completed(urls(&server, 40)).collect();
    one_panicked(&outcomes, 40);
}

#[test]
fn a_panic_in_a_process_closure_is_the_outcome_of_its_request_with_the_response() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = client(2);
    let outcomes = client.process(urls(&server, 40), |response: &Response| {
        stumble(&response.text());
        Ok::<_, haul::Error>(())
    });
    let outcomes: Vec<_> = outcomes.collect();
    one_panicked(&outcomes, 40);
    let panicked = outcomes
        .iter()
        .find(|outcome| outcome.index() == 7)
        .unwrap();
    assert_eq!(error(panicked).response_text().as_deref(), Some("/7"));
}

#[test]
fn a_panic_in_the_input_loses_no_outcome() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    for ordered in [false, true] {
        let input = urls(&server, 20).enumerate().map(|(i, url)| {
            assert!(i != 7, "no seventh");
            url
        });
        let mut outcomes = match ordered {
            true => client.map(input),
            false => client.as_completed(input),
        };
        let mut panics = 0;
        let mut taken = Vec::new();
        loop {
            match catch_unwind(AssertUnwindSafe(|| outcomes.next())) {
                Ok(Some(outcome)) => taken.push(outcome),
                Ok(None) => break,
                Err(_) => panics += 1,
            }
        }
        assert_eq!(panics, 1);
        assert_eq!(indices(&taken), (0..19).collect::<Vec<_>>());
        assert!(taken.iter().all(Outcome::is_success));
    }
}

/// A request whose conversion panics.
struct Stubborn(String);

impl From<Stubborn> for Request {
    fn from(stubborn: Stubborn) -> Request {
        assert!(!stubborn.0.ends_with("/7"), "not converted");
        stubborn.0.into()
    }
}

#[test]
fn a_panic_in_a_conversion_loses_no_outcome_either() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    let mut outcomes = client.as_completed(urls(&server, 20).map(Stubborn));
    let (mut count, mut panics) = (0, 0);
    loop {
        match catch_unwind(AssertUnwindSafe(|| outcomes.next())) {
            Ok(Some(_)) => count += 1,
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    assert_eq!((count, panics), (19, 1));

    let (intake, outcomes) = client.channel();
    let feeder = thread::spawn({
        let urls: Vec<_> = urls(&server, 20).collect();
        move || {
            for url in urls {
                let _ = catch_unwind(AssertUnwindSafe(|| intake.send(Stubborn(url)).unwrap()));
            }
        }
    });
    assert_eq!(outcomes.count(), 19);
    feeder.join().unwrap();
}

#[test]
fn a_batch_reads_on_after_a_panic_of_its_input_with_no_request_under_way() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    for bad in [0, 3] {
        let mut read = 0;
        let input = urls(&server, 6).filter(move |_| {
            read += 1;
            assert!(read != bad + 1, "the input's own panic");
            true
        });
        let mut outcomes = client.as_completed(input);
        let (mut count, mut panics) = (0, 0);
        loop {
            match catch_unwind(AssertUnwindSafe(|| outcomes.next())) {
                Ok(Some(_)) => count += 1,
                Ok(None) => break,
                Err(_) => panics += 1,
            }
        }
        assert_eq!((count, panics), (5, 1));
    }
}

#[test]
fn a_panic_while_a_batch_is_under_way_cancels_it() {
    let server = Server::always(Answer::never());
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let client = client(2);
        let mut outcomes = client.as_completed(urls(&server, 100).chain(["bad".to_owned()]));
        let _first = outcomes.next();
        panic!("the caller's own");
    }));
    assert!(unwound.is_err());
    assert!(server.requests() <= 2);
}

/// Panics when dropped, unless a thread is panicking already.
struct Grudge(Arc<AtomicBool>);

impl Drop for Grudge {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        if !thread::panicking() {
            panic!("dropped in anger");
        }
    }
}

#[test]
fn a_panic_in_the_drop_of_what_a_closure_holds_harms_no_worker() {
    let server = Server::always(Answer::text(""));
    for _ in 0..20 {
        let client = client(1);
        let dropped = Arc::new(AtomicBool::new(false));
        let grudge = Grudge(Arc::clone(&dropped));
        let mut outcomes = client.process(urls(&server, 3), move |_: &Response| {
            let _ = &grudge;
            Ok::<_, haul::Error>(())
        });
        assert_eq!(outcomes.by_ref().count(), 3);
        // The closure is dropped last by this thread or by the worker, and that thread meets the panic.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(outcomes)));
        assert!(client.get(server.url("/")).is_success());
        drop(client);
        assert!(dropped.load(Ordering::SeqCst));
    }
}

#[test]
fn a_panic_in_the_drop_of_what_a_success_carries_harms_no_worker() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    let (made, was_made) = mpsc::channel();
    let outcomes = client.process(urls(&server, 50), move |_: &Response| {
        made.send(()).unwrap();
        Ok::<_, haul::Error>(Grudge(Arc::default()))
    });
    let mut outcomes = outcomes;
    let first = catch_unwind(AssertUnwindSafe(|| drop(outcomes.next())));
    assert!(first.is_err());
    assert_eq!(was_made.recv_timeout(Duration::from_secs(30)), Ok(()));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(outcomes)));
    assert!(client.get(server.url("/")).is_success());
}

/// An error that panics when it is shown.
#[derive(Debug)]
struct Speechless;

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Speechless {}

#[test]
fn a_panic_in_showing_an_error_is_the_outcome_of_its_request() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let mut outcomes = client.process(urls(&server, 1), |_| Err::<(), _>(Speechless));
    let outcome = outcomes.next().unwrap();
    assert_eq!(error(&outcome).error_type(), ErrorType::Panic);
    assert_eq!(error(&outcome).message(), "panicked: no words");
    assert!(outcomes.next().is_none());
}
