//! Databases written by an earlier release.

use std::collections::BTreeMap;

use super::*;

/// The tables as version 1 had them.
const FIRST: &str = "
CREATE TABLE failures(url TEXT NOT NULL, timestamp TEXT NOT NULL, error_type TEXT NOT NULL, error_msg TEXT NOT NULL,
  response_text TEXT,
  id TEXT, idx INTEGER NOT NULL, run_id TEXT NOT NULL, layer TEXT NOT NULL, phase TEXT, method TEXT NOT NULL, status INTEGER,
  attempts INTEGER NOT NULL, elapsed_ms REAL, stop_reason TEXT, truncated INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL);
CREATE INDEX failures_type ON failures(error_type, status);
CREATE INDEX failures_run ON failures(run_id, idx);
CREATE TABLE runs(run_id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT, arguments TEXT, total INTEGER, succeeded INTEGER,
  rejected INTEGER, failed INTEGER, cancelled INTEGER, mean_ms REAL);
CREATE VIEW last_failures AS SELECT failures.* FROM failures
  JOIN (SELECT max(rowid) AS newest FROM failures GROUP BY url) ON failures.rowid = newest ORDER BY newest;
PRAGMA user_version=1;
PRAGMA journal_mode=WAL;
INSERT INTO runs(run_id, started, total) VALUES ('r', '2026-08-22T10:15:30.123Z', 3);
";

/// A database of version 1 with two POSTs to `/1` and a GET of `/2`.
fn old(folder: &Folder) -> PathBuf {
    let database = Connection::open(folder.file()).unwrap();
    database.execute_batch(FIRST).unwrap();
    for (index, url, body) in [
        (0, "http://h/1", "a"),
        (1, "http://h/2", "b"),
        (2, "http://h/1", "c"),
    ] {
        let request = format!(r#"{{"url":"{url}","method":"POST","body":"{body}"}}"#);
        database
            .execute(
                "INSERT INTO failures(url, timestamp, error_type, error_msg, idx, run_id, layer, method, attempts, request)
                   VALUES (?1, '2026-08-22T10:15:30.123Z', 'timeout', 'late', ?2, 'r', 'network', 'POST', 1, ?3)",
                rusqlite::params![url, index, request],
            )
            .unwrap();
    }
    folder.file()
}

/// Every file of the folder with its content.
fn files(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn bodies(requests: &[Request]) -> Vec<&[u8]> {
    requests.iter().map(Request::body_bytes).collect()
}

#[test]
fn reading_leaves_a_database_of_version_1_unchanged() {
    let folder = Folder::new("read-first");
    let path = old(&folder);
    let before = files(&folder);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["failures.db"]);
    let again = Sqlite::last_failures(path).unwrap();
    assert_eq!(bodies(&again), [b"b", b"c"]);
    assert_eq!(files(&folder), before);
}

#[test]
fn a_database_of_version_2_is_left_as_it_is_too() {
    let folder = Folder::new("read-second");
    let outcomes = [sample::connect_timeout(0, "http://h/")];
    run(&mut Sqlite::open(folder.file()).unwrap(), &outcomes).unwrap();
    let before = files(&folder);
    assert_eq!(Sqlite::last_failures(folder.file()).unwrap().len(), 1);
    assert_eq!(files(&folder), before);
}

#[test]
fn rows_that_are_still_in_the_log_beside_the_file_are_read() {
    let folder = Folder::new("log");
    let sink = &mut Sqlite::open(folder.file()).unwrap();
    run(sink, &[sample::connect_timeout(0, "http://h/")]).unwrap();
    assert!(folder.0.join("failures.db-wal").metadata().unwrap().len() > 0);
    assert_eq!(Sqlite::last_failures(folder.file()).unwrap().len(), 1);
}

#[test]
fn reading_leaves_a_database_with_its_log_unchanged() {
    let folder = Folder::new("copied");
    let sink = &mut Sqlite::open(folder.file()).unwrap();
    run(sink, &[sample::connect_timeout(0, "http://h/")]).unwrap();
    let copied = Folder::new("copied-to");
    for end in ["", "-wal"] {
        let name = format!("failures.db{end}");
        fs::copy(folder.0.join(&name), copied.0.join(&name)).unwrap();
    }
    let before = files(&copied);
    assert_eq!(Sqlite::last_failures(copied.file()).unwrap().len(), 1);
    assert_eq!(files(&copied), before);
}

#[test]
fn a_path_may_hold_what_has_a_meaning_in_a_uri() {
    let folder = Folder::new("odd?name#100%25 é");
    let outcomes = [sample::connect_timeout(0, "http://h/")];
    run(&mut Sqlite::open(folder.file()).unwrap(), &outcomes).unwrap();
    assert_eq!(Sqlite::last_failures(folder.file()).unwrap().len(), 1);
}

#[test]
fn a_database_of_version_1_is_brought_up_to_date_when_it_is_opened_for_writing() {
    let folder = Folder::new("migrated");
    let path = old(&folder);
    let database = Connection::open(&path).unwrap();
    let own = "CREATE VIEW mine AS SELECT url FROM failures; CREATE INDEX by_url ON failures(url);";
    database.execute_batch(own).unwrap();
    drop(database);
    drop(Sqlite::open(&path).unwrap());
    assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), 2);
    let keys: String = ask(
        &path,
        "SELECT group_concat(idx || ' ' || key || ' ' || coalesce(source, '-') || ' ' || coalesce(line, '-'), char(10)) FROM failures",
    );
    // printf http://h/1 | sha256sum
    let (first, second) = (
        "1-bbfd39786b5cca2c9b8358729464708b",
        "1-2371c45757c71c6dd989db5b268ba6c7",
    );
    let expected = [
        format!("0 {first} - -"),
        format!("1 {second} - -"),
        format!("2 {first} - -"),
    ];
    assert_eq!(keys.lines().collect::<Vec<_>>(), expected);
    let kept = "SELECT count(*) FROM sqlite_master WHERE name IN ('mine', 'by_url', 'failures_run', 'failures_type')";
    assert_eq!(ask::<i64>(&path, kept), 4);
    assert_eq!(
        ask::<i64>(
            &path,
            "SELECT count(*) FROM runs WHERE not_done IS NULL AND total = 3"
        ),
        1
    );
    assert_eq!(bodies(&Sqlite::last_failures(&path).unwrap()), [b"b", b"c"]);
}

