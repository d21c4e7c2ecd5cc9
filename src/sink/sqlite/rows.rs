//! Rows that a database has, and the rows among them that a results file lacks.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rusqlite::Connection;

use super::super::database::file::{PATIENCE, error};
use super::super::database::run_id;
use super::super::known::{FailureMark, KnownFailures, MarkFields};
use super::super::missing::Unrecorded;
use super::super::{SinkError, SinkTarget};
use super::line::RowAsRecord;
use crate::record::{Key, Record};

/// A run of the database: its start time and its name.
pub(super) type RunStart = (String, String);

/// Reads the failures and the runs of the database, oldest first.
pub(super) fn known(
    path: &Path,
    fields: MarkFields,
) -> Result<(KnownFailures, Vec<RunStart>), SinkError> {
    reading(path, |database| {
        let mut known = KnownFailures::default();
        each_row(database, |row| known.add(row.mark(fields)))?;
        Ok((known, runs(database)?))
    })
}

/// Finds the rows of a results file that are not among its records.
///
/// A database has rows of other results too. A row belongs to the results if their batch has another failure of its
/// run, or if its run is named after the file at `results` and the row is of the time `begun` or later, because the
/// same path may have had other results before.
pub(super) fn unrecorded(
    path: &Path,
    results: &Path,
    (mut known, fields): (KnownFailures, MarkFields),
    begun: SystemTime,
) -> Result<Unrecorded, SinkError> {
    reading(path, |database| {
        let own = own_runs(database, results, (&known, fields))?;
        let mut unrecorded = Unrecorded::default();
        // Keys and positions of the rows before. A second row of a request is its outcome in a later run.
        let mut earlier = HashSet::new();
        each_row(database, |row| {
            let (Some(run), Ok(key)) = (own.get(row.run_id), row.key.parse::<Key>()) else {
                return;
            };
            let in_time = || row.ended().is_some_and(|ended| ended >= begun);
            if *run == OwnRun::ByName && !in_time() {
                return;
            }
            let supersedes = !earlier.insert((key, row.index));
            if !known.take_recorded(row.mark(fields)) {
                unrecorded.add(key, row.rowid as u64, supersedes);
            }
        })?;
        Ok(unrecorded)
    })
}

/// Reads a row as a line of a failure log, without its request.
pub(super) fn record(path: &Path, rowid: u64) -> Result<Record<'static>, SinkError> {
    let line = reading(path, |database| RowAsRecord::read(database, rowid as i64))?;
    line.into_record().map_err(|wrong| {
        let reason = io::Error::new(io::ErrorKind::InvalidData, wrong);
        let place = SinkTarget::File(path.to_owned());
        SinkError::new(place, "has a row that cannot be read", reason)
    })
}

fn reading<A>(
    path: &Path,
    read: impl FnOnce(&Connection) -> rusqlite::Result<A>,
) -> Result<A, SinkError> {
    let opened = || {
        let database = Connection::open(path)?;
        database.busy_timeout(PATIENCE)?;
        read(&database)
    };
    opened().map_err(|e| error(path, "cannot be read as an SQLite database", e))
}

fn runs(database: &Connection) -> rusqlite::Result<Vec<RunStart>> {
    let mut runs = database.prepare("SELECT started, run_id FROM runs ORDER BY started, rowid")?;
    runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Reason why a run counts as a writer of the results file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnRun {
    /// The run is named after the file.
    ByName,
    /// The file has a failure of the run.
    ByFailure,
}

/// Returns the runs that wrote a results file, by their names.
fn own_runs(
    database: &Connection,
    results: &Path,
    (known, fields): (&KnownFailures, MarkFields),
) -> rusqlite::Result<HashMap<String, OwnRun>> {
    let is_named = |run: &RunStart| run_id::is_of(&run.1, &run.0, results);
    let named = runs(database)?.into_iter().filter(is_named);
    let mut own: HashMap<_, _> = named.map(|(_, run_id)| (run_id, OwnRun::ByName)).collect();
    each_row(database, |row| {
        // A request that cannot be sent fails in the same way in runs of other results.
        let was_sent = row.sent_at().is_some();
        if own.get(row.run_id) != Some(&OwnRun::ByFailure)
            && was_sent
            && known.is_recorded(row.mark(fields))
        {
            own.insert(row.run_id.to_owned(), OwnRun::ByFailure);
        }
    })?;
    Ok(own)
}

/// The columns that tell a row from others.
struct LogRow<'r> {
    rowid: i64,
    index: u64,
    url: &'r str,
    timestamp: &'r str,
    class: &'r str,
    key: &'r str,
    run_id: &'r str,
    elapsed_ms: Option<f64>,
}

impl LogRow<'_> {
    fn mark(&self, fields: MarkFields) -> FailureMark {
        let elapsed = self
            .elapsed_ms
            .map(|ms| Duration::from_micros((ms * 1e3).round() as u64));
        let sent = (self.sent_at(), elapsed);
        FailureMark::new(fields, (self.index, self.url), sent, self.class)
    }

    /// Time at which the last attempt began. `None`: the request was not sent; the time is only that of its row.
    fn sent_at(&self) -> Option<&str> {
        self.elapsed_ms.map(|_| self.timestamp)
    }

    /// End of the request's last attempt; for a request that was not sent, the time at which it was given up. `None`:
    /// the row's time cannot be read.
    fn ended(&self) -> Option<SystemTime> {
        let started = SystemTime::from(self.timestamp.parse::<Timestamp>().ok()?);
        let elapsed = Duration::try_from_secs_f64(self.elapsed_ms.unwrap_or_default() / 1e3);
        started.checked_add(elapsed.ok()?)
    }
}

/// Calls `each` for each row, in the order in which the rows were written.
fn each_row(database: &Connection, mut each: impl FnMut(&LogRow<'_>)) -> rusqlite::Result<()> {
    let mut rows = database.prepare(
        "SELECT rowid, idx, url, timestamp, error_type, key, run_id, elapsed_ms FROM failures ORDER BY rowid",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        each(&LogRow {
            rowid: row.get(0)?,
            index: row.get::<_, i64>(1)? as u64,
            url: text(2)?,
            timestamp: text(3)?,
            class: text(4)?,
            key: text(5)?,
            run_id: text(6)?,
            elapsed_ms: row.get(7)?,
        });
    }
    Ok(())
}
