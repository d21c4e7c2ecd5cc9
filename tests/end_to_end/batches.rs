//! Ways to run a batch: the order of outcomes, the source of requests, and batches that are left half way.

use std::cell::RefCell;
use std::collections::HashSet;
use std::error::Error;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, ErrorType, Layer, Outcome, Rejection, Request};
use rayon::iter::{ParallelBridge, ParallelIterator};
use test_support::{Answer, Gate, Scenario, Server, builder, client, error};

use super::indices;

#[test]
fn outcomes_come_as_they_complete_each_with_its_request() {
    let slow = Gate::closed();
    let server = Scenario::new()
        .on("/slow", Answer::text("slow").behind(&slow))
        .on("/*", Answer::text("quick"))
        .start();
    let client = client(2);
    let urls = ["/slow", "/1", "/2", "/3"].map(|path| server.url(path));
    let mut outcomes = client.as_completed(&urls);
    let mut early: Vec<Outcome> = outcomes.by_ref().take(3).collect();
    assert_eq!(indices(&early), [1, 2, 3]);
    slow.open();
    early.push(outcomes.next().unwrap());
    assert!(outcomes.next().is_none() && outcomes.next().is_none());
    assert_eq!(early[3].index(), 0);
    for outcome in early {
        assert_eq!(outcome.url(), urls[outcome.index() as usize]);
    }
}

#[test]
fn map_gives_outcomes_in_the_order_of_the_input_failures_among_them() {
    let server = Server::start(|seen| {
        let i = seen.last_number().unwrap();
        let delay = Duration::from_millis(5 * (i as u64 % 4));
        match i {
            13 => Answer::status(404),
            _ => Answer::text(i.to_string()).after(delay),
        }
    });
    let client = client(8);
    let outcomes: Vec<_> = client
        .map((0..60).map(|i| server.url(&format!("/{i}"))))
        .collect();
    assert!(outcomes.iter().map(Outcome::index).eq(0..60));
    for (i, outcome) in outcomes.iter().enumerate() {
        match i {
            13 => assert_eq!(outcome.status(), Some(404)),
            _ => assert_eq!(outcome.success().unwrap().text(), i.to_string()),
        }
    }
}

#[test]
fn an_empty_input_ends_at_once() {
    let client = client(4);
    assert_eq!(client.as_completed(Vec::<String>::new()).count(), 0);
    assert_eq!(client.map(Vec::<String>::new()).count(), 0);
}

#[test]
fn nothing_is_taken_from_the_input_before_the_first_outcome_is_asked_for() {
    let taken = RefCell::new(0);
    let client = client(1);
    let input = std::iter::repeat_with(|| {
        *taken.borrow_mut() += 1;
        "not a url"
    });
    let mut outcomes = client.as_completed(input);
    assert_eq!(*taken.borrow(), 0);
    assert!(outcomes.next().is_some());
    assert!(*taken.borrow() > 0);
}

#[test]
fn an_infinite_input_is_read_at_most_a_window_ahead() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    for workers in [1, 4] {
        let client = builder(workers).window(2).build().unwrap();
        for ordered in [false, true] {
            let taken = RefCell::new(0);
            let input = std::iter::repeat_with(|| {
                *taken.borrow_mut() += 1;
                url.clone()
            });
            let mut outcomes = match ordered {
                true => client.map(input),
                false => client.as_completed(input),
            };
            for handed_back in 1..=50 {
                assert!(outcomes.next().unwrap().is_success());
                let ahead = *taken.borrow() - handed_back;
                assert!(ahead <= 2, "{ahead} ahead");
            }
        }
    }
}

#[test]
fn the_input_needs_to_be_neither_send_nor_static() {
    let server = Server::always(Answer::text(""));
    let base = server.url("/");
    let count = Rc::new(RefCell::new(0));
    let borrowed = &base;
    let shared = Rc::clone(&count);
    let input = (0..10).map(move |i| {
        *shared.borrow_mut() += 1;
        format!("{borrowed}{i}")
    });
    assert_eq!(client(2).as_completed(input).count(), 10);
    assert_eq!(*count.borrow(), 10);
}

#[test]
fn size_hint_counts_the_requests_that_are_left() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    let mut outcomes = client.as_completed(vec![server.url("/"); 10]);
    assert_eq!(outcomes.size_hint(), (10, Some(10)));
    outcomes.next();
    assert_eq!(outcomes.size_hint(), (9, Some(9)));
    assert_eq!(outcomes.count(), 9);
}

