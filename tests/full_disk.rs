//! Batches whose files run out of room: the batch ends in order, names the file and the reason, and keeps its records.
//!
//! A process that may write no file over a size meets a full disk as one file at a time; a child process is such a
//! process.

#![cfg(unix)]

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use haul::record::Record;
use haul::sink::Journal;
use haul::{Client, Request};
use test_support::{Answer, Server};

const REQUESTS: usize = 2_000;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = env::temp_dir().join(format!("haul-full-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Starts a server whose every response is a failure of some five hundred bytes.
fn server() -> Server {
    Server::always(Answer::status(404).body("no such page. ".repeat(40)))
}

fn requests(base: &str) -> impl Iterator<Item = Request> {
    (0..REQUESTS).map(move |i| Request::get(format!("{base}/{i}")).id(i.to_string()))
}

fn client() -> Client {
    Client::builder().workers(4).window(16).build().unwrap()
}

/// Runs a test of this file in a process that may write no file over 256 KiB, or 512 KiB if the shell counts blocks of
/// 1024 bytes.
fn in_little_room(child: &str, server: &Server, folder: &Folder) {
    let quota = "trap '' XFSZ && ulimit -f 512 && exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", quota, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env("HAUL_BASE", server.url(""))
        .env("HAUL_FOLDER", &folder.0)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{said}{failed}");
}

/// Base URL and folder from the environment of a child. `None`: the test runs by itself, and not as a child.
fn told() -> Option<(String, PathBuf)> {
    let folder = env::var_os("HAUL_FOLDER")?;
    Some((env::var("HAUL_BASE").ok()?, folder.into()))
}

fn ids(results: &Path) -> Vec<String> {
    let text = fs::read_to_string(results).unwrap();
    assert!(text.ends_with('\n'), "the last line is not whole");
    let id = |line| Record::parse(line).unwrap().id.unwrap().into_owned();
    text.lines().map(id).collect()
}

#[test]
fn a_run_whose_disk_was_full_can_be_resumed() {
    let (server, folder) = (server(), Folder::new("journal"));
    in_little_room("journal_in_little_room", &server, &folder);
    let results = folder.0.join("run.jsonl");
    let before = ids(&results).len();
    assert!((10..REQUESTS).contains(&before), "{before} were written");
    let mut journal = Journal::open(&results).unwrap();
    assert_eq!(journal.found(), before as u64);
    let base = server.url("");
    let todo = journal.remaining(requests(&base));
    client().run(todo, &mut journal).unwrap();
    let ids = ids(&results);
    assert_eq!(ids.len(), REQUESTS);
    assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), REQUESTS);
}

#[test]
#[ignore = "runs as the child of another test"]
fn journal_in_little_room() {
    let Some((base, folder)) = told() else {
        return;
    };
    let mut journal = Journal::open(folder.join("run.jsonl")).unwrap();
    let todo = journal.remaining(requests(&base));
    let error = client().run(todo, &mut journal).unwrap_err();
    let message = error.to_string();
    let begin = folder.join("run.jsonl").display().to_string() + ": cannot be written: ";
    assert!(message.starts_with(&begin), "{message}");
    assert!(message.contains("File too large"), "{message}");
    let summary = error.summary();
    assert!(summary.is_interrupted() && summary.failed() < REQUESTS as u64);
}

#[cfg(feature = "sqlite")]
#[test]
fn a_database_on_a_full_disk_holds_all_that_was_committed() {
    let (server, folder) = (server(), Folder::new("sqlite"));
    in_little_room("sqlite_in_little_room", &server, &folder);
    let database = rusqlite::Connection::open(folder.0.join("failures.db")).unwrap();
    let ask = |query: &str| -> String { database.query_row(query, [], |row| row.get(0)).unwrap() };
    assert_eq!(ask("PRAGMA integrity_check"), "ok");
    let rows: usize = ask("SELECT CAST(count(DISTINCT idx) AS TEXT) FROM failures")
        .parse()
        .unwrap();
    assert!((1..REQUESTS).contains(&rows), "{rows} were written");
}

#[cfg(feature = "sqlite")]
#[test]
#[ignore = "runs as the child of another test"]
fn sqlite_in_little_room() {
    let Some((base, folder)) = told() else {
        return;
    };
    let mut failures = haul::sink::Sqlite::open(folder.join("failures.db")).unwrap();
    let error = client().run(requests(&base), &mut failures).unwrap_err();
    let message = error.to_string();
    let begin = folder.join("failures.db").display().to_string() + ": cannot be written: ";
    assert!(message.starts_with(&begin), "{message}");
    assert!(error.summary().is_interrupted());
}
