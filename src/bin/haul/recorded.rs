//! Databases of failures as inputs.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use haul::Request;
use haul::sink::Sqlite;

use crate::failure::CommandError;
use crate::messages::Messages;
use crate::shell::quoted;

/// Beginning of every SQLite database.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Returns true if the file is an SQLite database.
pub(crate) fn is_database(file: &File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut first)?;
    Ok(first == MAGIC)
}

/// Reads the newest failure of each request from a database, and prints a note about it.
pub(crate) fn read_database(path: &str, messages: &Messages) -> Result<Vec<Request>, CommandError> {
    let requests = Sqlite::last_failures(Path::new(path)).map_err(|e| {
        let (text, file) = (e.to_string(), quoted(path));
        let reason = text.strip_prefix(&format!("{path}: ")).unwrap_or(&text);
        CommandError::usage(format!(
            "{path}: {reason}; it is an SQLite database (sqlite3 {file} 'select url from TABLE' | haul)"
        ))
    })?;
    messages.note(&format!(
        "{path}: opened read-only; last_failures, the newest failure of each request, has {} to send again",
        requests.len()
    ));
    Ok(requests)
}
