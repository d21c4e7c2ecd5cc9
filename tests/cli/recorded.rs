//! Inputs that haul itself wrote: databases of failures and results files.

use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;
use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Sends three POSTs to one URL that fail, recorded in `failures.db`.
fn three_failed_posts(server: &Server, folder: &Folder) {
    let line = |n: u32| json!({"url": server.url("/orders"), "json": {"order": n}}).to_string();
    let text: String = (0..3).map(|n| line(n) + "\n").collect();
    folder.file("in", text);
    haul(["--failures", "failures.db", "in"])
        .current_dir(folder)
        .done()
        .exits(1);
}

fn files(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    };
    entries.map(|entry| read(entry.unwrap())).collect()
}

#[test]
fn a_database_of_failures_is_input_for_another_run() {
    let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
    three_failed_posts(&server, &folder);
    haul(["--failures", "failures.db", "in"])
        .current_dir(&folder)
        .done()
        .exits(1);
    let (before, sent) = (files(&folder), server.requests());
    let done = haul(["--ordered", "failures.db"])
        .current_dir(&folder)
        .done()
        .exits(1);
    done.stderr
        .lines()
        .find(|line| line.starts_with("haul: failures.db: opened read-only; last_failures, "))
        .unwrap_or_else(|| panic!("{}", done.stderr));
    assert_eq!(server.requests() - sent, 3, "of six rows");
    let mut bodies: Vec<_> = server.seen()[sent..].iter().map(|s| s.text()).collect();
    bodies.sort();
    assert_eq!(bodies, [0, 1, 2].map(|n| format!("{{\"order\":{n}}}")));
    let mut places: Vec<_> = done
        .results()
        .iter()
        .map(|record| (record["source"].clone(), record["line"].clone()))
        .collect();
    places.sort_by_key(|(_, line)| line.as_u64());
    assert_eq!(places, [1, 2, 3].map(|line| (json!("in"), json!(line))));
    assert_eq!(files(&folder), before);
}

#[test]
fn a_database_may_be_read_and_written_by_one_run() {
    let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
    three_failed_posts(&server, &folder);
    haul(["--failures", "failures.db", "failures.db"])
        .current_dir(&folder)
        .done()
        .exits(1);
    let database = Connection::open(folder.at("failures.db")).unwrap();
    let counts =
        "SELECT (SELECT count(*) FROM failures) || ' ' || (SELECT count(*) FROM last_failures)";
    let counts: String = database.query_row(counts, [], |row| row.get(0)).unwrap();
    assert_eq!(counts, "6 3");
}

#[test]
fn a_database_is_known_by_its_content_whatever_its_name_is() {
    let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
    three_failed_posts(&server, &folder);
    fs::rename(folder.at("failures.db"), folder.at("urls.txt")).unwrap();
    let done = haul(["--progress", "plain", "urls.txt", &server.url("/more")])
        .current_dir(&folder)
        .done()
        .exits(1)
        .says("4 of 4 done");
    assert_eq!(done.results().len(), 4);
}

#[test]
fn a_database_that_is_no_failure_log_is_refused() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let other = folder.at("other.db");
    let database = Connection::open(&other).unwrap();
    database.execute_batch("CREATE TABLE t(a)").unwrap();
    drop(database);
    let done = haul([&server.url("/"), &other]).done().exits(2);
    done.says(&format!("haul: {other}: not used: it holds no failure log"));
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_results_file_is_no_input() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    haul([
        "-o",
        &folder.at("out.jsonl"),
        &server.url("/a"),
        &server.url("/b"),
    ])
    .done()
    .exits(0);
    let sent = server.requests();
    let text = folder.read("out.jsonl");
    let spaced = text.replace("\":", "\": ").replace(",\"", ", \"");
    folder.file("commented", format!("\u{feff}\n# results\n\n{text}"));
    folder.file("spaced", spaced);
    for name in ["out.jsonl", "commented", "spaced"] {
        let path = folder.at(name);
        for more in ["--lenient", "--dry-run", "--input-format=jsonl"] {
            let done = haul([more, &server.url("/c"), &path]).done().exits(2);
            let done = done.says(&format!("haul: {path}: it is a results file"));
            let done = done.says("--failures").says("--resume --retry-failed");
            assert_eq!((done.stderr.lines().count(), &*done.stdout), (1, ""));
        }
    }
    assert_eq!(server.requests(), sent);
}

#[test]
fn results_on_standard_input_are_refused_before_the_first_of_them() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let out = folder.at("out.jsonl");
    haul(["-o", &out, &server.url("/a")]).done().exits(0);
    let sent = server.requests();
    for more in ["--lenient", "--dry-run"] {
        haul([more, "-"])
            .input("# results\n".to_owned() + &folder.read("out.jsonl"))
            .done()
            .exits(2)
            .says("haul: stdin: it is a results file");
    }
    assert_eq!(server.requests(), sent);
}

#[test]
fn a_record_among_requests_is_one_bad_line_even_where_unknown_keys_are_skipped() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let out = folder.at("out.jsonl");
    haul(["-o", &out, &server.url("/a")]).done().exits(0);
    let list = folder.file(
        "list",
        format!("{0}\n{1}{0}\n", server.url("/b"), folder.read("out.jsonl")),
    );
    let sent = server.requests();
    let done = haul(["--lenient", "--ordered", &list]).done().exits(1);
    let outcomes: Vec<_> = done
        .results()
        .iter()
        .map(|r| r["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["success", "failed", "success"]);
    done.says(&format!(
        "haul: {list}:2: a record of a results file holds no request"
    ));
    assert_eq!(server.requests() - sent, 2);
}
