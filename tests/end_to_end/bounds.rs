//! Numbers that never get above their bound: requests at once, the window, bytes of bodies, parked requests.

use std::cell::Cell;
use std::time::Duration;

use haul::Outcome;
#[cfg(feature = "rustls")]
use haul::Timeouts;
#[cfg(feature = "rustls")]
use test_support::quick_retries;
use test_support::{Answer, Gate, Scenario, Server, builder};

use super::indices;

#[test]
fn a_slow_consumer_lets_no_more_than_a_window_run_ahead() {
    let server = Server::start(|seen| match seen.last_number().unwrap() % 7 {
        0 if seen.nth == 1 => Answer::status(503),
        1 => Answer::status(404),
        _ => Answer::text("x".repeat(100)),
    });
    let client = builder(4).window(10).max_parked(10).build().unwrap();
    for ordered in [false, true] {
        let urls = (0..300).map(|i| server.url(&format!("/{ordered}/{i}")));
        let before = server.requests();
        let outcomes = match ordered {
            true => client.map(urls),
            false => client.as_completed(urls),
        };
        let (mut taken, mut retries) = (0, 0);
        for outcome in outcomes {
            taken += 1;
            retries += outcome.attempts() as usize - 1;
            // Requests in the window and parked requests are each sent once, and again if they are retried.
            let ahead = server.requests() - before - taken - retries;
            assert!(ahead <= 2 * (10 + 10), "{ahead} ahead");
        }
        assert_eq!(taken, 300);
    }
    assert!(server.most_at_once() <= 4);
}

#[test]
fn nothing_is_sent_while_a_window_of_outcomes_waits_to_be_taken() {
    let server = Server::always(Answer::text(""));
    let client = builder(4).window(10).build().unwrap();
    let mut outcomes = client.as_completed((0..100).map(|_| server.url("/")));
    for taken in 1..=100 {
        outcomes.next().unwrap();
        let sent = server.requests();
        assert!(sent <= taken + 10, "{sent} sent, {taken} taken");
    }
}

#[test]
fn limits_in_all_and_per_host_hold_through_retries_and_redirects() {
    let server = Scenario::new()
        .hosts(3)
        .when("/flaky/*", |seen| match seen.nth {
            1 => Answer::status(500).after(Duration::from_millis(2)),
            _ => Answer::text("").after(Duration::from_millis(2)),
        })
        .when("/moved/*", |seen| {
            let i = seen.last_number().unwrap();
            let port = seen
                .header("host")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            let to = format!("http://127.0.0.{}:{port}/ok/{i}", i % 3 + 1);
            Answer::redirect(302, to).after(Duration::from_millis(2))
        })
        .on("/ok/*", Answer::text("").after(Duration::from_millis(2)))
        .start();
    let client = builder(8).max_per_host(3).build().unwrap();
    let urls = (0..240).map(|i| {
        let path = ["/flaky", "/moved", "/ok"][i % 3];
        server.url_on(i / 3 % 3, &format!("{path}/{i}"))
    });
    let outcomes: Vec<_> = client.as_completed(urls).collect();
    assert_eq!(indices(&outcomes), (0..240).collect::<Vec<_>>());
    assert!(outcomes.iter().all(Outcome::is_success));
    assert!(server.most_at_once() <= 8, "{}", server.most_at_once());
    for host in 0..3 {
        assert!(server.most_at_once_on(host) <= 3, "host {host}");
    }
    assert_eq!(server.most_at_once_on(0), 3, "what is allowed is used");
}

#[test]
fn bodies_not_taken_hold_the_batch_back_at_its_budget() {
    let server = Server::always(Answer::text("x".repeat(100_000)));
    let client = builder(2).byte_budget(500_000).build().unwrap();
    let mut outcomes = client.as_completed((0..60).map(|_| server.url("/")));
    for taken in 1..=60 {
        assert!(outcomes.next().unwrap().is_success());
        // Five bodies fill the budget, two may be under way, and up to one chunk of taken bodies is not yet accounted
        // for.
        let ahead = server.requests() - taken;
        assert!(ahead <= 5 + 2, "{ahead} ahead");
    }
}

