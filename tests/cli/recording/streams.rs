//! Results that go to a stream, which cannot be read again.

use std::collections::HashSet;
use std::fs::File;

use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

fn failing() -> (Server, Folder, String) {
    let server = Server::always(Answer::status(404).body("x".repeat(2_000)));
    let folder = Folder::new();
    let urls: String = (0..100)
        .map(|n| server.url(&format!("/{n}")) + "\n")
        .collect();
    let list = folder.file("list", urls);
    (server, folder, list)
}

/// Returns the URLs of the failures in a log, of JSON Lines or a database.
fn logged(folder: &Folder, name: &str) -> HashSet<String> {
    if name.ends_with(".jsonl") {
        return urls_of(&folder.records(name));
    }
    let database = rusqlite::Connection::open(folder.at(name)).unwrap();
    let mut rows = database.prepare("SELECT url FROM failures").unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn urls_of(records: &[serde_json::Value]) -> HashSet<String> {
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
        let results = urls_of(&done.results());
        assert!((1..100).contains(&results.len()), "{}", results.len());
        assert_eq!(results, logged(&folder, name));
    }
}

#[test]
fn outcomes_that_only_the_log_has_are_named() {
    let (_server, folder, list) = failing();
    // Standard output is a file that may grow no further.
    let full = folder.file("stdout", "");
    let out = File::options().append(true).open(&full).unwrap();
    out.set_len(64 << 20).unwrap();
    for name in ["f.jsonl", "f.db"] {
        let log = folder.at(name);
        let arguments = ["-q", "--retry", "0", "-j", "2", "--failures", &log, &list];
        let out = out.try_clone().unwrap();
        let done = haul(arguments).file_blocks(40_000).stdout(out).run();
        let done = done
            .exits(3)
            .says("stdout: cannot be written: ")
            .says("that the results lack: ");
        let logged = logged(&folder, name);
        let named = logged
            .iter()
            .filter(|url| done.stderr.contains(&format!("({url})")));
        assert_eq!(named.count(), logged.len().min(10), "{}", done.stderr);
    }
}

#[cfg(unix)]
#[test]
fn outcomes_that_only_the_results_have_are_named_for_a_closed_pipe() {
    let (_server, folder, list) = failing();
    let (out, pipe) = (folder.at("out.jsonl"), folder.at("pipe"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut line = String::new();
            let from = File::open(pipe).unwrap();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(from), &mut line).unwrap();
        }
    });
    let arguments = ["-q", "--retry", "0", "-j", "2"];
    let files = ["-o", &out, "--failures", &pipe, &list];
    let done = haul(arguments.into_iter().chain(files)).done().exits(3);
    reader.join().unwrap();
    let records = folder.records("out.jsonl");
    let last = records.last().unwrap();
    let named = format!(
        "{pipe} lacks an outcome that the results have: {list}:{} ({})",
        last["line"],
        last["url"].as_str().unwrap()
    );
    done.says(&named);
}
