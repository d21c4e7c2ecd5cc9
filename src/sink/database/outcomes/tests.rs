//! Rows and views of results.

mod refused;

use std::fs;
use std::path::PathBuf;

use rusqlite::types::FromSql;

use super::*;
use crate::error::ErrorType;
use crate::outcome::Outcome;
use crate::outcome::sample::{self, response};
use crate::record::RecordOptions;
use crate::rejection::Rejection;
use crate::request::Request;
use crate::sink::{Journal, JsonLines, Sink, Sqlite};

impl OutcomeTable {
    /// Sets the number of pages that the database may have. 0: any number.
    pub(in crate::sink) fn limit_pages(&mut self, most: u32) {
        if let (TableState::Opened { database, .. }, 1..) = (&self.state, most) {
            let set = database.pragma_update(None, "max_page_count", most);
            set.unwrap();
        }
    }
}

/// A folder for one test, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("haul-results-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(sink: &mut impl Sink, outcomes: &[Outcome]) -> Result<(), SinkError> {
    let mut summary = Summary::new();
    sink.begin()?;
    for outcome in outcomes {
        summary.record(outcome);
        sink.write(outcome)?;
    }
    sink.finish(&summary)
}

fn ask<T: FromSql>(path: &Path, query: &str) -> T {
    let database = Connection::open(path).unwrap();
    database.query_row(query, [], |row| row.get(0)).unwrap()
}

