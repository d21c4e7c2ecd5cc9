//! This side runs out of something. The limit of open files is the process's, so these run in one of their own.

use std::fs::File;
use std::process::Command;

use super::server::{Server, answer};
use super::*;

const URLS: &str = "HAUL_TEST_URLS";

/// Opens files until no more can be opened.
fn use_up() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn more_connections_than_files_are_faults_that_name_the_limit() {
    let servers = [
        Server::answering(answer(200, "a")),
        Server::answering(answer(200, "b")),
    ];
    let urls = servers.each_ref().map(|s| s.url("/")).join(" ");
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg("transport::tests::shortage::with_few_files")
        .env(URLS, urls)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    assert_eq!(servers[1].connections(), 2);
}

#[test]
#[ignore = "is run by the test above, in a process of its own"]
fn with_few_files() {
    let Ok(urls) = std::env::var(URLS) else {
        return;
    };
    let (a, b) = urls.split_once(' ').unwrap();
    let sockets = sockets();

    let files = use_up();
    let exchanged = get(a).of(&sockets);
    let fault = exchanged.result.err().unwrap();
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Io, Phase::Connect)
    );
    assert!(!fault.permanent);
    let limit = "too many open files (the limit of this process is 64)";
    assert!(fault.message.contains(limit), "{}", fault.message);

    drop(files);
    get(a).reply(&sockets);
    assert!(get(a).of(&sockets).trace.reused);

    // What is idle is given up for what is needed.
    let files = use_up();
    assert_eq!(get(b).reply(&sockets).body, b"b");
    drop(files);
    assert!(!get(a).of(&sockets).trace.reused);
    let mut fresh = get(b);
    fresh.fresh = true;
    fresh.reply(&sockets);
}
