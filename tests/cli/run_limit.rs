//! `--max-run-time` while the run waits for an event that does not come.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use test_support::{Answer, Scenario, Server};

use super::command::{Done, Folder, Haul, haul, records};

/// Time limit of these runs.
const LIMIT: &str = "1s";

/// Time after which a run has plainly missed its limit: the promise is 1 s, and the machine may be busy.
const MISSED: Duration = Duration::from_secs(30);

fn server() -> Server {
    Scenario::new().on("/*", Answer::text("fine")).start()
}

fn pipe(folder: &Folder, name: &str) -> String {
    let path = folder.at(name);
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// Asserts that the run ends with status 4, in time, and says why.
fn is_stopped(run: Haul) -> Done {
    let begun = Instant::now();
    let done = run.done().exits(4);
    assert!(begun.elapsed() < MISSED);
    done.says("stopped early: the run took too long (--max-run-time)")
}

/// Runs the command while its standard input stays open, with this text in it.
fn with_open_input(arguments: &[&str], text: &str) -> Done {
    let begun = Instant::now();
    let mut running = haul(arguments.iter().chain(&["--max-run-time", LIMIT])).start();
    running.write(text);
    let done = running.finish().exits(4);
    assert!(begun.elapsed() < MISSED);
    done.says("stopped early: the run took too long (--max-run-time)")
}

#[test]
fn standard_input_that_says_nothing_ends_in_time() {
    let done = with_open_input(&[], "");
    assert_eq!(done.stdout, "");
}

#[test]
fn the_limit_of_a_run_holds_in_the_middle_of_a_line() {
    let server = server();
    let text = format!("{}\n{}", server.url("/whole"), server.url("/ha"));
    let done = with_open_input(&[], &text);
    let urls: Vec<_> = done.results().iter().map(|r| r["url"].clone()).collect();
    assert_eq!(urls, [server.url("/whole")]);
    assert_eq!(server.requests(), 1);
}

#[test]
fn half_a_line_of_json_in_input_order_ends_in_time() {
    let server = server();
    let text = format!("{{\"url\":\"{}\"}}\n{{\"url\":\"http", server.url("/whole"));
    let done = with_open_input(&["--ordered", "--input-format", "jsonl"], &text);
    assert_eq!(done.results().len(), 1);
}

#[test]
fn a_named_pipe_that_nobody_opens_ends_in_time() {
    let folder = Folder::new();
    let input = pipe(&folder, "input");
    is_stopped(haul(["--max-run-time", LIMIT, &input]));
}

#[test]
fn a_named_pipe_between_other_inputs_ends_in_time() {
    let (folder, server) = (Folder::new(), server());
    let input = pipe(&folder, "input");
    let first = folder.file("first", server.url("/first"));
    // Another process opens the pipe and never writes.
    let mut holder = Command::new("sh")
        .args(["-c", "exec sleep 60 > \"$0\"", &input])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let done = is_stopped(haul(["--max-run-time", LIMIT, &first, &input, &first]));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(done.results().len(), 1);
}

#[test]
fn options_that_read_a_named_pipe_end_in_time() {
    let (folder, server) = (Folder::new(), server());
    let at = format!("@{}", pipe(&folder, "value"));
    for option in ["--data", "--json", "--header", "--bearer"] {
        let url = server.url("/");
        is_stopped(haul([option, &at, "--max-run-time", LIMIT, &url]));
    }
    let path = at.trim_start_matches('@');
    let url = server.url("/");
    is_stopped(haul(["--cacert", path, "--max-run-time", LIMIT, &url]));
    assert_eq!(server.requests(), 0);
}

#[test]
fn results_that_nobody_reads_end_in_time() {
    let (folder, server) = (Folder::new(), server());
    let output = pipe(&folder, "output");
    let url = server.url("/");
    is_stopped(haul(["-o", &output, "--max-run-time", LIMIT, &url]));
    // The run writes to a pipe that is full.
    let big = Scenario::new()
        .on("/*", Answer::text("x".repeat(900_000)))
        .start();
    let lines: String = (0..20).map(|i| big.url(&format!("/{i}\n"))).collect();
    let input = folder.file("many", lines);
    let begun = Instant::now();
    let mut running = haul(["--max-run-time", LIMIT, &input]).start();
    assert_eq!(running.status(), Some(4));
    assert!(begun.elapsed() < MISSED);
    running.wait_until_said("stopped early: the run took too long (--max-run-time)");
}

#[test]
fn the_limit_of_a_run_holds_for_a_dry_run() {
    let done = with_open_input(
        &["--dry-run"],
        "http://a.invalid/1\nhttp://a.invalid/2\nhttp",
    );
    let urls: Vec<_> = done.results().iter().map(|r| r["url"].clone()).collect();
    assert_eq!(urls, ["http://a.invalid/1", "http://a.invalid/2"]);
}

#[test]
fn the_limit_of_a_run_holds_while_it_resumes() {
    let (folder, server) = (Folder::new(), server());
    let output = folder.at("run.jsonl");
    let list = format!("{}\n{}\n", server.url("/1"), server.url("/2"));
    haul(["-o", &output, "-"]).input(&*list).done().exits(0);
    let done = with_open_input(&["--resume", "-o", &output], &list);
    let done = done.says("2 outcomes are there from before");
    assert_eq!(done.stdout, "");
    let more = format!("{list}{}\n", server.url("/3"));
    haul(["--resume", "-o", &output, "-"])
        .input(more)
        .done()
        .exits(0);
    assert_eq!(records(&folder.read("run.jsonl")).len(), 3);
    assert_eq!(server.requests(), 3);
}

#[test]
fn the_summary_says_that_the_run_was_interrupted() {
    let folder = Folder::new();
    let summary = folder.at("summary.json");
    with_open_input(&["--summary-json", &summary], "");
    let summary: serde_json::Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    assert_eq!(
        (&summary["interrupted"], &summary["total"]),
        (&true.into(), &0.into())
    );
}

#[test]
fn a_body_file_that_is_a_pipe_is_refused_without_a_wait() {
    let (folder, server) = (Folder::new(), server());
    let body = pipe(&folder, "body");
    let line = serde_json::json!({"url": server.url("/"), "body_file": body}).to_string();
    let done = haul(["--max-run-time", "60s", "-"]).input(line).done();
    let done = done.exits(1);
    assert_eq!(done.results()[0]["error_type"], "invalid_request");
    done.says("it is not a regular file");
    assert_eq!(server.requests(), 0);
}