#[test]
fn a_migrated_database_takes_rows_each_time_it_is_opened() {
    let folder = Folder::new("after");
    let path = old(&folder);
    for index in 0..2 {
        let outcomes = [sample::connect_timeout(index, "http://h/new")];
        run(&mut Sqlite::open(&path).unwrap(), &outcomes).unwrap();
    }
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM failures"), 5);
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM last_failures"), 3);
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let folder = Folder::new("half");
    let path = old(&folder);
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch("ALTER TABLE failures ADD COLUMN line TEXT")
        .unwrap();
    drop(database);
    let error = refused(&path).to_string();
    assert!(
        error.contains("cannot be brought up to date: ") && error.contains("line"),
        "{error}"
    );
    assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), 1);
    assert_eq!(bodies(&Sqlite::last_failures(&path).unwrap()), [b"b", b"c"]);
}

#[test]
fn more_rows_than_get_their_keys_at_once_all_get_theirs() {
    let folder = Folder::new("many-old");
    let path = old(&folder);
    let database = Connection::open(&path).unwrap();
    let more = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 20100)
      INSERT INTO failures(rowid, url, timestamp, error_type, error_msg, idx, run_id, layer, method, attempts, request)
      SELECT i - 10, 'http://h/' || i, 't', 'timeout', 'late', i, 'r', 'network', 'GET', 1, '{}' FROM n WHERE i NOT BETWEEN 11 AND 13";
    database.execute_batch(more).unwrap();
    drop(database);
    drop(Sqlite::open(&path).unwrap());
    assert_eq!(
        ask::<i64>(
            &path,
            "SELECT count(*) FROM failures WHERE key NOT LIKE '1-%'"
        ),
        0
    );
    assert_eq!(
        ask::<i64>(&path, "SELECT count(DISTINCT key) FROM failures"),
        20_097
    );
}
