//! A batch with failures and writes, and the facts that hold for its files in the end.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use haul::record::{Row, RowReader};
use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, records};
use crate::continued_outputs::unpacked;

/// Starts a server that answers 404 to every third path, with some six hundred bytes. It responds slowly, so that a
/// kill finds running requests.
pub(super) fn server() -> Server {
    Server::start(|seen| {
        let number = seen.path().trim_start_matches('/').parse::<usize>();
        let answer = match number.unwrap_or_default() % 3 {
            0 => Answer::status(404).body("no such page. ".repeat(40)),
            _ => Answer::text("fine"),
        };
        answer.after(Duration::from_millis(seen.number as u64 % 4))
    })
}

/// Builds a list with reads and writes by turns.
pub(super) fn list(server: &Server, count: usize) -> String {
    let line = |n: usize| {
        let url = server.url(&format!("/{n}"));
        match n % 2 {
            0 => json!({"url": url, "id": n.to_string()}),
            _ => json!({"url": url, "id": n.to_string(), "method": "POST", "body": "once"}),
        }
    };
    (0..count).map(|n| line(n).to_string() + "\n").collect()
}

/// Parts of a failure that results and log have in common.
pub(super) type Failure = (String, Value, Value);

fn failure(record: &Value) -> Failure {
    let id = record["id"].as_str().unwrap().to_owned();
    (
        id,
        record["timestamp"].clone(),
        record["error_type"].clone(),
    )
}

/// Returns the failures of a log, of lines or a database.
pub(super) fn logged(folder: &Folder, log: &str) -> Vec<Failure> {
    if !log.ends_with(".db") {
        // A kill may leave a torn last line.
        let text = folder.read(log);
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        return lines.map(|line: Value| failure(&line)).collect();
    }
    let database = rusqlite::Connection::open(folder.at(log)).unwrap();
    let mut rows = database
        .prepare("SELECT id, timestamp, error_type, attempts FROM failures")
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let attempts: u32 = row.get(3)?;
        let timestamp: String = row.get(1)?;
        // A request that was not sent has no time in the results.
        let timestamp = (attempts > 0).then_some(timestamp);
        Ok((
            row.get(0)?,
            json!(timestamp),
            json!(row.get::<_, String>(2)?),
        ))
    };
    let rows = rows.query_map([], row).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Cuts up to `count` lines off the end of the results, as a machine's crash may, if they are failures that the log has
/// too. The first line stays.
pub(super) fn lose_failures(folder: &Folder, (results, log): (&str, &str), count: usize) {
    if !folder.has(results) || !folder.has(log) {
        return;
    }
    let logged = logged(folder, log);
    let text = folder.read(results);
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for _ in 0..count {
        let last = lines
            .last()
            .and_then(|line| serde_json::from_str(line).ok());
        let is_in_log = last.is_some_and(|last| logged.contains(&failure(&last)));
        if lines.len() < 2 || !is_in_log {
            break;
        }
        lines.pop();
    }
    folder.file(results, lines.concat());
}

/// Returns the rows of a table as records of texts.
fn rows(text: &str, is_csv: bool) -> Vec<Value> {
    let text = std::io::Cursor::new(text.to_owned());
    let rows = match is_csv {
        true => RowReader::csv(text, b','),
        false => RowReader::tsv(text),
    };
    let value = |row: Row| {
        let cells = row.cells();
        cells
            .map(|(name, text)| (name.to_owned(), json!(text)))
            .collect()
    };
    let mut rows = rows.unwrap();
    std::iter::from_fn(|| rows.next_row())
        .map(|row| value(row.unwrap()))
        .collect()
}

/// Asserts that each outcome is in the results once, each failure in the log once, and that no write reached the server
/// twice. Returns the number of writes that were interrupted.
pub(super) fn check(
    server: &Server,
    folder: &Folder,
    (results, log): (&str, &str),
    count: usize,
) -> usize {
    let is_packed = results.ends_with(".gz") || results.ends_with(".zst");
    let is_table = results.contains(".csv") || results.contains(".tsv");
    let records = match (is_table, is_packed) {
        (true, true) => rows(&unpacked(&folder.at(results)), results.contains(".csv")),
        (true, false) => rows(&folder.read(results), results.contains(".csv")),
        (false, true) => records(&unpacked(&folder.at(results))),
        (false, false) => folder.records(results),
    };
    let ids: HashSet<&str> = records.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!((records.len(), ids.len()), (count, count));
    let failed = records.iter().filter(|r| r["outcome"] == "failed");
    let mut expected: Vec<Failure> = failed.map(failure).collect();
    let mut logged = logged(folder, log);
    if is_table {
        // Tables have no column for the time.
        logged
            .iter_mut()
            .for_each(|failure| failure.1 = json!(null));
    }
    let key = |failure: &Failure| format!("{failure:?}");
    expected.sort_by_key(key);
    logged.sort_by_key(key);
    assert_eq!(logged, expected);
    let mut sent = HashMap::<String, usize>::new();
    for request in server.seen() {
        *sent.entry(request.target).or_default() += 1;
    }
    let mut interrupted = 0;
    for record in records.iter().filter(|record| record["method"] == "POST") {
        let path = format!("/{}", record["id"].as_str().unwrap());
        let times = sent.get(&path).copied().unwrap_or_default();
        let was_interrupted = record["error_type"] == "interrupted";
        interrupted += usize::from(was_interrupted);
        assert!(
            times == 1 || times == 0 && was_interrupted,
            "sent {times} times: {record}"
        );
    }
    interrupted
}
