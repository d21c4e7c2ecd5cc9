//! The virtual clock of a script: it moves to the next time at which something happens, and only then.

use std::sync::mpsc;
use std::time::Duration;

use haul::batch::{End, ReturnWhen, wait};
use haul::settings::{BreakerSettings, Jitter};
use haul::testing::{Answer, Call, Script, any, fail, get, json, status, text};
use haul::{Client, ClientBuilder, ErrorType, Phase, RateLimit, RetryPolicy, Timeouts};

const HOUR: Duration = Duration::from_secs(3600);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Retries after 1, 2, 4, ... seconds.
fn doubling() -> RetryPolicy {
    let policy = RetryPolicy::default().backoff(secs(1), secs(64));
    policy.jitter(Jitter::None).max_attempts(4)
}

fn builder(script: &Script) -> ClientBuilder {
    let client = Client::builder().workers(1).retry(doubling());
    client.transport(script.clone())
}

fn failing_twice() -> Script {
    let script = Script::new().on(any(), fail(ErrorType::Connect));
    script
        .fail(ErrorType::Connect)
        .then(status(200))
        .virtual_clock()
}

#[test]
fn backoff_takes_exactly_its_time() {
    let script = failing_twice();
    let client = builder(&script).build().unwrap();
    let outcome = client.get("http://h/");
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(outcome.total(), secs(1 + 2));
    assert_eq!(script.elapsed(), secs(3));
}

#[test]
fn jitter_is_the_same_in_every_run() {
    let run = || {
        let script = failing_twice();
        let policy = RetryPolicy::default().jitter(Jitter::Full);
        let client = builder(&script).retry(policy).build().unwrap();
        client.get("http://h/").total()
    };
    let first = run();
    assert!(first > Duration::ZERO);
    assert!((0..5).all(|_| run() == first));
}

#[test]
fn retry_after_in_seconds_and_as_a_date_is_obeyed() {
    let script = Script::new()
        .on(get("/"), status(429).header("retry-after", "17"))
        .then(status(200))
        .virtual_clock();
    let client = builder(&script).build().unwrap();
    let outcome = client.get("http://h/");
    assert_eq!((outcome.status(), outcome.total()), (Some(200), secs(17)));
}

#[test]
fn a_limit_that_passed_is_told_as_it_was_set() {
    let script = Script::new()
        .on(get("/"), status(302).header("location", "/slow"))
        .delay(secs(2))
        .on(get("/slow"), status(200))
        .delay(secs(20))
        .virtual_clock();
    for timeouts in [
        Timeouts::new().attempt(secs(7)),
        Timeouts::new().read(secs(7)),
    ] {
        let client = builder(&script).retry(RetryPolicy::none());
        let client = client.timeouts(timeouts).build().unwrap();
        for path in ["/slow", "/"] {
            let outcome = client.get(format!("http://h{path}"));
            let error = outcome.error().unwrap();
            let message = "h:80 did not answer within 7s";
            assert_eq!(
                (error.error_type(), error.message()),
                (ErrorType::Timeout, message)
            );
        }
    }
}

#[test]
fn a_delay_is_the_time_of_the_attempt() {
    let script = Script::new()
        .on(get("/"), status(200))
        .delay(secs(20))
        .virtual_clock();
    let outcome = builder(&script).build().unwrap().get("http://h/");
    assert_eq!((outcome.elapsed(), outcome.total()), (secs(20), secs(20)));
    let response = outcome.success().unwrap();
    assert_eq!(response.timings().wait, secs(20));
}

#[test]
fn a_delay_beyond_a_time_limit_fails_in_time() {
    let script = Script::new()
        .on(get("/"), status(200))
        .delay(HOUR)
        .virtual_clock();
    let limits = [
        Timeouts::new().read(secs(7)),
        Timeouts::new().attempt(secs(7)),
    ];
    for timeouts in limits {
        let client = builder(&script)
            .retry(RetryPolicy::none())
            .timeouts(timeouts);
        let outcome = client.build().unwrap().get("http://h/");
        let error = outcome.error().unwrap();
        assert_eq!(
            (error.error_type(), error.phase()),
            (ErrorType::Timeout, Some(Phase::Wait))
        );
        assert_eq!(outcome.total(), secs(7));
    }
}

#[test]
fn the_deadline_of_a_request_ends_its_retries() {
    let script = Script::new().on(get("/"), status(503)).virtual_clock();
    let policy = doubling().max_attempts(100).deadline(secs(10));
    let client = builder(&script).retry(policy).build().unwrap();
    let outcome = client.get("http://h/");
    // Attempts at 0, 1, 3 and 7 s; the next one would start at 15 s.
    assert_eq!(outcome.attempts(), 4);
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::HttpStatus);
}

#[test]
fn a_rate_paces_a_batch() {
    let script = Script::new().on(any(), status(200)).virtual_clock();
    let client = builder(&script)
        .rate(RateLimit::per_second(1))
        .build()
        .unwrap();
    let urls = (0..100).map(|i| format!("http://h/{i}"));
    let outcomes = client.as_completed(urls);
    let summary = outcomes.summary();
    assert_eq!(outcomes.count(), 100);
    assert_eq!(script.elapsed(), secs(99));
    assert_eq!(summary.snapshot().wall(), secs(99));
}

#[test]
fn the_deadline_of_a_batch_ends_it() {
    let script = Script::new()
        .on(any(), status(200))
        .delay(secs(10))
        .virtual_clock();
    let client = builder(&script).build().unwrap();
    let mut outcomes = client.as_completed((0..100).map(|i| format!("http://h/{i}")));
    outcomes = outcomes.deadline(secs(35));
    let done = outcomes
        .by_ref()
        .filter(|outcome| outcome.is_success())
        .count();
    assert_eq!((done, outcomes.end()), (3, Some(End::Deadline)));
    assert_eq!(script.elapsed(), secs(35));
}

