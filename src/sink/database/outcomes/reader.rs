//! Records of a results database, read back in their order.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::super::file::{PATIENCE, io_error};

/// Number of bytes of records, and number of records, that are read at once.
const BYTES: usize = 256 << 10;
const ROWS: usize = 1000;

/// Reader of the records.
pub(in crate::sink) struct OutcomeReader {
    database: Connection,
    /// Number of the row that was read last.
    last: i64,
    /// Rows that were read and not handed on.
    next: VecDeque<(i64, Vec<u8>)>,
}

impl OutcomeReader {
    /// Reads from the first row whose number is larger than `after`.
    pub(in crate::sink) fn open(path: &Path, after: u64) -> io::Result<OutcomeReader> {
        let opened = || {
            let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            database.busy_timeout(PATIENCE)?;
            Ok(database)
        };
        Ok(OutcomeReader {
            database: opened().map_err(io_error)?,
            last: after as i64,
            next: VecDeque::new(),
        })
    }

    /// Reads the next record as a line with its line feed. Returns the number of its row, or `None` after the last.
    pub(in crate::sink) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Option<u64>> {
        if self.next.is_empty() {
            self.fill().map_err(io_error)?;
        }
        let Some((number, record)) = self.next.pop_front() else {
            return Ok(None);
        };
        *line = record;
        line.push(b'\n');
        Ok(Some(number as u64))
    }

    fn fill(&mut self) -> rusqlite::Result<()> {
        let mut select = self.database.prepare_cached(
            "SELECT number, record FROM outcomes WHERE number > ?1 ORDER BY number",
        )?;
        let mut rows = select.query([self.last])?;
        let mut bytes = 0;
        while bytes < BYTES && self.next.len() < ROWS {
            let Some(row) = rows.next()? else {
                break;
            };
            self.last = row.get(0)?;
            let record = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            bytes += record.len();
            self.next.push_back((self.last, record.to_vec()));
        }
        Ok(())
    }
}
