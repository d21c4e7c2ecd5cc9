//! Shutdown of a client: the end of the requests it has, and of those that come later.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use haul::batch::{End, ReturnWhen};
use haul::settings::Jitter;
use haul::{Client, Handle, Outcome, Request, RetryPolicy, Shutdown};
use test_support::{Answer, Gate, Scenario, Server, client, server};

fn submit(client: &Client, server: &Server, count: usize) -> Vec<Handle> {
    client.get(server.url("/known"));
    (0..count)
        .map(|i| client.submit(server.url(&format!("/held/{i}"))).unwrap())
        .collect()
}

fn count(handles: &[Handle], which: impl Fn(&Outcome) -> bool) -> usize {
    handles
        .iter()
        .filter(|handle| which(&handle.wait()))
        .count()
}

#[test]
fn v31_a_request_after_a_shutdown_comes_back() {
    let held = Gate::closed();
    held.open();
    let server = server(&held);
    let client = client(2);
    let handles = submit(&client, &server, 5);
    assert!(client.shutdown(Shutdown::Drain, None).is_empty());
    let clone = client.clone();
    for how in [Shutdown::Drain, Shutdown::CancelQueued, Shutdown::Abort] {
        assert!(clone.shutdown(how, Some(Duration::ZERO)).is_empty());
        let request = Request::post(server.url("/late")).body("x").id("mine");
        let refused = clone.submit(request).unwrap_err();
        let back = refused.into_request();
        assert_eq!(
            (back.request_id(), back.url()),
            (Some("mine"), &*server.url("/late"))
        );
        assert!(clone.get(server.url("/late")).is_cancelled());
        let mut batch = clone.map([server.url("/late")]);
        assert!(batch.next().is_none());
        assert_eq!(batch.end(), Some(End::Shutdown));
        let (intake, outcomes) = clone.channel();
        assert!(intake.send(server.url("/late")).is_err());
        assert_eq!(outcomes.count(), 0);
    }
    assert_eq!(count(&handles, Outcome::is_success), 5);
    assert_eq!(server.requests_to("/late"), 0);
}

#[test]
fn v32_a_drain_runs_every_accepted_request() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(2);
    let handles = submit(&client, &server, 30);
    thread::scope(|scope| {
        scope.spawn(|| {
            held.wait_for(2);
            held.open();
        });
        assert!(client.shutdown(Shutdown::Drain, None).is_empty());
    });
    assert!(handles.iter().all(Handle::is_done), "before it returns");
    assert_eq!(count(&handles, Outcome::is_success), 30);
}

#[test]
fn v32_a_drain_that_times_out_gives_back_unstarted_requests() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(2);
    let handles = submit(&client, &server, 30);
    held.wait_for(2);
    let never = client.shutdown(Shutdown::Drain, Some(Duration::from_millis(30)));
    assert_eq!(never.len(), 28);
    assert!(
        never
            .iter()
            .all(|request| request.url().starts_with("http://127"))
    );
    assert_eq!(count(&handles, Outcome::is_cancelled), 30);
    assert_eq!(server.requests(), 1 + 2);
}

#[test]
fn v33_cancelling_the_queue_leaves_running_requests_alone() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(5);
    let handles = submit(&client, &server, 55);
    held.wait_for(5);
    let never = thread::scope(|scope| {
        let shut = scope.spawn(|| client.shutdown(Shutdown::CancelQueued, None));
        // The fifty waiting requests are done while the five still run.
        let mut pending = haul::batch::as_completed(handles.iter().cloned());
        for handle in pending.by_ref().take(50) {
            assert!(handle.is_cancelled());
        }
        assert!(!shut.is_finished());
        held.open();
        shut.join().unwrap()
    });
    assert_eq!(never.len(), 50);
    assert_eq!(count(&handles, Outcome::is_success), 5);
    assert_eq!(count(&handles, Outcome::is_cancelled), 50);
    assert_eq!(server.requests(), 1 + 5);
}

