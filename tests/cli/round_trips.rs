//! Files that a run has written, as the input of another run.

use std::fs;

use serde_json::{Value, json};
use test_support::{Answer, Scenario, Server};

use super::command::{Done, Folder, haul};

/// Request as the server saw it: method, target, an own header and body.
type Sent = (String, String, Option<String>, String);

fn server() -> Server {
    Server::start(|seen| match seen.path() {
        "/missing" => Answer::status(404),
        _ => Answer::json(json!({"a": [1.50, "b\tc"]})),
    })
}

/// Returns the requests that a server saw since the first ones, in any order.
fn sent(server: &Server, first: usize) -> Vec<Sent> {
    let seen = server.seen().into_iter().skip(first);
    let mut sent: Vec<Sent> = seen
        .map(|seen| {
            let own = seen.header("x-own").map(str::to_owned);
            (seen.method.clone(), seen.target.clone(), own, seen.text())
        })
        .collect();
    sent.sort();
    sent
}

/// Returns these values of the results, by line.
fn picked(done: &Done, names: &[&str]) -> Vec<Value> {
    let pick = |result: &Value| names.iter().map(|name| result[name].clone()).collect();
    done.results().iter().map(pick).collect()
}

/// GET and HEAD requests with texts that need care in every format.
fn plain_list(server: &Server) -> String {
    let lines = [
        json!({"id": "\"q\" a\tb\nc\\d", "url": server.url("/a?x=1,2")}),
        json!({"id": "\"", "url": server.url("/b;\"c\"")}),
        json!({"id": "'x', y", "url": server.url("/missing"), "tag": {"n": [1, "\""]}}),
        json!({"url": server.url("/head"), "method": "HEAD"}),
    ];
    lines.map(|line| line.to_string() + "\n").concat()
}

const RESULTS: [&str; 9] = [
    "run.jsonl",
    "run.jsonl.gz",
    "run.jsonl.zst",
    "run.csv",
    "run.csv.gz",
    "run.csv.zst",
    "run.tsv",
    "run.tsv.gz",
    "run.tsv.zst",
];

#[test]
fn results_in_every_format_are_sent_again_as_they_were() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", plain_list(&server));
    for name in RESULTS {
        let out = folder.at(name);
        let before = server.requests();
        haul(["-o", &out, "--ordered", &list]).done().exits(1);
        let first = sent(&server, before);
        assert_eq!(first.len(), 4);
        let first_results = haul(["--ordered", &list]).done().exits(1);
        let before = server.requests();
        let again = haul(["--ordered", &out]).done().exits(1);
        assert_eq!(sent(&server, before), first, "{name}");
        let names = ["id", "key", "url", "method", "status"];
        let expected = picked(&first_results, &names);
        assert_eq!(picked(&again, &names), expected, "{name}");
        // The format may be named too.
        let named = ["--input-format", "results", "--ordered", &out];
        assert_eq!(picked(&haul(named).done(), &names), expected, "{name}");
        again.never_says("warning");
    }
}

#[test]
fn selected_columns_keep_the_tag_and_the_parameters() {
    let (server, folder) = (server(), Folder::new());
    let line = json!({"url": server.url("/p"), "params": {"k": "v w"}, "tag": {"n": 1.50}});
    for name in ["run.csv", "run.tsv"] {
        let out = folder.at(name);
        let columns = "tag,final_url,outcome,key,method,url,status";
        let run = haul(["--select", columns, "-o", &out, "-"]);
        run.input(line.to_string()).done().exits(0);
        let again = haul([&out]).done().exits(0).never_says("warning");
        assert_eq!(again.results()[0]["tag"], json!({"n": 1.50}), "{name}");
    }
    assert_eq!(server.requests_to("/p"), 4);
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.query() == Some("k=v%20w")));
}