#[test]
fn an_open_breaker_closes_after_its_rest() {
    let script = Script::new()
        .on(get("/down"), fail(ErrorType::Connect))
        .on(get("/up"), status(200))
        .virtual_clock();
    let breaker = BreakerSettings::new()
        .min_calls(5)
        .open(secs(15))
        .open_max(secs(15));
    let client = builder(&script)
        .retry(RetryPolicy::none())
        .breaker(breaker)
        .build()
        .unwrap();
    let classes: Vec<_> = (0..6)
        .map(|_| client.get("http://h/down").error().unwrap().error_type())
        .collect();
    assert_eq!(classes[4], ErrorType::Connect);
    assert_eq!(classes[5], ErrorType::BreakerOpen);
    // Time passes while another host is waited for.
    let slow = Script::clone(&script)
        .on(get("http://other/"), status(200))
        .delay(secs(20));
    assert!(client.get("http://other/").is_success());
    assert!(client.get("http://h/up").is_success());
    drop(slow);
}

#[test]
fn several_workers_wait_at_the_same_time() {
    let script = Script::new()
        .on(any(), status(200))
        .delay(secs(10))
        .virtual_clock();
    let client = builder(&script).workers(8).max_per_host(8).build().unwrap();
    let urls = (0..32).map(|i| format!("http://h{}/", i));
    assert!(client.map(urls).all(|outcome| outcome.is_success()));
    assert_eq!(script.elapsed().as_secs() % 10, 0);
    assert!(script.elapsed() < secs(32 * 10));
}

#[test]
fn a_closure_on_a_worker_may_send_and_wait() {
    let script = Script::new()
        .on(get("/outer"), text(200, "x"))
        .on(get("/inner"), fail(ErrorType::Connect))
        .then(text(200, "y"))
        .virtual_clock();
    let client = builder(&script).build().unwrap();
    let inner = client.clone();
    let mut outcomes = client.process(["http://h/outer"], move |_| {
        let outcome = inner.get("http://h/inner");
        outcome
            .into_result()
            .map(|response| response.text().into_owned())
    });
    assert_eq!(outcomes.next().unwrap().success().unwrap(), "y");
    assert_eq!(script.elapsed(), secs(1));
}

#[test]
fn a_closure_that_gets_its_outcome_goes_on_before_the_time_moves() {
    // The other request is tried again after a second: the steps of the closure take none of that time.
    let script = Script::new()
        .on(get("/other"), fail(ErrorType::Connect))
        .then(status(200))
        .on(any(), status(200))
        .virtual_clock();
    let client = builder(&script).workers(4).build().unwrap();
    let (inner, clock) = (client.clone(), script.clone());
    let urls = ["http://h/other", "http://h/outer"];
    let outcomes = client.process(urls, move |response| {
        if response.final_url().path() == "/outer" {
            for step in 0..20 {
                assert!(inner.get(format!("http://h/{step}")).is_success());
                assert_eq!(clock.elapsed(), Duration::ZERO);
            }
        }
        Ok::<_, haul::Error>(())
    });
    assert!(outcomes.into_iter().all(|outcome| outcome.is_success()));
    assert_eq!(script.elapsed(), secs(1));
}

#[test]
fn handles_and_their_callbacks_see_the_time_pass() {
    let script = failing_twice();
    let client = builder(&script).build().unwrap();
    let (told, outcome) = mpsc::channel();
    let handle = client.submit("http://h/").unwrap();
    handle.on_done(move |outcome| told.send(outcome.total()).unwrap());
    // This thread waits for nothing that the client knows of.
    assert_eq!(outcome.recv().unwrap(), secs(3));
    let slow = Script::clone(&script)
        .on(get("/slow"), status(200))
        .delay(HOUR);
    let handle = client.submit("http://h/slow").unwrap();
    assert!(handle.wait_timeout(secs(5)).is_err());
    let waited = wait(
        std::slice::from_ref(&handle),
        ReturnWhen::AllCompleted,
        Some(secs(5)),
    );
    assert_eq!(waited.not_done.len(), 1);
    handle.cancel();
    assert_eq!(slow.elapsed(), secs(3 + 10));
}

#[test]
fn a_channel_is_fed_while_the_time_moves() {
    let script = Script::new()
        .on(any(), status(200))
        .delay(secs(1))
        .virtual_clock();
    let client = builder(&script).window(2).build().unwrap();
    let (intake, outcomes) = client.channel();
    let feeding = std::thread::spawn(move || {
        for i in 0..20 {
            intake.send(format!("http://h/{i}")).unwrap();
        }
    });
    assert_eq!(outcomes.filter(|outcome| outcome.is_success()).count(), 20);
    feeding.join().unwrap();
    assert_eq!(script.elapsed(), secs(20));
}

#[test]
fn the_time_of_a_client_that_is_dropped_goes_on() {
    let script = failing_twice();
    let client = builder(&script).build().unwrap();
    let handle = client.submit("http://h/").unwrap();
    drop(client);
    assert_eq!(handle.try_outcome().unwrap().attempts(), 3);
}

#[test]
fn a_thousand_retries_take_no_time() {
    let script = Script::new().on(any(), |call: &Call| -> Answer { json(503, call.url()) });
    let script = script.virtual_clock();
    let policy = RetryPolicy::default().max_attempts(1000).budget(None);
    let client = builder(&script).retry(policy).build().unwrap();
    assert_eq!(client.get("http://h/").attempts(), 1000);
}
