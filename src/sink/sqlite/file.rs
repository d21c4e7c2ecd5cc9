//! Opens the database file for writing, and checks its format.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::super::{SinkError, SinkTarget};
use super::schema::{self, FIRST, VERSION};
use crate::redact::escape::log_line;

/// Longest wait for another program's lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the database for writing. Makes it if it does not exist, and brings a database of an earlier version up to
/// date.
pub(super) fn open(path: &Path) -> Result<Connection, SinkError> {
    let failed = |e| error(path, "cannot be opened as an SQLite database", e);
    let mut database = Connection::open(path).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    // Taken under a lock, so that two processes that make the database at the same time make its tables once.
    let transaction = database
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    match version(path, &transaction)? {
        None => schema::create(&transaction).map_err(failed)?,
        Some(FIRST) => {
            log_line!(Info, "{}: brought up to version {VERSION}", path.display());
            let failed = |e| error(path, "cannot be brought up to date", e);
            schema::migrate(&transaction).map_err(failed)?;
        }
        Some(_) => {}
    }
    transaction.commit().map_err(failed)?;
    let mode: String = database
        .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
        .map_err(failed)?;
    log_line!(Debug, "{}: journal mode {mode}", path.display());
    database
        .execute_batch("PRAGMA synchronous=NORMAL")
        .map_err(failed)?;
    Ok(database)
}

/// Returns the version of the failure log in the database. `None`: the database is empty. An error if the database
/// holds anything but failures of a version that this crate knows.
pub(super) fn version(path: &Path, database: &Connection) -> Result<Option<i64>, SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let number = |query| database.query_row::<i64, _, _>(query, [], |row| row.get(0));
    let version = number("PRAGMA user_version").map_err(failed)?;
    let tables = number("SELECT count(*) FROM sqlite_master").map_err(failed)?;
    let named = "SELECT count(*) FROM sqlite_master WHERE name IN ('failures', 'runs')";
    let known = number(named).map_err(failed)?;
    match (version, tables, known) {
        (0, 0, _) => Ok(None),
        (FIRST | VERSION, _, 2) => Ok(Some(version)),
        (_, _, 2) => Err(foreign(
            path,
            format!("its failure log is of version {version} (this is version {VERSION})"),
        )),
        _ => Err(no_failure_log(path)),
    }
}

pub(super) fn no_failure_log(path: &Path) -> SinkError {
    foreign(path, "it holds no failure log".to_owned())
}

fn foreign(path: &Path, reason: String) -> SinkError {
    let source = io::Error::new(io::ErrorKind::InvalidData, reason);
    SinkError::new(SinkTarget::File(path.to_owned()), "not used", source)
}

/// Makes a [`SinkError`] of a database error, which stays inside this module.
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
    SinkError::new(SinkTarget::File(path.to_owned()), action, source)
}
