//! Sick, slow or limited hosts: the requests to other hosts do not wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::{collections::HashMap, sync::Mutex, time::Instant};

use haul::batch::CancelToken;
use haul::{Client, Outcome, Request, Timeouts};
#[cfg(target_os = "linux")]
use haul::{ErrorType, Phase};
use test_support::{Answer, Gate, Scenario, builder, quick_retries, refused};
#[cfg(target_os = "linux")]
use test_support::{BlackHole, error};

use super::indices;

#[test]
fn no_worker_sleeps_through_a_backoff() {
    let server = Scenario::new()
        .hosts(2)
        .on("/sick/*", Answer::status(503).header("Retry-After", "1"))
        .on("/healthy/*", Answer::text(""))
        .start();
    let client = builder(4).build().unwrap();
    let urls = (0..20)
        .map(|i| server.url_on(0, &format!("/sick/{i}")))
        .chain((0..200).map(|i| server.url_on(1, &format!("/healthy/{i}"))));
    let mut outcomes = client.as_completed(urls);
    let healthy: Vec<_> = outcomes.by_ref().take(200).collect();
    assert_eq!(indices(&healthy), (20..220).collect::<Vec<_>>());
    let is_retry = |seen: &test_support::Seen| seen.host == 0 && seen.nth > 1;
    while !server.seen().iter().any(is_retry) {
        server.wait_for_requests(server.requests() + 1);
    }
    let log = server.seen();
    let first_retry = log.iter().position(is_retry).unwrap();
    let healthy_before = log[..first_retry]
        .iter()
        .filter(|seen| seen.host == 1)
        .count();
    assert_eq!(healthy_before, 200);
    drop(outcomes);
}

#[test]
fn a_pause_holds_for_the_host_that_asks_for_it_alone() {
    let server = Scenario::new()
        .hosts(2)
        .on(
            "/pause",
            Answer::status(429)
                .header("Retry-After", "1")
                .times(1)
                .then(Answer::text("")),
        )
        .on("/*", Answer::text(""))
        .start();
    let client = builder(1).build().unwrap();
    let mut urls = vec![server.url_on(0, "/pause")];
    urls.extend((0..10).map(|i| server.url_on(0, &format!("/same/{i}"))));
    urls.extend((0..10).map(|i| server.url_on(1, &format!("/other/{i}"))));
    let outcomes: Vec<_> = client.as_completed(urls).collect();
    assert!(outcomes.iter().all(Outcome::is_success));
    let log = server.seen();
    let pause = log.iter().find(|seen| seen.path() == "/pause").unwrap();
    for seen in log
        .iter()
        .filter(|seen| seen.host == 0 && seen.number > pause.number)
    {
        let after = seen.at.duration_since(pause.at);
        assert!(
            after >= Duration::from_millis(990),
            "{} came after {after:?}",
            seen.path()
        );
    }
}

#[test]
fn a_pause_asked_for_with_the_last_attempt_is_kept_too() {
    let server = Scenario::new()
        .on("/pause", Answer::status(429).header("Retry-After", "1"))
        .on("/*", Answer::text(""))
        .start();
    let client = builder(1)
        .retry(quick_retries().max_attempts(1))
        .build()
        .unwrap();
    assert!(client.get(server.url("/pause")).is_failed());
    assert!(client.get(server.url("/next")).is_success());
    let after = server
        .last("/next")
        .at
        .duration_since(server.last("/pause").at);
    assert!(after >= Duration::from_millis(990), "{after:?}");
}

/// Factor for the size of the large tests, from `HAUL_SCALE`.
pub(super) fn scale() -> usize {
    std::env::var("HAUL_SCALE").map_or(1, |scale| scale.parse().unwrap())
}

