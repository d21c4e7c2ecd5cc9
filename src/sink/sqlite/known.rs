//! Which failures the database has rows of.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rusqlite::Connection;

use super::super::SinkError;
use super::file::{PATIENCE, error};
use super::row::stamp;
use crate::record::Record;

/// The rows there are, and the runs, oldest first: when each started, and its name.
pub(super) fn known(path: &Path) -> Result<(Known, Vec<(String, String)>), SinkError> {
    let read = || {
        let database = Connection::open(path)?;
        database.busy_timeout(PATIENCE)?;
        let mut runs =
            database.prepare("SELECT started, run_id FROM runs ORDER BY started, rowid")?;
        let runs = runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let runs = runs.collect::<rusqlite::Result<_>>()?;
        Ok((Known::read(&database)?, runs))
    };
    read().map_err(|e| error(path, "cannot be read as an SQLite database", e))
}

/// The rows there are. Of each only digests: there may be millions.
#[derive(Default)]
pub(super) struct Known {
    sent: HashMap<u64, u32>,
    /// By what is the same of a row and a record without a time.
    unsent: HashMap<u64, u32>,
}

impl Known {
    fn read(database: &Connection) -> rusqlite::Result<Known> {
        let mut known = Known::default();
        let mut rows = database.prepare("SELECT idx, url, timestamp, error_type FROM failures")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let index: i64 = row.get(0)?;
            let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            let (url, timestamp, class) = (text(1)?, text(2)?, text(3)?);
            *known
                .sent
                .entry(digest((index, url, timestamp)))
                .or_default() += 1;
            *known.unsent.entry(digest((index, url, class))).or_default() += 1;
        }
        Ok(known)
    }

    /// Takes the row of a record, if there is one.
    pub(super) fn take(&mut self, record: &Record<'_>) -> bool {
        let (index, url) = (record.index as i64, &*record.url);
        let count = match record.timestamp {
            Some(at) => self.sent.get_mut(&digest((index, url, &*stamp(at)))),
            None => {
                let class = record.error_type.map_or("rejected", |class| class.as_str());
                self.unsent.get_mut(&digest((index, url, class)))
            }
        };
        match count {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

fn digest(of: (i64, &str, &str)) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