/// Lines of a query with one column of text.
fn lines(path: &Path, query: &str) -> Vec<String> {
    let database = Connection::open(path).unwrap();
    let mut rows = database.prepare(query).unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn found(index: u64, url: &str) -> Outcome {
    sample::success(index, url, response(url, 200, "text/plain", b"fine"))
}

/// Returns an outcome of each kind, and one that is not recorded.
fn mixed() -> Vec<Outcome> {
    let sick = response("http://h/sick", 500, "text/plain", b"out of order");
    let secret = Request::post("http://other/sick")
        .id("a\0\u{20ac}")
        .header("authorization", "Bearer s3cret");
    let mut not_done = sample::unsent(9, "http://h/", ErrorType::Cancelled);
    not_done.report.cut_short = true;
    vec![
        found(0, "http://h/a?x='%22\u{e4}"),
        sample::bad_status(1, secret, sick.clone()),
        sample::rejected(2, "https://h/no", sick, Rejection::new(4001, "余额不足")),
        sample::connect_timeout(3, "http://h/slow"),
        not_done,
        sample::unsent(4, "no url", ErrorType::InvalidRequest),
    ]
}

#[test]
fn the_records_are_the_lines_of_json_lines() {
    let folder = Folder::new("lines");
    let (database, text) = (folder.at("run.db"), folder.at("run.jsonl"));
    let options = RecordOptions::new().headers(true);
    let mut results = Journal::create(&database).unwrap().records(options.clone());
    run(&mut results, &mixed()).unwrap();
    let mut results = JsonLines::create(&text).unwrap().records(options);
    run(&mut results, &mixed()).unwrap();
    let records = lines(&database, "SELECT record FROM outcomes ORDER BY number");
    assert_eq!(
        records.join("\n") + "\n",
        fs::read_to_string(&text).unwrap()
    );
}

#[test]
fn columns_have_the_values_of_the_record() {
    let folder = Folder::new("columns");
    let path = folder.at("run.db");
    run(&mut Journal::create(&path).unwrap(), &mixed()).unwrap();
    let fields = [
        ("id", "id"),
        ("idx", "index"),
        ("key", "key"),
        ("outcome", "outcome"),
        ("url", "url"),
        ("method", "method"),
        ("status", "status"),
        ("attempts", "attempts"),
        ("timestamp", "timestamp"),
        ("elapsed_ms", "elapsed_ms"),
        ("ttfb_ms", "ttfb_ms"),
        ("queued_ms", "queued_ms"),
        ("total_ms", "total_ms"),
        ("final_url", "final_url"),
        ("remote_ip", "remote_ip"),
        ("reused", "reused"),
        ("content_type", "content_type"),
        ("size_bytes", "size_bytes"),
        ("layer", "layer"),
        ("error_type", "error_type"),
        ("phase", "phase"),
        ("error_msg", "error_msg"),
        ("stop_reason", "stop_reason"),
        ("rejection", "rejection"),
        ("tag", "tag"),
    ];
    for (column, key) in fields {
        let query = format!(
            "SELECT count(*) FROM outcomes WHERE {column} IS NOT json_extract(record, '$.\"{key}\"')"
        );
        assert_eq!(ask::<i64>(&path, &query), 0, "{column}");
    }
    let hosts = lines(
        &path,
        "SELECT coalesce(host, '-') FROM outcomes ORDER BY number",
    );
    let expected = [
        "http://h:80",
        "http://other:80",
        "https://h:443",
        "http://h:80",
        "-",
    ];
    assert_eq!(hosts, expected);
}

#[test]
fn failures_have_their_request_and_response_as_in_the_failure_log() {
    let folder = Folder::new("failures");
    let (path, log) = (folder.at("run.db"), folder.at("failures.db"));
    let mut sinks = (
        Journal::create(&path).unwrap(),
        Sqlite::open(&log).unwrap().and_rejected(true),
    );
    run(&mut sinks, &mixed()).unwrap();
    drop(sinks);
    let columns = "idx || url || request || coalesce(response_text, '-') || truncated || coalesce(id, '-') || key";
    let of =
        |path, table: &str| lines(path, &format!("SELECT {columns} FROM {table} ORDER BY idx"));
    assert_eq!(
        of(&path, "outcomes WHERE outcome <> 'success'"),
        of(&log, "failures")
    );
    assert!(!String::from_utf8_lossy(&fs::read(&path).unwrap()).contains("s3cret"));
}

#[test]
fn a_run_has_its_figures() {
    let folder = Folder::new("runs");
    let path = folder.at("run.db");
    run(
        &mut Journal::create(&path).unwrap().arguments("-o run.db"),
        &mixed(),
    )
    .unwrap();
    let row = "arguments || ' ' || total || ' ' || succeeded || ' ' || rejected || ' ' || failed || ' ' || not_done || ' ' ||
               (finished >= started)";
    let runs = lines(
        &path,
        &format!("SELECT {row} FROM runs JOIN outcomes USING (run_id) GROUP BY run_id"),
    );
    assert_eq!(runs, ["-o run.db 6 1 1 3 1 1"]);
}

/// Sends the requests, some of which fail, and then the failed ones again.
fn retried(path: &Path) {
    let urls = [
        "http://h/a",
        "http://h/b",
        "http://h/a",
        "http://g/c",
        "http://h/a",
    ];
    for fails in [
        [true, true, true, false, true],
        [false, true, true, false, false],
    ] {
        let mut journal = Journal::open(path).unwrap().retry_failed(true);
        let todo: Vec<_> = journal.remaining(urls).collect();
        let outcome = |(index, request): (u64, Request)| {
            let place = request.index().unwrap_or(index);
            let url = request.url().to_owned();
            match fails[place as usize] {
                true => sample::connect_timeout(place, request),
                false => {
                    sample::success(place, request, response(&url, 200, "text/plain", b"fine"))
                }
            }
        };
        let outcomes: Vec<_> = (0..).zip(todo).map(outcome).collect();
        run(&mut journal, &outcomes).unwrap();
    }
}

#[test]
fn last_has_one_row_for_each_occurrence_of_a_key() {
    let folder = Folder::new("last");
    let path = folder.at("run.db");
    retried(&path);
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM outcomes"), 9);
    let last = lines(
        &path,
        "SELECT idx || ' ' || outcome || ' ' || supersedes FROM last ORDER BY idx",
    );
    let expected = [
        "0 success 1",
        "1 failed 1",
        "2 failed 1",
        "3 success 0",
        "4 success 1",
    ];
    assert_eq!(last, expected);
    let pairs = "SELECT count(*) FROM outcomes AS old JOIN outcomes AS new ON old.superseded_by = new.number
                 WHERE old.key = new.key AND old.idx = new.idx AND new.supersedes AND old.outcome = 'failed'";
    assert_eq!(ask::<i64>(&path, pairs), 4);
}

#[test]
fn the_views_count_the_last_outcomes() {
    let folder = Folder::new("views");
    let path = folder.at("run.db");
    retried(&path);
    let hosts = "SELECT host || ' ' || requests || ' ' || succeeded || ' ' || rejected || ' ' || failed FROM by_host";
    assert_eq!(
        lines(&path, hosts),
        ["http://h:80 4 2 0 2", "http://g:80 1 1 0 0"]
    );
    let errors = "SELECT error_type || ' ' || phase || ' ' || requests || ' ' || url FROM by_error";
    assert_eq!(lines(&path, errors), ["timeout connect 2 http://h/b"]);
    let rejected = folder.at("rejected.db");
    run(&mut Journal::create(&rejected).unwrap(), &mixed()).unwrap();
    let rejected = lines(
        &rejected,
        "SELECT error_msg FROM by_error WHERE error_type = 'rejected'",
    );
    assert!(rejected[0].contains("余额不足"), "{rejected:?}");
}

#[test]
fn a_full_disk_is_told_and_keeps_what_is_written() {
    let folder = Folder::new("full");
    let path = folder.at("run.db");
    run(&mut Journal::create(&path).unwrap(), &mixed()[..1]).unwrap();
    let mut journal = Journal::open(&path).unwrap();
    journal.limit_pages(20);
    Sink::<crate::Response>::begin(&mut journal).unwrap();
    let mut error = None;
    for index in 1..2000 {
        let outcome = found(index, &format!("http://h/{}", "x".repeat(200)));
        let written = journal.write(&outcome).and_then(|()| match index % 10 {
            0 => journal.flush(),
            _ => Ok(()),
        });
        if let Err(e) = written {
            error = Some(e);
            break;
        }
    }
    let error = error.expect("the disk is full");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert!(
        error.to_string().starts_with(path.to_str().unwrap()),
        "{error}"
    );
    let written = Sink::<crate::Response>::written(&journal).unwrap();
    drop(journal);
    assert!(written > 0);
    let rows = ask::<i64>(&path, "SELECT count(*) FROM outcomes");
    assert_eq!(rows as u64, written + 1);
    assert_eq!(Journal::open(&path).unwrap().found(), written + 1);
}

#[test]
fn a_row_is_in_the_database_soon_after_idle_and_can_be_read_meanwhile() {
    let folder = Folder::new("meanwhile");
    let path = folder.at("run.db");
    let mut journal = Journal::create(&path).unwrap().durable(true);
    Sink::<crate::Response>::begin(&mut journal).unwrap();
    for index in 0..3 {
        journal.write(&found(index, "http://h/")).unwrap();
        Sink::<crate::Response>::idle(&mut journal).unwrap();
        while ask::<i64>(&path, "SELECT count(*) FROM outcomes") < index as i64 + 1 {
            std::thread::yield_now();
        }
    }
    journal.flush().unwrap();
    assert_eq!(Sink::<crate::Response>::written(&journal), Some(3));
}

#[test]
fn a_row_is_in_the_database_after_a_flush() {
    let folder = Folder::new("flushed");
    let path = folder.at("run.db");
    let mut journal = Journal::create(&path).unwrap();
    Sink::<crate::Response>::begin(&mut journal).unwrap();
    for index in 0..3 {
        journal.write(&found(index, "http://h/")).unwrap();
        journal.flush().unwrap();
        let rows = ask::<i64>(&path, "SELECT count(*) FROM outcomes");
        assert_eq!(rows as u64, index + 1);
        assert_eq!(Sink::<crate::Response>::written(&journal), Some(index + 1));
    }
}
