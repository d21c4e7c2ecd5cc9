//! Callbacks of handles: order, threads, panics, and requests that they submit themselves.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use haul::{RetryPolicy, StopReason};
use test_support::{Gate, PATIENCE, client, server};

use crate::scene::running_and_pending;

#[test]
fn v8_callbacks_run_on_the_worker_in_the_order_they_were_added() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let handle = client.submit(server.url("/held/1")).unwrap();
    let (to, calls) = mpsc::channel();
    for name in ["a", "b"] {
        let to = to.clone();
        handle.on_done(move |_| {
            let thread = thread::current().name().map(str::to_owned);
            to.send((name, thread.unwrap())).unwrap();
        });
    }
    drop(to);
    held.open();
    let calls: Vec<_> = calls.iter().collect();
    assert_eq!(
        calls,
        [("a", "haul-0".to_owned()), ("b", "haul-0".to_owned())]
    );
}

#[test]
fn v9_a_callback_added_afterwards_runs_at_once_on_the_adding_thread() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    handle.wait();
    let (to, called) = mpsc::channel();
    handle.on_done(move |outcome| {
        to.send((thread::current().id(), outcome.is_success()))
            .unwrap();
    });
    assert_eq!(called.try_recv(), Ok((thread::current().id(), true)));
}

#[test]
fn v10_a_callback_that_panics_harms_nothing_else() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let handle = client.submit(server.url("/held/1")).unwrap();
    let (to, called) = mpsc::channel();
    handle.on_done(|_| panic!("the caller's own"));
    handle.on_done(move |outcome| to.send(outcome.is_success()).unwrap());
    held.open();
    assert!(handle.wait().is_success());
    assert_eq!(called.recv_timeout(PATIENCE), Ok(true));
    // A callback on this thread may panic too.
    handle.on_done(|_| panic!("the caller's own"));
    assert!(client.get(server.url("/a")).is_success());
}

#[test]
fn v11_a_callback_added_by_a_callback_runs_immediately() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let handle = client.submit(server.url("/held/1")).unwrap();
    let (to, calls) = mpsc::channel();
    let inner = handle.clone();
    handle.on_done(move |_| {
        to.send(1).unwrap();
        let second = to.clone();
        inner.on_done(move |_| second.send(2).unwrap());
        to.send(3).unwrap();
    });
    held.open();
    assert_eq!(calls.iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn v34_a_callback_may_submit_and_wait_on_the_only_worker() {
    let server = server(&Gate::closed());
    let client = client(1);
    let (to, done) = mpsc::channel();
    let (inner, url) = (client.clone(), server.url("/inner"));
    let handle = client.submit(server.url("/a")).unwrap();
    handle.on_done(move |_| {
        let handles: Vec<_> = (0..10).map(|_| inner.submit(&*url).unwrap()).collect();
        let first = handles[0].wait().is_success();
        let all = haul::batch::wait(&handles, haul::batch::ReturnWhen::AllCompleted, None);
        let yielded = haul::batch::as_completed(handles).count();
        let sent = inner.get(&*url).is_success();
        let batch = inner.as_completed([&*url; 5]).count();
        to.send((first, all.done.len(), yielded, sent, batch))
            .unwrap();
    });
    assert_eq!(done.recv_timeout(PATIENCE), Ok((true, 10, 10, true, 5)));
}

#[test]
fn v34_a_callback_may_run_on_a_worker_of_another_client() {
    let held = Gate::closed();
    let server = server(&held);
    let (one, other) = (client(1), client(1));
    let (_running, pending) = running_and_pending(&other, &server, &held);
    pending.on_done(|_| {});
    let outcomes = one.process([server.url("/a")], move |_| {
        // The callback of `pending` runs in this closure: on the worker of another client.
        Ok::<_, haul::Error>(pending.cancel())
    });
    assert!(outcomes.map(|o| o.into_result().unwrap()).eq([true]));
    held.open();
    for client in [&one, &other] {
        assert_eq!(
            client
                .as_completed((0..20).map(|_| server.url("/b")))
                .count(),
            20
        );
    }
    assert!(server.most_at_once() <= 3, "one for each, and the held one");
}

#[test]
fn v35_the_last_clone_may_go_inside_a_callback() {
    let held = Gate::closed();
    let server = server(&held);
    for _ in 0..20 {
        let client = client(1);
        let (to, gone) = mpsc::channel();
        let handle = client.submit(server.url("/held/1")).unwrap();
        handle.on_done(move |_| {
            drop(client);
            to.send(()).unwrap();
        });
        held.admit(1);
        assert_eq!(gone.recv_timeout(PATIENCE), Ok(()));
        assert!(handle.wait().is_success());
    }
}

/// A value that says when it is dropped.
struct Captured(mpsc::Sender<()>);

impl Drop for Captured {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn v39_values_of_a_closure_are_dropped_with_its_request() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(2);
    let (to, dropped) = mpsc::channel();
    let handle = client.submit(server.url("/held/1")).unwrap();
    let captured = Captured(to.clone());
    let itself = handle.clone();
    handle.on_done(move |_| drop((captured, itself)));
    drop(handle);
    assert!(dropped.try_recv().is_err());
    held.open();
    assert_eq!(dropped.recv_timeout(PATIENCE), Ok(()));

    // A callback that holds its own handle and is never called keeps nothing either, once the batch is cancelled.
    let captured = Captured(to.clone());
    let mut outcomes = client.process([server.url("/a")], move |_| {
        let _ = &captured;
        Ok::<_, haul::Error>(())
    });
    assert!(outcomes.next().is_some());
    drop(outcomes);
    assert_eq!(dropped.recv_timeout(PATIENCE), Ok(()));
}

#[test]
fn a_deadline_that_passes_in_the_queue_runs_the_callback() {
    let held = Gate::closed();
    let server = server(&held);
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .budget(None)
        .max_attempts(1000)
        .deadline(Duration::from_millis(200));
    let client = client(1);
    let (to, done) = mpsc::channel();
    let request = haul::Request::get(server.url("/later/1")).retry(policy);
    let flaky = client.submit(request).unwrap();
    flaky.on_done(move |outcome| to.send(outcome.error().unwrap().stop_reason()).unwrap());
    server.wait_for_requests(1);
    // From this point the only worker is busy well past that deadline.
    let busy = client.submit(server.url("/held/1")).unwrap();
    held.wait_for(1);
    #[expect(
        clippy::disallowed_methods,
        reason = "the deadline passes in real time"
    )]
    thread::sleep(Duration::from_millis(250));
    held.open();
    assert_eq!(done.recv_timeout(PATIENCE), Ok(Some(StopReason::Deadline)));
    drop(busy);
}

#[test]
fn the_last_holder_waits_for_callbacks_that_look_at_the_outcome() {
    let server = server(&Gate::closed());
    let client = client(2);
    for _ in 0..100 {
        let (called, was_called) = mpsc::channel();
        let handle = client.submit(server.url("/a")).unwrap();
        handle.on_done(move |outcome| {
            thread::yield_now();
            called.send(outcome.is_success()).unwrap();
        });
        let outcome = handle.into_outcome().expect("callbacks have run");
        assert!(outcome.is_success() && was_called.try_recv() == Ok(true));
    }
}

#[test]
fn a_callback_that_asks_for_the_outcome_of_its_own_request_gets_the_shared_one() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    let (asked, answer) = mpsc::channel();
    let own = handle.clone();
    handle.on_done(move |_| asked.send(own.into_outcome().is_err()).unwrap());
    assert_eq!(answer.recv_timeout(PATIENCE), Ok(true));
}