#[test]
fn outcomes_of_an_endless_input_can_be_collected() {
    let server = Server::always(Answer::status(404));
    let client = client(2);
    let endless = || client.as_completed((0..).map(|i| server.url(&format!("/{i}"))));
    assert_eq!(endless().size_hint(), (0, None));
    let outcomes: Vec<_> = endless().max_failures(3).collect();
    assert!(outcomes.len() >= 3);
}

#[test]
fn process_gives_what_the_closure_makes_of_each_success() {
    let server = Scenario::new()
        .on("/value", Answer::json(r#"{"name": "pen"}"#))
        .on("/broken", Answer::text("no json"))
        .on("/no", Answer::json(r#"{"code": 4001}"#))
        .on("/missing", Answer::status(404))
        .start();
    let paths = ["/value", "/broken", "/no", "/missing"];
    let client = client(2);
    let urls = paths.map(|path| server.url(path));
    let outcomes = client.process(
        urls,
        |response| -> Result<String, Box<dyn Error + Send + Sync>> {
            let body = response.value()?;
            match body["code"].as_i64() {
                Some(code) => Err(Rejection::new(code, "no").into()),
                None => Ok(body["name"].as_str().unwrap_or_default().to_owned()),
            }
        },
    );
    let mut outcomes: Vec<Outcome<String>> = outcomes.collect();
    outcomes.sort_by_key(Outcome::index);
    assert_eq!(outcomes[0].success().map(String::as_str), Some("pen"));
    assert_eq!(outcomes[0].status(), Some(200));
    let broken = error(&outcomes[1]);
    assert_eq!(
        (broken.layer(), broken.error_type()),
        (Layer::Application, ErrorType::Process)
    );
    assert_eq!(broken.response_text().as_deref(), Some("no json"));
    assert_eq!(outcomes[1].attempts(), 1);
    assert_eq!(*outcomes[2].rejection().unwrap().code(), 4001);
    assert_eq!(error(&outcomes[3]).status(), Some(404));
    assert_eq!(server.requests(), 4, "the closure's no is not tried again");
}

#[test]
fn process_runs_on_the_workers() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).thread_name_prefix("carrier").build().unwrap();
    let names = client.process(vec![server.url("/"); 20], |_| {
        Ok::<_, haul::Error>(thread::current().name().unwrap_or_default().to_owned())
    });
    let names: HashSet<String> = names.map(|o| o.into_result().unwrap()).collect();
    assert!(!names.is_empty());
    assert!(
        names.iter().all(|n| n == "carrier-0" || n == "carrier-1"),
        "{names:?}"
    );
}

#[test]
fn a_client_stays_usable_after_a_batch_is_left_half_way() {
    let held = Gate::closed();
    let server = Scenario::new()
        .on("/first", Answer::text(""))
        .on("/held/*", Answer::text("").behind(&held))
        .on("/after", Answer::text("still here"))
        .start();
    let client = client(2);
    for ordered in [false, true] {
        let urls = std::iter::once(server.url("/first"))
            .chain((0..1000).map(|i| server.url(&format!("/held/{i}"))));
        let before = server.requests();
        let mut outcomes = match ordered {
            true => client.map(urls.collect::<Vec<_>>()),
            false => client.as_completed(urls.collect::<Vec<_>>()),
        };
        assert!(outcomes.next().unwrap().is_success());
        server.wait_for_requests(before + 3);
        drop(outcomes);
        // Both workers run requests that get no response: only an abort frees them.
        let after = client.get(server.url("/after"));
        assert_eq!(after.success().unwrap().text(), "still here");
        assert!(
            server.requests() <= before + 5,
            "what was queued is not sent"
        );
    }
}

#[test]
fn a_batch_that_was_never_begun_sends_nothing() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    drop(client.as_completed([server.url("/")]));
    drop(client.map([server.url("/")]));
    let (intake, outcomes) = client.channel();
    drop((intake, outcomes));
    drop(client);
    assert_eq!(server.requests(), 0);
}

#[test]
fn leaving_a_batch_in_its_retries_sends_none_of_them() {
    let server = Scenario::new()
        .on("/sick/*", Answer::status(503))
        .on("/first", Answer::text(""))
        .start();
    let slowly = haul::RetryPolicy::default()
        .backoff(Duration::from_secs(30), Duration::from_secs(30))
        .jitter(haul::settings::Jitter::None);
    let client = builder(4).retry(slowly).build().unwrap();
    let urls = (0..10)
        .map(|i| server.url(&format!("/sick/{i}")))
        .chain([server.url("/first")]);
    let started = Instant::now();
    let mut outcomes = client.as_completed(urls.collect::<Vec<_>>());
    assert_eq!(outcomes.next().unwrap().index(), 10);
    drop(outcomes);
    drop(client);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(server.requests() <= 11);
}

#[test]
fn several_batches_run_at_once_on_clones_of_one_client() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = client(4);
    thread::scope(|scope| {
        for batch in 0..6 {
            let client = client.clone();
            let server = &server;
            scope.spawn(move || {
                let urls = (0..100).map(|i| server.url(&format!("/{batch}/{i}")));
                let outcomes: Vec<_> = match batch % 2 {
                    0 => client.as_completed(urls).collect(),
                    _ => client.map(urls).collect(),
                };
                assert_eq!(indices(&outcomes), (0..100).collect::<Vec<_>>());
                for outcome in &outcomes {
                    let expected = format!("/{batch}/{}", outcome.index());
                    assert_eq!(outcome.success().unwrap().text(), expected);
                }
            });
        }
    });
    assert_eq!(server.requests(), 600);
    assert!(server.most_at_once() <= 4);
}

