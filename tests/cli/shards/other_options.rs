//! Options that a shard changes, or does not go with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use test_support::{Answer, Server};

use super::super::command::{Folder, haul};
use super::{list, records, results, run, run_all, server, whole};

#[test]
fn equal_lines_are_left_out_by_all_shards_together() {
    let (server, folder) = (server(), Folder::new());
    let urls: String = (0..90)
        .map(|n| server.url(&format!("/{}\n", n % 30)))
        .collect();
    let list = folder.file("list", urls);
    run_all(&folder, 3, &list, &["--unique"]);
    let all = records(&folder, 3).concat();
    let urls: BTreeSet<&str> = all.iter().filter_map(|r| r["url"].as_str()).collect();
    assert_eq!((all.len(), urls.len(), server.requests()), (30, 30, 30));
}

#[test]
fn a_line_with_an_id_ends_a_run_that_leaves_out_equal_lines() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/1");
    let list = folder.file(
        "list",
        format!("{url}\n{{\"url\": \"{url}\", \"id\": \"a\"}}\n"),
    );
    for shard in ["0/2", "1/2"] {
        let done = haul(["--unique", "--shard", shard, &list]).done().exits(2);
        done.says(&format!("haul: {list}:2: it has an id, "));
        let done = haul(["--unique", "--shard", shard, "--dry-run", &list]).done();
        done.exits(2).says("it has an id, ");
    }
    haul(["--unique", &list]).done().exits(0);
}

#[test]
fn equal_lines_are_not_left_out_by_host() {
    let arguments = [
        "--unique",
        "--shard",
        "0/2",
        "--shard-by",
        "host",
        "http://h/",
    ];
    let done = haul(arguments).done().exits(2);
    done.says("haul: --unique and --shard-by host exclude each other: ");
}

#[test]
fn failures_of_a_shard_are_sent_again() {
    let down = Arc::new(AtomicBool::new(true));
    let fails = Arc::clone(&down);
    let server = Server::start(move |_| match fails.load(Ordering::Relaxed) {
        true => Answer::status(404),
        false => Answer::text(""),
    });
    let folder = Folder::new();
    let urls: String = (0..30).map(|n| server.url(&format!("/{n}\n"))).collect();
    let list = folder.file("list", urls);
    run_all(&folder, 3, &list, &[]);
    down.store(false, Ordering::Relaxed);
    for number in 0..3 {
        let shard = format!("{number}/3");
        run(&folder, &shard, &list)
            .and(["--retry-failed"])
            .done()
            .exits(0);
    }
    assert_eq!(server.requests(), 60);
    let all = records(&folder, 3).concat();
    let succeeded: BTreeSet<u64> = all
        .iter()
        .filter(|r| r["outcome"] == "success" && r["supersedes"] == true)
        .filter_map(|r| r["index"].as_u64())
        .collect();
    assert!(succeeded.into_iter().eq(0..30));
}

#[test]
fn a_report_sums_the_results_of_all_shards() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", list(&server, 60));
    run_all(&folder, 3, &list, &[]);
    let paths = results(3).into_iter().map(|name| folder.at(&name));
    let sums = folder.at("sums.json");
    let report = haul(["report", "-q", "--summary-json", &sums]);
    report.and(paths.collect::<Vec<_>>()).done();
    let sums: Value = serde_json::from_str(&folder.read("sums.json")).unwrap();
    assert_eq!(sums["total"], whole(&list).len());
}
