//! Starts that a limiter of the caller permits, and requests that are given back.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use haul::settings::{BreakerSettings, Limiter, PermittedStarts, WantedStarts};
use haul::{Host, Outcome, RateLimit, Request, RetryPolicy, StopReason};

use test_support::{Answer, Gate, Scenario, Server, builder, quick_retries};

/// Permits what its closure says, and keeps what it was told.
struct Scripted<F> {
    permit: F,
    asked: Mutex<Vec<WantedStarts>>,
    pauses: Mutex<Vec<(Host, Duration)>>,
}

impl<F> Scripted<F>
where
    F: Fn(u32, &WantedStarts) -> PermittedStarts + Send + Sync,
{
    fn new(permit: F) -> Arc<Scripted<F>> {
        Arc::new(Scripted {
            permit,
            asked: Mutex::default(),
            pauses: Mutex::default(),
        })
    }
}

impl<F> Limiter for Scripted<F>
where
    F: Fn(u32, &WantedStarts) -> PermittedStarts + Send + Sync,
{
    fn permit(&self, wanted: &WantedStarts) -> PermittedStarts {
        let mut asked = self.asked.lock().unwrap();
        let number = asked.len() as u32;
        asked.push(wanted.clone());
        drop(asked);
        (self.permit)(number, wanted)
    }

    fn pause(&self, host: &Host, pause: Duration) {
        self.pauses.lock().unwrap().push((host.clone(), pause));
    }
}

fn all(_: u32, wanted: &WantedStarts) -> PermittedStarts {
    PermittedStarts::Granted {
        after: Duration::ZERO,
        count: wanted.count,
    }
}

#[test]
fn each_start_is_permitted() {
    let server = Server::always(Answer::text("x"));
    let granted = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&granted);
    let limiter = Scripted::new(move |number, wanted: &WantedStarts| {
        count.fetch_add(wanted.count, Ordering::SeqCst);
        all(number, wanted)
    });
    let rate = RateLimit::per_second(500);
    let client = builder(4)
        .rate_per_host(rate)
        .limiter(limiter.clone())
        .build()
        .unwrap();
    let urls = (0..100).map(|i| server.url(&format!("/{i}")));
    let outcomes: Vec<_> = client.as_completed(urls).collect();
    assert!(outcomes.iter().all(Outcome::is_success));
    assert_eq!(server.requests(), 100);
    assert!(granted.load(Ordering::SeqCst) >= 100);
    let asked = limiter.asked.lock().unwrap();
    assert!(asked.len() < 60, "{} calls for 100 starts", asked.len());
    assert!(asked.iter().all(|wanted| wanted.rate == Some(rate)));
    assert!(asked.iter().all(|wanted| wanted.count <= 25));
}

#[test]
fn a_host_without_a_rate_is_asked_for_too() {
    let server = Server::always(Answer::text("x"));
    let limiter = Scripted::new(all);
    let client = builder(4).limiter(limiter.clone()).build().unwrap();
    let urls = (0..100).map(|i| server.url(&format!("/{i}")));
    assert!(
        client
            .as_completed(urls)
            .all(|outcome| outcome.is_success())
    );
    let asked = limiter.asked.lock().unwrap();
    assert_eq!((asked[0].rate, asked[0].count), (None, 1));
    let host = asked[0].host.as_ref().unwrap().to_string();
    assert_eq!(format!("{host}/"), server.url("/"));
}

#[test]
fn nothing_is_sent_while_the_limiter_refuses() {
    let server = Server::always(Answer::text("x"));
    let limiter = Scripted::new(|number, wanted: &WantedStarts| match number {
        0..3 => PermittedStarts::Later {
            after: Duration::from_millis(10),
            pause: false,
        },
        _ => all(number, wanted),
    });
    let client = builder(4).limiter(limiter.clone()).build().unwrap();
    let before = Instant::now();
    assert!(client.get(server.url("/")).is_success());
    assert!(before.elapsed() >= Duration::from_millis(30));
    assert_eq!(limiter.asked.lock().unwrap().len(), 4);
}

#[test]
fn a_limiter_that_panics_is_asked_again() {
    let server = Server::always(Answer::text("x"));
    let limiter = Scripted::new(|number, wanted: &WantedStarts| match number {
        0 => panic!("no server"),
        _ => all(number, wanted),
    });
    let client = builder(4).limiter(limiter.clone()).build().unwrap();
    assert!(client.get(server.url("/")).is_success());
    assert_eq!(limiter.asked.lock().unwrap().len(), 2);
}

#[test]
fn the_limiter_hears_of_the_pause_that_a_server_asks_for() {
    let script = Answer::status(429).header("retry-after", "1").times(1);
    let script = script.then(Answer::text("x"));
    let server = Scenario::new().on("/*", script).start();
    let limiter = Scripted::new(all);
    let client = builder(4)
        .retry(quick_retries())
        .limiter(limiter.clone())
        .build()
        .unwrap();
    assert!(client.get(server.url("/")).is_success());
    let pauses = limiter.pauses.lock().unwrap();
    assert_eq!(pauses.len(), 1);
    let (host, pause) = &pauses[0];
    assert_eq!(format!("{host}/"), server.url("/"));
    assert!(*pause > Duration::ZERO && *pause <= Duration::from_secs(2));
}

