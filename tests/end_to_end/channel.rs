//! Batches fed from other threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use haul::batch::Refusal;
use haul::{Outcome, Request};
use test_support::{Answer, Gate, Scenario, Server, builder, client};

use super::indices;

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_batch_fed_by_many_threads_ends_when_all_intakes_are_gone() {
    let server = Server::always(Answer::text(""));
    let client = client(4);
    let (intake, outcomes) = client.channel();
    for thread in 0..4 {
        let intake = intake.clone();
        let base = server.url("");
        thread::spawn(move || {
            for i in 0..50 {
                intake.send(format!("{base}/{thread}/{i}")).unwrap();
            }
        });
    }
    drop(intake);
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(indices(&outcomes), (0..200).collect::<Vec<_>>());
    assert!(outcomes.iter().all(Outcome::is_success));
    assert_eq!(server.requests(), 200);
}

#[test]
fn a_full_window_blocks_the_feeder_until_outcomes_are_taken() {
    let server = Server::always(Answer::text(""));
    // Requests that wait behind a host that was not reached yet count apart.
    let client = builder(2).window(4).max_parked(1).build().unwrap();
    let (intake, outcomes) = client.channel();
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        let mut outcomes = outcomes;
        scope.spawn(|| {
            let intake = intake;
            for i in 0..100 {
                intake.send(server.url(&format!("/{i}"))).unwrap();
                sent.fetch_add(1, Ordering::SeqCst);
            }
        });
        for taken in 1..=100 {
            assert!(outcomes.next().unwrap().is_success());
            let ahead = sent.load(Ordering::SeqCst).saturating_sub(taken);
            assert!(ahead <= 4 + 1, "{ahead} ahead");
        }
        assert!(outcomes.next().is_none());
    });
}

#[test]
fn all_feeders_of_a_narrow_window_get_through() {
    let server = Scenario::new()
        .on(
            "/bad/*",
            Answer::status(500).times(1).then(Answer::text("")),
        )
        .on("/*", Answer::text(""))
        .start();
    let client = builder(3).window(2).build().unwrap();
    let (intake, outcomes) = client.channel();
    thread::scope(|scope| {
        for thread in 0..8 {
            let intake = intake.clone();
            let server = &server;
            scope.spawn(move || {
                for i in 0..25 {
                    let request = match i % 5 {
                        0 => Request::get("not a url"),
                        1 => server.url(&format!("/bad/{thread}/{i}")).into(),
                        _ => server.url(&format!("/{thread}/{i}")).into(),
                    };
                    intake.send(request).unwrap();
                }
            });
        }
        drop(intake);
        let outcomes: Vec<_> = outcomes.collect();
        assert_eq!(indices(&outcomes), (0..200).collect::<Vec<_>>());
        assert_eq!(outcomes.iter().filter(|o| o.is_success()).count(), 160);
    });
}

#[test]
fn the_taker_waits_while_nothing_has_been_fed() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let (intake, mut outcomes) = client.channel();
    let (to, taken) = mpsc::channel();
    let taker = thread::spawn(move || {
        for outcome in outcomes.by_ref() {
            to.send(outcome.index()).unwrap();
        }
    });
    for i in 0..3 {
        intake.send(server.url("/")).unwrap();
        assert_eq!(taken.recv_timeout(PATIENCE), Ok(i));
    }
    drop(intake);
    taker.join().unwrap();
}

#[test]
fn once_nobody_takes_outcomes_the_request_comes_back() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let (intake, outcomes) = client.channel();
    drop(outcomes);
    let request = Request::post(server.url("/")).text("precious").id("a");
    let refused = intake.send(request).unwrap_err();
    let back = refused.into_request();
    assert_eq!(
        (back.request_id(), back.body_bytes()),
        (Some("a"), &b"precious"[..])
    );
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_feeder_that_is_blocked_gets_its_request_back_when_the_taker_leaves() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let client = builder(1).window(1).build().unwrap();
    let (intake, mut outcomes) = client.channel();
    let url = server.url("/");
    let feeder = thread::spawn(move || {
        (0..3)
            .map(|_| intake.send(url.as_str()))
            .collect::<Vec<_>>()
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            held.wait_for(1);
            held.open();
        });
        assert!(outcomes.next().unwrap().is_success());
    });
    drop(outcomes);
    let sent = feeder.join().unwrap();
    assert!(sent[0].is_ok() && sent[2].is_err(), "{sent:?}");
}

#[test]
fn the_outcomes_of_a_channel_can_be_fed_by_their_own_taker() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = client(2);
    let (intake, outcomes) = client.channel();
    intake.send(server.url("/1")).unwrap();
    let mut intake = Some(intake);
    let mut paths = Vec::new();
    for outcome in outcomes {
        let path = outcome.success().unwrap().text().into_owned();
        match &intake {
            Some(intake) if path.len() < 6 => intake.send(server.url(&format!("{path}1"))).unwrap(),
            _ => intake = None,
        }
        paths.push(path);
    }
    assert_eq!(paths, ["/1", "/11", "/111", "/1111", "/11111"]);
}

