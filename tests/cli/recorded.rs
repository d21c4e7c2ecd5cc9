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
fn a_results_file_is_sent_again() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let out = folder.at("out.jsonl");
    let line = json!({"url": server.url("/a"), "id": "a", "params": {"q": "x y"}, "tag": [1.0]});
    let input = format!("{line}\n{}\n", server.url("/b"));
    haul(["--ordered", "-o", &out, "-"])
        .input(input)
        .done()
        .exits(0);
    let text = folder.read("out.jsonl");
    let spaced = text.replace("\":", "\": ").replace(",\"", ", \"");
    folder.file("commented", format!("\u{feff}\n# results\n\n{text}"));
    folder.file("spaced", spaced);
    for name in ["out.jsonl", "commented", "spaced"] {
        for format in ["auto", "results", "jsonl"] {
            let arguments = ["--ordered", "--input-format", format, &folder.at(name)];
            let done = haul(arguments).done().exits(0);
            assert!(!done.stderr.contains("warning"), "{}", done.stderr);
            let again = done.results();
            for (before, after) in text.lines().zip(&again) {
                let before: serde_json::Value = serde_json::from_str(before).unwrap();
                for key in ["id", "url", "method", "tag", "status"] {
                    assert_eq!(before[key], after[key]);
                }
            }
            assert_eq!(again.len(), 2);
        }
    }
}

#[test]
fn what_a_results_file_does_not_hold_is_told() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let out = folder.at("out.jsonl");
    let url = server.url("/a");
    let lines = [
        json!({"url": url, "headers": {"Accept": "text/plain"}}),
        json!({"url": url, "auth": {"bearer": "sesame"}}),
        json!({"url": url, "body": {"n": 1}}),
        json!({"url": server.url("/a?access_token=sesame")}),
        json!(url),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    haul(["-o", &out, "-j1", "--ordered", "-"])
        .input(lines)
        .done()
        .exits(0);
    let done = haul(["--ordered", &out]).done().exits(1);
    let warning = "a results file does not hold the headers, credentials and bodies";
    assert_eq!(done.stderr.matches(warning).count(), 1);
    let outcomes: Vec<_> = done
        .results()
        .iter()
        .map(|r| r["outcome"].clone())
        .collect();
    let expected = ["success", "success", "failed", "failed", "success"];
    assert_eq!(outcomes, expected);
    done.says("only GET and HEAD are sent again (a failure log, which --failures writes,")
        .says("its secrets were left out");
}