#[test]
fn a_list_sorted_by_host_does_not_wait_for_its_first_host() {
    // With HAUL_SCALE=25 this is 50,000 requests.
    let each = 200 * scale();
    let held = Gate::closed();
    let server = Scenario::new()
        .hosts(10)
        .when("*", {
            let held = held.clone();
            move |seen| match seen.host {
                0 => Answer::text("").behind(&held),
                _ => Answer::text(""),
            }
        })
        .unlogged()
        .start();
    let client = builder(8).max_per_host(1).build().unwrap();
    let count = 10 * each;
    let urls = (0..count).map(|i| server.url_on(i / each, "/"));
    let mut outcomes = client.as_completed(urls);
    let others: Vec<_> = outcomes
        .by_ref()
        .take(count - each)
        .map(|outcome| outcome.index() as usize)
        .collect();
    assert!(others.iter().all(|index| *index >= each));
    assert_eq!(server.requests(), count - each + 1);
    assert_eq!(held.waiting(), 1);
    held.open();
    assert_eq!(outcomes.filter(Outcome::is_success).count(), each);
    assert!((0..10).all(|host| server.most_at_once_on(host) == 1));
}

#[test]
fn hosts_that_answer_are_served_alike() {
    let held = Gate::closed();
    let server = Scenario::new()
        .hosts(4)
        .on("/0", Answer::text("").behind(&held))
        .on("*", Answer::text(""))
        .start();
    let client = builder(1).build().unwrap();
    // The only worker waits until the whole list has been read.
    let urls = (0..80).map(|i| {
        if i == 79 {
            held.open();
        }
        server.url_on(i / 20, &format!("/{i}"))
    });
    let outcomes = client.as_completed(urls);
    assert_eq!(outcomes.filter(Outcome::is_success).count(), 80);
    let hosts: Vec<usize> = server.seen().iter().map(|seen| seen.host).collect();
    for round in hosts[1..].windows(4).take(72) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, [0, 1, 2, 3], "{hosts:?}");
    }
}

/// Opens the gate after two minutes, so that a test that would stand still fails.
fn watch(gate: &Gate) -> (Arc<AtomicBool>, mpsc::Sender<()>) {
    let (over, late) = (mpsc::channel::<()>(), Arc::new(AtomicBool::new(false)));
    let (gate, told) = (gate.clone(), Arc::clone(&late));
    thread::spawn(move || {
        if over.1.recv_timeout(Duration::from_secs(120)) == Err(RecvTimeoutError::Timeout) {
            told.store(true, Ordering::SeqCst);
            gate.open();
        }
    });
    (late, over.0)
}

#[test]
fn a_host_that_hangs_delays_no_request_to_another() {
    // 20,000 requests, seventeen of twenty to the host that answers.
    let each = 1_000;
    let held = Gate::closed();
    let hanging = Scenario::new()
        .on("*", Answer::text("").behind(&held))
        .start();
    let healthy = Scenario::new().on("*", Answer::text("")).unlogged().start();
    let gone = refused();
    let mut urls: Vec<String> = Vec::new();
    for i in 0..each {
        urls.push(hanging.url(&format!("/{i}")));
        urls.push(format!("http://{gone}/{i}"));
        urls.push(format!("http://no-such-host.invalid/{i}"));
        urls.extend((0..17).map(|n| healthy.url(&format!("/{i}/{n}"))));
    }
    fastrand::Rng::with_seed(1).shuffle(&mut urls);
    let (late, _watchdog) = watch(&held);
    let client = Client::builder()
        .timeouts(Timeouts::new().attempt(Duration::ZERO))
        .build()
        .unwrap();
    let token = CancelToken::new();
    let outcomes = client.as_completed(&urls).cancel_token(&token);
    let (mut done, mut cancelled) = (0, 0);
    for outcome in outcomes {
        let url = &urls[outcome.index() as usize];
        if url.starts_with(&healthy.url("/")) {
            assert!(outcome.is_success(), "{outcome:?}");
            done += 1;
            if done == 17 * each {
                token.cancel();
            }
        } else if url.starts_with(&hanging.url("/")) {
            assert_eq!(done, 17 * each, "an attempt that hangs has ended");
            cancelled += 1;
        }
    }
    assert!(!late.load(Ordering::SeqCst), "it stood still");
    assert_eq!((done, cancelled), (17 * each, each));
}

