//! The rows that a database has.

use std::path::Path;

use rusqlite::Connection;

use super::super::SinkError;
use super::super::known::Known;
use super::file::{PATIENCE, error};

/// The rows there are, and the runs, oldest first: when each started, and its name.
pub(super) fn known(path: &Path) -> Result<(Known, Vec<(String, String)>), SinkError> {
    let read = || {
        let database = Connection::open(path)?;
        database.busy_timeout(PATIENCE)?;
        let mut runs =
            database.prepare("SELECT started, run_id FROM runs ORDER BY started, rowid")?;
        let runs = runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let runs = runs.collect::<rusqlite::Result<_>>()?;
        Ok((failures(&database)?, runs))
    };
    read().map_err(|e| error(path, "cannot be read as an SQLite database", e))
}

fn failures(database: &Connection) -> rusqlite::Result<Known> {
    let mut known = Known::default();
    let mut rows = database.prepare("SELECT idx, url, timestamp, error_type FROM failures")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let index = row.get(0)?;
        let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        known.add(index, text(1)?, Some(text(2)?), text(3)?);
    }
    Ok(known)
}
