//! How far a batch is, seen from elsewhere.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, Progress, ProgressHandle, Request, RetryPolicy};

use support::{Answer, Gate, Scenario, Server};

const PATIENCE: Duration = Duration::from_secs(30);

fn server(held: &Gate) -> Server {
    Scenario::new()
        .on("/held/*", Answer::text("").behind(held))
        .on("/bad/*", Answer::status(404))
        .on("/later/*", Answer::status(503))
        .on("/*", Answer::text(""))
        .start()
}

/// Asks until it is so.
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
fn it_counts_what_was_handed_out_by_what_became_of_it() {
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
fn it_tells_what_is_under_way_what_waits_for_a_time_and_what_for_a_worker() {
    let held = Gate::closed();
    let server = server(&held);
    let retry = RetryPolicy::default().backoff(PATIENCE, PATIENCE);
    let retry = retry.jitter(haul::Jitter::None);
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
fn the_total_is_known_once_the_input_says_it_or_is_read() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(2).window(4).build().unwrap();
    // What waits for the first connection to a host is read further ahead.
    client.get(server.url("/known"));
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
fn of_a_batch_that_ends_early_the_total_is_what_was_read() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(1).window(8).build().unwrap();
    client.get(server.url("/known"));
    let urls = (0..1000).map(|i| server.url(if i < 3 { "/bad/1" } else { "/held/1" }));
    let mut outcomes = client.as_completed(urls).max_failures(3);
    let progress = outcomes.progress();
    assert_eq!(progress.snapshot().total, Some(1000));
    let count = outcomes.by_ref().count() as u64;
    let after = progress.snapshot();
    assert_eq!((after.done, after.total), (count, Some(count)));
    assert!(after.cancelled > 0 && count < 1000);
}
