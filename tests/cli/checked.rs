//! Files that are checked, skipped, dated, and received no faster than allowed.

use std::fs;

use serde_json::{Value, json};
use test_support::{Answer, Scenario, Server, bytes};

use super::command::{Folder, haul};

fn digest(body: &[u8]) -> String {
    let digest = hmac_sha256::Hash::hash(body);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn server() -> Server {
    Scenario::new()
        .when("/*", |seen| Answer::text(seen.path().to_owned()))
        .start()
}

#[test]
fn files_are_checked_against_a_list_and_lines() {
    let (server, folder) = (server(), Folder::new());
    let sums = format!(
        "{}  sub/a\n{} *b\n{}  c\n",
        digest(b"/1"),
        digest(b"/x/b"),
        digest(b"other")
    );
    folder.file("SHA256SUMS", sums);
    let lines = [
        json!({"url": server.url("/1"), "output_file": "sub/a"}),
        json!({"url": server.url("/x/b")}),
        json!({"url": server.url("/c")}),
        json!({"url": server.url("/d")}),
        json!({"url": server.url("/y/c"), "sha256": digest(b"/y/c"), "size": 4}),
        json!({"url": server.url("/e"), "size": 3}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let arguments = [
        "--output-dir",
        "d",
        "--checksums",
        "SHA256SUMS",
        "--ordered",
    ];
    let summary = ["--summary-json", "s.json", "--failures", "f.jsonl", "-"];
    let done = haul(arguments.iter().chain(&summary))
        .current_dir(&folder)
        .input(lines)
        .done()
        .exits(1);
    let results = done.results();
    let outcome = |i: usize| (&results[i]["outcome"], &results[i]["error_type"]);
    for right in [0, 1, 3, 4] {
        assert_eq!(outcome(right), (&json!("success"), &Value::Null), "{right}");
    }
    for wrong in [2, 5] {
        assert_eq!(outcome(wrong), (&json!("failed"), &json!("checksum")));
        assert_eq!(results[wrong]["layer"], "application");
        assert_eq!(results[wrong]["attempts"], 2);
    }
    for (name, is_there) in [
        ("d/sub/a", true),
        ("d/b", true),
        ("d/c", false),
        ("d/d", true),
    ] {
        assert_eq!(folder.has(name), is_there, "{name}");
    }
    let summary: Value = serde_json::from_str(&folder.read("s.json")).unwrap();
    // The file that failed for its size would be unchecked too, but it was not saved.
    assert_eq!(summary["unchecked"], 1);
    done.says("1 unchecked");
    let log = folder.records("f.jsonl");
    assert_eq!(log[0]["request"]["sha256"], digest(b"other"));
    // The log says what was expected, so the next run expects it too.
    let again = ["--output-dir", "d", "--retry", "0", "f.jsonl"];
    let done = haul(again).current_dir(&folder).done().exits(1);
    assert!(done.results().iter().all(|r| r["error_type"] == "checksum"));
}

#[test]
fn a_list_that_cannot_be_read_is_named_with_its_line() {
    let folder = Folder::new();
    folder.file("sums", format!("{}  a\nnonsense\n", digest(b"")));
    let run = |list: &str| {
        let arguments = [
            "--output-dir",
            "d",
            "--checksums",
            list,
            "http://127.0.0.1:1/",
        ];
        haul(arguments).current_dir(&folder).done().exits(2)
    };
    run("sums").says("haul: sums:2: it is no checksum");
    run("none").says("--checksums: none: cannot be read");
}

#[test]
fn a_digest_that_is_none_is_an_invalid_line() {
    for (key, value) in [("sha256", json!("abc")), ("size", json!(-1))] {
        let line = json!({"url": "http://127.0.0.1:1/", key: value});
        let run = haul(["--output-dir", "/tmp", "-"]).input(line.to_string());
        let done = run.done().exits(1);
        assert_eq!(done.results()[0]["error_type"], "invalid_request");
        done.says(&format!("stdin:1: {key}: "));
    }
    let line = json!({"url": "http://127.0.0.1:1/", "size": 1}).to_string();
    let done = haul(["-"]).input(line).done().exits(1);
    done.says("--output-dir");
}

#[test]
fn files_that_are_there_are_skipped_and_counted() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.at("d")).unwrap();
    folder.file("d/a", "old");
    folder.file("d/b", "/b");
    let lines = [
        json!({"url": server.url("/a")}),
        json!({"url": server.url("/b"), "sha256": digest(b"/b")}),
        json!({"url": server.url("/b2"), "output_file": "c"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let arguments = ["--output-dir", "d", "--skip-existing", "--ordered", "-"];
    let run = || haul(arguments).current_dir(&folder).input(&*lines);
    let done = run().done().exits(0);
    let results = done.results();
    for (i, name) in [(0, "d/a"), (1, "d/b")] {
        assert_eq!(results[i]["skipped"], true);
        assert_eq!(results[i]["output_file"], name);
        assert_eq!(
            (&results[i]["attempts"], &results[i]["status"]),
            (&json!(0), &Value::Null)
        );
    }
    assert_eq!(results[2].get("skipped"), None);
    done.says("2 skipped");
    assert_eq!(
        (folder.read("d/a"), server.requests()),
        ("old".to_owned(), 1)
    );
    run().done().exits(0).says("3 skipped");
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_file_that_a_line_knows_better_is_replaced() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.at("d")).unwrap();
    folder.file("d/a", "old");
    let line = json!({"url": server.url("/a"), "output_file": "a", "size": 2}).to_string();
    let arguments = ["--output-dir", "d", "--skip-existing", "-"];
    haul(arguments)
        .current_dir(&folder)
        .input(line)
        .done()
        .exits(0);
    assert_eq!(folder.read("d/a"), "/a");
}

#[test]
fn timestamping_asks_for_newer_files_only() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let server = Server::start(|seen| match seen.header("If-Modified-Since") {
        Some(DATE) => Answer::status(304),
        _ => Answer::text("new").header("Last-Modified", DATE),
    });
    let folder = Folder::new();
    fs::create_dir(folder.at("d")).unwrap();
    folder.file("d/a", "old");
    let url = server.url("/a");
    let arguments = ["--output-dir", "d", "--timestamping", &url, "-q"];
    let run = || haul(arguments).current_dir(&folder).done().exits(0);
    assert_eq!(run().results()[0].get("skipped"), None);
    let skipped = &run().results()[0];
    assert_eq!(
        (&skipped["skipped"], &skipped["status"]),
        (&json!(true), &json!(304))
    );
    assert_eq!(skipped["output_file"], "d/a");
    assert_eq!(folder.read("d/a"), "new");
}

#[test]
fn a_limited_rate_changes_no_byte() {
    let server = Server::always(Answer::status(200).body(bytes(300_000)));
    let folder = Folder::new();
    let url = server.url("/a");
    let arguments = ["--output-dir", "d", "--limit-rate", "10M/s", &url];
    haul(arguments).current_dir(&folder).done().exits(0);
    assert_eq!(fs::read(folder.path().join("d/a")).unwrap(), bytes(300_000));
    for wrong in ["0", "fast", "-1"] {
        haul(["--limit-rate", wrong, &url]).done().exits(2);
    }
}
