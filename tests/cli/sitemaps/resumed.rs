//! Runs over sitemaps that go on: sitemaps that had failed, and kills.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use test_support::{Answer, Gate, Scenario, Server};

use super::super::command::{Folder, haul};
use super::{index, urlset, values};

/// Returns the last outcome of each URL, and asserts that each success has one line.
#[track_caller]
fn last_outcomes(records: &[Value]) -> BTreeMap<String, Value> {
    let mut last = BTreeMap::new();
    for record in records {
        let url = record["url"].as_str().unwrap().to_owned();
        let before: Option<Value> = last.insert(url, record["outcome"].clone());
        assert_eq!(before.is_some(), record["supersedes"] == true, "{record}");
        assert_ne!(before, Some("success".into()), "{record}");
    }
    last
}

/// A server with two sitemaps, of which the second fails `times` times.
fn flaky(pages: usize, times: usize) -> Server {
    let fails = AtomicUsize::new(times);
    Server::start(move |request| {
        let host = request.header("host").unwrap();
        let of = |name: &str| -> Vec<String> {
            (0..pages)
                .map(|n| format!("http://{host}/{name}/{n}"))
                .collect()
        };
        let left = |left: usize| left.checked_sub(1);
        let order = Ordering::SeqCst;
        match request.path() {
            "/a.xml" => Answer::text(urlset(&of("a"))),
            "/b.xml" if fails.fetch_update(order, order, left).is_ok() => Answer::status(503),
            "/b.xml" => Answer::text(urlset(&of("b"))),
            _ => Answer::text(""),
        }
    })
}

#[test]
fn a_sitemap_that_comes_back_is_followed_by_the_next_run() {
    for (name, goes_on) in [
        ("run.jsonl", "--resume"),
        ("run.jsonl", "--retry-failed"),
        ("run.db", "--resume"),
        ("run.db", "--retry-failed"),
    ] {
        let folder = Folder::new();
        let server = flaky(3, 2);
        let links = [server.url("/b.xml"), server.url("/a.xml")];
        let list = folder.file("index.xml", index(&links));
        let out = folder.at(name);
        let given = ["-q", "--follow-sitemaps", "--retry", "0", "-o", &out, &list];
        haul(given).done().exits(1);
        let records = folder.records(name);
        assert_eq!(values(&records, "outcome").len(), 4);
        let failed = records
            .iter()
            .find(|record| record["outcome"] == "failed")
            .unwrap();
        assert_eq!(
            (&failed["error_type"], &failed["status"]),
            (&"http_status".into(), &503.into())
        );
        // The sitemap fails once more.
        haul(given).and([goes_on]).done().exits(1);
        let records = folder.records(name);
        assert_eq!(records.len(), 5);
        assert_eq!(failures_left(&records), 1);
        haul(given).and([goes_on]).done().exits(0);
        let last = last_outcomes(&folder.records(name));
        assert_eq!(last.len(), 7, "{last:?}");
        assert!(
            last.values().all(|outcome| outcome == "success"),
            "{last:?}"
        );
        let (pages, requests) = (folder.records(name).len(), server.requests());
        // Only the sitemaps are looked at again.
        haul(given).and([goes_on]).done().exits(0);
        assert_eq!(
            (folder.records(name).len(), server.requests()),
            (pages, requests + 2)
        );
    }
}

#[test]
fn a_sitemap_that_fails_in_a_resumed_run_counts_as_failed_each_time() {
    for name in ["run.jsonl", "run.db", "run.csv"] {
        let folder = Folder::new();
        let server = flaky(1, usize::MAX);
        // The first index leads to the second, and that to the sitemap.
        let nested = Server::always(Answer::text(index(&[server.url("/b.xml")])));
        let links = [nested.url("/index.xml"), server.url("/a.xml")];
        let list = folder.file("index.xml", index(&links));
        let (out, log) = (folder.at(name), folder.at("failed.jsonl"));
        let sums = folder.at("summary.json");
        let given = ["-q", "--follow-sitemaps", "--retry", "0", "-o", &out, &list];
        haul(given).and(["--failures", &log]).done().exits(1);
        for (options, status) in [
            (&[][..], 1),
            (&["--exit-zero"], 0),
            (&["--fail-if", "failed>0"], 1),
            (&["--fail-if", "failed>1"], 0),
            (&["--fail-early"], 4),
        ] {
            let resumed = ["--resume", "--failures", &log, "--summary-json", &sums];
            haul(given).and(resumed).and(options).done().exits(status);
            let summary = std::fs::read_to_string(&sums).unwrap();
            let summary: Value = serde_json::from_str(&summary).unwrap();
            assert_eq!(
                (&summary["total"], &summary["failed"]),
                (&1.into(), &1.into()),
                "{name} {options:?} {summary}"
            );
            std::fs::remove_file(&sums).unwrap();
        }
        if name != "run.csv" {
            let last = last_outcomes(&folder.records(name));
            assert_eq!(last.len(), 2);
        }
        assert_eq!(folder.records("failed.jsonl").len(), 6);
    }
}

