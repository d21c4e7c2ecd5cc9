//! Records of bodies that went to files, and later runs that read them.

use std::fs;

use haul::record::Record;
use haul::sink::{Failures, Journal, JsonLines};
use haul::{ErrorType, Request};
use test_support::{Answer, Folder, Scenario, client};

use super::hex_sha256;

#[test]
fn a_record_has_path_size_and_digest() {
    let server = Scenario::new()
        .on("/ok", Answer::text("here"))
        .on("/404", Answer::status(404).body("no such page"))
        .start();
    let folder = Folder::new();
    let requests = ["/ok", "/404"].map(|path| {
        let file = folder.file(path.trim_start_matches('/'));
        Request::get(server.url(path)).save_to(file)
    });
    let mut lines = Vec::new();
    let client = client(2);
    client
        .run(requests, &mut JsonLines::new(&mut lines))
        .unwrap();
    let text = String::from_utf8(lines).unwrap();
    let mut records: Vec<_> = text.lines().map(|l| Record::parse(l).unwrap()).collect();
    records.sort_by_key(|record| record.index);
    let [saved, missing] = records.as_slice() else {
        panic!("{text}");
    };
    let path = folder.file("ok");
    assert_eq!(saved.output_file.as_deref(), path.to_str());
    assert_eq!(saved.size_bytes, Some(4));
    assert_eq!(saved.sha256.as_deref(), Some(&*hex_sha256(b"here")));
    assert_eq!((&saved.body, saved.body_encoding), (&None, None));
    assert_eq!((&missing.output_file, &missing.sha256), (&None, &None));
    assert_eq!(missing.body.as_deref(), Some("no such page"));
    assert_eq!(Record::parse(&saved.to_line()).unwrap(), *saved);
}

#[test]
fn a_failed_request_run_again_is_saved_to_its_path() {
    let broken = Answer::text("here").cut_after(2);
    let server = Scenario::new()
        .on("/", broken.times(3).then(Answer::text("here")))
        .start();
    let folder = Folder::new();
    let path = folder.file("a");
    let mut lines = Vec::new();
    let client = client(2);
    let request = Request::get(server.url("/")).save_durably(&path);
    client
        .run([request], &mut Failures::new(&mut lines))
        .unwrap();
    let line = String::from_utf8(lines).unwrap();
    let record = Record::parse(line.trim_end()).unwrap();
    assert_eq!(record.error_type, Some(ErrorType::IncompleteBody));
    assert!(line.contains("\"output_durable\":true"), "{line}");
    let again = Record::parse_request(line.trim_end()).unwrap();
    assert_eq!(again.saves_to(), Some(&*path));
    assert!(client.send(again).is_success());
    assert_eq!(fs::read(path).unwrap(), b"here");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_gets_no_other_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let server = Scenario::new().start();
    let folder = Folder::new();
    let path = folder.path().join(OsStr::from_bytes(b"\xff"));
    let mut lines = Vec::new();
    let client = client(2);
    let request = Request::get(server.url("/404")).save_to(path);
    client
        .run([request], &mut Failures::new(&mut lines))
        .unwrap();
    let again = Record::parse_request(String::from_utf8(lines).unwrap().trim_end()).unwrap();
    let outcome = client.send(again);
    assert_eq!(
        outcome.error().unwrap().error_type(),
        ErrorType::InvalidRequest
    );
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_saved_response_of_the_journal_is_not_downloaded_again() {
    let server = Scenario::new().on("/*", Answer::text("here")).start();
    let folder = Folder::new();
    let results = folder.file("run.jsonl");
    let requests = || {
        (0..5).map(|i| {
            let path = folder.file(&format!("body-{i}"));
            Request::get(server.url(&format!("/{i}"))).save_to(path)
        })
    };
    let client = client(2);
    for (count, found) in [(3, 0), (5, 3), (5, 5)] {
        let mut journal = Journal::open(&results).unwrap();
        assert_eq!(journal.found(), found);
        let todo = journal.remaining(requests().take(count));
        let summary = client.run(todo, &mut journal).unwrap();
        assert_eq!(summary.succeeded(), count as u64 - found);
    }
    assert_eq!(server.requests(), 5);
    for i in 0..5 {
        assert_eq!(
            fs::read(folder.file(&format!("body-{i}"))).unwrap(),
            b"here"
        );
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn a_request_from_sqlite_is_saved_again() {
    use haul::sink::Sqlite;

    let server = Scenario::new()
        .on("/", Answer::status(404).times(1).then(Answer::text("here")))
        .start();
    let folder = Folder::new();
    let (log, path) = (folder.file("failures.db"), folder.file("a"));
    let client = client(2);
    let request = Request::get(server.url("/")).save_to(&path);
    client
        .run([request], &mut Sqlite::open(&log).unwrap())
        .unwrap();
    let again = Sqlite::last_failures(&log).unwrap();
    assert!(client.map(again).all(|outcome| outcome.saved().is_some()));
    assert_eq!(fs::read(path).unwrap(), b"here");
}
