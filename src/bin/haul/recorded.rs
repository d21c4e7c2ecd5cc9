//! Databases of failures and of results as inputs.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use haul::Request;
use haul::sink::{SinkError, Sqlite};

use crate::failure::CommandError;
use crate::messages::Messages;
use crate::shell::quoted;

/// Beginning of every SQLite database.
pub(crate) const DATABASE: &[u8] = b"SQLite format 3\0";

/// Returns true if the file is an SQLite database.
pub(crate) fn is_database(file: &File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.take(DATABASE.len() as u64).read_to_end(&mut first)?;
    Ok(first == DATABASE)
}

/// Requests of a database.
pub(crate) enum StoredRequests {
    Failures(Vec<Request>),
    /// Lines of a results file, and their number.
    Results(Vec<u8>, u64),
}

/// Reads the newest failure of each request from a database, or its results, and prints a note about it.
pub(crate) fn read_database(
    path: &str,
    messages: &Messages,
) -> Result<StoredRequests, CommandError> {
    let refused = |e: SinkError| {
        let (text, file) = (e.to_string(), quoted(path));
        let reason = text.strip_prefix(&format!("{path}: ")).unwrap_or(&text);
        CommandError::usage(format!(
            "{path}: {reason}; it is an SQLite database (sqlite3 {file} 'select url from TABLE' | haul)"
        ))
    };
    let mut lines = Vec::new();
    if let Some(count) = Sqlite::copy_results(path, &mut lines).map_err(refused)? {
        messages.note(&format!(
            "{path}: opened read-only; outcomes, the results of an earlier run, has {count} to send again"
        ));
        return Ok(StoredRequests::Results(lines, count));
    }
    let requests = Sqlite::last_failures(Path::new(path)).map_err(refused)?;
    messages.note(&format!(
        "{path}: opened read-only; last_failures, the newest failure of each request, has {} to send again",
        requests.len()
    ));
    Ok(StoredRequests::Failures(requests))
}
