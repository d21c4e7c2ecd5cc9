//! Results and failures of a real run: written as they happen, read back, and run again.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use haul::record::{Kind, Record};
use haul::sink::{Failures, JsonLines, Sink};
use haul::{ErrorType, Layer, Request, Summary};
use serde_json::{Value, json};
use test_support::{Answer, Scenario, Server, client, refused};

/// A folder of the test's own, removed on drop.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haul-test-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the paths of all files in the folder.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn repaired_later(repaired: &'static AtomicBool) -> Server {
    Scenario::new()
        .on("/ok/*", Answer::json(r#"{"code": 0, "name": "pen"}"#))
        .on("/no", Answer::json(r#"{"code": 4001, "msg": "余额不足"}"#))
        .when("/sick", |_| match repaired.load(Ordering::SeqCst) {
            true => Answer::json(r#"{"code": 0}"#),
            false => Answer::status(500).typed("text/plain", "out of order"),
        })
        .on("/html", Answer::html("<p>"))
        .start()
}

#[test]
fn failures_of_a_run_can_be_run_again() {
    static REPAIRED: AtomicBool = AtomicBool::new(false);
    let server = repaired_later(&REPAIRED);
    let folder = Folder::new();
    let (results, failures) = (folder.file("results.jsonl"), folder.file("failures.jsonl"));
    let client = client(3);
    let requests = vec![
        Request::get(server.url("/ok/1"))
            .id("one")
            .tag(json!({"row": 1})),
        Request::get(server.url("/no")).require("/code", 0),
        Request::put(server.url("/sick"))
            .header("X-Trace", "7")
            .query("page", "2")
            .json(&json!({"name": "pen"}))
            .id("sick"),
        Request::get(server.url("/html")).expect_json(true),
        Request::get(format!("http://{}/", refused())),
        Request::get("not a url"),
    ];
    let mut sinks = (
        JsonLines::create(&results).unwrap(),
        Failures::create(&failures).unwrap(),
    );
    let outcomes = client.as_completed(requests);
    let handle = outcomes.summary();
    let mut summary = Summary::new();
    for outcome in outcomes {
        summary.record(&outcome);
        sinks.write(&outcome).unwrap();
    }
    Sink::<haul::Response>::finish(&mut sinks, &summary).unwrap();
    assert_eq!(handle.snapshot().total(), 6);

    let text = fs::read_to_string(&results).unwrap();
    let mut records: Vec<Record<'_>> = text.lines().map(|l| Record::parse(l).unwrap()).collect();
    records.sort_by_key(|record| record.index);
    let kinds: Vec<_> = records.iter().map(|record| record.outcome).collect();
    let failed = Kind::Failed;
    assert_eq!(
        kinds,
        [
            Kind::Success,
            Kind::Rejected,
            failed,
            failed,
            failed,
            failed
        ]
    );
    assert_eq!(records[0].id.as_deref(), Some("one"));
    let body = records[0].body_bytes().unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap()["name"],
        "pen"
    );
    assert_eq!(records[0].tag.as_deref(), Some(&json!({"row": 1})));
    assert_eq!(*records[1].rejection.as_ref().unwrap().code(), 4001);
    assert_eq!((records[2].status, records[2].attempts), (Some(500), 3));
    assert_eq!(records[3].error_type, Some(ErrorType::Decode));
    assert_eq!(records[4].layer, Some(Layer::Network));
    assert_eq!(
        (records[5].attempts, records[5].error_type),
        (0, Some(ErrorType::InvalidRequest))
    );

    let log = fs::read_to_string(&failures).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4, "the rejected one is no failure");
    let sick = lines.iter().find(|line| line["id"] == "sick").unwrap();
    for (key, expected) in [
        ("url", json!(server.url("/sick"))),
        ("error_type", json!("http_status")),
        ("error_msg", json!("500 Internal Server Error")),
        ("response_text", json!("out of order")),
    ] {
        assert_eq!(sick[key], expected, "{key}");
    }
    assert!(sick["timestamp"].as_str().unwrap().ends_with('Z'));

    REPAIRED.store(true, Ordering::SeqCst);
    let again: Vec<Request> = log
        .lines()
        .map(|line| Record::parse_request(line).unwrap())
        .collect();
    let outcomes: Vec<_> = client.map(again).collect();
    assert_eq!(outcomes.len(), 4);
    let repaired = outcomes
        .iter()
        .find(|outcome| outcome.id() == Some("sick"))
        .unwrap();
    assert!(repaired.is_success(), "{repaired:?}");
    let seen = server.last("/sick");
    assert_eq!(
        (seen.method.as_str(), seen.query()),
        ("PUT", Some("page=2"))
    );
    assert_eq!(seen.header("x-trace"), Some("7"));
    assert_eq!(seen.text(), r#"{"name":"pen"}"#);
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| outcome.is_failed())
            .count(),
        3
    );
}

#[test]
fn the_value_of_a_closure_is_recorded_without_a_body() {
    let server = Server::always(Answer::json("[1, 2, 3]"));
    let mut lines = JsonLines::new(Vec::new());
    let client = client(1);
    let mut outcomes = client.process([server.url("/")], |response| response.json::<Vec<u8>>());
    let outcome = outcomes.next().unwrap();
    lines.write(&outcome).unwrap();
    let line = Record::new(&outcome, &Default::default()).to_line();
    let record = Record::parse(&line).unwrap();
    assert_eq!((record.status, record.body_bytes()), (Some(200), None));
    assert_eq!(record.content_type.as_deref(), Some("application/json"));
}