#[test]
fn a_sitemap_that_fails_after_it_had_come_back_counts_as_failed() {
    let folder = Folder::new();
    let answers = [503, 200, 503, 200].map(Answer::status);
    let [first, second, third, last] = answers;
    let answer = first.times(1).then(second.body(urlset(&[])).times(1));
    let answer = answer.then(third.times(1)).then(last.body(urlset(&[])));
    let server = Scenario::new().on("/b.xml", answer).start();
    let list = folder.file("index.xml", index(&[server.url("/b.xml")]));
    let out = folder.at("run.jsonl");
    let given = ["-q", "--follow-sitemaps", "--retry", "0", "-o", &out, &list];
    haul(given).done().exits(1);
    for status in [0, 1, 0, 0] {
        haul(given).and(["--resume"]).done().exits(status);
    }
    let outcomes = values(&folder.records("run.jsonl"), "outcome");
    assert_eq!(outcomes, ["failed", "success", "failed", "success"]);
}

/// Returns the number of URLs whose last outcome is a failure.
fn failures_left(records: &[Value]) -> usize {
    let last = last_outcomes(records);
    last.values().filter(|outcome| *outcome == "failed").count()
}

#[test]
fn a_page_under_the_url_of_a_failed_sitemap_is_another_request() {
    let folder = Folder::new();
    let server = flaky(1, 1);
    let list = folder.file("index.xml", index(&[server.url("/b.xml")]));
    let urls = folder.file("urls", server.url("/b.xml"));
    let out = folder.at("run.jsonl");
    let given = [
        "-q",
        "--follow-sitemaps",
        "--retry",
        "0",
        "-o",
        &out,
        &list,
        &urls,
    ];
    haul(given).done().exits(1);
    let outcomes = values(&folder.records("run.jsonl"), "outcome");
    assert_eq!(outcomes.len(), 2);
    haul(given).and(["--resume"]).done().exits(0);
    // The sitemap, its page, and the page of its URL.
    assert_eq!(folder.records("run.jsonl").len(), 4);
    assert_eq!(server.requests_to("/b.xml"), 3);
}

#[test]
fn a_run_that_was_killed_among_sitemaps_and_pages_goes_on_with_each_page_once() {
    let (folder, gate) = (Folder::new(), Gate::closed());
    let closed = gate.clone();
    let server = Server::start(move |request| {
        let host = request.header("host").unwrap();
        let of = |name: &str| -> Vec<String> {
            (0..200)
                .map(|n| format!("http://{host}/{name}/{n}"))
                .collect()
        };
        match request.path() {
            "/a.xml" => Answer::text(urlset(&of("a"))),
            "/b.xml" => Answer::text(urlset(&of("b"))).behind(&closed),
            _ => Answer::text(""),
        }
    });
    let links = [server.url("/a.xml"), server.url("/b.xml")];
    let list = folder.file("index.xml", index(&links));
    let out = folder.at("run.jsonl");
    let given = [
        "-q",
        "--follow-sitemaps",
        "--durable",
        "-j",
        "4",
        "-o",
        &out,
        &list,
    ];
    let mut run = haul(given).start();
    server.wait_for_requests_to("/b.xml", 1);
    run.kill();
    run.finish();
    gate.open();
    for part in 1..=3 {
        let mut run = haul(given).and(["--resume"]).start();
        server.wait_for_requests_to("/b.xml", 1 + part);
        run.kill();
        run.finish();
    }
    haul(given).and(["--resume"]).done().exits(0);
    let records = folder.records("run.jsonl");
    assert_eq!(last_outcomes(&records).len(), 400);
    assert_eq!(records.len(), 400);
}

#[test]
fn a_failed_sitemap_is_followed_again_from_the_failure_log_and_from_the_results() {
    for name in ["failed.jsonl", "failed.db", "run.jsonl"] {
        let folder = Folder::new();
        let server = flaky(2, 1);
        let list = folder.file("index.xml", index(&[server.url("/b.xml")]));
        let (out, log) = (folder.at("run.jsonl"), folder.at(name));
        let given = ["-q", "--follow-sitemaps", "--retry", "0"];
        let mut first = haul(given).and(["-o", &out, &list]);
        if name != "run.jsonl" {
            first = first.and(["--failures", &log]);
        }
        first.done().exits(1);
        let done = haul(given).and(["--ordered", &log]).done().exits(0);
        let pages = [server.url("/b/0"), server.url("/b/1")];
        assert_eq!(values(&done.results(), "url"), pages, "{name}");
    }
}

#[test]
fn pages_of_lists_and_sitemaps_that_fail_go_together() {
    let folder = Folder::new();
    let server = Scenario::new()
        .on(
            "/bad.xml",
            Answer::status(404).times(1).then(Answer::text("<urlset/>")),
        )
        .on("/good.xml", Answer::text(urlset(&["/list".to_owned()])))
        .on(
            "/list",
            Answer::text("").header("Link", "</more>; rel=next"),
        )
        .on("/more", Answer::text(""))
        .start();
    let links = ["/bad.xml".to_owned(), "/good.xml".to_owned()];
    let list = folder.file("index.xml", index(&links));
    let (out, base) = (folder.at("run.jsonl"), server.url("/"));
    for ordered in ["--ordered", "-q"] {
        let given = [
            "--follow-sitemaps",
            "--paginate",
            "link",
            "--base-url",
            &base,
        ];
        let given = given.into_iter().chain([ordered, "-o", &out, &list]);
        let given: Vec<&str> = given.collect();
        if ordered == "--ordered" {
            haul(&given).done().exits(1);
            assert_eq!(folder.records("run.jsonl").len(), 3);
        }
        haul(&given).and(["--resume"]).done().exits(0);
        assert_eq!(last_outcomes(&folder.records("run.jsonl")).len(), 3);
    }
    assert_eq!(server.requests_to("/more"), 1);
}