#[test]
fn a_small_batch_does_not_wait_for_a_large_one() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    let large = std::iter::repeat_with(|| server.url("/large"));
    let mut large = client.as_completed(large);
    assert!(large.next().is_some());
    let small = client.as_completed((0..10).map(|i| server.url(&format!("/small/{i}"))));
    assert_eq!(small.count(), 10);
    // The large batch had hundreds of queued requests before the small one came, and is far from its end.
    let paths = server.paths();
    let small = |path: &String| path.starts_with("/small");
    let first = paths.iter().position(small).unwrap();
    let last = paths.iter().rposition(small).unwrap();
    let between = last - first - 9;
    assert!(between <= 30, "{between} of the large one");
    drop(large);
}

#[test]
fn outcomes_can_be_worked_on_in_parallel_as_they_come() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = client(4);
    let outcomes = client.as_completed((0..200).map(|i| server.url(&format!("/{i}"))));
    let mut numbers: Vec<u64> = outcomes
        .par_bridge()
        .map(|outcome| outcome.success().unwrap().text()[1..].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..200));
}

#[test]
fn the_summary_is_right_at_any_time() {
    let server = Scenario::new()
        .on("/ok/*", Answer::json(r#"{"code": 0}"#))
        .on("/no", Answer::json(r#"{"code": 1}"#))
        .on("/gone", Answer::status(404))
        .on(
            "/flaky",
            Answer::status(500)
                .times(1)
                .then(Answer::json(r#"{"code": 0}"#)),
        )
        .start();
    let client = builder(2).require("/code", 0).build().unwrap();
    let paths = ["/ok/1", "/ok/2", "/no", "/gone", "/flaky"];
    let mut outcomes = client.as_completed(paths.map(|path| server.url(path)));
    let summary = outcomes.summary();
    assert_eq!(summary.snapshot().total(), 0);
    outcomes.next();
    assert_eq!(summary.snapshot().total(), 1);
    outcomes.by_ref().for_each(drop);
    let done = summary.snapshot();
    assert_eq!(
        (
            done.total(),
            done.succeeded(),
            done.rejected(),
            done.failed(),
            done.cancelled()
        ),
        (5, 3, 1, 1, 0)
    );
    assert_eq!(
        (
            done.attempts(),
            done.retried_requests(),
            done.later_successes()
        ),
        (6, 1, 1)
    );
    assert_eq!(done.by_status()[&200], 4);
    assert_eq!(done.by_error_type()[&ErrorType::HttpStatus], 1);
    assert_eq!(done.latency().count_of(), 6);
    assert!(done.connections_opened() as usize == server.connections());
    assert_eq!(
        done.wall(),
        summary.snapshot().wall(),
        "the clock stands still"
    );
    assert!(summary.to_string().starts_with("Done in "));
}

#[test]
fn a_client_is_send_sync_clone_and_its_outcomes_send() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let client = Client::new();
    shared(&client);
    let server = Server::always(Answer::text(""));
    let outcomes = sent(client.as_completed([server.url("/")]));
    let (to, from) = mpsc::channel();
    thread::spawn(move || to.send(outcomes.count()).unwrap());
    assert_eq!(from.recv().unwrap(), 1);
    let (intake, _outcomes) = client.channel();
    shared(&intake);
    let _ = sent(Request::get("http://h/"));
}
