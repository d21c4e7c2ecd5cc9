mod rows;
mod versions;

use std::fs;
use std::io;
use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::ErrorType;
use crate::outcome::sample::{self, response};
use crate::record::Record;
use crate::rejection::Rejection;

impl Sqlite {
    /// Opens a database that may have `most` pages. 0: any number.
    pub(in super::super) fn of_pages(path: &Path, most: u32) -> Sqlite {
        let database = file::open(path, &FAILURE_LOG).unwrap();
        if most > 0 {
            database
                .pragma_update(None, "max_page_count", most)
                .unwrap();
        }
        Sqlite::of(path, database).unwrap()
    }

    /// Index, key, timestamp and error type of the rows. A request that was not sent has no timestamp.
    pub(in super::super) fn failures_of(path: &Path) -> Vec<(u64, String, Option<String>, String)> {
        let database = Connection::open(path).unwrap();
        let mut rows = database
            .prepare("SELECT idx, key, timestamp, error_type, attempts FROM failures")
            .unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let (index, attempts): (i64, u32) = (row.get(0)?, row.get(4)?);
            let timestamp: String = row.get(2)?;
            let sent = (attempts > 0).then_some(timestamp);
            Ok((index as u64, row.get(1)?, sent, row.get(3)?))
        };
        let rows = rows.query_map([], row).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// Records of a results database.
pub(in super::super) fn records_of(path: &Path) -> Vec<Record<'static>> {
    let database = Connection::open(path).unwrap();
    let mut rows = database
        .prepare("SELECT record FROM outcomes ORDER BY number")
        .unwrap();
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|record| Record::parse(&record.unwrap()).unwrap())
        .collect()
}

/// A folder for one test, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("haul-sqlite-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("failures.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(sink: &mut Sqlite, outcomes: &[Outcome]) -> Result<(), SinkError> {
    let mut summary = Summary::new();
    Sink::<crate::Response>::begin(sink)?;
    for outcome in outcomes {
        summary.record(outcome);
        sink.write(outcome)?;
    }
    Sink::<crate::Response>::finish(sink, &summary)
}

fn ask<T: rusqlite::types::FromSql>(path: &Path, query: &str) -> T {
    let database = Connection::open(path).unwrap();
    database.query_row(query, [], |row| row.get(0)).unwrap()
}

fn refused(path: &Path) -> SinkError {
    Sqlite::open(path).map(drop).unwrap_err()
}

#[test]
fn failures_and_the_figures_of_the_run_stand_in_their_tables() {
    let folder = Folder::new("tables");
    let sick = response("http://h/sick", 500, "text/plain", b"out of order");
    let well = response("http://h/well", 200, "text/plain", b"");
    let mut sink = Sqlite::open(folder.file()).unwrap().arguments("urls.txt");
    let mut not_done = sample::unsent(5, "http://h/", ErrorType::Cancelled);
    not_done.report.cut_short = true;
    run(
        &mut sink,
        &[
            not_done,
            sample::success(0, "http://h/well", well.clone()),
            sample::bad_status(1, Request::get("http://h/sick").id("a"), sick),
            sample::rejected(2, "http://h/no", well, Rejection::new(4001, "余额不足")),
            sample::connect_timeout(3, "http://h/slow"),
            sample::unsent(4, "http://h/", ErrorType::Cancelled),
        ],
    )
    .unwrap();
    let path = folder.file();
    let rows: String = ask(
        &path,
        "SELECT group_concat(idx || ' ' || url || ' ' || error_type || ' ' || coalesce(status, '-') || ' ' ||
           coalesce(response_text, '-') || ' ' || coalesce(id, '-'), char(10)) FROM failures",
    );
    assert_eq!(
        rows.lines().collect::<Vec<_>>(),
        [
            "1 http://h/sick http_status 500 out of order a",
            "3 http://h/slow timeout - - -"
        ]
    );
    let runs: String = ask(
        &path,
        "SELECT total || ' ' || succeeded || ' ' || rejected || ' ' || failed || ' ' || cancelled || ' ' || not_done || ' ' || arguments
           FROM runs WHERE finished >= started AND mean_ms > 0",
    );
    assert_eq!(runs, "6 1 1 2 1 1 urls.txt");
    let run_id: String = ask(&path, "SELECT DISTINCT run_id FROM failures");
    assert_eq!(sink.run_id(), Some(run_id.as_str()));
    assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), 2);
    assert_eq!(ask::<String>(&path, "PRAGMA journal_mode"), "wal");
    assert_eq!(
        ask::<i64>(
            &path,
            "SELECT count(*) FROM sqlite_master WHERE name IN ('failures_type', 'failures_run')"
        ),
        2
    );
}

