//! Results that cannot be read again.

use std::collections::HashSet;
use std::fs::File;

use super::command::{Done, Folder, haul};
use super::support::{Answer, Server};

fn failing() -> (Server, Folder, String) {
    let server = Server::always(Answer::status(404).body("x".repeat(2_000)));
    let folder = Folder::new();
    let urls: String = (0..100)
        .map(|n| server.url(&format!("/{n}")) + "\n")
        .collect();
    let list = folder.file("list", urls);
    (server, folder, list)
}

fn urls(records: &[serde_json::Value]) -> HashSet<String> {
    let urls = records
        .iter()
        .map(|record| record["url"].as_str().unwrap().to_owned());
    urls.collect()
}

#[test]
fn a_failure_that_the_log_refuses_is_not_among_the_results_of_a_stream() {
    for name in ["f.jsonl", "f.db"] {
        let (_server, folder, list) = failing();
        let log = folder.at(name);
        let arguments = ["-q", "--retry", "0", "-j", "2", "--failures", &log, &list];
        let done: Done = haul(arguments).file_blocks(100).done();
        let done = done.exits(3).says(&log).never_says("that the results lack");
        let results = urls(&done.results());
        assert!((1..100).contains(&results.len()), "{}", results.len());
        let logged = match name {
            "f.jsonl" => urls(&folder.records(name)),
            _ => {
                let database = rusqlite::Connection::open(&log).unwrap();
                let mut rows = database.prepare("SELECT url FROM failures").unwrap();
                let rows = rows.query_map([], |row| row.get(0)).unwrap();
                rows.map(Result::unwrap).collect()
            }
        };
        assert_eq!(results, logged);
    }
}

#[test]
fn what_only_the_log_has_is_named() {
    let (_server, folder, list) = failing();
    for (log, results) in [("f.jsonl", "/dev/full"), ("f2.jsonl", "-")] {
        let log = folder.at(log);
        let arguments = [
            "-q",
            "--retry",
            "0",
            "-j",
            "2",
            "-o",
            results,
            "--failures",
            &log,
            &list,
        ];
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = haul(arguments).stdout(full).run().exits(3);
        let done = done.says("that the results lack: ");
        for url in urls(&super::command::records(
            &std::fs::read_to_string(&log).unwrap(),
        ))
        .iter()
        .take(3)
        {
            assert!(
                done.stderr.contains(&format!("({url})")),
                "{url}: {}",
                done.stderr
            );
        }
    }
}

#[test]
fn what_only_the_results_have_is_named_where_the_log_is_a_device() {
    let (_server, folder, list) = failing();
    let out = folder.at("out.jsonl");
    let arguments = [
        "-q",
        "--retry",
        "0",
        "-j",
        "2",
        "-o",
        &out,
        "--failures",
        "/dev/full",
        &list,
    ];
    let done = haul(arguments).done().exits(3);
    let records = folder.records("out.jsonl");
    let last = records.last().unwrap();
    let named = format!(
        "/dev/full lacks an outcome that the results have: {list}:{} ({})",
        last["line"],
        last["url"].as_str().unwrap()
    );
    done.says(&named);
}
