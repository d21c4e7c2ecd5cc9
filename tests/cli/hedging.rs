//! `--hedge`: second requests for responses that are slow to come.

use std::time::Duration;

use serde_json::Value;
use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Folder, haul};

const JOBS: usize = 4;

/// Number of answers after which 20 are known: each worker may still have to tell of its last.
const ENOUGH: usize = 20 + JOBS;

/// Starts a server that holds the first answer to `/slow` at a gate, and answers everything else at once.
fn server(gate: &Gate) -> Server {
    let gate = gate.clone();
    Scenario::new()
        .when("/slow", move |seen| match seen.nth {
            1 => Answer::text("first").behind(&gate),
            _ => Answer::text("second"),
        })
        .on("*", Answer::text(""))
        .start()
}

/// Returns a list of requests whose last is slow. It is sent when the others have been answered.
fn run(server: &Server, options: &[&str], released: impl FnOnce()) -> Vec<Value> {
    let jobs = JOBS.to_string();
    let all = ["--retry", "0", "-j", &jobs, "--ordered"];
    let mut run = haul(all.iter().chain(options).chain(&["-"])).start();
    for number in 0..ENOUGH {
        run.say(&server.url(&format!("/{number}")));
    }
    for _ in 0..ENOUGH {
        run.next_result();
    }
    run.say(&server.url("/slow"));
    run.close_input();
    released();
    run.finish().exits(0).results()
}

fn is_hedged(record: &Value) -> bool {
    record.get("hedged") == Some(&Value::Bool(true))
}

#[test]
fn hedge_sends_a_second_request_for_a_response_that_is_slow_to_come() {
    let gate = Gate::closed();
    let server = server(&gate);
    let results = run(&server, &["--hedge"], || ());
    let slow = results.last().unwrap();
    assert!(is_hedged(slow), "{slow}");
    assert_eq!(slow["body"], "second");
    assert_eq!(slow["attempts"], 1);
    gate.open();
}

/// Asserts that under these options the slow request is sent once.
#[track_caller]
fn is_sent_once(options: &[&str]) {
    let gate = Gate::closed();
    let server = server(&gate);
    let results = run(&server, options, || {
        gate.wait_for(1);
        // Many times as long as the answers took, so that a second request would have been sent.
        std::thread::park_timeout(Duration::from_millis(200));
        gate.open();
    });
    let slow = results.last().unwrap();
    assert_eq!(slow["status"], 200, "{slow}");
    assert!(!is_hedged(slow), "{slow}");
    assert_eq!(server.requests_to("/slow"), 1, "{options:?}");
}

#[test]
fn without_hedge_each_request_is_sent_once() {
    is_sent_once(&[]);
}

#[test]
fn a_response_that_goes_to_a_file_has_no_second_request() {
    let folder = Folder::new();
    is_sent_once(&["--hedge", "--output-dir", folder.path().to_str().unwrap()]);
}

#[test]
fn a_request_that_may_not_be_repeated_has_no_second_one() {
    is_sent_once(&["--hedge", "-X", "POST"]);
}
