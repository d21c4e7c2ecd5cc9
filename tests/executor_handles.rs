//! Handles of submitted requests: waiting, looking, cancelling, and callbacks.

mod support;

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use haul::{Client, ErrorType, Handle, Outcome, RetryPolicy, StopReason};

use support::{Answer, Gate, Scenario, Server};

const PATIENCE: Duration = Duration::from_secs(30);

fn client(workers: usize) -> Client {
    let retry = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None);
    let builder = Client::builder().workers(workers).retry(retry);
    builder.build().unwrap()
}

#[track_caller]
fn cancelled(outcome: &Outcome) {
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(error.error_type(), ErrorType::Cancelled);
    assert_eq!(error.stop_reason(), Some(StopReason::Cancelled));
    assert!(outcome.is_cancelled() && outcome.is_failed());
}

/// Starts a server that answers `/held` when the gate opens and all other paths at once.
fn server(held: &Gate) -> Server {
    Scenario::new()
        .on("/held", Answer::text("held").behind(held))
        .on("/*", Answer::text("free"))
        .start()
}

/// Returns a request that the only worker runs, and a request that waits behind it.
fn running_and_pending(client: &Client, server: &Server, held: &Gate) -> (Handle, Handle) {
    let before = held.waiting();
    let running = client.submit(server.url("/held")).unwrap();
    while held.waiting() == before {
        thread::yield_now();
    }
    (running, client.submit(server.url("/pending")).unwrap())
}

#[test]
fn v1_what_is_submitted_is_waited_for() {
    let server = server(&Gate::closed());
    let client = client(2);
    let handle = client.submit(server.url("/a")).unwrap();
    let outcome = handle.wait();
    assert_eq!(outcome.success().unwrap().text(), "free");
    assert!(
        Arc::ptr_eq(&outcome, &handle.clone().wait()),
        "one outcome for all"
    );
    assert!(handle.is_done() && !handle.is_running() && !handle.is_cancelled());
    assert_eq!(handle.request().url(), server.url("/a"));
}

#[test]
fn v2_a_wait_of_no_time_at_all_changes_nothing_while_it_is_not_done() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    for handle in [&running, &pending] {
        let late = handle.wait_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(late.to_string(), "no outcome within 0ns");
        assert!(handle.wait_timeout(Duration::from_millis(2)).is_err());
        assert!(handle.try_outcome().is_none() && !handle.is_done());
    }
    assert!(running.is_running() && !pending.is_running());
    held.open();
    assert!(running.wait().is_success() && pending.wait().is_success());
}

#[test]
fn v3_a_wait_of_no_time_at_all_gives_what_is_done() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    handle.wait();
    for _ in 0..1000 {
        assert!(handle.wait_timeout(Duration::ZERO).unwrap().is_success());
    }
}

#[test]
fn a_wait_may_be_longer_than_time_itself() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    assert!(handle.wait_timeout(Duration::MAX).unwrap().is_success());
}

