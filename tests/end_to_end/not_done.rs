//! Batches that are stopped: unfinished requests count as not done, however the batch was stopped.

use std::io;
use std::time::Duration;

use haul::batch::CancelToken;
use haul::sink::SinkError;
use haul::sink::{JsonLines, Keep, Only, Sink};
use haul::{Outcome, Outcomes, Shutdown, Summary};
use test_support::{Answer, Gate, Scenario, Server, builder, client, quick_retries};

/// Starts a server that answers `/ok` and `/bad` at once, `/later` with a 503, and no other path.
fn server() -> Server {
    Scenario::new()
        .on("/ok/*", Answer::text("x"))
        .on("/bad/*", Answer::status(404))
        .on("/later/*", Answer::status(503))
        .on("/*", Answer::text("x").behind(&Gate::closed()))
        .start()
}

/// URLs of two requests that succeed, one that fails, and many that hang.
fn urls(server: &Server) -> impl Iterator<Item = String> + use<> {
    let first = ["/ok/0", "/ok/1", "/bad/2"].map(|path| server.url(path));
    let held = server.url("/held/");
    first
        .into_iter()
        .chain((3..30).map(move |i| format!("{held}{i}")))
}

/// Asserts that all hanging requests were not done, and that the counts are those of the outcomes.
#[track_caller]
fn is_told_apart(seen: &[Outcome], summary: &Summary) {
    let mut held = seen.iter().filter(|o| o.url().contains("/held/"));
    assert!(held.all(Outcome::is_not_done));
    let count = |is: fn(&Outcome) -> bool| {
        let ended = seen.iter().filter(|outcome| !outcome.is_not_done());
        ended.filter(|outcome| is(outcome)).count() as u64
    };
    assert_eq!(summary.succeeded(), count(Outcome::is_success));
    assert_eq!(summary.failed(), count(Outcome::is_failed));
    assert_eq!(summary.cancelled(), 0);
    assert_eq!(summary.not_done(), seen.len() as u64 - count(|_| true));
    assert!(summary.failed() <= 1 && summary.not_done() > 0, "{summary}");
    assert_eq!(summary.total(), seen.len() as u64);
    let classes = summary.by_error_type().values().sum::<u64>();
    assert_eq!(classes, summary.failed());
}

/// Runs the batch until its three finished outcomes have come, then calls `stop`, and checks the counts.
#[track_caller]
fn stopped_after_three<I>(mut outcomes: Outcomes<I>, stop: impl FnOnce())
where
    I: Iterator<Item = String>,
{
    let summary = outcomes.summary();
    let mut seen: Vec<_> = outcomes.by_ref().take(3).collect();
    stop();
    seen.extend(outcomes);
    is_told_apart(&seen, &summary.snapshot());
}

#[test]
fn by_a_token() {
    let (server, client, token) = (server(), client(2), CancelToken::new());
    let outcomes = client.as_completed(urls(&server)).cancel_token(&token);
    stopped_after_three(outcomes, || token.cancel());
}

#[test]
fn by_a_shutdown_that_cancels_what_waits_and_aborts_the_rest() {
    let (server, client) = (server(), client(2));
    let outcomes = client.as_completed(urls(&server));
    stopped_after_three(outcomes, || {
        client.shutdown(Shutdown::CancelQueued, Some(Duration::from_millis(1)));
        client.shutdown(Shutdown::Abort, None);
    });
}

#[test]
fn by_a_deadline() {
    let (server, client) = (server(), client(2));
    let outcomes = client.map(urls(&server));
    stopped_after_three(outcomes.deadline(Duration::from_millis(300)), || {});
}

#[test]
fn by_too_many_failures_none_of_which_is_one_not_done() {
    let (server, client) = (server(), client(2));
    for outcomes in [
        client.map(urls(&server)).fail_fast(),
        client.map(urls(&server)).max_failures(1),
    ] {
        stopped_after_three(outcomes, || {});
    }
    // The deadline comes before the second failure, and the requests that it ends do not count as failures.
    let mut outcomes = client.map(urls(&server)).max_failures(2);
    outcomes = outcomes.deadline(Duration::from_millis(300));
    assert!(outcomes.by_ref().filter(Outcome::is_not_done).count() >= 27);
    assert_eq!(outcomes.end(), Some(haul::batch::End::Deadline));
}