#[test]
fn rejected_ones_are_written_on_request_with_what_the_application_said() {
    let folder = Folder::new("rejected");
    let answer = response("http://h/no", 200, "application/json", b"{}");
    let mut sink = Sqlite::open(folder.file()).unwrap().and_rejected(true);
    let rejected = sample::rejected(0, "http://h/no", answer, Rejection::new(4001, "余额不足"));
    run(&mut sink, &[rejected]).unwrap();
    let row: String = ask(
        &folder.file(),
        "SELECT error_type || ' ' || layer || ' ' || error_msg FROM failures",
    );
    assert_eq!(row, "rejected application 4001 余额不足");
}

#[test]
fn the_last_failures_come_back_as_requests() {
    let folder = Folder::new("again");
    let post = Request::post("http://h/1")
        .json(&serde_json::json!({"n": 1}))
        .id("one");
    for _ in 0..2 {
        let mut sink = Sqlite::open(folder.file()).unwrap();
        let outcomes = [
            sample::connect_timeout(0, post.clone()),
            sample::connect_timeout(1, "http://h/2"),
        ];
        run(&mut sink, &outcomes).unwrap();
    }
    assert_eq!(
        ask::<i64>(&folder.file(), "SELECT count(*) FROM failures"),
        4
    );
    assert_eq!(ask::<i64>(&folder.file(), "SELECT count(*) FROM runs"), 2);
    let again = Sqlite::last_failures(folder.file()).unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!(
        (again[0].url(), again[0].request_id()),
        ("http://h/1", Some("one"))
    );
    assert_eq!(again[0].body_bytes(), post.body_bytes());
    assert_eq!(again[1].url(), "http://h/2");
}

#[test]
fn a_row_keeps_every_byte_but_secrets() {
    let folder = Folder::new("bytes");
    let answer = response("http://h/", 500, "text/plain", b"a\0b\xff");
    let request = Request::get("http://u:hunter2@h/")
        .bearer("hunter2")
        .id("i\0d");
    let mut sink = Sqlite::open(folder.file()).unwrap();
    run(&mut sink, &[sample::bad_status(0, request, answer)]).unwrap();
    let path = folder.file();
    assert_eq!(
        ask::<String>(&path, "SELECT response_text FROM failures"),
        "a\0b\u{fffd}"
    );
    assert_eq!(ask::<String>(&path, "SELECT id FROM failures"), "i\0d");
    drop(sink);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"hunter2"));
    let request = &Sqlite::last_failures(&path).unwrap()[0];
    assert!(request.lacking(|_| false, |_| false).is_some());
}

