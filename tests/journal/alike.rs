//! Requests that share their id, and differ in a header, their body, their URL or their credentials.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use haul::record::{Kind, Record};
use haul::{ErrorType, Request};
use test_support::{Answer, Seen, Server};

use super::{Folder, Input, REQUESTS, kill_and_resume};

/// Number of requests that have the same id.
const ALIKE: usize = 7;

pub(super) fn requests(base: &str) -> impl Iterator<Item = Request> {
    (0..REQUESTS).map(move |i| {
        let group = i / ALIKE;
        let url = format!("{base}/{group}");
        let request = match i % ALIKE {
            0 => Request::get(url),
            1 => Request::get(url).header("Accept-Language", "de"),
            2 => Request::get(url).header("Accept-Language", "en"),
            3 => Request::post(url).body("3"),
            4 => Request::post(url).body("4"),
            5 => Request::get(format!("{url}?5")),
            _ => Request::get(url).bearer("6"),
        };
        request.id(group.to_string()).tag(i)
    })
}

/// Text by which the server tells a request from all others.
fn seen_as(method: &str, target: &str, rest: [&str; 3]) -> String {
    format!("{method} {target} {}", rest.join(" "))
}

fn shown(seen: &Seen) -> String {
    let header = |name| seen.header(name).unwrap_or_default();
    let rest = [header("accept-language"), header("authorization")];
    seen_as(&seen.method, &seen.target, [rest[0], rest[1], &seen.text()])
}

fn expected(i: usize) -> String {
    let target = format!("/{}", i / ALIKE);
    match i % ALIKE {
        0 => seen_as("GET", &target, ["", "", ""]),
        1 => seen_as("GET", &target, ["de", "", ""]),
        2 => seen_as("GET", &target, ["en", "", ""]),
        3 => seen_as("POST", &target, ["", "", "3"]),
        4 => seen_as("POST", &target, ["", "", "4"]),
        5 => seen_as("GET", &format!("{target}?5"), ["", "", ""]),
        _ => seen_as("GET", &target, ["", "Bearer 6", ""]),
    }
}

/// Asserts that every request has one record, which is its own, and that no write was sent twice.
fn check(server: &Server, results: &Path) {
    let mut times = HashMap::<String, usize>::new();
    for seen in server.seen() {
        *times.entry(shown(&seen)).or_default() += 1;
    }
    let text = fs::read_to_string(results).unwrap();
    let mut records = vec![0; REQUESTS];
    let mut interrupted = 0;
    for line in text.lines() {
        let record = Record::parse(line).unwrap();
        let i = record.tag.as_ref().unwrap().as_u64().unwrap() as usize;
        assert_eq!(record.index, i as u64, "{line}");
        records[i] += 1;
        let expected = expected(i);
        let times = times.get(&expected).copied().unwrap_or_default();
        if record.method == "POST" {
            assert!(times <= 1, "sent {times} times: {line}");
        }
        if record.error_type == Some(ErrorType::Interrupted) {
            assert_eq!(record.method, "POST");
            interrupted += 1;
            continue;
        }
        assert_eq!(record.outcome, Kind::Success, "{line}");
        assert_eq!(record.body.as_deref(), Some(&*expected), "{line}");
    }
    let wrong: Vec<_> = (0..REQUESTS).filter(|i| records[*i] != 1).collect();
    assert!(wrong.is_empty(), "lost or written twice: {wrong:?}");
    assert!(interrupted < REQUESTS / 8, "{interrupted} were interrupted");
    assert!(!results.with_extension("jsonl.journal").exists());
}

#[test]
fn requests_of_one_id_that_differ_in_what_is_sent_are_each_done_once_over_fifty_kills() {
    let server = Server::start(|seen| {
        Answer::text(shown(seen)).after(Duration::from_millis(seen.number as u64 % 4))
    });
    let folder = Folder::new("alike");
    kill_and_resume(&server, &folder.results(), Input::Alike, 50, false);
    check(&server, &folder.results());
}
