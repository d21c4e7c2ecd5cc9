//! Tables of the failure log, and the migration of tables of earlier versions.

use rusqlite::{Connection, params};

use super::super::database::file::DatabaseKind;
use super::super::database::runs::RUNS;
use crate::record::key_of_url;

pub(super) const FAILURE_LOG: DatabaseKind = DatabaseKind {
    name: "failure log",
    verb: "is",
    table: "failures",
    version: 2,
    create,
    first: Some((FIRST, migrate)),
};

/// First version: no keys, no places, and `last_failures` had one row for each URL.
pub(super) const FIRST: i64 = 1;

const TABLES: &str = "
CREATE TABLE failures(url TEXT NOT NULL, timestamp TEXT NOT NULL, error_type TEXT NOT NULL, error_msg TEXT NOT NULL,
  response_text TEXT,
  id TEXT, idx INTEGER NOT NULL, key TEXT NOT NULL, source TEXT, line INTEGER, run_id TEXT NOT NULL, layer TEXT NOT NULL, phase TEXT, method TEXT NOT NULL, status INTEGER,
  attempts INTEGER NOT NULL, elapsed_ms REAL, stop_reason TEXT, truncated INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL);
CREATE INDEX failures_type ON failures(error_type, status);
CREATE INDEX failures_run ON failures(run_id, idx);
";

const VIEW: &str = "
CREATE VIEW last_failures AS SELECT failures.* FROM failures
  JOIN (SELECT max(rowid) AS newest FROM failures GROUP BY key) ON failures.rowid = newest ORDER BY newest;
PRAGMA user_version=2;
";

/// Statements of the migration. Columns are added and no table is made anew, so that indices, views and triggers of
/// other programs stay.
const ADDED: &str = "
ALTER TABLE failures ADD COLUMN key TEXT NOT NULL DEFAULT '';
ALTER TABLE failures ADD COLUMN source TEXT;
ALTER TABLE failures ADD COLUMN line INTEGER;
ALTER TABLE runs ADD COLUMN not_done INTEGER;
DROP VIEW IF EXISTS last_failures;
";

/// Number of rows that get their keys in one step.
const ROWS: usize = 10_000;

fn create(database: &Connection) -> rusqlite::Result<()> {
    database.execute_batch(TABLES)?;
    database.execute_batch(RUNS)?;
    database.execute_batch(VIEW)
}

/// Brings tables of version 1 up to date, in the transaction of the caller. The key of their rows is `1-` and the
/// digest of their URL, so that `last_failures` has the same rows of them as before.
fn migrate(database: &Connection) -> rusqlite::Result<()> {
    database.execute_batch(ADDED)?;
    let mut select = database
        .prepare("SELECT rowid, url FROM failures WHERE rowid > ?1 ORDER BY rowid LIMIT ?2")?;
    let mut update = database.prepare("UPDATE failures SET key = ?2 WHERE rowid = ?1")?;
    let mut last = i64::MIN;
    loop {
        let key = |row: &rusqlite::Row<'_>| {
            let url = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            Ok((row.get::<_, i64>(0)?, key_of_url(url)))
        };
        let rows = select.query_map(params![last, ROWS as i64], key)?;
        let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
        let Some((newest, _)) = rows.last() else {
            break;
        };
        last = *newest;
        for (rowid, key) in &rows {
            update.execute(params![rowid, key])?;
        }
    }
    database.execute_batch(VIEW)
}