#[test]
fn a_client_is_dropped_while_the_limiter_blocks() {
    let server = Server::always(Answer::text("x"));
    let gate = Gate::closed();
    let held = gate.clone();
    let limiter = Scripted::new(move |number, wanted: &WantedStarts| {
        held.pass(|| false);
        all(number, wanted)
    });
    let client = builder(1).limiter(limiter).build().unwrap();
    let handle = client.submit(server.url("/")).unwrap();
    handle.cancel();
    drop(client);
    assert!(handle.wait().is_cancelled());
    assert_eq!(server.requests(), 0);
    gate.open();
}

#[test]
fn a_retry_that_is_too_far_away_is_given_back() {
    let answer = Answer::status(503).header("retry-after", "50");
    let server = Server::always(answer);
    let client = builder(4).retry(quick_retries()).build().unwrap();
    let before = Instant::now();
    let outcomes = client
        .as_completed([server.url("/")])
        .max_delay(Duration::from_secs(20));
    let outcomes: Vec<_> = outcomes.collect();
    let [outcome] = &outcomes[..] else {
        panic!("one outcome: {outcomes:?}");
    };
    assert_eq!(outcome.stop_reason(), Some(StopReason::GivenBack));
    assert_eq!((outcome.status(), outcome.attempts()), (Some(503), 1));
    let at = outcome.retry_at().expect("a time");
    assert!(at > before + Duration::from_secs(40));
    assert!(at < before + Duration::from_secs(70));
    assert_eq!(server.requests(), 1);
}

#[test]
fn requests_that_wait_are_given_back_through_the_intake() {
    let gate = Gate::closed();
    let server = Server::always(Answer::text("x").behind(&gate));
    let limiter = Scripted::new(all);
    let client = builder(1).limiter(limiter.clone()).build().unwrap();
    let (intake, mut outcomes) = client.channel();
    for i in 0..5 {
        intake
            .send(Request::get(server.url(&format!("/{i}"))))
            .unwrap();
    }
    gate.wait_for(1);
    let host = limiter.asked.lock().unwrap()[0].host.clone().unwrap();
    assert_eq!(intake.give_back(&host, 3), 3);
    drop(intake);
    let given: Vec<u64> = outcomes
        .by_ref()
        .take(3)
        .inspect(|outcome| assert_eq!(outcome.stop_reason(), Some(StopReason::GivenBack)))
        .map(|outcome| outcome.index())
        .collect();
    assert_eq!(given, [4, 3, 2]);
    gate.open();
    let rest: Vec<_> = outcomes.map(|outcome| outcome.is_success()).collect();
    assert_eq!(rest, [true, true]);
    assert_eq!(server.requests(), 2);
}

/// Limiter that gives hosts their rests, and keeps what it was told.
#[derive(Default)]
struct Resting {
    judged: Mutex<Vec<bool>>,
    trials: Mutex<Vec<bool>>,
    /// True: each start is on trial.
    is_trying: bool,
}

impl Limiter for Resting {
    fn permit(&self, wanted: &WantedStarts) -> PermittedStarts {
        match self.is_trying {
            true => PermittedStarts::Trial,
            false => all(0, wanted),
        }
    }

    fn gives_rests(&self) -> bool {
        true
    }

    fn judge(&self, _: &Host, failing: bool, rest: Duration) {
        assert_eq!(rest, Duration::from_secs(5));
        self.judged.lock().unwrap().push(failing);
    }

    fn trial_ended(&self, _: &Host, succeeded: bool) {
        self.trials.lock().unwrap().push(succeeded);
    }
}

/// Waits until the limiter, which is told on another thread, was told so often.
fn wait_for(told: &Mutex<Vec<bool>>, count: usize) {
    let begun = Instant::now();
    while told.lock().unwrap().len() < count {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
}

#[test]
fn requests_that_an_own_breaker_refuses_come_back_when_rests_are_shared() {
    let server = Server::always(Answer::reset());
    let limiter = Arc::new(Resting::default());
    let client = builder(1)
        .retry(RetryPolicy::none())
        .breaker(BreakerSettings::new().min_calls(2))
        .limiter(limiter.clone())
        .build()
        .unwrap();
    let urls = (0..10).map(|i| server.url(&format!("/{i}")));
    let outcomes: Vec<_> = client.as_completed(urls).collect();
    let given_back = |outcome: &&Outcome| outcome.stop_reason() == Some(StopReason::GivenBack);
    assert_eq!(outcomes.iter().filter(given_back).count(), 8);
    wait_for(&limiter.judged, 2);
    assert_eq!(*limiter.judged.lock().unwrap(), [false, true]);
}

#[test]
fn the_end_of_a_start_on_trial_is_told() {
    for (answer, succeeded) in [(Answer::text("x"), true), (Answer::status(500), false)] {
        let server = Server::always(answer);
        let limiter = Arc::new(Resting {
            is_trying: true,
            ..Resting::default()
        });
        let client = builder(1)
            .retry(RetryPolicy::none())
            .limiter(limiter.clone())
            .build()
            .unwrap();
        let urls = (0..3).map(|i| server.url(&format!("/{i}")));
        assert_eq!(client.as_completed(urls).count(), 3);
        wait_for(&limiter.trials, 3);
        assert_eq!(*limiter.trials.lock().unwrap(), [succeeded; 3]);
    }
}
