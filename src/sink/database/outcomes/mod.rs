//! Results as an SQLite database, which a journal writes and continues.

mod reader;
mod row;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;

pub(in crate::sink) use reader::OutcomeReader;
use row::{OutcomeRow, RowHosts};
pub(in crate::sink) use schema::RESULTS;

use super::file;
use super::run_id;
use super::runs::RunFigures;
use super::writer::RowWriter;
use crate::record::Record;
use crate::sink::known::stamp;
use crate::sink::lock::LockFile;
use crate::sink::{SinkError, SinkTarget};
use crate::summary::Summary;

/// The table of outcomes and the run that adds rows to it.
///
/// A thread of its own writes the rows, in transactions of up to 1,000 rows or 200 ms, which [`commit`](Self::commit)
/// ends at once, and [`commit_soon`](Self::commit_soon) within 10 ms.
pub(in crate::sink) struct OutcomeTable {
    state: TableState,
    path: PathBuf,
    /// True if rows were added since the last [`commit`](Self::commit).
    is_dirty: bool,
    /// True if rows were added since the last commit was asked for.
    is_new: bool,
    /// True if a row is lost only with harm, see [`urge`](Self::urge).
    is_urgent: bool,
    /// Dropped after the thread has ended.
    _lock: LockFile,
}

enum TableState {
    Opened {
        database: Connection,
        /// True if the rows in the table are to be replaced.
        is_replaced: bool,
    },
    Writing(Box<RunningTable>),
    /// The writing could not begin.
    Failed,
}

/// Rows on their way to the table.
struct RunningTable {
    rows: RowWriter<OutcomeRow>,
    run_id: String,
    hosts: RowHosts,
    /// Rows that are not handed to the thread yet: several together wake it once.
    waiting: Vec<OutcomeRow>,
    /// Number of bytes that the waiting rows take.
    bytes: usize,
    /// Time at which rows were handed on last.
    handed_on: Instant,
}

/// Number of waiting rows, and of their bytes, at which they are handed on.
const WAITING: usize = 16;
const BYTES: usize = 64 << 10;

/// Time after which a row is handed on at once: rows that come slowly do not wait for others.
const OLD: Duration = Duration::from_millis(10);

impl RunningTable {
    fn add(
        &mut self,
        record: &Record<'_>,
        failure: Option<&Record<'_>>,
        is_counted: bool,
    ) -> Result<(), SinkError> {
        self.rows.check()?;
        let row = OutcomeRow::of(record, failure, &self.run_id, is_counted, &mut self.hosts);
        self.bytes += row.size();
        self.waiting.push(row);
        let few = self.waiting.len() < WAITING && self.bytes < BYTES;
        match few && self.handed_on.elapsed() < OLD {
            true => Ok(()),
            false => self.hand_on(),
        }
    }

    fn hand_on(&mut self) -> Result<(), SinkError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        (self.bytes, self.handed_on) = (0, Instant::now());
        self.rows.add(std::mem::replace(
            &mut self.waiting,
            Vec::with_capacity(WAITING),
        ))
    }
}

/// Accepts each file, since this build writes databases.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a build without SQLite refuses files"
)]
pub(in crate::sink) fn check_supported(_: &Path) -> Result<(), SinkError> {
    Ok(())
}

impl OutcomeTable {
    /// Opens a database; it is made if it does not exist. `is_replaced`: true if its rows are to be replaced when the
    /// batch begins.
    ///
    /// # Errors
    /// When the file cannot be opened or written, another process writes it, or it holds anything but results of this
    /// version.
    pub(in crate::sink) fn open(path: &Path, is_replaced: bool) -> Result<OutcomeTable, SinkError> {
        let lock = LockFile::beside(path).map_err(|e| {
            SinkError::new(SinkTarget::File(path.to_owned()), "cannot be locked", e)
        })?;
        let database = file::open(path, &RESULTS)?;
        Ok(OutcomeTable {
            state: TableState::Opened {
                database,
                is_replaced,
            },
            path: path.to_owned(),
            is_dirty: false,
            is_new: false,
            is_urgent: false,
            _lock: lock,
        })
    }