#[test]
fn a_request_with_a_body_is_not_sent_without_it() {
    let (server, folder) = (server(), Folder::new());
    let lines = [
        json!({"url": server.url("/post"), "body": "b"}),
        json!({"url": server.url("/own"), "headers": {"X-Own": "1"}}),
    ];
    let list = folder.file("list", lines.map(|line| format!("{line}\n")).concat());
    for name in RESULTS {
        let out = folder.at(name);
        haul(["-o", &out, &list]).done().exits(0);
        let (posts, own) = (server.requests_to("/post"), server.requests_to("/own"));
        let again = haul([&out]).done().exits(1);
        assert_eq!(server.requests_to("/post"), posts, "{name}");
        assert_eq!(server.requests_to("/own"), own + 1, "{name}");
        again
            .says("a results file holds no bodies")
            .says("warning: ")
            .says("a results file does not hold the headers");
    }
}

#[test]
fn failure_logs_are_sent_again_as_they_were() {
    let folder = Folder::new();
    let server = Server::always(Answer::status(500));
    let lines = [
        json!({"url": server.url("/a"), "body": "\"b\"\n", "headers": {"X-Own": "1"}}),
        json!({"url": server.url("/b"), "method": "PUT", "json": {"n": 1.50}}),
        json!({"url": server.url("/c"), "params": {"k": "v w"}}),
    ];
    let list = folder.file("list", lines.map(|line| format!("{line}\n")).concat());
    for name in ["failed.jsonl", "failed.db"] {
        let log = folder.at(name);
        let before = server.requests();
        haul(["--retry", "0", "--failures", &log, &list])
            .done()
            .exits(1);
        let first = sent(&server, before);
        let before = server.requests();
        haul(["--retry", "0", &log]).done().exits(1);
        assert_eq!(sent(&server, before), first, "{name}");
        assert_eq!(first.len(), 3);
    }
}

#[test]
fn a_request_whose_result_was_superseded_is_sent_once() {
    let folder = Folder::new();
    for name in RESULTS {
        let server = Scenario::new()
            .on("/bad", Answer::status(500).times(2).then(Answer::text("")))
            .on("/twice", Answer::text(""))
            .start();
        // A request that is in the list twice stays there twice.
        let urls = ["/twice", "/bad", "/twice"].map(|path| server.url(path) + "\n");
        let list = folder.file("list", urls.concat());
        let out = folder.at(name);
        for status in [1, 1, 0] {
            let run = haul(["--retry", "0", "--retry-failed", "-o", &out, &list]);
            run.done().exits(status);
        }
        assert_eq!(server.requests_to("/bad"), 3, "{name}");
        haul([&out]).done().exits(0);
        assert_eq!(server.requests_to("/bad"), 4, "{name}");
        assert_eq!(server.requests_to("/twice"), 4, "{name}");
    }
}

#[test]
fn results_with_bodies_as_json_are_reported_continued_and_sent_again() {
    let (server, folder) = (server(), Folder::new());
    let urls = ["/1", "/missing", "/2"].map(|path| server.url(path) + "\n");
    let (list, out) = (folder.file("list", urls.concat()), folder.at("run.jsonl"));
    let run = || haul(["--body", "json", "-o", &out, "--resume"]);
    run().and(["-"]).input(urls[..2].concat()).done().exits(1);
    // The failure is from before, and no other comes.
    run().and([&list]).done().exits(0);
    assert_eq!(server.requests(), 3);
    let records = folder.records("run.jsonl");
    assert_eq!(records.len(), 3);
    let embedded = records
        .iter()
        .filter(|record| record["json"] == json!({"a": [1.5, "b\tc"]}));
    assert_eq!(embedded.count(), 2);
    let figures = folder.at("report.json");
    haul(["report", &out, "--summary-json", &figures])
        .done()
        .exits(0);
    let figures: Value = serde_json::from_str(&fs::read_to_string(figures).unwrap()).unwrap();
    assert_eq!(
        (&figures["total"], &figures["succeeded"], &figures["failed"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let against = haul(["report", "--against", &out, &out]).done().exits(0);
    let compared = "body changed            0 of 2 compared";
    assert!(against.stdout.contains(compared), "{}", against.stdout);
    haul([&out]).done().exits(1);
    assert_eq!(server.requests(), 6);
}
