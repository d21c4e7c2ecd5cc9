//! Many requests: none lost, none twice, each with its class, and no more held than the window.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use haul::{ErrorType, Layer, Outcome, Phase, Request, Timeouts};
use test_support::{Answer, Scenario, Server, builder, error, refused};

use super::fairness::scale;

/// End of the requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Success,
    Rejected,
    Failed(Layer, ErrorType),
}

fn end<T>(outcome: &Outcome<T>) -> End {
    match outcome.error() {
        Some(error) => End::Failed(error.layer(), error.error_type()),
        None if outcome.is_rejected() => End::Rejected,
        None => End::Success,
    }
}

/// Ways to fail, one in twenty requests each: path, end, attempts.
const WAYS: [(&str, End, u32); 14] = [
    ("/404", End::Failed(Layer::Http, ErrorType::HttpStatus), 1),
    ("/500", End::Failed(Layer::Http, ErrorType::HttpStatus), 3),
    ("/503", End::Failed(Layer::Http, ErrorType::HttpStatus), 3),
    (
        "/post500",
        End::Failed(Layer::Http, ErrorType::HttpStatus),
        1,
    ),
    ("/flaky", End::Success, 3),
    ("/html", End::Failed(Layer::Parse, ErrorType::Decode), 1),
    ("/no", End::Rejected, 1),
    (
        "/reset",
        End::Failed(Layer::Network, ErrorType::Connection),
        3,
    ),
    (
        "/cut",
        End::Failed(Layer::Network, ErrorType::IncompleteBody),
        3,
    ),
    (
        "/large",
        End::Failed(Layer::Http, ErrorType::BodyTooLarge),
        1,
    ),
    ("/slow", End::Failed(Layer::Network, ErrorType::Timeout), 1),
    ("/garbage", End::Failed(Layer::Http, ErrorType::Protocol), 1),
    (
        "/refused",
        End::Failed(Layer::Network, ErrorType::Connect),
        3,
    ),
    (
        "/invalid",
        End::Failed(Layer::Local, ErrorType::InvalidRequest),
        0,
    ),
];

fn server() -> Server {
    Scenario::new()
        .hosts(2)
        .on("/404/*", Answer::status(404))
        .on("/500/*", Answer::status(500))
        .on("/503/*", Answer::status(503).header("Retry-After", "0"))
        .on("/post500/*", Answer::status(500))
        .on(
            "/flaky/*",
            Answer::status(502)
                .times(2)
                .then(Answer::json(r#"{"code": 0}"#)),
        )
        .on("/html/*", Answer::html("<p>"))
        .on("/no/*", Answer::json(r#"{"code": 4001, "msg": "no"}"#))
        .on("/reset/*", Answer::reset())
        .on("/cut/*", Answer::json(r#"{"code": 0}"#).cut_after(4))
        .on(
            "/large/*",
            Answer::json(format!("\"{}\"", "x".repeat(1000))),
        )
        .on("/slow/*", Answer::text("").after(Duration::from_secs(300)))
        .on("/garbage/*", Answer::raw("garbage\r\n\r\n"))
        .on("/ok/*", Answer::json(r#"{"code": 0}"#))
        .start()
}

fn request(server: &Server, refused: &str, i: usize) -> Request {
    let Some((path, ..)) = WAYS.get(i % 20) else {
        return server.url(&format!("/ok/{i}")).into();
    };
    let path = format!("{path}/{i}");
    match i % 20 {
        3 => Request::post(server.url(&path)).text("x"),
        // No connection to that address is ever kept, so none is ever found closed and replaced without a retry.
        7 => server.url_on(1, &path).into(),
        10 => Request::post(server.url(&path))
            .text("x")
            .timeouts(Timeouts::new().attempt(Duration::from_millis(100))),
        12 => format!("http://{refused}{path}").into(),
        13 => Request::get(server.url(&path)).header("not a name", "x"),
        _ => server.url(&path).into(),
    }
}

#[test]
fn ten_thousand_requests_failing_in_every_way_give_ten_thousand_outcomes() {
    let server = server();
    let refused = refused().to_string();
    let count = 10_000;
    let client = builder(32)
        .require("/code", 0)
        .body_limit(900)
        .build()
        .unwrap();
    let outcomes = client.as_completed((0..count).map(|i| request(&server, &refused, i)));
    let summary = outcomes.summary();
    let mut seen = vec![false; count];
    let mut ends = BTreeMap::new();
    let mut given_up = Vec::new();
    for outcome in outcomes {
        let i = outcome.index() as usize;
        assert!(!std::mem::replace(&mut seen[i], true), "{i} came twice");
        *ends.entry(end(&outcome)).or_insert(0) += 1;
        let (path, expected, attempts) = match WAYS.get(i % 20) {
            Some(way) => *way,
            None => ("/ok", End::Success, 1),
        };
        assert_eq!(end(&outcome), expected, "{path}: {outcome:?}");
        assert_eq!(outcome.attempts(), attempts, "{path}: {outcome:?}");
        let path = format!("{path}/{i}");
        match i % 20 {
            // The request may have been given up before the server read it, or before it was sent.
            10 if error(&outcome).phase() == Some(Phase::Wait) => given_up.push(path),
            10 | 12 => {}
            _ => assert_eq!(server.requests_to(&path), attempts as usize, "{path}"),
        }
    }
    assert!(seen.into_iter().all(|seen| seen));
    for path in given_up {
        server.wait_for_requests_to(&path, 1);
    }
    let each = count / 20;
    assert_eq!(ends[&End::Success], 7 * each);
    assert_eq!(ends[&End::Rejected], each);
    let summary = summary.snapshot();
    assert_eq!(summary.total(), count as u64);
    assert_eq!(
        summary.finished() + summary.cancelled() + summary.not_done(),
        count as u64
    );
    assert_eq!(summary.by_layer()[&Layer::Local], each as u64);
}

#[test]
fn v40_a_long_lazy_input_is_never_held_beyond_the_window() {
    let server = Scenario::new().on("*", Answer::text("")).unlogged().start();
    let count = 4000 * scale();
    // Requests that wait behind a host that was not reached yet count apart.
    let client = builder(4).window(50).max_parked(10).build().unwrap();
    let taken = Cell::new(0);
    let input = (0..count).map(|_| {
        taken.set(taken.get() + 1);
        server.url("/")
    });
    let mut handed_back = 0;
    for outcome in client.as_completed(input) {
        handed_back += 1;
        assert!(outcome.is_success());
        assert!(taken.get() - handed_back <= 50 + 10);
    }
    assert_eq!((handed_back, server.requests()), (count, count));
}

#[test]
fn many_small_batches_leave_nothing_behind() {
    let server = Scenario::new()
        .hosts(3)
        .on("*", Answer::text(""))
        .unlogged()
        .start();
    let client = builder(3).build().unwrap();
    for batch in 0..200 {
        let urls = (0..3).map(|i| server.url_on(i, "/"));
        let count = match batch % 3 {
            0 => client.as_completed(urls).count(),
            1 => client.map(urls).count(),
            // This batch is left half way.
            _ => client.as_completed(urls).take(3).count(),
        };
        assert_eq!(count, 3);
    }
    assert_eq!(server.requests(), 600);
}
