//! Waits for several submitted requests: as they complete, and until enough of them have.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use haul::batch::{ReturnWhen, Waited, as_completed, wait};
use haul::{Client, Handle};
use test_support::{Answer, Gate, Scenario, Server, client, server};

fn submit<const N: usize>(client: &Client, server: &Server, paths: [&str; N]) -> [Handle; N] {
    paths.map(|path| client.submit(server.url(path)).unwrap())
}

/// Returns the path that a handle's request goes to.
fn path(handle: &Handle) -> String {
    let url = handle.request().url();
    let path = url.match_indices('/').nth(2).map(|(at, _)| at).unwrap();
    url[path..].to_owned()
}

fn paths<'a>(handles: impl IntoIterator<Item = &'a Handle>) -> Vec<String> {
    handles.into_iter().map(path).collect()
}

fn sides(waited: &Waited) -> (Vec<String>, Vec<String>) {
    (paths(&waited.done), paths(&waited.not_done))
}

#[test]
fn v12_handles_come_in_the_order_of_completion() {
    let gates = [0, 1, 2].map(|_| Gate::closed());
    let mut scenario = Scenario::new();
    for (i, gate) in gates.iter().enumerate() {
        scenario = scenario.on(&format!("/held/{i}"), Answer::text("").behind(gate));
    }
    let server = scenario.on("/*", Answer::text("")).start();
    let client = client(4);
    let handles = submit(&client, &server, ["/held/0", "/held/1", "/done", "/held/2"]);
    handles[2].wait();
    let mut completed = as_completed(handles);
    assert_eq!(completed.len(), 4);
    assert_eq!(path(&completed.next().unwrap()), "/done");
    for next in [2, 0, 1] {
        gates[next].open();
        let handle = completed.next().unwrap();
        assert!(handle.is_done());
        assert_eq!(path(&handle), format!("/held/{next}"));
    }
    assert!(completed.next().is_none() && completed.next().is_none());
}

#[test]
fn v13_handles_may_repeat_or_be_none_or_belong_to_two_clients() {
    let server = server(&Gate::closed());
    let (one, other) = (client(1), client(1));
    let [a] = submit(&one, &server, ["/a"]);
    let [b] = submit(&other, &server, ["/b"]);
    assert_eq!(as_completed([a.clone(), a.clone(), a.clone()]).count(), 1);
    assert_eq!(as_completed([]).count(), 0);
    let mut both = paths(&as_completed([&a, &b, &a, &b].map(Clone::clone)).collect::<Vec<_>>());
    both.sort();
    assert_eq!(both, ["/a", "/b"]);
    assert_eq!(wait(&[], ReturnWhen::FirstCompleted, None).done.len(), 0);
    let waited = wait(&[b.clone(), a, b], ReturnWhen::AllCompleted, None);
    assert_eq!(sides(&waited), (vec!["/b".into(), "/a".into()], vec![]));
}

#[test]
fn v14_a_time_limit_of_as_completed_cancels_nothing() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let handles = submit(&client, &server, ["/held/1", "/a", "/held/2", "/b"]);
    handles[1].wait();
    handles[3].wait();
    for limit in [Duration::ZERO, Duration::from_millis(20)] {
        let mut completed = as_completed(handles.clone()).timeout(limit);
        // The clock runs from the call above, not from the first look.
        let began = Instant::now();
        while began.elapsed() <= limit {
            thread::yield_now();
        }
        let mut done: Vec<_> = (0..2)
            .map(|_| path(&completed.next().unwrap().unwrap()))
            .collect();
        done.sort();
        assert_eq!(done, ["/a", "/b"]);
        let late = completed.next().unwrap().unwrap_err();
        assert_eq!(late.to_string(), "2 (of 4) requests unfinished");
        assert_eq!((late.unfinished, late.total), (2, 4));
        assert!(completed.next().is_none());
    }
    held.open();
    for handle in handles {
        assert!(handle.wait().is_success());
    }
}

#[test]
fn v15_leaving_as_completed_half_way_cancels_nothing() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let [a, b, c] = submit(&client, &server, ["/held/1", "/a", "/held/2"]);
    let given = Arc::downgrade(b.request());
    let mut completed = as_completed([a.clone(), b, c.clone()]);
    drop(completed.next().unwrap());
    // The worker may still hold its reference for a moment.
    let until = Instant::now() + Duration::from_secs(30);
    while given.strong_count() > 0 {
        assert!(Instant::now() < until, "what was given is kept");
        thread::yield_now();
    }
    drop(completed);
    assert!(!a.is_done() && !c.is_done());
    held.open();
    assert!(a.wait().is_success() && c.wait().is_success());
    assert_eq!(as_completed([a, c]).count(), 2);
}

