//! The database file: what it must be, and what is read from it.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::super::{Place, SinkError};
use crate::escape::Escaped;
use crate::record::request_of;
use crate::request::Request;

const VERSION: i64 = 1;

/// How long another program's lock is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
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
";

/// Opens the database for writing; makes one where there is none.
pub(super) fn open(path: &Path) -> Result<Connection, SinkError> {
    let failed = |e| error(path, "cannot be opened as an SQLite database", e);
    let mut database = Connection::open(path).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    // Under a lock: two that make it at once make it once.
    let transaction = database
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    if is_new(path, &transaction)? {
        transaction.execute_batch(SCHEMA).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    let mode: String = database
        .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
        .map_err(failed)?;
    log::debug!("{}: journal mode {mode}", Escaped(path.display()));
    database
        .execute_batch("PRAGMA synchronous=NORMAL")
        .map_err(failed)?;
    Ok(database)
}

/// Whether nothing is in it yet. An error where it holds something else than failures of this version.
fn is_new(path: &Path, database: &Connection) -> Result<bool, SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let number = |query| database.query_row::<i64, _, _>(query, [], |row| row.get(0));
    let version = number("PRAGMA user_version").map_err(failed)?;
    let tables = number("SELECT count(*) FROM sqlite_master").map_err(failed)?;
    let named = "SELECT count(*) FROM sqlite_master WHERE name IN ('failures', 'runs')";
    let known = number(named).map_err(failed)?;
    match (version, tables, known) {
        (0, 0, _) => Ok(true),
        (VERSION, _, 2) => Ok(false),
        (_, _, 2) => Err(foreign(
            path,
            format!("its failure log is of version {version} (this is version {VERSION})"),
        )),
        _ => Err(foreign(path, "it holds no failure log".to_owned())),
    }
}

fn foreign(path: &Path, reason: String) -> SinkError {
    let source = io::Error::new(io::ErrorKind::InvalidData, reason);
    SinkError::new(Place::File(path.to_owned()), "not used", source)
}

pub(super) fn last_failures(path: &Path) -> Result<Vec<Request>, SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    if is_new(path, &database)? {
        return Err(foreign(path, "it holds no failure log".to_owned()));
    }
    let mut rows = database
        .prepare("SELECT request FROM last_failures")
        .map_err(failed)?;
    let requests = rows
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(failed)?;
    requests
        .map(|request| {
            let line = format!(r#"{{"v":1,"request":{}}}"#, request.map_err(failed)?);
            request_of(&line).map_err(|e| foreign(path, e.to_string()))
        })
        .collect()
}

/// What went wrong, as the rest of the program knows errors: the database's own stay here.
pub(super) fn error(path: &Path, action: &'static str, error: rusqlite::Error) -> SinkError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => io::ErrorKind::ResourceBusy,
        Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    let source = io::Error::new(kind, error.to_string());
    SinkError::new(Place::File(path.to_owned()), action, source)
}