#[test]
fn v4_cancelling_works_on_what_waits_and_what_runs_and_not_on_what_is_over() {
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
        cancelled(&handle.wait());
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
fn v4_a_cancel_that_was_told_true_is_a_cancelled_outcome_whatever_else_happens_meanwhile() {
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
fn v4_a_cancel_in_the_caller_s_own_hook_holds_although_the_answer_is_there() {
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
    cancelled(&handle.wait());
    assert!(
        handle.wait().is_prior_attempt_ambiguous(),
        "the server may have acted"
    );
}

#[test]
fn v4_once_a_process_closure_has_begun_its_request_is_not_cancelled() {
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
fn v5_the_callback_of_what_waits_runs_on_the_cancelling_thread_before_cancel_returns() {
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
fn v7_what_is_cancelled_while_it_waits_is_never_sent() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    pending.cancel();
    assert_eq!(pending.wait().attempts(), 0);
    held.open();
    running.wait();
    client.get(server.url("/after"));
    assert_eq!(server.paths(), ["/held", "/after"]);
}

#[test]
fn what_waits_for_its_next_attempt_is_cancelled_at_once() {
    let server = Server::always(Answer::status(503).header("Retry-After", "100"));
    let client = client(1);
    let handle = client.submit(server.url("/")).unwrap();
    server.wait_for_requests(1);
    while handle.is_running() {
        thread::yield_now();
    }
    assert!(handle.cancel());
    cancelled(&handle.wait());
    assert_eq!(server.requests(), 1);
}

#[test]
fn v8_callbacks_run_on_the_worker_in_the_order_they_were_added() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let handle = client.submit(server.url("/held")).unwrap();
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
fn v10_a_callback_that_panics_harms_neither_the_next_nor_the_outcome_nor_the_worker() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let handle = client.submit(server.url("/held")).unwrap();
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
fn v11_a_callback_that_adds_another_sees_it_run_immediately() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let handle = client.submit(server.url("/held")).unwrap();
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
fn v34_a_callback_may_submit_and_even_wait_on_the_only_worker() {
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
fn v34_a_callback_of_one_client_that_runs_on_a_worker_of_another_leaves_its_limits_right() {
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
        let handle = client.submit(server.url("/held")).unwrap();
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
fn v39_what_a_closure_holds_is_dropped_soon_after_its_request_ended() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(2);
    let (to, dropped) = mpsc::channel();
    let handle = client.submit(server.url("/held")).unwrap();
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
fn v39_a_request_is_dropped_with_its_last_handle() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/a")).unwrap();
    handle.wait();
    let request = Arc::downgrade(handle.request());
    drop(handle);
    // The worker drops its reference after it has reported the outcome, at the latest before its next job.
    client.get(server.url("/next"));
    assert!(request.upgrade().is_none());
}

#[test]
fn a_request_that_cannot_be_sent_is_a_handle_that_is_done() {
    let client = client(1);
    let handle = client.submit("ftp://nowhere/").unwrap();
    assert!(handle.is_done());
    assert_eq!(
        handle.wait().error().unwrap().error_type(),
        ErrorType::InvalidRequest
    );
    assert!(!handle.cancel());
}

#[test]
fn a_handle_whose_deadline_passes_in_the_queue_calls_back_although_nobody_waits() {
    let held = Gate::closed();
    let server = Scenario::new()
        .on("/held", Answer::text("").behind(&held))
        .on("/flaky", Answer::status(503))
        .start();
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .budget(None)
        .max_attempts(1000)
        .deadline(Duration::from_millis(200));
    let client = client(1);
    let (to, done) = mpsc::channel();
    let request = haul::Request::get(server.url("/flaky")).retry(policy);
    let flaky = client.submit(request).unwrap();
    flaky.on_done(move |outcome| to.send(outcome.error().unwrap().stop_reason()).unwrap());
    server.wait_for_requests(1);
    // From this point the only worker is busy well past that deadline.
    let busy = client.submit(server.url("/held")).unwrap();
    held.wait_for(1);
    #[allow(clippy::disallowed_methods)]
    thread::sleep(Duration::from_millis(250));
    held.open();
    assert_eq!(done.recv_timeout(PATIENCE), Ok(Some(StopReason::Deadline)));
    drop(busy);
}

#[test]
fn the_last_holder_gets_the_outcome_by_value() {
    let server = server(&Gate::closed());
    let client = client(2);
    for _ in 0..200 {
        let handle = client.submit(server.url("/free")).unwrap();
        let outcome = handle.into_outcome().expect("there is no other holder");
        let response = outcome.into_result().unwrap();
        assert_eq!(response.into_bytes(), b"free");
    }
}

#[test]
fn a_holder_among_others_gets_the_shared_outcome() {
    let server = server(&Gate::closed());
    let client = client(1);
    let handle = client.submit(server.url("/free")).unwrap();
    let other = handle.clone();
    let shared = handle.into_outcome().unwrap_err();
    assert!(shared.is_success());
    assert!(other.clone().into_outcome().is_err(), "it is kept here too");
    drop(shared);
    assert!(other.into_outcome().is_ok());
    let handle = client.submit(server.url("/free")).unwrap();
    let kept = handle.wait();
    let shared = handle.into_outcome().unwrap_err();
    assert!(Arc::ptr_eq(&kept, &shared));
}

#[test]
fn the_last_holder_waits_for_callbacks_that_look_at_the_outcome() {
    let server = server(&Gate::closed());
    let client = client(2);
    for _ in 0..100 {
        let (called, was_called) = mpsc::channel();
        let handle = client.submit(server.url("/free")).unwrap();
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
    let handle = client.submit(server.url("/free")).unwrap();
    let (asked, answer) = mpsc::channel();
    let own = handle.clone();
    handle.on_done(move |_| asked.send(own.into_outcome().is_err()).unwrap());
    assert_eq!(answer.recv_timeout(PATIENCE), Ok(true));
}

#[test]
fn a_cancelled_request_gives_its_outcome_by_value_too() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let (running, pending) = running_and_pending(&client, &server, &held);
    pending.cancel();
    cancelled(&pending.into_outcome().unwrap());
    held.open();
    assert!(running.into_outcome().is_ok());
}