#[test]
fn v16_a_request_cancelled_in_the_queue_is_done() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(1);
    let [running, before, after] = submit(&client, &server, ["/held/1", "/a", "/b"]);
    held.wait_for(1);
    before.cancel();
    let all = [before, after.clone()];
    let waiter = thread::spawn({
        let all = all.clone();
        move || sides(&wait(&all, ReturnWhen::AllCompleted, None))
    });
    let iteration = thread::spawn({
        let all = all.clone();
        move || paths(&as_completed(all).collect::<Vec<_>>())
    });
    after.cancel();
    assert_eq!(waiter.join().unwrap().0, ["/a", "/b"]);
    assert_eq!(iteration.join().unwrap(), ["/a", "/b"]);
    assert!(all.iter().all(Handle::is_cancelled));
    held.open();
    running.wait();
}

#[test]
fn v17_a_wait_that_times_out_returns_done_and_not_done() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(5);
    let handles = submit(
        &client,
        &server,
        ["/held/1", "/b", "/held/2", "/a", "/held/3"],
    );
    handles[1].wait();
    handles[3].wait();
    for limit in [Duration::ZERO, Duration::from_millis(5)] {
        let waited = wait(&handles, ReturnWhen::AllCompleted, Some(limit));
        let (done, not_done) = sides(&waited);
        assert_eq!(done, ["/b", "/a"]);
        assert_eq!(not_done, ["/held/1", "/held/2", "/held/3"]);
    }
    held.open();
    let waited = wait(&handles, ReturnWhen::AllCompleted, None);
    assert_eq!(waited.done.len(), 5);
    assert!(waited.not_done.is_empty());
}

#[test]
fn v18_first_completed_returns_every_finished_handle() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let handles = submit(&client, &server, ["/a", "/held/1", "/b", "/held/2"]);
    handles[0].wait();
    handles[2].wait();
    let waited = wait(&handles, ReturnWhen::FirstCompleted, None);
    assert_eq!(paths(&waited.done), ["/a", "/b"]);
    let rest = waited.not_done;
    held.admit(1);
    let waited = wait(&rest, ReturnWhen::FirstCompleted, None);
    assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
    held.open();
}

#[test]
fn v19_the_first_failure_ends_the_wait() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let [fine, bad, slow] = submit(&client, &server, ["/a", "/held/2", "/held/1"]);
    fine.wait();
    held.wait_for(2);
    slow.cancel();
    // Neither a success nor a cancelled request ends the wait.
    let both = [fine.clone(), slow];
    let waited = wait(&both, ReturnWhen::FirstFailed, None);
    assert_eq!(waited.done.len(), 2, "with no failure it waits for all");
    let some = [fine.clone(), bad.clone()];
    let waited = wait(
        &some,
        ReturnWhen::FirstFailed,
        Some(Duration::from_millis(5)),
    );
    assert_eq!(sides(&waited), (vec!["/a".into()], vec!["/held/2".into()]));

    let [failed] = submit(&client, &server, ["/bad/1"]);
    let all = [fine, bad.clone(), failed];
    let waited = wait(&all, ReturnWhen::FirstFailed, None);
    assert_eq!(paths(&waited.done), ["/a", "/bad/1"]);
    assert_eq!(paths(&waited.not_done), ["/held/2"]);
    // The request has failed already, so the wait ends at once.
    let again = wait(&all, ReturnWhen::FirstFailed, None);
    assert_eq!(sides(&again), sides(&waited));
    held.open();
    assert!(bad.wait().is_success());
}

#[test]
fn v20_a_hundred_requests_that_end_at_once_wake_every_thread() {
    for _ in 0..5 {
        let held = Gate::closed();
        let server = server(&held);
        let client = client(100);
        client.get(server.url("/known"));
        let handles: Vec<_> = (0..100)
            .map(|i| client.submit(server.url(&format!("/held/{i}"))).unwrap())
            .collect();
        held.wait_for(100);
        thread::scope(|scope| {
            let waits = scope.spawn(|| wait(&handles, ReturnWhen::AllCompleted, None).done.len());
            let given = scope.spawn(|| as_completed(handles.clone()).count());
            for handle in handles.iter().step_by(10) {
                scope.spawn(move || assert!(handle.wait().is_success()));
            }
            held.open();
            assert_eq!(waits.join().unwrap(), 100);
            assert_eq!(given.join().unwrap(), 100);
        });
    }
}

#[test]
fn a_wait_for_ten_thousand_handles_is_not_quadratic() {
    let server = Scenario::new()
        .on("/*", Answer::text(""))
        .unlogged()
        .start();
    let client = client(8);
    let handles: Vec<_> = (0..10_000)
        .map(|_| client.submit(server.url("/")).unwrap())
        .collect();
    let began = Instant::now();
    assert_eq!(as_completed(handles).count(), 10_000);
    // When each wait looked at all requests, this took minutes.
    assert!(began.elapsed() < Duration::from_secs(60));
}