#[test]
fn a_batch_that_feeds_itself_gets_the_request_back_instead_of_waiting_for_itself() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).window(4).max_parked(1).build().unwrap();
    for ordered in [false, true] {
        let (intake, mut outcomes) = match ordered {
            true => client.ordered_channel(),
            false => client.channel(),
        };
        intake.send(server.url("/0")).unwrap();
        let (mut fed, mut taken, mut refused) = (1, 0, 0);
        while taken < fed {
            assert!(outcomes.next().unwrap().is_success());
            taken += 1;
            // Each outcome leads to ten more requests; the window takes at most four of them.
            for i in 0..if taken < 5 { 10 } else { 0 } {
                let request = Request::post(server.url(&format!("/{taken}/{i}"))).text("kept");
                match intake.send(request) {
                    Ok(()) => fed += 1,
                    Err(error) => {
                        assert_eq!(error.why(), Refusal::WouldDeadlock);
                        assert!(error.to_string().contains("this thread"), "{error}");
                        assert_eq!(error.into_request().body_bytes(), b"kept");
                        refused += 1;
                    }
                }
            }
        }
        assert!(fed > 4 && refused >= 10, "{fed} fed, {refused} refused");
        drop(intake);
        assert!(outcomes.next().is_none());
        assert_eq!(outcomes.summary().snapshot().total(), taken);
    }
}

#[test]
fn the_place_of_an_outcome_just_taken_is_free_for_a_request() {
    let server = Server::always(Answer::text(""));
    // Outcomes are told to the schedule by the dozen.
    let client = builder(2).window(100).build().unwrap();
    let (intake, mut outcomes) = client.channel();
    for i in 0..100 {
        intake.send(server.url(&format!("/{i}"))).unwrap();
    }
    server.wait_for_requests(100);
    for i in 0..50 {
        assert!(outcomes.next().unwrap().is_success());
        intake.send(server.url(&format!("/more/{i}"))).unwrap();
        let full = intake
            .try_send(server.url("/too-many"))
            .map_err(|e| e.why());
        assert!(matches!(full, Ok(()) | Err(Refusal::Full)), "{full:?}");
        if full.is_ok() {
            assert!(outcomes.next().unwrap().is_success());
        }
    }
    drop(intake);
    assert!(outcomes.all(|outcome| outcome.is_success()));
}

#[test]
fn before_the_first_outcome_a_send_waits_for_another_thread_to_take_one() {
    let server = Server::always(Answer::text(""));
    let client = builder(1).window(2).max_parked(1).build().unwrap();
    let (intake, mut outcomes) = client.channel();
    thread::scope(|scope| {
        let feeder =
            scope.spawn(move || (0..20).all(|i| intake.send(server.url(&format!("/{i}"))).is_ok()));
        assert_eq!(outcomes.by_ref().count(), 20);
        assert!(feeder.join().unwrap());
    });
}

#[test]
fn a_closure_that_runs_inside_a_closure_of_another_batch_never_waits_for_it() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).window(1).max_parked(1).build().unwrap();
    let pool = std::sync::Arc::new(
        rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap(),
    );
    let (outer_intake, outer) = client.channel();
    outer_intake.send(server.url("/outer")).unwrap();
    let (url, inner_pool) = (server.url("/inner"), std::sync::Arc::clone(&pool));
    let mut refusals = outer.par_map_in(&pool, move |_| {
        let (inner_intake, inner) = client.channel();
        inner_intake.send(url.as_str()).unwrap();
        let (intake, url) = (outer_intake.clone(), url.clone());
        // Few outcomes of the outer batch are taken while this closure runs, so that its window gets full.
        let mut inner = inner.par_map_in(&inner_pool, move |_| {
            (0..100).find_map(|_| intake.send(url.as_str()).err().map(|refused| refused.why()))
        });
        inner.next().unwrap().unwrap()
    });
    let refused = refusals.next().unwrap().unwrap();
    assert_eq!(refused, Some(Refusal::WouldDeadlock));
}

#[test]
fn a_closure_of_par_map_that_feeds_its_batch_never_waits() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).window(4).max_parked(1).build().unwrap();
    let (intake, outcomes) = client.channel();
    for i in 0..4 {
        intake.send(server.url(&format!("/{i}"))).unwrap();
    }
    let (url, left) = (server.url("/more"), AtomicUsize::new(100));
    let intake = std::sync::Mutex::new(Some(intake));
    let pool = std::sync::Arc::new(
        rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap(),
    );
    let results = outcomes.par_map_in(&pool, move |outcome| {
        let mut intake = intake.lock().unwrap();
        for _ in 0..3 {
            let Some(open) = &*intake else { break };
            match open.send(url.as_str()) {
                Ok(()) => {}
                Err(refused) => assert_eq!(refused.why(), Refusal::WouldDeadlock),
            }
        }
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            *intake = None;
        }
        outcome.is_success()
    });
    assert!(
        results
            .map(|result| result.unwrap())
            .take(100)
            .all(|good| good)
    );
}

#[test]
fn a_send_after_the_end_is_refused_as_closed() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let (intake, outcomes) = client.channel();
    drop(outcomes);
    let refused = intake.try_send(server.url("/")).unwrap_err();
    assert_eq!(refused.why(), Refusal::Closed);
    assert_eq!(
        intake.send(server.url("/")).unwrap_err().why(),
        Refusal::Closed
    );
}

#[test]
fn a_submit_beyond_its_limit_is_refused_as_full() {
    let gate = Gate::closed();
    let server = Server::always(Answer::text("").behind(&gate));
    let client = builder(1).max_pending(1).build().unwrap();
    let running = client.submit(server.url("/")).unwrap();
    gate.wait_for(1);
    let waiting = client.submit(server.url("/")).unwrap();
    let full = client.submit(server.url("/")).unwrap_err();
    assert_eq!(full.why(), Refusal::Full);
    gate.open();
    assert!(running.wait().is_success() && waiting.wait().is_success());
    client.shutdown(haul::Shutdown::Drain, None);
    assert_eq!(
        client.submit(server.url("/")).unwrap_err().why(),
        Refusal::Closed
    );
}