#[test]
fn a_file_that_is_no_failure_log_is_refused_unchanged() {
    let folder = Folder::new("foreign");
    let path = folder.file();
    fs::write(
        &path,
        "not a database, and long enough to be looked at as one".repeat(20),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    let error = refused(&path);
    assert_eq!(
        (error.kind(), error.path()),
        (io::ErrorKind::InvalidData, Some(path.as_path()))
    );
    assert!(error.to_string().contains("not a database"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE addresses(name TEXT)")
        .unwrap();
    let error = refused(&path);
    assert!(
        error
            .to_string()
            .ends_with("not used: it holds no failure log"),
        "{error}"
    );
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM sqlite_master"), 1);
}

#[test]
fn another_version_is_refused_by_number() {
    let folder = Folder::new("version");
    drop(Sqlite::open(folder.file()).unwrap());
    let database = Connection::open(folder.file()).unwrap();
    database.execute_batch("PRAGMA user_version=3").unwrap();
    let error = refused(&folder.file()).to_string();
    assert!(
        error.ends_with("its failure log is of version 3 (this is version 2)"),
        "{error}"
    );
    let read = Sqlite::last_failures(folder.file())
        .unwrap_err()
        .to_string();
    assert!(read.contains("version 3"), "{read}");
}

#[test]
fn a_folder_that_is_not_there_and_a_damaged_file_are_named() {
    let folder = Folder::new("damaged");
    let nowhere = folder.0.join("no").join("failures.db");
    let error = refused(&nowhere).to_string();
    assert!(
        error.contains("no/failures.db") && error.contains("unable to open"),
        "{error}"
    );

    // No process can make a file in /proc.
    let error = refused(Path::new("/proc/self/failures.db")).to_string();
    assert!(
        error.starts_with("/proc/self/failures.db: cannot be opened"),
        "{error}"
    );

    let mut sink = Sqlite::open(folder.file()).unwrap();
    run(&mut sink, &[sample::connect_timeout(0, "http://h/")]).unwrap();
    drop(sink);
    let mut bytes = fs::read(folder.file()).unwrap();
    bytes[100..4096].fill(0xa5);
    fs::write(folder.file(), bytes).unwrap();
    let error = refused(&folder.file());
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
}

#[test]
fn a_locked_database_ends_the_batch_by_name() {
    let folder = Folder::new("locked");
    let mut sink = Sqlite::open(folder.file()).unwrap();
    let other = Connection::open(folder.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = run(&mut sink, &[sample::connect_timeout(0, "http://h/")]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    assert!(
        error
            .to_string()
            .contains("failures.db: cannot be written: database is locked"),
        "{error}"
    );
    other.execute_batch("COMMIT").unwrap();
    let later = Sink::<crate::Response>::begin(&mut sink).unwrap_err();
    assert!(
        later.to_string().contains("an earlier write failed"),
        "{later}"
    );
    drop(sink);
    assert_eq!(
        ask::<i64>(&folder.file(), "SELECT count(*) FROM failures"),
        0
    );
}

#[test]
fn more_rows_than_a_transaction_holds_all_arrive() {
    let folder = Folder::new("many");
    let outcomes: Vec<_> = (0..1_000)
        .map(|index| sample::connect_timeout(index, format!("http://h/{index}")))
        .collect();
    let mut sink = Sqlite::open(folder.file()).unwrap();
    run(&mut sink, &outcomes).unwrap();
    let path = folder.file();
    assert_eq!(
        ask::<i64>(&path, "SELECT count(DISTINCT idx) FROM failures"),
        1_000
    );
    assert_eq!(
        ask::<i64>(&path, "SELECT count(*) FROM last_failures"),
        1_000
    );
}

#[test]
fn no_row_is_there_before_its_record_is_in_the_results_file() {
    let folder = Folder::new("ahead");
    let results = folder.0.join("run.jsonl");
    let mut journal = Journal::open(&results).unwrap();
    let mut rows = Sqlite::open(folder.file()).unwrap();
    rows.rebuild(&journal, &Redaction::default()).unwrap();
    let count = || ask::<i64>(&folder.file(), "SELECT count(*) FROM failures");
    for index in 0..101 {
        let outcome = sample::connect_timeout(index, format!("http://h/{index}"));
        rows.write(&outcome).unwrap();
        if index < 100 {
            journal.write(&outcome).unwrap();
        }
    }
    // Transactions end without a request to settle: the unwritten records of the journal do not fill its buffer. The
    // last row is held, since the journal has not taken its record.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while count() < 100 {
        assert!(std::time::Instant::now() < patience, "{} rows", count());
        std::thread::yield_now();
    }
    let lines = || fs::read_to_string(&results).unwrap().lines().count() as i64;
    assert!(count() <= lines(), "{} rows, {} records", count(), lines());
    drop((rows, journal));
    assert_eq!((count(), lines()), (100, 100));
}
