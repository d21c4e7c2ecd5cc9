//! Batches that are drained: nothing more is read or started, and what runs ends by itself.

use std::time::Duration;

use haul::batch::{CancelToken, End};
use haul::{Client, Outcome, RetryPolicy};

use test_support::{Answer, Gate, Scenario, Server};
use test_support::{builder, quick_retries};

/// Server that holds requests back until the gate opens.
fn held(gate: &Gate) -> Server {
    Server::always(Answer::text("x").behind(gate))
}

fn urls(server: &Server, count: usize) -> impl Iterator<Item = String> + use<> {
    let base = server.url("/");
    (0..count).map(move |i| format!("{base}{i}"))
}

fn client() -> Client {
    builder(2).retry(quick_retries()).build().unwrap()
}

/// Returns the numbers of successes and of requests that were not done.
fn counts(outcomes: &[Outcome]) -> (usize, usize) {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|o| is(o)).count();
    (count(Outcome::is_success), count(Outcome::is_not_done))
}

#[test]
fn vector_162_a_drained_token_lets_running_requests_end_and_cancels_what_waits() {
    let (gate, token) = (Gate::closed(), CancelToken::new());
    let server = held(&gate);
    let client = client();
    let outcomes = client.as_completed(urls(&server, 30)).cancel_token(&token);
    let summary = outcomes.summary();
    let taking = std::thread::spawn(move || {
        let mut outcomes = outcomes;
        let seen: Vec<_> = outcomes.by_ref().collect();
        (seen, outcomes.end())
    });
    gate.wait_for(2);
    token.drain();
    assert!(token.is_drained() && !token.is_cancelled());
    gate.open();
    let (seen, end) = taking.join().unwrap();
    assert_eq!((counts(&seen), end), ((2, 28), Some(End::Drained)));
    assert_eq!(server.requests(), 2);
    let summary = summary.snapshot();
    assert_eq!((summary.succeeded(), summary.not_done()), (2, 28));
    assert!(client.get(server.url("/")).is_success(), "the client lives");
}

#[test]
fn drain_reads_no_further() {
    let server = Server::always(Answer::text("x"));
    let client = builder(1).window(4).build().unwrap();
    let mut read = 0;
    let mut outcomes = client.as_completed(urls(&server, 1_000).inspect(|_| read += 1));
    let first = outcomes.next().expect("an outcome");
    outcomes.drain();
    outcomes.drain();
    let seen: Vec<_> = std::iter::once(first).chain(outcomes.by_ref()).collect();
    assert_eq!(outcomes.end(), Some(End::Drained));
    drop(outcomes);
    assert!(read < 20 && seen.len() == read, "{read} {}", seen.len());
}

#[test]
fn stop_when_drains_at_the_outcome_that_it_names() {
    let server = Server::always(Answer::text("12345"));
    let client = builder(1).window(1).build().unwrap();
    let mut bytes = 0;
    let mut outcomes = client.map(urls(&server, 100)).stop_when(move |outcome| {
        bytes += outcome
            .success()
            .map_or(0, |response| response.bytes().len());
        bytes >= 25
    });
    let seen: Vec<_> = outcomes.by_ref().collect();
    assert_eq!(counts(&seen).0, server.requests());
    assert!((5..8).contains(&server.requests()), "{}", server.requests());
    assert_eq!(outcomes.end(), Some(End::Drained));
}

#[test]
fn stop_when_that_never_names_an_outcome_changes_nothing() {
    let server = Server::always(Answer::text("x"));
    let client = client();
    let mut outcomes = client.as_completed(urls(&server, 9)).stop_when(|_| false);
    assert_eq!(outcomes.by_ref().count(), 9);
    assert_eq!(outcomes.end(), Some(End::Completed));
}

#[test]
fn vector_163_a_retry_that_waits_comes_out_as_cancelled() {
    let answer = Answer::status(503).header("Retry-After", "60");
    let server = Scenario::new()
        .on("/busy", answer)
        .on("/*", Answer::text("x"))
        .hosts(2)
        .start();
    let client = builder(1).retry(RetryPolicy::default()).build().unwrap();
    let requests = [server.url("/busy"), server.url_on(1, "/x")];
    let mut outcomes = client.as_completed(requests).stop_when(|_| true);
    let seen: Vec<_> = outcomes.by_ref().collect();
    assert_eq!(counts(&seen), (1, 1));
    let busy = seen.iter().find(|outcome| outcome.is_not_done()).unwrap();
    assert!(busy.is_cancelled());
    assert_eq!(busy.attempts(), 1);
}

#[test]
fn vector_164_a_cancel_after_a_drain_ends_what_still_runs() {
    let (gate, token) = (Gate::closed(), CancelToken::new());
    let server = held(&gate);
    let client = client();
    let outcomes = client.as_completed(urls(&server, 5)).cancel_token(&token);
    let taking = std::thread::spawn(move || {
        let mut outcomes = outcomes;
        let seen: Vec<_> = outcomes.by_ref().collect();
        (seen, outcomes.end())
    });
    gate.wait_for(2);
    token.drain();
    token.cancel();
    let (seen, end) = taking.join().unwrap();
    assert_eq!((counts(&seen), end), ((0, 5), Some(End::Cancelled)));
}

#[test]
fn a_batch_that_a_drained_token_is_given_to_sends_nothing() {
    let token = CancelToken::new();
    token.drain();
    let server = Server::always(Answer::text("x"));
    let client = client();
    let mut outcomes = client.as_completed(urls(&server, 5)).cancel_token(&token);
    assert_eq!(outcomes.by_ref().count(), 0);
    assert_eq!(outcomes.end(), Some(End::Drained));
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_channel_whose_caller_waits_ends_when_it_is_drained() {
    let (client, token) = (client(), CancelToken::new());
    let (intake, outcomes) = client.channel();
    let mut outcomes = outcomes.cancel_token(&token);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The caller is most likely asleep by then.
            std::thread::park_timeout(Duration::from_millis(50));
            token.drain();
        });
        assert!(outcomes.next().is_none());
    });
    assert_eq!(outcomes.end(), Some(End::Drained));
    assert!(intake.send("http://127.0.0.1:9/").is_err());
}