#[test]
fn an_abort_ends_every_request() {
    let held = Gate::closed();
    let server = Scenario::new()
        .on("/sick/*", Answer::status(503))
        .on("/known", Answer::text(""))
        .on("/*", Answer::text("").behind(&held))
        .start();
    for _ in 0..10 {
        let retry = haul::RetryPolicy::default()
            .max_attempts(100_000)
            .backoff(Duration::ZERO, Duration::ZERO)
            .budget(None);
        let builder = Client::builder().workers(4).retry(retry);
        let client = builder.build().unwrap();
        let mut handles = submit(&client, &server, 2);
        let sick = (0..20).map(|i| client.submit(server.url(&format!("/sick/{i}"))).unwrap());
        handles.extend(sick);
        server.wait_for_requests(server.requests() + 20);
        client.shutdown(Shutdown::Abort, None);
        assert!(handles.iter().all(Handle::is_done));
        assert_eq!(count(&handles, Outcome::is_cancelled), 22);
    }
}

#[test]
fn a_shutdown_ends_a_batch_under_way() {
    for how in [Shutdown::CancelQueued, Shutdown::Abort].repeat(5) {
        let held = Gate::closed();
        let server = server(&held);
        let client = client(2);
        client.get(server.url("/known"));
        let mut outcomes = client.as_completed((0..).map(|i| server.url(&format!("/held/{i}"))));
        let (to, never) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                held.wait_for(2);
                let never = client.shutdown(how, Some(Duration::from_millis(20)));
                to.send(never.len()).unwrap();
            });
            let given: Vec<_> = outcomes.by_ref().collect();
            assert!(given.iter().all(Outcome::is_cancelled));
            // The input may have been read a little further at the same moment.
            assert!(given.len() >= 2 + never.recv().unwrap());
        });
        assert_eq!(outcomes.end(), Some(End::Shutdown));
        assert_eq!(server.requests(), 1 + 2);
    }
}

#[test]
fn a_shutdown_on_a_worker_does_not_wait_for_itself() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    client.get(server.url("/known"));
    let inner = client.clone();
    let handle = client.submit(server.url("/held/0")).unwrap();
    let (to, shut) = std::sync::mpsc::channel();
    handle.on_done(move |_| {
        to.send(inner.shutdown(Shutdown::Drain, None).len())
            .unwrap();
    });
    held.open();
    assert_eq!(shut.recv_timeout(Duration::from_secs(30)), Ok(0));
    let waited = haul::batch::wait(&[handle], ReturnWhen::AllCompleted, None);
    assert_eq!(waited.done.len(), 1);
    assert!(client.submit(server.url("/late")).is_err());
}

#[test]
fn a_drain_ends_when_the_last_waiting_batch_is_dropped() {
    let server = Scenario::new()
        .on("/flaky", Answer::status(503))
        .on("/*", Answer::text(""))
        .start();
    let delay = Duration::from_millis(40);
    let policy = RetryPolicy::default().backoff(delay, delay);
    let client = Client::builder().workers(2).window(1);
    let client = client.retry(policy.jitter(Jitter::None)).build().unwrap();
    let (intake, outcomes) = client.channel();
    let progress = outcomes.progress();
    // The second request takes the only place of the window, while the first waits for its retry beside it.
    intake.send(server.url("/flaky")).unwrap();
    intake.send(server.url("/fine")).unwrap();
    // The retry is due, and has no place in the window.
    while server.requests() < 2 || progress.snapshot().delayed > 0 {
        thread::yield_now();
    }
    let (to, drained) = mpsc::channel();
    let draining = client.clone();
    thread::spawn(move || to.send(draining.shutdown(Shutdown::Drain, None).len()));
    while client.submit(server.url("/late")).is_ok() {
        thread::yield_now();
    }
    // The workers wake, find no job, and wait again.
    thread::park_timeout(Duration::from_millis(20));
    drop((intake, outcomes));
    assert_eq!(drained.recv_timeout(Duration::from_secs(30)), Ok(0));
}

#[test]
fn several_threads_may_shut_down_at_once() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(3);
    let handles = submit(&client, &server, 20);
    held.wait_for(3);
    thread::scope(|scope| {
        for how in [Shutdown::Drain, Shutdown::CancelQueued, Shutdown::Drain] {
            let client = &client;
            scope.spawn(move || client.shutdown(how, None));
        }
        held.open();
    });
    assert!(handles.iter().all(Handle::is_done));
}

#[test]
fn a_batch_that_waits_for_its_feeder_ends_with_its_client() {
    for feed in [Client::channel, Client::ordered_channel] {
        let client = Client::builder().workers(1).build().unwrap();
        let (intake, mut outcomes) = feed(&client);
        let waiting = thread::spawn(move || outcomes.next().is_none());
        client.shutdown(Shutdown::CancelQueued, None);
        assert!(waiting.join().unwrap());
        drop(intake);
    }
}
