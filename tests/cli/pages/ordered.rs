//! Lists whose pages come by line and then by page (`--ordered`).

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::command::{Folder, haul};
use super::{asked, page_of, server, shown};
use test_support::{Answer, Gate, Server};

/// Returns lines with the URLs of this many lists.
fn lists(server: &Server, count: u64) -> String {
    (0..count).map(|n| server.url(&format!("/{n}\n"))).collect()
}

/// Returns the number of the list that a path names.
fn list_of(path: &str) -> u64 {
    path[1..].parse().unwrap()
}

/// Returns index and page of each record.
fn places(records: &[Value]) -> Vec<(u64, u64)> {
    shown(records).iter().map(|r| (r.0, r.1)).collect()
}

#[test]
fn pages_come_by_line_and_then_by_page() {
    let server = Server::start(|request| {
        let delay = Duration::from_millis((list_of(request.path()) * 7 + asked(request) * 5) % 4);
        page_of(3, request).after(delay)
    });
    for jobs in ["1", "2", "16"] {
        let arguments = ["--ordered", "--paginate", "link", "-j", jobs, "-"];
        let done = haul(arguments).input(lists(&server, 20)).done().exits(0);
        let expected: Vec<_> = (0..20).flat_map(|n| (1..4).map(move |p| (n, p))).collect();
        assert_eq!(places(&done.results()), expected, "-j {jobs}");
    }
}

#[test]
fn lists_are_asked_for_side_by_side() {
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::start(move |request| match asked(request) {
        0 => page_of(4, request),
        _ => page_of(4, request).behind(&held),
    });
    let folder = Folder::new();
    let list = folder.file("list", lists(&server, 8));
    let run = haul(["--ordered", "--paginate", "link", "-j", "8", &list]).start();
    // The second page of each list waits for its answer at the same time.
    gate.wait_for(8);
    assert_eq!(server.most_at_once(), 8);
    gate.open();
    let places = places(&run.finish().results());
    assert_eq!(places.len(), 32);
    assert!(places.is_sorted());
}

#[test]
fn a_list_ends_in_its_place_whatever_ends_it() {
    // List 1 fails at its second page, list 3 never ends, list 5 leads to itself.
    let server = Server::start(|request| match (list_of(request.path()), asked(request)) {
        (1, 1) => Answer::status(404),
        (3, _) => page_of(u64::MAX, request),
        (5, _) => Answer::text("").header("Link", "<>; rel=next"),
        _ => page_of(3, request),
    });
    for jobs in ["1", "3"] {
        let arguments = [
            "--ordered",
            "--paginate",
            "link",
            "--max-pages",
            "9",
            "-j",
            jobs,
        ];
        let done = haul(arguments).and(["-"]).input(lists(&server, 7)).done();
        let done = done.exits(1).says("it has more than 9 pages");
        let lengths = [3, 2, 3, 9, 3, 1, 3];
        let pages = |(list, length): (u64, &u64)| {
            (1..=*length)
                .map(move |page| (list, page))
                .collect::<Vec<_>>()
        };
        let expected: Vec<_> = (0..).zip(&lengths).flat_map(pages).collect();
        assert_eq!(places(&done.results()), expected, "-j {jobs}");
    }
}

#[test]
fn a_long_list_behind_a_slow_one_is_asked_for_up_to_the_bound() {
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::start(move |request| match list_of(request.path()) {
        0 => page_of(2, request).behind(&held),
        _ => page_of(1_200, request),
    });
    let folder = Folder::new();
    let list = folder.file("list", lists(&server, 2));
    let run = haul(["--ordered", "--paginate", "link", "-j", "2", &list]).start();
    gate.wait_for(1);
    server.wait_for_requests_to("/1", 999);
    // Time in which further pages would come.
    let until = Instant::now() + Duration::from_millis(50);
    while Instant::now() < until {
        std::thread::yield_now();
    }
    assert_eq!(server.requests_to("/1"), 999);
    gate.open();
    let places = places(&run.finish().results());
    assert_eq!(places.len(), 1_202);
    assert!(places.is_sorted());
}

#[test]
fn a_page_of_a_post_is_asked_for_only_when_the_one_before_is_recorded() {
    let folder = Folder::new();
    let (out, results) = (folder.at("out.jsonl"), folder.path().join("out.jsonl"));
    let server = Server::start(move |request| {
        let page = asked(request);
        let before = format!("{}?page={}\"", request.path(), page);
        let text = fs::read_to_string(&results).unwrap_or_default();
        // The record of the page before holds the link to this one.
        match page == 0 || text.contains(&before) {
            true => page_of(5, request),
            false => Answer::status(400),
        }
    });
    let list = folder.file("list", lists(&server, 6));
    let arguments = ["--ordered", "--paginate", "link", "-d", "x", "-j", "4"];
    haul(arguments).and(["-o", &out, &list]).done().exits(0);
    let places = places(&folder.records("out.jsonl"));
    assert_eq!(places.len(), 30);
    assert!(places.is_sorted());
}

#[test]
fn results_that_wait_for_their_turn_are_written_when_the_run_is_stopped() {
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::start(move |request| match list_of(request.path()) {
        0 => page_of(3, request).behind(&held),
        _ => page_of(3, request),
    });
    let folder = Folder::new();
    let (out, list) = (
        folder.at("out.jsonl"),
        folder.file("list", lists(&server, 4)),
    );
    let arguments = ["--ordered", "--paginate", "link", "-o", &out, &list];
    let run = haul(arguments).and(["--grace", "0"]).start();
    gate.wait_for(1);
    for list in ["/1", "/2", "/3"] {
        server.wait_for_requests_to(list, 3);
    }
    run.signal(rustix::process::Signal::INT);
    run.finish();
    gate.open();
    haul(arguments).and(["--resume"]).done().exits(0);
    let mut found = places(&folder.records("out.jsonl"));
    found.sort_unstable();
    let expected: Vec<_> = (0..4).flat_map(|n| (1..4).map(move |p| (n, p))).collect();
    assert_eq!(found, expected);
    // The answers of the other lists may have been under way to the run when it was stopped.
    assert!(server.requests() <= 4 + 3 * 3 + 3);
}

#[test]
fn a_list_is_resumed_in_order() {
    let (server, folder) = (server(5), Folder::new());
    let (out, list) = (
        folder.at("out.jsonl"),
        folder.file("list", lists(&server, 5)),
    );
    let arguments = ["--ordered", "--paginate", "link", "-o", &out, &list];
    haul(arguments).and(["--max-pages", "2"]).done().exits(0);
    haul(arguments).and(["--resume"]).done().exits(0);
    let found = places(&folder.records("out.jsonl"));
    let part = |pages: std::ops::Range<u64>| {
        (0..5).flat_map(move |n| pages.clone().map(move |page| (n, page)))
    };
    assert_eq!(found, part(1..3).chain(part(3..6)).collect::<Vec<_>>());
    assert_eq!(server.requests(), 25);
}
