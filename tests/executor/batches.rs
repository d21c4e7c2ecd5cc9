//! Batches: the order of outcomes, limits of iterations, batches that are left half way, and early ends.

use std::thread;
use std::time::Duration;

use haul::batch::{CancelToken, End};
use haul::{Client, ErrorType, Outcome, RetryPolicy, StopReason, Timeouts};
use test_support::{Answer, Gate, Scenario, client, server, urls};

fn class<T>(outcome: &Outcome<T>) -> Option<ErrorType> {
    outcome.error().map(haul::Error::error_type)
}

#[test]
fn v21_v22_map_keeps_the_order_of_the_input() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let mut outcomes = client.map(urls(&server, &["/held/0", "/b", "/bad/2", "/d"]));
    thread::scope(|scope| {
        scope.spawn(|| {
            server.wait_for_requests(4);
            held.open();
        });
        let seen: Vec<_> = outcomes
            .by_ref()
            .map(|outcome| (outcome.index(), outcome.status()))
            .collect();
        let statuses = [200, 200, 404, 200].map(Some);
        assert!(seen.into_iter().eq((0..).zip(statuses)));
    });
    assert_eq!(outcomes.end(), Some(End::Completed));
}

#[test]
fn v23_the_timeout_of_a_request_ends_that_request_alone() {
    let server = server(&Gate::closed());
    let client = client(4);
    let short = Timeouts::new().attempt(Duration::from_millis(40));
    let slow = haul::Request::get(server.url("/held/1"))
        .timeouts(short)
        .retry(RetryPolicy::default().max_attempts(1));
    let requests = [server.url("/a").into(), slow, server.url("/b").into()];
    let outcomes: Result<Vec<_>, _> = client
        .map(requests)
        .timeout(Duration::from_secs(60))
        .collect();
    let classes: Vec<_> = outcomes.unwrap().iter().map(class).collect();
    assert_eq!(classes, [None, Some(ErrorType::Timeout), None]);
}

#[test]
fn v24_an_iteration_reports_its_time_limit_once() {
    let server = server(&Gate::closed());
    let client = client(4);
    for ordered in [true, false] {
        let all = urls(&server, &["/held/0", "/b", "/held/2", "/d"]);
        let limit = Duration::from_millis(60);
        let outcomes = match ordered {
            true => client.map(all).timeout(limit),
            false => client.as_completed(all).timeout(limit),
        };
        let mut given = outcomes.peekable();
        let mut before = 0;
        while given.next_if(Result::is_ok).is_some() {
            before += 1;
        }
        assert!(before <= if ordered { 0 } else { 2 });
        let late = given.next().unwrap().unwrap_err();
        assert_eq!((late.unfinished, late.total), (4 - before, 4));
        let rest: Vec<_> = given.by_ref().map(Result::unwrap).collect();
        assert_eq!(rest.len(), 4 - before);
        let held = rest
            .iter()
            .filter(|outcome| outcome.url().contains("/held/"));
        assert_eq!(held.filter(|outcome| outcome.is_cancelled()).count(), 2);
        assert!(given.next().is_none());
    }
    assert!(client.get(server.url("/after")).is_success());
}

#[test]
fn v25_leaving_a_batch_half_way_ends_its_requests() {
    let server = server(&Gate::closed());
    let client = client(2);
    for ordered in [true, false] {
        let before = server.requests();
        let input = ["/a".to_owned()]
            .into_iter()
            .chain((1..500).map(|i| format!("/held/{i}")))
            .map(|path| server.url(&path));
        let mut outcomes = match ordered {
            true => client.map(input),
            false => client.as_completed(input),
        };
        assert!(outcomes.next().unwrap().is_success());
        drop(outcomes);
        // The workers are free again: held requests are aborted.
        assert!(client.get(server.url("/after")).is_success());
        let sent = server.requests() - before;
        assert!(sent <= 2 + 1 + 2, "{sent} sent");
    }
}

#[test]
fn v25_a_batch_that_was_never_begun_sends_nothing() {
    let server = server(&Gate::closed());
    let client = client(2);
    drop(client.map((0..500).map(|_| server.url("/held/1"))));
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(server.requests(), 1);
}

#[test]
fn v26_an_infinite_input_is_read_at_most_a_window_ahead() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(8).window(2).build().unwrap();
    let taken = std::cell::Cell::new(0);
    let input = (0..).map(|i| {
        taken.set(taken.get() + 1);
        server.url(&format!("/{i}"))
    });
    let mut outcomes = client.map(input);
    for index in 0..200 {
        assert_eq!(outcomes.next().unwrap().index(), index);
        assert!(taken.get() <= index + 1 + 2, "{} taken", taken.get());
    }
}

#[test]
fn v27_the_builder_refuses_impossible_numbers() {
    for (setting, builder) in [
        ("window", Client::builder().window(0)),
        ("workers", Client::builder().workers(0)),
    ] {
        assert_eq!(builder.build().unwrap_err().setting(), setting);
    }
}

#[test]
fn v38_a_panic_in_a_process_closure_ends_its_request_alone() {
    let server = server(&Gate::closed());
    let client = Client::builder()
        .workers(2)
        .max_per_host(1)
        .build()
        .unwrap();
    let all: Vec<_> = (0..60).map(|i| server.url(&format!("/{i}"))).collect();
    let outcomes = client.process(all, |response| {
        let path = response.final_url().path().to_owned();
        assert!(!path.ends_with('7'), "no sevens");
        Ok::<_, haul::Error>(path)
    });
    let (fine, panicked): (Vec<_>, Vec<_>) = outcomes.partition(Outcome::is_success);
    assert_eq!((fine.len(), panicked.len()), (54, 6));
    for outcome in panicked {
        let error = outcome.error().unwrap();
        assert_eq!(error.error_type(), ErrorType::Panic);
        assert_eq!(error.message(), "panicked: no sevens");
    }
    assert!(client.get(server.url("/a")).is_success());
}

