//! Opens a database file for writing, and checks its format.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::redact::escape::log_line;
use crate::sink::{SinkError, SinkTarget};

/// Longest wait for another program's lock.
pub(in crate::sink) const PATIENCE: Duration = Duration::from_secs(5);

/// Size of a page in bytes. A row with a body has about 1 KiB, and fills pages of SQLite's default size badly.
const PAGE: u32 = 8192;

/// Number of pages of the log (16 MiB) at which SQLite moves them to the database. Each time it waits for the disk twice;
/// its default is 1,000 pages.
const CHECKPOINT: u32 = 2000;

/// Function that makes tables, or brings them up to date.
type TableMaker = fn(&Connection) -> rusqlite::Result<()>;

/// Kind of database that this crate writes: its tables and their version, stored as `user_version`.
#[derive(Debug)]
pub(in crate::sink) struct DatabaseKind {
    /// Name of the kind in messages, with its verb.
    pub(in crate::sink) name: &'static str,
    pub(in crate::sink) verb: &'static str,
    /// Table that no other kind has, see [`TABLES`].
    pub(in crate::sink) table: &'static str,
    pub(in crate::sink) version: i64,
    /// Makes the tables.
    pub(in crate::sink) create: TableMaker,
    /// First version, and the function that brings its tables up to date. `None`: there was no other version.
    pub(in crate::sink) first: Option<(i64, TableMaker)>,
}

/// Table of each kind, and what a database with it holds. Each kind has a table `runs` too.
const TABLES: [(&str, &str); 2] = [("failures", "a failure log"), ("outcomes", "results")];

/// Opens a database of this kind for writing. Makes it if it does not exist, and brings a database of an earlier version
/// up to date.
pub(in crate::sink) fn open(path: &Path, kind: &DatabaseKind) -> Result<Connection, SinkError> {
    let failed = |e| error(path, "cannot be opened as an SQLite database", e);
    let mut database = Connection::open(path).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    // Without effect on a database that exists.
    database
        .execute_batch(&format!("PRAGMA page_size={PAGE}"))
        .map_err(failed)?;
    // Taken under a lock, so that two processes that make the database at the same time make its tables once.
    let transaction = database
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    match (version(path, &transaction, kind)?, kind.first) {
        (None, _) => (kind.create)(&transaction).map_err(failed)?,
        (Some(found), Some((first, migrate))) if found == first => {
            let version = kind.version;
            log_line!(Info, "{}: brought up to version {version}", path.display());
            let failed = |e| error(path, "cannot be brought up to date", e);
            migrate(&transaction).map_err(failed)?;
        }
        (Some(_), _) => {}
    }
    transaction.commit().map_err(failed)?;
    let mode: String = database
        .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
        .map_err(failed)?;
    log_line!(Debug, "{}: journal mode {mode}", path.display());
    database
        .execute_batch(&format!(
            "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint={CHECKPOINT}"
        ))
        .map_err(failed)?;
    Ok(database)
}

/// Returns the version of the tables in the database. `None`: the database is empty. An error if the database holds
/// anything but tables of this kind and of a version that this crate knows.
pub(in crate::sink) fn version(
    path: &Path,
    database: &Connection,
    kind: &DatabaseKind,
) -> Result<Option<i64>, SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let number = |query| database.query_row::<i64, _, _>(query, [], |row| row.get(0));
    let version = number("PRAGMA user_version").map_err(failed)?;
    let tables = number("SELECT count(*) FROM sqlite_master").map_err(failed)?;
    let has = |table: &str| {
        let query =
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN (?1, 'runs')";
        database.query_row(query, [table], |row| Ok(row.get::<_, i64>(0)? == 2))
    };
    if version == 0 && tables == 0 {
        return Ok(None);
    }
    if !has(kind.table).map_err(failed)? {
        for (table, content) in TABLES {
            if has(table).map_err(failed)? {
                let reason = format!("it holds {content}, and no {}", kind.name);
                return Err(foreign(path, reason));
            }
        }
        return Err(nothing_of(kind, path));
    }
    let is_first = kind.first.is_some_and(|(first, _)| first == version);
    if version == kind.version || is_first {
        return Ok(Some(version));
    }
    let (name, verb, known) = (kind.name, kind.verb, kind.version);
    Err(foreign(
        path,
        format!("its {name} {verb} of version {version} (this is version {known})"),
    ))
}

/// Makes the error for a database without tables of this kind.
pub(in crate::sink) fn nothing_of(kind: &DatabaseKind, path: &Path) -> SinkError {
    foreign(path, format!("it holds no {}", kind.name))
}

fn foreign(path: &Path, reason: String) -> SinkError {
    let source = io::Error::new(io::ErrorKind::InvalidData, reason);
    SinkError::new(SinkTarget::File(path.to_owned()), "not used", source)
}

/// Makes a [`SinkError`] of a database error, which stays inside this module.
pub(in crate::sink) fn error(
    path: &Path,
    action: &'static str,
    error: rusqlite::Error,
) -> SinkError {
    SinkError::new(SinkTarget::File(path.to_owned()), action, io_error(error))
}

/// Makes an error of the system's kinds of a database error.
pub(in crate::sink) fn io_error(error: rusqlite::Error) -> io::Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => io::ErrorKind::ResourceBusy,
        Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error.to_string())
}
