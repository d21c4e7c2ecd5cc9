//! A process that has run out of files: its requests wait for some, and say so if there are none.

use std::process::{Command, Stdio};
use std::time::Duration;

use haul::{ErrorType, Layer, StopReason};

use super::support::{Answer, Server};
use super::{builder, indices, quick, verdict};

/// Where the process with few files finds the server.
const URL: &str = "HAUL_TEST_URL";

#[test]
#[cfg(unix)]
fn too_many_open_files_are_retried_and_then_said() {
    let server = Server::always(Answer::text("").after(Duration::from_millis(200)));
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "files::with_few_files",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(URL, server.url("/"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "{text}\n{errors}");
    assert!(server.most_at_once() > 10);
}

/// Run by the test above with a limit, and without it by the rest, when it does nothing.
#[test]
fn with_few_files() {
    let Ok(url) = std::env::var(URL) else { return };
    let policy = quick().backoff(Duration::from_millis(5), Duration::from_millis(10));
    let client = builder(100).retry(policy).build().unwrap();
    // The host has to be known before it gets more than a few workers.
    assert!(client.get(url.as_str()).is_success());
    let outcomes: Vec<_> = client.as_completed(vec![url.as_str(); 200]).collect();
    assert_eq!(indices(&outcomes), (0..200).collect::<Vec<_>>());
    let (fine, failed): (Vec<_>, Vec<_>) = outcomes.iter().partition(|o| o.is_success());
    assert!(
        !fine.is_empty() && !failed.is_empty(),
        "{} fine",
        fine.len()
    );
    for outcome in failed {
        assert_eq!(
            verdict(outcome),
            (
                Layer::Local,
                ErrorType::Io,
                3,
                Some(StopReason::AttemptsExhausted)
            )
        );
        let message = super::error(outcome).message();
        assert!(message.contains("open files"), "{message}");
    }
    // Nothing is broken for good.
    let after: Vec<_> = client.map(vec![url.as_str(); 5]).collect();
    assert!(after.iter().all(|outcome| outcome.is_success()));
}
