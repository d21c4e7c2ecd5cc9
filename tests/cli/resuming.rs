//! Runs that go on from the place at which an earlier run was cut off.

use std::collections::HashMap;

use serde_json::{Value, json};
use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Folder, haul};

fn keys(records: &[Value]) -> HashMap<String, usize> {
    let mut keys = HashMap::new();
    for record in records {
        *keys
            .entry(record["key"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    keys
}

#[test]
fn a_killed_run_is_resumed_with_each_outcome_once() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let urls: String = (0..3000)
        .map(|i| server.url(&format!("/{i}")) + "\n")
        .collect();
    let (list, out) = (folder.file("urls.txt", urls), folder.at("out.jsonl"));
    let arguments = ["-q", "--durable", "-j", "8", "-o", &out, &list];
    for part in 1..=3 {
        let resume = if part == 1 { "-q" } else { "--resume" };
        let mut run = haul(arguments.iter().chain(&[resume])).start();
        server.wait_for_requests(part * 500);
        run.kill();
        run.finish();
    }
    haul(arguments.iter().chain(&["--resume"])).done().exits(0);
    let records = folder.records("out.jsonl");
    assert_eq!(records.len(), 3000);
    assert!(keys(&records).values().all(|count| *count == 1));
    let before = server.requests();
    haul(arguments.iter().chain(&["--resume"])).done().exits(0);
    assert_eq!(server.requests(), before, "nothing is left to do");
    let said = haul(["--resume", "-o", &out, &list]).done().exits(0).stderr;
    assert!(
        said.starts_with("haul: 3000 outcomes are there from before\n"),
        "{said}"
    );
}

#[test]
fn one_outcome_from_before_is_told_in_the_singular() {
    let (folder, server) = (Folder::new(), Server::always(Answer::text("")));
    let (out, url) = (folder.at("out.jsonl"), server.url("/1"));
    haul(["-o", &out, &url]).done().exits(0);
    let done = haul(["--resume", "-o", &out, &url]).done().exits(0);
    assert!(
        done.stderr
            .starts_with("haul: 1 outcome is there from before\n"),
        "{}",
        done.stderr
    );
}

#[test]
fn no_existing_file_is_changed_by_chance() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let (out, url) = (folder.file("out.jsonl", "precious\n"), server.url("/"));
    let done = haul(["-o", &out, &url]).done().exits(2);
    let said =
        format!("haul: {out}: it exists (--resume goes on from it, --overwrite replaces it)");
    done.says(&said);
    assert_eq!(
        (folder.read("out.jsonl").as_str(), server.requests()),
        ("precious\n", 0)
    );
    // The file holds no results of this command, so there is nothing to go on from.
    haul(["--resume", "-o", &out, &url])
        .done()
        .exits(2)
        .says("line 1: not a record");
    haul(["--overwrite", "-o", &out, &url]).done().exits(0);
    assert_eq!(folder.records("out.jsonl").len(), 1);
    let failures = folder.file("failures.jsonl", "");
    let done = haul(["--failures", &failures, "-o", &folder.at("new.jsonl"), &url])
        .done()
        .exits(2);
    done.says("it exists");
    assert!(
        !folder.has("new.jsonl"),
        "it would be in the way of the next run"
    );
}

#[test]
fn the_request_of_a_torn_last_line_is_sent_again() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let list = folder.file(
        "urls",
        format!("{}\n{}\n", server.url("/1"), server.url("/2")),
    );
    let out = folder.at("out.jsonl");
    haul(["-o", &out, &list]).done().exits(0);
    let whole = folder.read("out.jsonl");
    folder.file("out.jsonl", &whole[..whole.len() - 20]);
    haul(["--resume", "-o", &out, &list]).done().exits(0);
    assert_eq!(keys(&folder.records("out.jsonl")).len(), 2);
    assert_eq!(server.requests(), 3);
}

#[test]
fn retry_failed_adds_a_line_that_stands_for_the_old_one() {
    let server = Scenario::new()
        .on(
            "/better",
            Answer::status(404).times(1).then(Answer::text("")),
        )
        .on("/*", Answer::text(""))
        .start();
    let folder = Folder::new();
    let list = folder.file(
        "urls",
        format!("{}\n{}\n", server.url("/better"), server.url("/good")),
    );
    let out = folder.at("out.jsonl");
    haul(["-o", &out, &list]).done().exits(1);
    haul(["--resume", "-o", &out, &list]).done().exits(0);
    assert_eq!(server.requests(), 2, "it has its outcome, if a failed one");
    haul(["--retry-failed", "-o", &out, &list]).done().exits(0);
    assert_eq!(
        (server.requests_to("/better"), server.requests_to("/good")),
        (2, 1)
    );
    let last = folder.records("out.jsonl").pop().unwrap();
    assert_eq!(
        (&last["outcome"], &last["supersedes"]),
        (&json!("success"), &json!(true))
    );
}