#[test]
fn v40_a_slow_consumer_holds_the_batch_to_its_window() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(4).window(7).build().unwrap();
    let mut outcomes = client.as_completed((0..120).map(|i| server.url(&format!("/{i}"))));
    for taken in 0..120 {
        // Stands for a caller that does much with each outcome: every runnable thread has time to run.
        for _ in 0..50 {
            thread::yield_now();
        }
        assert!(server.requests() <= taken + 7);
        assert!(outcomes.next().is_some());
    }
}

#[test]
fn v41_a_small_batch_does_not_wait_for_the_end_of_a_large_one() {
    let server = Scenario::new()
        .on("/*", Answer::text(""))
        .unlogged()
        .start();
    let client = client(4);
    let large = 100_000;
    let mut many = client.as_completed((0..large).map(|_| server.url("/large")));
    assert!(many.next().is_some());
    thread::scope(|scope| {
        let small = scope.spawn(|| {
            let few = client.as_completed((0..10).map(|_| server.url("/small")));
            few.filter(Outcome::is_success).count()
        });
        let mut taken = 1;
        while !small.is_finished() {
            assert!(many.next().is_some(), "the large one came first");
            taken += 1;
        }
        assert_eq!(small.join().unwrap(), 10);
        assert!(taken < large);
    });
}

#[test]
fn the_first_failure_ends_a_fail_fast_batch() {
    let server = server(&Gate::closed());
    let client = client(2);
    let input = ["/a".to_owned(), "/bad/1".to_owned()]
        .into_iter()
        .chain((0..).map(|i| format!("/held/{i}")));
    let mut outcomes = client
        .as_completed(input.map(|path| server.url(&path)))
        .fail_fast();
    let mut failed = 0;
    for outcome in outcomes.by_ref() {
        failed += u32::from(outcome.is_failed() && !outcome.is_cancelled());
    }
    assert_eq!((failed, outcomes.end()), (1, Some(End::TooManyFailures)));
}

#[test]
fn only_failures_count_for_max_failures() {
    let server = server(&Gate::closed());
    // At most two requests are ahead of the taken outcomes: a third failure is seen before a fifth can come.
    let client = Client::builder().workers(1).window(2).build().unwrap();
    let outcomes = client.as_completed((0..50).map(|i| match i % 5 {
        0 => haul::Request::get(server.url("/bad/1")),
        1 => {
            haul::Request::get(server.url("/a")).reject_if(|_| Some(haul::Rejection::new(1, "no")))
        }
        _ => haul::Request::get(server.url("/a")),
    }));
    let mut outcomes = outcomes.max_failures(3);
    let seen: Vec<_> = outcomes.by_ref().collect();
    let failed = seen.iter().filter(|o| o.is_failed() && !o.is_cancelled());
    assert!(
        (3..=4).contains(&failed.count()),
        "one may have been under way"
    );
    assert!(seen.iter().filter(|o| o.is_rejected()).count() >= 2);
    assert_eq!(outcomes.end(), Some(End::TooManyFailures));
}

#[test]
fn a_deadline_ends_waiting_and_running_requests() {
    let server = server(&Gate::closed());
    let client = client(2);
    client.get(server.url("/known"));
    let mut outcomes = client
        .as_completed((0..20).map(|i| server.url(&format!("/held/{i}"))))
        .deadline(Duration::from_millis(80));
    let (mut ran, mut waited) = (0, 0);
    for outcome in outcomes.by_ref() {
        let error = outcome.error().unwrap();
        assert_eq!(error.stop_reason(), Some(StopReason::Deadline), "{error:?}");
        match error.error_type() {
            ErrorType::Timeout => ran += 1,
            ErrorType::Deadline => waited += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((ran, waited), (2, 18));
    assert_eq!(outcomes.end(), Some(End::Deadline));
}

#[test]
fn a_token_cancels_every_batch_that_has_it() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let token = CancelToken::new();
    thread::scope(|scope| {
        let batches: Vec<_> = (0..3)
            .map(|_| {
                let (token, client, server) = (&token, &client, &server);
                scope.spawn(move || {
                    let input = (0..).map(|i| server.url(&format!("/held/{i}")));
                    let mut outcomes = client.as_completed(input).cancel_token(token);
                    let all = outcomes.by_ref().all(|outcome| outcome.is_cancelled());
                    (all, outcomes.end())
                })
            })
            .collect();
        held.wait_for(2);
        token.cancel();
        for batch in batches {
            assert_eq!(batch.join().unwrap(), (true, Some(End::Cancelled)));
        }
    });
    let mut late = client.map([server.url("/a")]).cancel_token(&token);
    let given: Vec<_> = late.by_ref().collect();
    assert!(given.iter().all(Outcome::is_cancelled));
    assert_eq!(late.end(), Some(End::Cancelled));
    assert!(client.get(server.url("/a")).is_success());
}

#[test]
fn the_longest_duration_is_no_limit() {
    let server = server(&Gate::closed());
    let client = client(1);
    let outcomes = client.map([server.url("/a")]).deadline(Duration::MAX);
    let outcomes: Vec<_> = outcomes.timeout(Duration::MAX).collect();
    assert!(outcomes[0].as_ref().unwrap().is_success());
    let none = client.map([server.url("/held/1")]).timeout(Duration::ZERO);
    let given: Vec<_> = none.collect();
    assert!(given[0].is_err() && given[1].as_ref().unwrap().is_cancelled());
}
