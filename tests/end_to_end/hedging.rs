//! Second requests for answers that are slow to come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use haul::{Client, ClientBuilder, ErrorType, Request, RetryPolicy, Timeouts};
use test_support::{Answer, Gate, Scenario, Server};

const WORKERS: usize = 4;

/// Number of answers after which 20 are known: each worker may still have to tell of its last.
const ENOUGH: usize = 20 + WORKERS;

/// A server whose `/slow` gives the first answer to the first request of a URL and the second to the next one, and a
/// client that knows how long the server's answers take.
struct Scene {
    server: Server,
    client: Client,
}

impl Scene {
    fn new(first: Answer, second: Answer) -> Scene {
        Scene::with(first, second, |builder| builder)
    }

    fn with(
        first: Answer,
        second: Answer,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Scene {
        let server = Scenario::new()
            .on("/warm", Answer::text(""))
            .when("/slow*", move |seen| match seen.nth {
                1 => first.clone(),
                _ => second.clone(),
            })
            .start();
        let builder = Client::builder()
            .workers(WORKERS)
            .retry(RetryPolicy::none().hedge(true));
        let client = change(builder).build().unwrap();
        for _ in 0..ENOUGH {
            let outcome = client.send(server.url("/warm"));
            assert!(outcome.is_success(), "{outcome:?}");
        }
        Scene { server, client }
    }

    fn slow(&self) -> String {
        self.server.url("/slow")
    }
}

#[test]
fn vector_143_an_answer_that_is_slow_to_come_is_asked_for_once_more() {
    let gate = Gate::closed();
    let scene = Scene::new(Answer::text("first").behind(&gate), Answer::text("second"));
    let outcome = scene.client.send(scene.slow());
    assert_eq!(outcome.success().unwrap().text(), "second");
    assert!(outcome.is_hedged());
    assert_eq!(outcome.attempts(), 1);
    gate.open();
}

#[test]
fn the_first_answer_is_used_if_it_comes_first() {
    let (first, second) = (Gate::closed(), Gate::closed());
    let scene = Scene::new(
        Answer::text("first").behind(&first),
        Answer::text("second").behind(&second),
    );
    let handle = scene.client.submit(scene.slow()).unwrap();
    second.wait_for(1);
    first.open();
    let outcome = handle.wait();
    assert_eq!(outcome.success().unwrap().text(), "first");
    assert!(outcome.is_hedged());
    second.open();
}

#[test]
fn a_second_answer_that_is_not_accepted_leaves_the_first() {
    let first = Gate::closed();
    let second = Gate::closed();
    let scene = Scene::new(
        Answer::text("first").behind(&first),
        Answer::status(500).behind(&second),
    );
    let handle = scene.client.submit(scene.slow()).unwrap();
    second.wait_for(1);
    second.open();
    first.open();
    assert!(handle.wait().is_success());
}

#[test]
fn a_first_answer_that_is_not_accepted_waits_for_the_second() {
    let (first, second) = (Gate::closed(), Gate::closed());
    let scene = Scene::new(
        Answer::status(500).behind(&first),
        Answer::text("second").behind(&second),
    );
    let handle = scene.client.submit(scene.slow()).unwrap();
    second.wait_for(1);
    first.open();
    second.open();
    let outcome = handle.wait();
    assert_eq!(outcome.success().unwrap().text(), "second");
}

#[test]
fn two_answers_that_are_not_accepted_fail_as_one_attempt() {
    let (first, second) = (Gate::closed(), Gate::closed());
    let scene = Scene::new(
        Answer::status(500).behind(&first),
        Answer::status(503).behind(&second),
    );
    let handle = scene.client.submit(scene.slow()).unwrap();
    second.wait_for(1);
    second.open();
    first.open();
    let outcome = handle.wait();
    // The server may see the second request first.
    assert!(matches!(outcome.status(), Some(500 | 503)), "{outcome:?}");
    assert_eq!(outcome.attempts(), 1);
    assert!(outcome.is_hedged());
}

#[test]
fn a_cancel_ends_both_requests() {
    let (first, second) = (Gate::closed(), Gate::closed());
    let scene = Scene::new(
        Answer::text("").behind(&first),
        Answer::text("").behind(&second),
    );
    let handle = scene.client.submit(scene.slow()).unwrap();
    second.wait_for(1);
    assert!(handle.cancel());
    assert!(handle.wait().is_cancelled());
    first.open();
    second.open();
}

#[test]
fn a_timeout_ends_both_requests() {
    let gate = Gate::closed();
    let hangs = || Answer::text("").behind(&gate);
    let scene = Scene::with(hangs(), hangs(), |builder| {
        builder.timeouts(Timeouts::new().attempt(Duration::from_millis(500)))
    });
    let outcome = scene.client.send(scene.slow());
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Timeout);
    assert!(outcome.is_hedged());
    gate.open();
}

#[test]
fn before_attempt_runs_for_the_second_request() {
    let gate = Gate::closed();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let scene = Scene::with(
        Answer::text("").behind(&gate),
        Answer::text(""),
        |builder| {
            builder.before_attempt(move |outgoing| {
                if outgoing.uri.path() == "/slow" {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            })
        },
    );
    let outcome = scene.client.send(scene.slow());
    assert!(outcome.is_hedged());
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    gate.open();
}

#[test]
fn requests_that_may_not_be_repeated_are_not_hedged() {
    let gate = Gate::closed();
    let scene = Scene::new(Answer::text("first").behind(&gate), Answer::text("second"));
    let post = Request::post(scene.server.url("/slow/post"));
    let handle = scene.client.submit(post).unwrap();
    gate.wait_for(1);
    // The time after which a second request is sent passes meanwhile.
    assert!(scene.client.send(scene.slow()).is_hedged());
    gate.open();
    let outcome = handle.wait();
    assert_eq!(outcome.success().unwrap().text(), "first");
    assert!(!outcome.is_hedged());
}