#[test]
fn a_window_full_of_requests_to_a_host_that_hangs_hides_no_other() {
    let held = Gate::closed();
    let hanging = Scenario::new()
        .on("*", Answer::text("").behind(&held))
        .start();
    let healthy = Scenario::new().on("*", Answer::text("")).start();
    let client = builder(4)
        .window(50)
        .timeouts(Timeouts::new().attempt(Duration::ZERO))
        .build()
        .unwrap();
    let (late, _watchdog) = watch(&held);
    let urls = (0..350).map(|i| {
        if i == 349 {
            // All workers wait for the host that hangs; once the rest is read, one of its requests is answered.
            held.wait_for(4);
            held.admit(1);
        }
        match i {
            0..300 => hanging.url(&format!("/{i}")),
            _ => healthy.url(&format!("/{i}")),
        }
    });
    let mut outcomes = client.as_completed(urls);
    let first: Vec<u64> = indices(&outcomes.by_ref().take(51).collect::<Vec<_>>());
    assert!(!late.load(Ordering::SeqCst), "it stood still");
    assert!(first[0] < 300, "the one that was answered");
    assert_eq!(first[1..], (300..350).collect::<Vec<_>>());
    held.open();
    assert_eq!(outcomes.count(), 299);
}

#[test]
fn single_requests_do_not_wait_for_a_large_batch() {
    let server = Scenario::new().on("*", Answer::text("")).start();
    let client = builder(1).build().unwrap();
    let mut large = client.as_completed(std::iter::repeat_with(|| server.url("/large")));
    large.next();
    for _ in 0..5 {
        assert!(
            client
                .send(Request::get(server.url("/single")))
                .is_success()
        );
    }
    assert_eq!(server.requests_to("/single"), 5);
    drop(large);
}

/// True if a host that allows `limit` requests a second has had that many in the last second.
#[cfg(target_os = "linux")]
fn over(limit: usize, seen: &mut Vec<Instant>, now: Instant) -> bool {
    seen.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
    let over = seen.len() >= limit;
    if !over {
        seen.push(now);
    }
    over
}

#[test]
#[cfg(target_os = "linux")]
fn fifteen_failing_hosts_of_fifty_delay_no_other() {
    let holes: Vec<_> = (0..5).map(|_| BlackHole::dig()).collect();
    let counted = Mutex::new(HashMap::<usize, Vec<Instant>>::new());
    // Five hosts are down, five allow ten requests a second, thirty-five are well.
    let server = Scenario::new()
        .hosts(45)
        .when("*", move |seen| match seen.host {
            0..5 => Answer::status(503).header("Retry-After", "2"),
            5..10
                if over(
                    10,
                    counted.lock().unwrap().entry(seen.host).or_default(),
                    seen.at,
                ) =>
            {
                Answer::status(429).header("Retry-After", "2")
            }
            _ => Answer::text(""),
        })
        .start();
    let client = builder(64)
        .retry(quick_retries().max_attempts(2))
        .timeouts(Timeouts::new().connect(Duration::from_millis(500)))
        .build()
        .unwrap();
    let urls = (0..1_000).map(|i| match i % 50 {
        host @ 0..45 => server.url_on(host, &format!("/{i}")),
        hole => holes[hole - 45].url(&format!("/{i}")),
    });
    let outcomes: Vec<_> = client.as_completed(urls).collect();

    assert_eq!(indices(&outcomes), (0..1_000).collect::<Vec<_>>());
    for outcome in &outcomes {
        match outcome.index() % 50 {
            0..5 => {
                assert_eq!(outcome.status(), Some(503));
                assert_eq!((outcome.attempts(), outcome.is_failed()), (2, true));
            }
            5..10 => assert!(outcome.is_success(), "{outcome:?}"),
            10..45 => assert!(outcome.is_success() && outcome.attempts() == 1),
            _ => {
                assert_eq!(error(outcome).error_type(), ErrorType::Timeout);
                assert_eq!(error(outcome).phase(), Some(Phase::Connect));
            }
        }
    }
    let log = server.seen();
    let first_retry = log
        .iter()
        .position(|seen| seen.host < 5 && seen.nth > 1)
        .expect("each was tried twice");
    let well = log[..first_retry].iter().filter(|seen| seen.host >= 10);
    assert_eq!(well.count(), 35 * 20);
}