#[test]
fn a_write_in_flight_at_the_kill_is_sent_again_only_where_asked_for() {
    for again in [false, true] {
        let gate = Gate::closed();
        let server = Server::always(Answer::text("").behind(&gate));
        let folder = Folder::new();
        let line = json!({"url": server.url("/pay"), "body": "once"});
        let (list, out) = (
            folder.file("in.jsonl", format!("{line}\n")),
            folder.at("out.jsonl"),
        );
        let mut run = haul(["-o", &out, &list]).start();
        gate.wait_for(1);
        run.kill();
        run.finish();
        gate.open();
        let mut arguments = vec!["--resume", "-o", &out, &list];
        arguments.extend(again.then_some("--resume-writes"));
        let done = haul(arguments).done().exits(i32::from(!again));
        assert_eq!(
            server.requests(),
            if again { 2 } else { 1 },
            "{}",
            done.stderr
        );
        let record = &folder.records("out.jsonl")[0];
        let expected = if again {
            Value::Null
        } else {
            json!("interrupted")
        };
        assert_eq!(record["error_type"], expected);
    }
}

#[test]
fn a_run_stopped_by_a_limit_says_how_it_goes_on() {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    let urls: String = (0..500)
        .map(|i| server.url(&format!("/{i}")) + "\n")
        .collect();
    let (list, out) = (folder.file("my urls.txt", urls), folder.at("out.jsonl"));
    let arguments = ["--max-failures", "5", "-j", "2", "-o", &out, &list];
    let done = haul(arguments).done().exits(4);
    done.says(&format!(
        "haul: to go on: haul --resume --max-failures 5 -j 2 -o {out} '{list}'"
    ));
    let arguments = [
        "-H",
        "X-Key: secret",
        "--max-failures",
        "5",
        "--resume",
        "-o",
        &out,
        &list,
    ];
    let done = haul(arguments).done().exits(4);
    done.says("haul: to go on, give the same command with --resume")
        .never_says("secret");
}

#[test]
fn options_that_need_a_results_file_are_refused_without_one() {
    for option in ["--resume", "--retry-failed", "--durable"] {
        haul([option, "http://127.0.0.1:1/"])
            .done()
            .exits(2)
            .says("--output <FILE>");
        haul([option, "-o", "-", "http://127.0.0.1:1/"])
            .done()
            .exits(2)
            .says("it needs a file for the results (-o FILE)");
    }
}

/// The first 128 bits of SHA-256 over `abc`, and over `a`: keys of version 1 of requests with these ids.
const FIRST_KEYS: [&str; 2] = [
    "ba7816bf8f01cfea414140de5dae2223",
    "ca978112ca1bbdcafac231b39a23dc4d",
];

#[test]
fn a_results_file_with_keys_of_version_1_is_gone_on_from_with_such_keys() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let line = |id: &str| json!({"url": server.url("/"), "id": id}).to_string() + "\n";
    let list = folder.file("list", line("abc") + &line("a"));
    let record = json!({
        "v": 1, "id": "abc", "index": 0, "key": FIRST_KEYS[0], "outcome": "success", "url": server.url("/"),
        "method": "GET", "attempts": 1, "timestamp": "2026-08-22T10:15:30.123Z",
    });
    let out = folder.file("out.jsonl", format!("{record}\n"));
    for _ in 0..2 {
        haul(["--resume", "-o", &out, &list]).done().exits(0);
    }
    let records = folder.records("out.jsonl");
    let written: Vec<_> = records.iter().map(|r| r["key"].as_str().unwrap()).collect();
    assert_eq!((written, server.requests()), (FIRST_KEYS.to_vec(), 1));
}

#[test]
fn a_line_is_the_same_whether_its_url_is_relative_or_not() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let (base, out) = (server.url("/api/"), folder.at("out.jsonl"));
    let relative = folder.file("relative", "1\n/2\n../3\n?4\n");
    haul(["--base-url", &base, "-o", &out, &relative])
        .done()
        .exits(0);
    let whole: String = ["/api/1", "/2", "/3", "/api/?4"]
        .map(|path| server.url(path) + "\n")
        .concat();
    let whole = folder.file("whole", whole);
    for arguments in [vec![&*whole], vec![&*relative, "--base-url", &*base]] {
        haul(arguments.into_iter().chain(["--resume", "-o", &out]))
            .done()
            .exits(0);
    }
    assert_eq!(server.requests(), 4);
    let other = server.url("/other/");
    haul(["--resume", "--base-url", &other, "-o", &out, &relative])
        .done()
        .exits(0);
    assert_eq!(server.requests(), 6, "/2 and /3 are where they were");
}

#[test]
fn settings_of_the_run_are_no_part_of_a_request() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let list = folder.file("list", server.url("/") + "\n");
    let out = folder.at("out.jsonl");
    haul(["-o", &out, &list]).done().exits(0);
    for more in [
        "-HX-Run: 2",
        "-HUser-Agent:",
        "--url-query=a=1",
        "--max-time=9",
        "-bc=d",
    ] {
        haul(["--resume", more, "-o", &out, &list]).done().exits(0);
    }
    assert_eq!(server.requests(), 1);
}
