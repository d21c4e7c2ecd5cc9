//! Results in a database.

use std::path::Path;

use super::{ReportError, ReportReader};
use crate::sink::read_outcomes;

impl ReportReader {
    /// Reads the table `outcomes` of a database of results. The file keeps its bytes.
    ///
    /// The number of a row that is no result is told as that of a line.
    ///
    /// # Errors
    /// When the database cannot be read, has no such table, or is changed meanwhile. The results that were read before
    /// count.
    pub fn read_database(&mut self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let (mut span, mut number) = (None, 0);
        let read = read_outcomes(path, self.is_comparable(), |line| {
            number += 1;
            self.take_line(&name, number, line, &mut span)
        });
        self.spans.extend(span);
        read.map_err(ReportError::database)
    }
}
