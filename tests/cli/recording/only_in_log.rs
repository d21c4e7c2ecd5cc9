//! Outcomes that only the failure log has, since the results were cut by hand or lost in a machine's crash: `--resume`
//! takes them into the results, and does not send their requests again.

use std::collections::HashMap;
use std::fs;

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::alike::{check, list, logged, lose_failures, server};
use super::command::{Folder, haul};

const LOGS: [&str; 2] = ["f.db", "f.jsonl"];

/// Starts a server that answers 500 to every third path. Its text is not plain ASCII.
fn failing() -> Server {
    Server::start(|seen| {
        let number = seen.path().trim_start_matches('/').parse::<usize>();
        match number.unwrap_or_default() % 3 {
            0 => Answer::status(500).body("out of \"order\": 余额\n"),
            _ => Answer::text("fine"),
        }
    })
}

fn keep_lines(folder: &Folder, name: &str, count: usize) {
    let text = folder.read(name);
    let kept: String = text.split_inclusive('\n').take(count).collect();
    folder.file(name, kept);
}

/// Number of failures in a log by their ids.
fn failures_by_id(folder: &Folder, log: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for (id, ..) in logged(folder, log) {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

fn ids(records: &[Value]) -> Vec<usize> {
    let id = |record: &Value| record["id"].as_str().unwrap().parse().unwrap();
    let mut ids: Vec<usize> = records.iter().map(id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_failure_that_the_log_has_is_not_sent_again_after_a_cut_at_any_line() {
    for log in LOGS {
        for (kept, order) in [(1, "--ordered"), (13, "-q"), (30, "-q"), (39, "--ordered")] {
            let (server, folder) = (failing(), Folder::new());
            let (out, failures) = (folder.at("o"), folder.at(log));
            // The first request succeeds: after the shortest cut, the results have no failure at all.
            let all = list(&server, 41);
            let list = folder.file("list", all.split_once('\n').unwrap().1);
            let arguments = [
                "-q",
                order,
                "--retry",
                "0",
                "-o",
                &out,
                "--failures",
                &failures,
            ];
            let arguments = [&arguments[..], &[&list]].concat();
            haul(&arguments).done().exits(1);
            let before = failures_by_id(&folder, log);
            keep_lines(&folder, "o", kept);
            for _ in 0..2 {
                haul(arguments.iter().chain(&["--resume"])).done().exits(0);
            }
            for id in before.keys() {
                assert_eq!(
                    server.requests_to(&format!("/{id}")),
                    1,
                    "{log} {kept} /{id}"
                );
            }
            assert_eq!(failures_by_id(&folder, log), before);
            assert_eq!(ids(&folder.records("o")), (1..41).collect::<Vec<_>>());
        }
    }
}

#[test]
fn rows_of_other_results_are_no_outcomes_of_these() {
    let (server, folder) = (failing(), Folder::new());
    let (first, second, failures) = (folder.at("first"), folder.at("second"), folder.at("f.db"));
    let all = list(&server, 40);
    let half: String = all.split_inclusive('\n').take(20).collect();
    let (half, all) = (folder.file("half", half), folder.file("all", all));
    let run = |out: &str, list: &str, more: &[&str]| {
        let arguments = [
            "-q",
            "--retry",
            "0",
            "-o",
            out,
            "--failures",
            &failures,
            list,
        ];
        haul(arguments.iter().chain(more)).done().exits(1);
    };
    run(&first, &half, &[]);
    // This run begins after the first record of the other run, and has failures of requests that the other one lacks.
    run(&second, &all, &[]);
    keep_lines(&folder, "first", 2);
    run(&first, &all, &["--resume"]);
    assert_eq!(ids(&folder.records("first")), (0..40).collect::<Vec<_>>());
    for id in (0..40).step_by(3) {
        let sent = server.requests_to(&format!("/{id}"));
        assert_eq!(sent, 2, "/{id}");
    }
    let counts = failures_by_id(&folder, "f.db");
    assert!(counts.values().all(|count| *count == 2), "{counts:?}");
}

#[test]
fn results_that_were_moved_know_their_rows_by_another_failure() {
    let (server, folder) = (failing(), Folder::new());
    let failures = folder.at("f.db");
    let list = folder.file("list", list(&server, 30));
    let run = |out: &str, more: &[&str]| {
        let arguments = [
            "-q",
            "--retry",
            "0",
            "-o",
            out,
            "--failures",
            &failures,
            &list,
        ];
        haul(arguments.iter().chain(more)).done()
    };
    run(&folder.at("o"), &["--ordered"]).exits(1);
    fs::rename(folder.at("o"), folder.at("moved")).unwrap();
    keep_lines(&folder, "moved", 2);
    run(&folder.at("moved"), &["--resume"]).exits(0);
    for id in (0..30).step_by(3) {
        assert_eq!(server.requests_to(&format!("/{id}")), 1, "/{id}");
    }
    assert_eq!(ids(&folder.records("moved")), (0..30).collect::<Vec<_>>());
}

#[test]
fn equal_requests_have_as_many_outcomes_as_before() {
    for log in LOGS {
        for lost in 1..6 {
            let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
            let line = json!({"url": server.url("/"), "method": "POST", "id": "same"});
            let list = folder.file("list", format!("{line}\n").repeat(6));
            let (out, failures) = (folder.at("o"), folder.at(log));
            let arguments = [
                "-q",
                "--retry",
                "0",
                "-o",
                &out,
                "--failures",
                &failures,
                &list,
            ];
            haul(arguments).done().exits(1);
            keep_lines(&folder, "o", 6 - lost);
            for _ in 0..2 {
                haul(arguments.iter().chain(&["--resume"])).done().exits(0);
            }
            assert_eq!(server.requests(), 6);
            let indices = |records: Vec<Value>| {
                let mut all: Vec<_> = records.iter().map(|r| r["index"].as_u64()).collect();
                all.sort_unstable();
                all
            };
            let expected: Vec<_> = (0..6).map(Some).collect();
            assert_eq!(indices(folder.records("o")), expected);
            assert_eq!(failures_by_id(&folder, log)["same"], 6);
        }
    }
}

#[test]
fn an_outcome_of_a_row_has_only_what_the_row_tells() {
    let (server, folder) = (failing(), Folder::new());
    let (out, failures) = (folder.at("o"), folder.at("f.db"));
    let tag = r#"{"n": 1.50, "z": null}"#;
    let url = server.url("/3");
    let lines = [
        server.url("/1"),
        format!(r#"{{"url": "{url}", "id": "a", "method": "POST", "tag": {tag}}}"#),
        format!(r#"{{"url": "{url}", "colour": 1}}"#),
    ];
    let list = folder.file("list", lines.join("\n"));
    let arguments = ["-q", "--retry", "0", "--ordered", "-o", &out];
    let arguments = [&arguments[..], &["--failures", &failures, &list]].concat();
    haul(&arguments).done().exits(1);
    let before = folder.records("o");
    keep_lines(&folder, "o", 1);
    haul(arguments.iter().chain(&["--resume"])).done().exits(0);
    let after = folder.records("o");
    assert_eq!(after.len(), 3);
    for (mut before, after) in before.into_iter().zip(after).skip(1) {
        let unknown = [
            "ttfb_ms",
            "queued_ms",
            "total_ms",
            "timings",
            "remote_ip",
            "reused",
            "content_type",
            "size_bytes",
            "attempt_log",
        ];
        for key in unknown {
            before.as_object_mut().unwrap().remove(key);
        }
        assert_eq!(before, after);
    }
    assert!(folder.read("o").contains(&format!("\"tag\":{tag}")));
    assert_eq!(server.requests(), 2);
}

#[test]
fn bodies_are_left_out_of_the_results_if_they_were() {
    for log in LOGS {
        let (server, folder) = (failing(), Folder::new());
        let (out, failures) = (folder.at("o"), folder.at(log));
        let list = folder.file("list", list(&server, 10));
        let arguments = ["-q", "--retry", "0", "--body", "none", "-o", &out];
        let arguments = [&arguments[..], &["--failures", &failures, &list]].concat();
        haul(&arguments).done().exits(1);
        lose_failures(&folder, ("o", log), 5);
        keep_lines(&folder, "o", 4);
        haul(arguments.iter().chain(&["--resume"])).done();
        assert!(!folder.read("o").contains("\"body"), "{log}");
    }
}

#[test]
fn an_outcome_taken_from_the_log_is_sent_again_if_failures_are() {
    for log in LOGS {
        let (server, folder) = (failing(), Folder::new());
        let (out, failures) = (folder.at("o"), folder.at(log));
        let list = folder.file("list", list(&server, 10));
        let arguments = ["-q", "--retry", "0", "--ordered", "-o", &out];
        let arguments = [&arguments[..], &["--failures", &failures, &list]].concat();
        haul(&arguments).done().exits(1);
        keep_lines(&folder, "o", 9);
        for round in 2..4 {
            haul(arguments.iter().chain(&["--retry-failed"]))
                .done()
                .exits(1);
            assert_eq!(server.requests_to("/9"), round);
            // The results are cut again: of the two outcomes of a request, one or both are only in the log.
            let lines = folder.read("o").lines().count();
            assert_eq!(lines, 10 + 4 * (round - 1));
            keep_lines(&folder, "o", 10 + 4 * (round - 2) + round - 1);
            haul(arguments.iter().chain(&["--resume"])).done().exits(0);
            assert_eq!(folder.read("o").lines().count(), lines, "{log} {round}");
            assert_eq!(server.requests_to("/9"), round);
        }
        let counts = failures_by_id(&folder, log);
        assert!(counts.values().all(|count| *count == 3), "{counts:?}");
    }
}

#[test]
fn new_results_take_nothing_from_the_log() {
    for log in LOGS {
        let (server, folder) = (server(), Folder::new());
        let (out, failures) = (folder.at("o"), folder.at(log));
        let list = folder.file("list", list(&server, 10));
        let arguments = [
            "-q",
            "--retry",
            "0",
            "-o",
            &out,
            "--failures",
            &failures,
            &list,
        ];
        haul(arguments).done().exits(1);
        haul(arguments.iter().chain(&["--overwrite"]))
            .done()
            .exits(1);
        assert_eq!(server.requests(), 20);
        // Results that go on from the new ones take nothing from the log either.
        keep_lines(&folder, "o", 5);
        haul(arguments.iter().chain(&["--resume"])).done();
        assert_eq!(ids(&folder.records("o")), (0..10).collect::<Vec<_>>());
        let expected = if log == "f.db" { 2 } else { 1 };
        let counts = failures_by_id(&folder, log);
        assert!(
            counts.values().all(|count| *count == expected),
            "{log} {counts:?}"
        );
    }
}

#[test]
fn results_and_log_that_lost_different_failures_are_made_whole_again() {
    for log in LOGS {
        let (server, folder) = (server(), Folder::new());
        let (out, failures) = (folder.at("o"), folder.at(log));
        // All requests fail, so the results may lose any of them.
        let all = list(&server, 90);
        let third: String = all.split_inclusive('\n').step_by(3).collect();
        let list = folder.file("list", third);
        let arguments = ["-q", "--retry", "0", "-j", "3", "-o", &out];
        let arguments = [&arguments[..], &["--failures", &failures, &list]].concat();
        haul(&arguments).done().exits(1);
        lose_failures(&folder, ("o", log), 10);
        // The log loses its first failures, which are others than the last ones in the results.
        if log == "f.db" {
            let database = rusqlite::Connection::open(&failures).unwrap();
            let lost = "DELETE FROM failures WHERE rowid < 6";
            database.execute_batch(lost).unwrap();
        } else {
            let text = folder.read(log);
            folder.file(log, text.split_inclusive('\n').skip(5).collect::<String>());
        }
        haul(arguments.iter().chain(&["--resume"])).done().exits(0);
        assert_eq!(server.requests(), 30);
        check(&server, &folder, ("o", log), 30);
    }
}
