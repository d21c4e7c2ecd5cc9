//! Limits of places that follow what a host takes.

use std::thread;
use std::time::Duration;

use haul::settings::Jitter;
use haul::{Adaptive, Request, RetryPolicy, Summary, Timeouts};
use test_support::builder;
use test_support::{Answer, Gate, Scenario, Server};

const SHORT: Duration = Duration::from_millis(1);

/// Returns the limit of the only host of a summary.
fn limit(summary: &Summary) -> Option<u32> {
    summary.hosts()[0].limit
}

#[test]
fn refusals_at_the_same_time_cut_the_limit_once() {
    let gate = Gate::closed();
    let server = Scenario::new()
        .when("/*", {
            let gate = gate.clone();
            move |seen| match seen.nth {
                1 => Answer::status(429).behind(&gate),
                _ => Answer::text(""),
            }
        })
        .start();
    let retry = RetryPolicy::default().backoff(SHORT, SHORT);
    let client = builder(8)
        .max_per_host(Adaptive::new(1, 8))
        .retry(retry)
        .build()
        .unwrap();
    let urls: Vec<_> = (0..4).map(|i| server.url(&format!("/{i}"))).collect();
    let outcomes = client.as_completed(urls);
    let summary = outcomes.summary();
    let taking = thread::spawn(move || outcomes.filter(haul::Outcome::is_success).count());
    gate.wait_for(4);
    gate.open();
    assert_eq!(taking.join().unwrap(), 4);
    // Two answers may have added one place.
    let limit = limit(&summary.snapshot());
    assert!(matches!(limit, Some(2 | 3)), "{limit:?}");
}

#[test]
fn a_host_begins_with_four_requests_at_once() {
    let gate = Gate::closed();
    let server = Server::always(Answer::text("").behind(&gate));
    let client = builder(8)
        .max_per_host(Adaptive::new(1, 8))
        .build()
        .unwrap();
    let outcomes = client.as_completed(vec![server.url("/"); 8]);
    let progress = outcomes.progress();
    let taking = thread::spawn(move || outcomes.count());
    gate.wait_for(4);
    let adaptive = progress.snapshot().adaptive.expect("a limit that adapts");
    assert_eq!((adaptive.places, adaptive.limit), (4, 4));
    gate.open();
    assert_eq!(taking.join().unwrap(), 8);
}

#[test]
fn refusals_and_timeouts_lower_the_limit_and_other_failures_do_not() {
    let gate = Gate::closed();
    let (long, short) = (Duration::from_secs(60), Duration::from_millis(100));
    for (first, time, expected) in [
        (Answer::status(429), long, 2),
        (Answer::status(503), long, 2),
        (Answer::text("").behind(&gate), short, 2),
        (Answer::status(500), long, 4),
        (Answer::status(404), long, 4),
        (Answer::text(""), long, 4),
    ] {
        let server = Scenario::new()
            .on("/first", first)
            .on("/second", Answer::text(""))
            .start();
        let client = builder(1)
            .max_per_host(Adaptive::new(1, 8))
            .retry(RetryPolicy::none())
            .timeouts(Timeouts::new().attempt(time))
            .build()
            .unwrap();
        let urls = ["/first", "/second"].map(|path| server.url(path));
        let mut outcomes = client.map(urls);
        let summary = outcomes.summary();
        let status = outcomes.next().and_then(|outcome| outcome.status());
        assert_eq!(outcomes.count(), 1);
        assert_eq!(limit(&summary.snapshot()), Some(expected), "{status:?}");
    }
    gate.open();
}

#[test]
fn a_refusal_without_a_wait_does_not_hold_back_the_host() {
    let server = Scenario::new()
        .on("/refused", Answer::status(429))
        .on("/ok", Answer::text(""))
        .start();
    let far = Duration::from_secs(20);
    let client = builder(1)
        .max_per_host(Adaptive::new(1, 1))
        .retry(
            RetryPolicy::default()
                .backoff(far, far)
                .jitter(Jitter::None),
        )
        .build()
        .unwrap();
    let mut outcomes = client.as_completed([server.url("/refused"), server.url("/ok")]);
    let first = outcomes.next().unwrap();
    assert_eq!(first.url(), server.url("/ok"));
}

#[test]
fn a_rule_sets_an_adaptive_limit_for_its_hosts() {
    let server = Scenario::new().hosts(2).on("/*", Answer::text("")).start();
    let rule = haul::HostRule::new().max_in_flight(Adaptive::new(2, 3));
    let client = builder(4)
        .host_rule("127.0.0.2", rule)
        .max_per_host(4)
        .build()
        .unwrap();
    let urls = (0..2).map(|host| Request::get(server.url_on(host, "/")));
    let outcomes = client.as_completed(urls);
    let summary = outcomes.summary();
    assert_eq!(outcomes.count(), 2);
    let hosts = summary.snapshot().hosts();
    let limit = |name: &str| {
        let host = hosts.iter().find(|host| host.host.name() == name);
        host.unwrap().limit
    };
    assert_eq!((limit("127.0.0.1"), limit("127.0.0.2")), (None, Some(3)));
}

#[test]
fn the_summary_shows_the_limit_of_the_only_host() {
    let server = Server::always(Answer::text(""));
    let client = builder(1)
        .max_per_host(Adaptive::new(1, 2))
        .build()
        .unwrap();
    let outcomes = client.as_completed((0..2).map(|_| server.url("/")));
    let summary = outcomes.summary();
    assert_eq!(outcomes.count(), 2);
    let shown = summary.to_string();
    assert!(
        shown.contains("limit       2 at once to the host"),
        "{shown}"
    );
    let json = serde_json::to_value(summary.snapshot()).unwrap();
    assert_eq!(json["hosts"][0]["limit"], 2);
    let read: Summary = serde_json::from_value(json).unwrap();
    assert_eq!(limit(&read), Some(2));
}

#[test]
fn the_summary_shows_the_limit_beside_the_figures_of_a_host() {
    let server = Server::always(Answer::status(429));
    let client = builder(1)
        .max_per_host(Adaptive::new(1, 8))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let outcomes = client.as_completed((0..2).map(|_| server.url("/")));
    let summary = outcomes.summary();
    assert_eq!(outcomes.count(), 2);
    let shown = summary.to_string();
    assert!(shown.contains("   limit 2"), "{shown}");
}