    /// True if no run was begun, so that the file is as it was opened.
    pub(in crate::sink) fn is_untouched(&self) -> bool {
        !matches!(self.state, TableState::Writing(_))
    }

    /// Begins a run. `durable`: true if each transaction is to reach the disk.
    pub(in crate::sink) fn begin(
        &mut self,
        durable: bool,
        arguments: Option<&str>,
    ) -> Result<(), SinkError> {
        let (database, is_replaced) = match std::mem::replace(&mut self.state, TableState::Failed) {
            TableState::Opened {
                database,
                is_replaced,
            } => (database, is_replaced),
            TableState::Failed => return Err(self.failed_before()),
            writing => {
                self.state = writing;
                return Ok(());
            }
        };
        if is_replaced {
            schema::replace(&database)
                .map_err(|e| file::error(&self.path, "cannot be emptied", e))?;
        }
        if durable {
            let set = database.execute_batch("PRAGMA synchronous=FULL");
            set.map_err(|e| file::error(&self.path, "cannot be written", e))?;
        }
        let rows = RowWriter::start(&self.path, database)?;
        let started = stamp(SystemTime::now());
        let run_id = run_id::new(&started, None);
        rows.begin(run_id.clone(), started, arguments.map(str::to_owned))?;
        rows.settle()?;
        self.state = TableState::Writing(Box::new(RunningTable {
            rows,
            run_id,
            hosts: RowHosts::default(),
            waiting: Vec::new(),
            bytes: 0,
            handed_on: Instant::now(),
        }));
        Ok(())
    }

    fn failed_before(&self) -> SinkError {
        let reason = std::io::Error::other("an earlier write failed");
        SinkError::new(
            SinkTarget::File(self.path.clone()),
            "cannot be written",
            reason,
        )
    }

    /// Adds the row of a record. `failure`: the line of a failure log for the same outcome. `is_counted`: false if the
    /// outcome is of no request of this run. On an error the row is not taken.
    pub(in crate::sink) fn add(
        &mut self,
        record: &Record<'_>,
        failure: Option<&Record<'_>>,
        is_counted: bool,
    ) -> Result<(), SinkError> {
        let TableState::Writing(running) = &mut self.state else {
            return Err(self.failed_before());
        };
        running.add(record, failure, is_counted)?;
        (self.is_dirty, self.is_new) = (true, true);
        Ok(())
    }

    /// Notes that the last row is of a request that must not be repeated. A kill before the commit makes it an
    /// interrupted one, so the commit does not wait for more rows.
    pub(in crate::sink) fn urge(&mut self) {
        self.is_urgent = true;
    }

    /// Has the rows added so far in the database soon, and does not wait for it.
    pub(in crate::sink) fn commit_soon(&mut self) -> Result<(), SinkError> {
        if let TableState::Writing(running) = &mut self.state {
            running.rows.check()?;
            if std::mem::take(&mut self.is_new) {
                running.hand_on()?;
                running
                    .rows
                    .settle_soon(std::mem::take(&mut self.is_urgent))?;
            }
            return Ok(());
        }
        self.commit()
    }

    /// Waits until the rows added so far are in the database.
    pub(in crate::sink) fn commit(&mut self) -> Result<(), SinkError> {
        match &mut self.state {
            TableState::Writing(running) if self.is_dirty => {
                running.hand_on()?;
                running.rows.settle()?;
            }
            TableState::Writing(running) => running.rows.check()?,
            TableState::Opened { .. } => {}
            TableState::Failed => return Err(self.failed_before()),
        }
        (self.is_dirty, self.is_new, self.is_urgent) = (false, false, false);
        Ok(())
    }

    /// Adds the figures of the run, and waits until all rows are in the database.
    pub(in crate::sink) fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        if let TableState::Writing(running) = &mut self.state {
            running.hand_on()?;
            let figures = RunFigures::new(running.run_id.clone(), summary);
            running.rows.finish(figures)?;
            self.is_dirty = false;
        }
        self.commit()
    }

    /// Number of counted rows that are in the database.
    pub(in crate::sink) fn written(&self) -> u64 {
        match &self.state {
            TableState::Writing(running) => running.rows.written(),
            _ => 0,
        }
    }
}
