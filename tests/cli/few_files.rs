//! A process that may open fewer files than it has workers.

use std::fs;

use serde_json::Value;
use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Done, Folder, Haul, haul};

const URLS: usize = 400;

/// Forty hosts that answer at once.
fn server() -> Server {
    Scenario::new()
        .hosts(40)
        .on("/*", Answer::text("x"))
        .start()
}

/// URLs on `hosts` addresses of this machine in turn.
fn urls(server: &Server, hosts: usize) -> Vec<String> {
    (0..URLS)
        .map(|i| server.url_on(i % hosts, &format!("/{i}")))
        .collect()
}

#[track_caller]
fn all_succeeded(done: &Done) {
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let lines = done.stdout.lines();
    let results: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), URLS);
    for result in results {
        assert_eq!(result["outcome"], "success", "{result}");
        assert_eq!(result["attempts"], 1, "{result}");
    }
}

fn command(arguments: &[&str]) -> Haul {
    let fixed = ["-j", "200", "--retry", "0", "--progress", "none"];
    haul(fixed.iter().chain(arguments).chain(&["-"])).open_files(48)
}

fn run(arguments: &[&str], lines: &[String]) -> Done {
    command(arguments).input(lines.join("\n")).done()
}

#[test]
fn requests_wait_for_a_free_descriptor() {
    let gate = Gate::closed();
    let server = Scenario::new()
        .hosts(40)
        .on("/*", Answer::text("x").behind(&gate))
        .start();
    let mut run = command(&[]).start();
    for url in urls(&server, 40) {
        run.say(&url);
    }
    run.close_input();
    // The server holds all responses until the run has printed this.
    run.wait_until_said("too many open files (the limit of this process is 48)");
    gate.open();
    let done = run.finish();
    all_succeeded(&done);
    assert_eq!(
        done.stderr.matches("too many open files").count(),
        1,
        "{}",
        done.stderr
    );
    assert_eq!(server.requests(), URLS);
}

#[test]
fn one_host_gets_all_descriptors() {
    let server = server();
    all_succeeded(&run(&[], &urls(&server, 1)));
    assert_eq!(server.requests(), URLS);
}

#[test]
fn writes_that_waited_for_a_free_descriptor_are_sent_once() {
    let server = server();
    all_succeeded(&run(&["-X", "POST", "-d", "a=1"], &urls(&server, 40)));
    assert_eq!(server.requests(), URLS);
}

#[test]
fn bodies_that_are_saved_and_sent_from_files_take_their_descriptors_in_time() {
    let server = server();
    let folder = Folder::new();
    let (to, from) = (folder.at("to"), folder.at("from"));
    fs::write(&from, "b".repeat(100_000)).unwrap();
    let lines: Vec<String> = urls(&server, 40)
        .iter()
        .map(|url| serde_json::json!({ "url": url, "method": "POST", "body_file": from }))
        .map(|line| line.to_string())
        .collect();
    all_succeeded(&run(&["--output-dir", &to], &lines));
    assert_eq!(server.requests(), URLS);
    assert_eq!(fs::read_dir(&to).unwrap().count(), URLS);
}

#[test]
fn files_that_are_written_at_the_end_find_a_descriptor() {
    let server = server();
    let folder = Folder::new();
    let summary = folder.at("summary.json");
    all_succeeded(&run(&["--summary-json", &summary], &urls(&server, 40)));
    let summary: Value = serde_json::from_str(&fs::read_to_string(summary).unwrap()).unwrap();
    assert_eq!(summary["succeeded"], URLS);
}

#[cfg(target_os = "linux")]
#[test]
fn the_soft_limit_of_open_files_is_raised_to_the_hard_one() {
    let mut run = haul(["-"]).soft_open_files(24).start();
    // The command reads its input by now: an answer to the first line says so.
    let server = server();
    run.say(&server.url("/"));
    run.next_result();
    let limits = fs::read_to_string(format!("/proc/{}/limits", run.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[3], words[4], "{line}");
    assert_ne!(words[3], "24");
    run.close_input();
    run.finish().exits(0);
}
