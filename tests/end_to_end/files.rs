//! A process that gets fewer files or threads than its workers could use: its requests wait for free ones.

use std::process::{Command, Stdio};
use std::time::Duration;

use haul::{Request, RetryPolicy};
use test_support::{Answer, Server, builder};

use super::indices;

/// Variable from which the limited process reads the server's URL.
const URL: &str = "HAUL_TEST_URL";

/// Runs a test of this file in a process with this limit.
#[cfg(unix)]
fn run(limit: &str, name: &str, server: &Server) {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(URL, server.url("/"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "{text}\n{errors}");
}

#[test]
#[cfg(unix)]
fn requests_wait_for_files() {
    let server = Server::always(Answer::text("").after(Duration::from_millis(20)));
    run("-n 40", "files::with_few_files", &server);
    let most = server.most_at_once();
    assert!(10 < most && most < 40, "{most}");
    assert_eq!(server.requests(), 206);
}

#[test]
#[cfg(target_os = "linux")]
fn requests_wait_for_threads() {
    let server = Server::always(Answer::text("").after(Duration::from_millis(5)));
    // The limit is in KiB: only a few stacks of 512 MiB each fit in it.
    run("-v 4000000", "files::with_few_threads", &server);
    let most = server.most_at_once();
    assert!(0 < most && most < 9, "{most}");
    assert_eq!(server.requests(), 101);
}

/// Runs in the process of a test above, with a limit. Without the variable, in an ordinary test run, it does nothing.
#[test]
fn with_few_files() {
    let Ok(url) = std::env::var(URL) else { return };
    let client = builder(100).retry(RetryPolicy::none()).build().unwrap();
    // The host has to be known before it gets more than a few workers.
    assert!(client.get(url.as_str()).is_success());
    let requests = (0..200).map(|_| Request::post(url.as_str()));
    let outcomes: Vec<_> = client.as_completed(requests).collect();
    assert_eq!(indices(&outcomes), (0..200).collect::<Vec<_>>());
    for outcome in &outcomes {
        assert!(outcome.is_success(), "{outcome:?}");
        assert_eq!(outcome.attempts(), 1);
    }
    // No host, worker or client is broken for good.
    let after: Vec<_> = client.map(vec![url.as_str(); 5]).collect();
    assert!(after.iter().all(|outcome| outcome.is_success()));
}

/// Runs in the process of a test above, with a limit. Without the variable, in an ordinary test run, it does nothing.
#[test]
fn with_few_threads() {
    let Ok(url) = std::env::var(URL) else { return };
    let client = builder(100).stack_size(512 << 20).build().unwrap();
    assert!(client.get(url.as_str()).is_success());
    let outcomes: Vec<_> = client.as_completed(vec![url.as_str(); 100]).collect();
    assert_eq!(indices(&outcomes), (0..100).collect::<Vec<_>>());
    for outcome in &outcomes {
        assert!(outcome.is_success(), "{outcome:?}");
        assert_eq!(outcome.attempts(), 1);
    }
}