#[test]
fn large_bodies_in_order_get_through_a_small_byte_budget() {
    let held = Gate::closed();
    let body = "x".repeat(100_000);
    let server = Scenario::new()
        .on("/0", Answer::text(body.clone()).behind(&held))
        .on(
            "/9",
            Answer::status(503)
                .times(2)
                .then(Answer::text(body.clone())),
        )
        .on("/*", Answer::text(body))
        .start();
    for (round, (workers, window)) in [(1, 1), (1, 1000), (4, 3), (4, 1000)]
        .into_iter()
        .enumerate()
    {
        let client = builder(workers)
            .byte_budget(150_000)
            .window(window)
            .build()
            .unwrap();
        let mut outcomes = client.map((0..30).map(|i| server.url(&format!("/{i}"))));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                held.wait_for(round + 1);
                held.admit(1);
            });
            for index in 0..30 {
                let outcome = outcomes.next().unwrap();
                assert_eq!(outcome.index(), index);
                assert!(outcome.is_success(), "{outcome:?}");
            }
        });
        assert!(outcomes.next().is_none());
    }
}

#[test]
fn a_single_request_larger_than_any_budget_is_sent_all_the_same() {
    let server = Server::always(Answer::text("x".repeat(10_000)));
    let client = builder(1).byte_budget(1).window(1).build().unwrap();
    assert!(client.get(server.url("/")).is_success());
    let urls = || (0..5).map(|_| server.url("/"));
    assert_eq!(client.map(urls()).filter(Outcome::is_success).count(), 5);
    assert_eq!(
        client
            .as_completed(urls())
            .filter(Outcome::is_success)
            .count(),
        5
    );
}

#[test]
fn parked_requests_have_a_bound_of_their_own() {
    let held = Gate::closed();
    let server = Scenario::new()
        .hosts(2)
        .on("/held", Answer::text("").behind(&held))
        .on("/free", Answer::text(""))
        .start();
    let client = builder(4)
        .max_per_host(1)
        .window(20)
        .max_parked(100)
        .build()
        .unwrap();
    let taken = Cell::new(0);
    let input = (0..1000).map(|i| {
        taken.set(taken.get() + 1);
        match i {
            50 => server.url_on(1, "/free"),
            _ => server.url_on(0, "/held"),
        }
    });
    let mut outcomes = client.as_completed(input);
    let free = outcomes.next().unwrap();
    assert_eq!(free.index(), 50, "it does not wait behind the held ones");
    assert!(taken.get() <= 1 + 100 + 20, "{} taken", taken.get());
    held.wait_for(1);
    assert_eq!(server.most_at_once_on(0), 1);
    held.open();
    assert_eq!(outcomes.count(), 999);
}

#[test]
#[cfg(feature = "rustls")]
fn a_host_that_was_never_reached_gets_few_of_the_workers() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let hole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let limits = Timeouts::new()
        .connect(Duration::from_secs(60))
        .attempt(Duration::ZERO);
    let client = builder(32)
        .timeouts(limits)
        .retry(quick_retries().max_attempts(1))
        .build()
        .unwrap();
    // No handshake is answered, so no connection to this host is ever made.
    let sick = format!("https://{}/", hole.local_addr().unwrap());
    let urls = (0..400).map(|i| {
        match i {
            // All workers are busy with the other host, which has jobs ready all the time.
            300 => held.wait_for(32),
            399 => held.admit(100),
            _ => {}
        }
        match i {
            0..300 => server.url("/"),
            _ => sick.clone(),
        }
    });
    let mut outcomes = client.as_completed(urls);
    for outcome in outcomes.by_ref().take(100) {
        assert!(outcome.is_success(), "{outcome:?}");
    }
    // The other host has all places again, except an eighth of the workers.
    held.wait_for(100 + 28);
    assert_eq!(held.waiting(), 28);
    let _open: Vec<_> = (0..4).map(|_| hole.accept().unwrap()).collect();
    hole.set_nonblocking(true).unwrap();
    assert!(hole.accept().is_err(), "a fifth worker was given to it");
    held.open();
    drop(outcomes);
}