#[test]
fn by_a_limit_of_the_iteration() {
    let (server, client) = (server(), client(2));
    let outcomes = client.map(urls(&server));
    let summary = outcomes.summary();
    let seen = outcomes.timeout(Duration::from_millis(300));
    let seen: Vec<_> = seen.filter_map(Result::ok).collect();
    is_told_apart(&seen, &summary.snapshot());
}

#[test]
fn by_a_sink_that_fails() {
    struct Full(u64);
    impl Sink for Full {
        fn write(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
            if outcome.is_failed() {
                return Err(SinkError::other("full", io::ErrorKind::StorageFull.into()));
            }
            self.0 += 1;
            Ok(())
        }
    }
    let (server, client) = (server(), client(2));
    let outcomes = client.map(urls(&server));
    let summary = outcomes.summary();
    let mut sink = Full(0);
    let seen = outcomes.record_to(&mut sink).filter_map(Result::ok);
    let seen: Vec<_> = seen.collect();
    is_told_apart(&seen, &summary.snapshot());
    assert_eq!(sink.0, 2);
}

#[test]
fn while_it_waits_for_its_next_attempt() {
    let (server, token) = (server(), CancelToken::new());
    let patient = quick_retries().backoff(Duration::from_secs(600), Duration::from_secs(600));
    let client = builder(2).retry(patient).build().unwrap();
    let mut input = vec![server.url("/later/0"), server.url("/ok/1")];
    input.extend((2..9).map(|i| server.url(&format!("/held/{i}"))));
    let mut outcomes = client.as_completed(input).cancel_token(&token);
    let summary = outcomes.summary();
    assert!(outcomes.next().is_some_and(|outcome| outcome.is_success()));
    server.wait_for_requests_to("/later/0", 1);
    token.cancel();
    assert!(outcomes.all(|outcome| outcome.is_not_done()));
    let summary = summary.snapshot();
    // A single request succeeded; the number of requests read before is not known.
    let counts = (summary.failed(), summary.not_done());
    assert_eq!(counts, (0, summary.total() - 1));
}

#[test]
fn and_has_no_record() {
    let (server, client) = (server(), client(2));
    let mut records = Vec::new();
    let mut sinks = (
        JsonLines::new(&mut records),
        Only::new(Keep::Failed, JsonLines::new(Vec::new())),
    );
    let outcomes = client.as_completed(urls(&server));
    let outcomes = outcomes.deadline(Duration::from_millis(300));
    let summary = outcomes.summary();
    assert_eq!(outcomes.record_to(&mut sinks).count(), 30);
    drop(sinks);
    let lines = records.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines as u64, summary.snapshot().finished());
}

#[test]
fn a_request_cancelled_by_the_program_counts_as_cancelled() {
    let (server, client) = (server(), client(2));
    let handle = client.submit(server.url("/held/1")).unwrap();
    assert!(handle.cancel());
    let outcome = handle.wait();
    assert!(outcome.is_cancelled() && !outcome.is_not_done());
    let mut summary = Summary::new();
    summary.record(&outcome);
    assert_eq!((summary.cancelled(), summary.not_done()), (1, 0));
}

#[test]
fn progress_counts_requests_not_done_apart() {
    let (server, client) = (server(), client(2));
    let mut outcomes = client.map(urls(&server)).fail_fast();
    let progress = outcomes.progress();
    outcomes.by_ref().for_each(drop);
    let now = progress.snapshot();
    assert_eq!((now.done, now.succeeded, now.failed), (3, 2, 1));
    assert_eq!(now.total, Some(now.done + now.not_done));
    assert!(now.not_done > 0 && now.cancelled == 0);
    assert_eq!(now.eta, Some(Duration::ZERO));
}
