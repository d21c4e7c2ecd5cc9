//! Progress of a batch, as a handle outside of the iteration shows it.

use std::thread;
use std::time::{Duration, Instant};

use haul::batch::{Progress, ProgressHandle};
use haul::{Client, Request, RetryPolicy};
use test_support::{Answer, Gate, PATIENCE, Scenario, Server, server};

/// Takes snapshots until `so` is true of one, and returns that.
fn until(progress: &ProgressHandle, so: impl Fn(&Progress) -> bool) -> Progress {
    let end = Instant::now() + PATIENCE;
    loop {
        let now = progress.snapshot();
        if so(&now) {
            return now;
        }
        assert!(Instant::now() < end, "{now:?}");
        thread::yield_now();
    }
}

#[test]
fn progress_counts_outcomes_by_their_kind() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(2).build().unwrap();
    let requests = (0..40).map(|i| match i % 4 {
        0 => Request::get(server.url("/bad/1")),
        1 => Request::get(server.url("/a")).reject_if(|_| Some(haul::Rejection::new(1, "no"))),
        _ => Request::get(server.url("/a")),
    });
    let mut outcomes = client.as_completed(requests);
    let progress = outcomes.progress();
    let before = progress.snapshot();
    assert_eq!((before.total, before.done), (Some(40), 0));
    assert_eq!((before.per_second, before.eta), (0.0, None));
    for done in 1..=40 {
        assert!(outcomes.next().is_some());
        let now = progress.snapshot();
        assert_eq!(now.done, done);
        let sum = now.succeeded + now.rejected + now.failed + now.cancelled;
        assert_eq!((sum, now.total), (done, Some(40)));
        assert!(now.per_second > 0.0);
    }
    assert!(outcomes.next().is_none());
    let after = until(&progress.clone(), |now| now.in_flight == 0);
    let counts = (
        after.succeeded,
        after.rejected,
        after.failed,
        after.cancelled,
    );
    assert_eq!(counts, (20, 10, 10, 0));
    assert_eq!((after.delayed, after.queued), (0, 0));
    assert_eq!(after.eta, Some(Duration::ZERO));
    drop((outcomes, client));
    assert_eq!(progress.snapshot(), after, "it outlives the batch");
}

#[test]
fn progress_tells_running_delayed_and_queued_requests_apart() {
    let held = Gate::closed();
    let server = server(&held);
    let retry = RetryPolicy::default().backoff(PATIENCE, PATIENCE);
    let retry = retry.jitter(haul::settings::Jitter::None);
    let client = Client::builder().workers(2).retry(retry).build().unwrap();
    let later = (0..3).map(|i| server.url(&format!("/later/{i}")));
    let blocked = (0..5).map(|i| server.url(&format!("/held/{i}")));
    let mut outcomes = client.as_completed(later.chain(blocked));
    let progress = outcomes.progress();
    thread::scope(|scope| {
        let first = scope.spawn(|| outcomes.next().is_some());
        let now = until(&progress, |now| now.in_flight == 2 && now.delayed == 3);
        assert_eq!((now.queued, now.done, now.total), (3, 0, Some(8)));
        held.admit(1);
        assert!(first.join().unwrap());
        until(&progress, |now| now.done == 1 && now.queued == 2);
    });
    drop(outcomes);
    until(&progress, |now| {
        (now.in_flight, now.delayed, now.queued) == (0, 0, 0)
    });
}

#[test]
fn the_total_is_known_when_the_input_is_read() {
    let server = server(&Gate::closed());
    // With more parked requests, the input would be read further ahead while they wait for the first connection to a
    // host.
    let client = Client::builder().workers(2).window(4).max_parked(1);
    let client = client.build().unwrap();
    let urls = (0..10).map(|i| server.url(&format!("/{i}")));
    let mut outcomes = client.map(urls.filter(|url| !url.is_empty()));
    let progress = outcomes.progress();
    assert!(outcomes.next().is_some());
    assert_eq!(
        (progress.snapshot().total, progress.snapshot().eta),
        (None, None)
    );
    assert_eq!(outcomes.count(), 9);
    assert_eq!(progress.snapshot().total, Some(10));

    let (intake, outcomes) = client.channel();
    let progress = outcomes.progress();
    for i in 0..3 {
        intake.send(server.url(&format!("/{i}"))).unwrap();
    }
    drop(intake);
    assert_eq!(progress.snapshot().total, None);
    assert_eq!(outcomes.count(), 3);
    assert_eq!(progress.snapshot().total, Some(3));
}

#[test]
fn the_total_of_a_batch_that_ends_early_is_the_number_read() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(1).window(8).build().unwrap();
    client.get(server.url("/known"));
    let urls = (0..1000).map(|i| server.url(if i < 3 { "/bad/1" } else { "/held/1" }));
    let mut outcomes = client.as_completed(urls).max_failures(3);
    let progress = outcomes.progress();
    assert_eq!(progress.snapshot().total, Some(1000));
    let count = outcomes.by_ref().count() as u64;
    let after = progress.snapshot();
    assert_eq!((after.done, after.total), (3, Some(count)));
    assert_eq!(after.not_done, count - 3);
    assert!(after.not_done > 0 && count < 1000);
}

