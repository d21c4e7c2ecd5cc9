//! Reads the requests that failed last from a database, which stays as it is.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::super::database::file::{PATIENCE, error, nothing_of, version};
use super::super::{SinkError, SinkTarget};
use super::schema::{FAILURE_LOG, FIRST};
use crate::record::Record;
use crate::request::Request;

/// Reads `last_failures`. The file keeps its bytes, and no other file is made beside it.
pub(super) fn last_failures(path: &Path) -> Result<Vec<Request>, SinkError> {
    with_database(path, |database| read(path, database))
}

/// Opens a database and reads from it by `read`. The file keeps its bytes, and no other file is made beside it. An error
/// if another program changes the database meanwhile in a way that this does not see.
pub(super) fn with_database<T>(
    path: &Path,
    read: impl FnOnce(&Connection) -> Result<T, SinkError>,
) -> Result<T, SinkError> {
    let failed = |e| SinkError::new(SinkTarget::File(path.to_owned()), "cannot be read", e);
    let before = FilesState::of(path).map_err(failed)?;
    if before.is_whole() {
        // An ordinary connection to a database in WAL mode makes files beside it, even for reading.
        let found = read(&connect(path, path, "mode=ro&immutable=1")?);
        return match FilesState::of(path).map_err(failed)? == before {
            true => found,
            false => Err(failed(io::Error::other(
                "another program changed it meanwhile",
            ))),
        };
    }
    if before.lacks_index {
        let copy = DatabaseCopy::of(path).map_err(failed)?;
        return read(&connect(path, &copy.file(), "mode=rw")?);
    }
    // Another program writes the database, or did so until it was killed: the log beside the database is read too.
    read(&connect(path, path, "mode=ro")?)
}

/// State of the files of a database. The state is the same before and after a reading that no other program interfered
/// with.
#[derive(PartialEq, Eq)]
struct FilesState {
    length: u64,
    modified: Option<SystemTime>,
    /// True if a part of the database is in a log beside it.
    in_log: bool,
    /// True if the log has no index, which SQLite would make beside it and leave there.
    lacks_index: bool,
}

impl FilesState {
    fn of(path: &Path) -> io::Result<FilesState> {
        let about = path.metadata()?;
        let is_there = |end: &str| beside(path, end).metadata().is_ok_and(|log| log.len() > 0);
        let in_wal = is_there("-wal");
        Ok(FilesState {
            length: about.len(),
            modified: about.modified().ok(),
            in_log: in_wal || is_there("-journal"),
            lacks_index: in_wal && !beside(path, "-shm").exists(),
        })
    }

    fn is_whole(&self) -> bool {
        !self.in_log
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// A copy of a database and its log in a directory of its own, removed when dropped.
struct DatabaseCopy(PathBuf);

impl DatabaseCopy {
    fn of(path: &Path) -> io::Result<DatabaseCopy> {
        let name = format!("haul-{:032x}", fastrand::u128(..));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        let copy = DatabaseCopy(folder);
        fs::copy(path, copy.file())?;
        fs::copy(beside(path, "-wal"), beside(&copy.file(), "-wal"))?;
        Ok(copy)
    }

    fn file(&self) -> PathBuf {
        self.0.join("copy.db")
    }
}

impl Drop for DatabaseCopy {
    fn drop(&mut self) {
        // A temporary directory that is left is no failure.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Opens a file. Errors name `path`.
fn connect(path: &Path, file: &Path, how: &str) -> Result<Connection, SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    let database =
        Connection::open_with_flags(format!("{}?{how}", uri(file)), flags).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    Ok(database)
}

fn read(path: &Path, database: &Connection) -> Result<Vec<Request>, SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let place = match version(path, database, &FAILURE_LOG)?
        .ok_or_else(|| nothing_of(&FAILURE_LOG, path))?
    {
        FIRST => "NULL, NULL",
        _ => "source, line",
    };
    let mut rows = database
        .prepare(&format!("SELECT request, url, {place} FROM last_failures"))
        .map_err(failed)?;
    let requests = rows
        .query_map([], |row| {
            let request = request(row.get(0)?, row.get(1)?);
            let (source, line): (Option<String>, Option<i64>) = (row.get(2)?, row.get(3)?);
            Ok(match (source, line.map(u64::try_from)) {
                (Some(source), Some(Ok(line))) => request.read_at(source, line),
                _ => request,
            })
        })
        .map_err(failed)?;
    requests.map(|request| request.map_err(failed)).collect()
}

/// Parses the request of a row. A request that cannot be understood becomes a request that fails, so that the others
/// are not lost with it.
pub(super) fn request(text: String, url: String) -> Request {
    Record::parse_request(&format!(r#"{{"v":1,"request":{text}}}"#))
        .unwrap_or_else(|e| Request::unreadable(url, e.to_string()))
}

/// Writes the path as SQLite takes it with parameters (<https://www.sqlite.org/uri.html>).
fn uri(path: &Path) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b':');
    let escaped = |bytes: &[u8]| percent_encode(bytes, ESCAPED).to_string();
    if cfg!(windows) {
        let text = path.to_string_lossy().replace('\\', "/");
        let root = if path.is_absolute() { "///" } else { "" };
        return format!("file:{root}{}", escaped(text.as_bytes()));
    }
    let root = if path.is_absolute() { "//" } else { "" };
    format!(
        "file:{root}{}",
        escaped(path.as_os_str().as_encoded_bytes())
    )
}
