//! Jobs 7 to 10: fields and JSON of answers, requests that failed, and a run that goes on.

use std::fs;

use serde_json::{Value, json};
use test_support::{Answer, Scenario};

use super::super::command::{Folder, haul, records};
use super::{job, list, pages, picked};

#[test]
fn job_7_fields_of_answers_become_a_table() {
    let (server, folder) = (pages(), Folder::new());
    let lines = ["a,b", "missing"]
        .map(|id| json!({"id": id, "url": server.url(&format!("/{id}"))}).to_string() + "\n");
    folder.file("items.jsonl", lines.concat());
    job(7, &folder, &server).done().exits(1);
    assert_eq!(
        folder.read("names.csv"),
        "id,status,/data/name,header:etag\n\"a,b\",200,\"/a,b\",\"\"\"v1\"\"\"\nmissing,404,,\n"
    );
}

#[test]
fn job_8_answers_stand_as_json_in_the_results() {
    let (server, folder) = (pages(), Folder::new());
    list(&folder, "urls.txt", &server, &["/1", "/2"]);
    job(8, &folder, &server).done().exits(0);
    let written = picked(&folder.records("items.jsonl"), &["json", "body"]);
    let expected = ["/1", "/2"].map(|path| json!([{"data": {"name": path}, "n": 1.5}, null]));
    assert_eq!(written, expected);
}

#[test]
fn job_9_what_failed_is_sent_again() {
    let server = Scenario::new()
        .on("/good", Answer::text(""))
        .on("/bad", Answer::status(500).times(1).then(Answer::text("")))
        .start();
    let folder = Folder::new();
    let lines = ["/good", "/bad"].map(|path| {
        let line = json!({"url": server.url(path), "body": path, "headers": {"X-A": "b"}});
        format!("{line}\n")
    });
    let failures = folder.at("failed.jsonl");
    let run = haul(["--retry", "0", "--failures", &failures, "-"]);
    run.input(lines.concat()).done().exits(1);
    job(9, &folder, &server).done().exits(0);
    let bad = server.seen().into_iter().filter(|s| s.path() == "/bad");
    let bad = bad.map(|s| {
        (
            s.method.clone(),
            s.header("x-a").map(str::to_owned),
            s.text(),
        )
    });
    let bad: Vec<_> = bad.collect();
    assert_eq!(bad.len(), 2);
    assert_eq!(bad[0], bad[1]);
    assert_eq!(server.requests_to("/good"), 1);
    let written = picked(&folder.records("again.jsonl"), &["url", "status"]);
    assert_eq!(written, [json!([server.url("/bad"), 200])]);
}

#[test]
fn job_10_a_run_goes_on_into_a_compressed_file() {
    let (server, folder) = (pages(), Folder::new());
    list(&folder, "urls.txt", &server, &["/1", "/2", "/3", "/4"]);
    let out = folder.at("run.jsonl.zst");
    let first = server.url("/1") + "\n" + &server.url("/2");
    haul(["-o", &out, "-"]).input(first).done().exits(0);
    job(10, &folder, &server).done().exits(0);
    let text = zstd::decode_all(fs::File::open(&out).unwrap()).unwrap();
    let mut written = picked(&records(&String::from_utf8(text).unwrap()), &["url"]);
    written.sort_by_key(Value::to_string);
    let paths = ["/1", "/2", "/3", "/4"];
    assert_eq!(written, paths.map(|path| json!([server.url(path)])));
    assert!(paths.iter().all(|path| server.requests_to(path) == 1));
}
