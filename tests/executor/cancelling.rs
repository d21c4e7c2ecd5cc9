//! Cancelling of submitted requests, in each state that a request can be in.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use haul::{Client, Handle, RetryPolicy};
use test_support::{Answer, Gate, PATIENCE, Scenario, Server, client, server};

use crate::scene::{assert_cancelled, running_and_pending};

#[test]
fn v4_a_request_can_be_cancelled_until_it_is_finished() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    assert!(pending.cancel());
    assert!(pending.is_done() && pending.is_cancelled(), "at once");
    assert!(pending.cancel(), "it is cancelled");
    assert!(running.cancel());
    assert!(running.cancel(), "whether or not it has ended yet");
    for handle in [&running, &pending] {
        assert_cancelled(&handle.wait());
        assert!(handle.is_cancelled() && handle.cancel());
    }
    let over = client.submit(server.url("/over")).unwrap();
    over.wait();
    assert!(!over.cancel() && !over.is_cancelled());
    assert!(over.wait().is_success());
    // The connection under the running one was shut down.
    held.open();
    server.wait_for_open_connections(1);
}

#[test]
fn v4_a_cancel_that_returned_true_is_a_cancelled_outcome() {
    let server = Scenario::new()
        .on("/flaky/*", Answer::status(503))
        .on("/*", Answer::text(""))
        .start();
    let client = client(4);
    for i in 0..300 {
        let path = ["/flaky", "/fine"][i % 2];
        let handle = client.submit(server.url(&format!("{path}/{i}"))).unwrap();
        for _ in 0..i * 7 {
            std::hint::spin_loop();
        }
        let won = handle.cancel();
        assert_eq!(handle.wait().is_cancelled(), won, "{:?}", handle.wait());
        assert_eq!(handle.cancel(), won);
    }
}

#[test]
fn v4_a_cancel_in_a_hook_holds_after_the_response() {
    let server = server(&Gate::closed());
    let shared: Arc<Mutex<Option<Handle>>> = Arc::default();
    let own = Arc::clone(&shared);
    let (told, was_told) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let may_go = Mutex::new(may_go);
    let retry = RetryPolicy::default().classify(move |_| {
        may_go.lock().unwrap().recv().unwrap();
        let handle = own.lock().unwrap().take().unwrap();
        told.send(handle.cancel()).unwrap();
        Some(haul::settings::Judgement::Accept)
    });
    let client = Client::builder().workers(1).retry(retry).build().unwrap();
    let request = haul::Request::post(server.url("/a")).body("x");
    let handle = client.submit(request).unwrap();
    *shared.lock().unwrap() = Some(handle.clone());
    go.send(()).unwrap();
    assert_eq!(was_told.recv_timeout(PATIENCE), Ok(true));
    assert_cancelled(&handle.wait());
    assert!(
        handle.wait().is_prior_attempt_ambiguous(),
        "the server may have acted"
    );
}

#[test]
fn v4_a_request_whose_process_closure_began_is_not_cancelled() {
    let server = server(&Gate::closed());
    let token = haul::batch::CancelToken::new();
    let inside = token.clone();
    let client = client(1);
    let outcomes = client
        .process([server.url("/a")], move |_| {
            inside.cancel();
            Ok::<_, haul::Error>("done")
        })
        .cancel_token(&token);
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].success(), Some(&"done"));
}

#[test]
fn v5_cancelling_a_pending_request_runs_its_callback() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    let calls: Arc<Mutex<Vec<_>>> = Arc::default();
    let kept = Arc::clone(&calls);
    pending.on_done(move |outcome| {
        let call = (thread::current().id(), outcome.is_cancelled());
        kept.lock().unwrap().push(call);
    });
    assert!(pending.cancel() && pending.cancel());
    assert_eq!(*calls.lock().unwrap(), [(thread::current().id(), true)]);
    held.open();
    running.wait();
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[test]
fn v6_a_waiter_wakes_when_another_thread_cancels() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    for _ in 0..20 {
        let (running, pending) = running_and_pending(&client, &server, &held);
        let waiters: Vec<_> = [running.clone(), pending.clone()]
            .into_iter()
            .map(|handle| thread::spawn(move || handle.wait().is_cancelled()))
            .collect();
        thread::yield_now();
        assert!(pending.cancel() && running.cancel());
        for waiter in waiters {
            assert!(waiter.join().unwrap());
        }
    }
}

#[test]
fn v7_a_request_cancelled_while_pending_is_never_sent() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    pending.cancel();
    assert_eq!(pending.wait().attempts(), 0);
    held.open();
    running.wait();
    client.get(server.url("/after"));
    assert_eq!(server.paths(), ["/held/1", "/after"]);
}

#[test]
fn a_request_that_waits_for_its_next_attempt_is_cancelled_at_once() {
    let server = Server::always(Answer::status(503).header("Retry-After", "100"));
    let client = client(1);
    let handle = client.submit(server.url("/")).unwrap();
    server.wait_for_requests(1);
    while handle.is_running() {
        thread::yield_now();
    }
    assert!(handle.cancel());
    assert_cancelled(&handle.wait());
    assert_eq!(server.requests(), 1);
}