#[test]
fn a_stated_total_holds_until_the_true_one_is_known() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(2).build().unwrap();
    let (intake, outcomes) = client.channel();
    let progress = outcomes.progress();
    progress.expect(7);
    assert_eq!(progress.snapshot().total, Some(7));
    intake.send(server.url("/1")).unwrap();
    drop(intake);
    assert_eq!(outcomes.count(), 1);
    assert_eq!(progress.snapshot().total, Some(1));
    progress.expect(7);
    assert_eq!(progress.snapshot().total, Some(1));
}

#[test]
fn the_host_that_keeps_most_requests_waiting_is_named_with_its_time() {
    let server = Scenario::new()
        .hosts(2)
        .on("/*", Answer::status(429).header("Retry-After", "100"))
        .start();
    let retry = RetryPolicy::default().jitter(haul::settings::Jitter::None);
    let client = Client::builder().workers(2).retry(retry).build().unwrap();
    // A request to each host is delayed for its retry; the others wait until their host may be asked.
    let first = (0..5).map(|i| server.url_on(0, &format!("/{i}")));
    let second = (0..9).map(|i| server.url_on(1, &format!("/{i}")));
    let mut outcomes = client.as_completed(first.chain(second));
    let progress = outcomes.progress();
    assert_eq!(progress.snapshot().waiting, None);
    let token = haul::batch::CancelToken::new();
    outcomes = outcomes.cancel_token(&token);
    thread::scope(|scope| {
        let all = scope.spawn(|| outcomes.count());
        let now = until(&progress, |now| now.delayed == 14);
        let waiting = now.waiting.unwrap();
        assert_eq!(waiting.host.name(), "127.0.0.2");
        assert!((1..9).contains(&waiting.requests), "{waiting:?}");
        let time = waiting.time.as_secs();
        assert!((30..=100).contains(&time), "{waiting:?}");
        token.cancel();
        assert_eq!(all.join().unwrap(), 14);
    });
}

#[test]
fn the_slowest_of_several_hosts_is_named() {
    let server = Scenario::new()
        .hosts(2)
        .when("/*", |seen| {
            let slow = Duration::from_millis(if seen.host == 1 { 50 } else { 0 });
            Answer::text("").after(slow)
        })
        .start();
    let client = Client::builder().workers(2).build().unwrap();
    let urls = (0..10).map(|i| server.url_on(i % 2, "/"));
    let mut outcomes = client.as_completed(urls);
    let progress = outcomes.progress();
    assert!(outcomes.next().is_some());
    assert_eq!(outcomes.by_ref().count(), 9);
    let (host, time) = progress.snapshot().slowest.unwrap();
    assert_eq!(host.name(), "127.0.0.2");
    assert!(time >= Duration::from_millis(45), "{time:?}");
    let one = client.as_completed([server.url("/")]);
    let progress = one.progress();
    assert_eq!(one.count(), 1);
    assert_eq!(
        progress.snapshot().slowest,
        None,
        "there is none to be slower than"
    );
}

/// A batch with two hosts: one answers, the other takes requests and answers none.
fn one_hangs() -> (Server, Gate, Client) {
    let held = Gate::closed();
    let server = Scenario::new()
        .hosts(2)
        .on("/held/*", Answer::text("").behind(&held))
        .on("/*", Answer::text(""))
        .start();
    let client = Client::builder().workers(4).build().unwrap();
    // Each host has a connection already, so that each may have every worker.
    for host in 0..2 {
        assert!(client.get(server.url_on(host, "/")).is_success());
    }
    (server, held, client)
}

#[test]
fn a_host_that_holds_up_the_batch_is_named() {
    let (server, held, client) = one_hangs();
    let first = server.url_on(0, "/held/0");
    let hanging = (0..3).map(|i| server.url_on(1, &format!("/held/{i}")));
    let begin = Instant::now();
    let outcomes = client.as_completed(std::iter::once(first).chain(hanging));
    let progress = outcomes.progress();
    let token = haul::batch::CancelToken::new();
    let mut outcomes = outcomes.cancel_token(&token);
    thread::scope(|scope| {
        let all = scope.spawn(|| outcomes.by_ref().filter(|o| o.is_success()).count());
        held.wait_for(4);
        let now = until(&progress, |now| now.holding.is_some());
        let holding = now.holding.unwrap();
        assert_eq!((holding.host.name(), holding.places), ("127.0.0.2", 3));
        let passed = begin.elapsed();
        assert!(passed >= Duration::from_millis(4_900) && holding.time <= passed);
        // A request that finishes ends the report, though the others still hold their places.
        held.admit(1);
        until(&progress, |now| {
            (now.done, now.in_flight) == (1, 3) && now.holding.is_none()
        });
        token.cancel();
        assert_eq!(all.join().unwrap(), 1);
    });
    assert_eq!(progress.snapshot().holding, None);
}
