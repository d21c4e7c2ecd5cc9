//! Reads the rows of a database of all outcomes as lines of results.

use std::io::{self, Write};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::super::{SinkError, SinkTarget};
use super::file::error;
use super::read::with_database;

/// Form of a column's value in a line.
#[derive(Clone, Copy, PartialEq)]
enum ColumnForm {
    /// Number or text.
    Plain,
    /// JSON as text.
    Json,
    /// 0 or 1.
    Truth,
}

/// Columns that are read if the table has them, with the keys of a line.
const COLUMNS: [(&str, &str, ColumnForm); 33] = [
    ("id", "id", ColumnForm::Plain),
    ("idx", "index", ColumnForm::Plain),
    ("key", "key", ColumnForm::Plain),
    ("source", "source", ColumnForm::Plain),
    ("line", "line", ColumnForm::Plain),
    ("outcome", "outcome", ColumnForm::Plain),
    ("url", "url", ColumnForm::Plain),
    ("method", "method", ColumnForm::Plain),
    ("status", "status", ColumnForm::Plain),
    ("rejection", "rejection", ColumnForm::Json),
    ("attempts", "attempts", ColumnForm::Plain),
    ("timestamp", "timestamp", ColumnForm::Plain),
    ("elapsed_ms", "elapsed_ms", ColumnForm::Plain),
    ("ttfb_ms", "ttfb_ms", ColumnForm::Plain),
    ("queued_ms", "queued_ms", ColumnForm::Plain),
    ("total_ms", "total_ms", ColumnForm::Plain),
    ("redirects", "redirects", ColumnForm::Plain),
    ("reused", "reused", ColumnForm::Truth),
    ("timings", "timings", ColumnForm::Json),
    ("size_bytes", "size_bytes", ColumnForm::Plain),
    ("output_file", "output_file", ColumnForm::Plain),
    ("sha256", "sha256", ColumnForm::Plain),
    ("error_type", "error_type", ColumnForm::Plain),
    ("phase", "phase", ColumnForm::Plain),
    ("error_msg", "error_msg", ColumnForm::Plain),
    ("error_text", "error_text", ColumnForm::Plain),
    ("stop_reason", "stop_reason", ColumnForm::Plain),
    ("attempt_log", "attempt_log", ColumnForm::Json),
    ("body", "body", ColumnForm::Plain),
    ("body_encoding", "body_encoding", ColumnForm::Plain),
    ("json", "json", ColumnForm::Json),
    ("tag", "tag", ColumnForm::Json),
    ("supersedes", "supersedes", ColumnForm::Truth),
];

/// Columns of the bodies, which are read only if they are asked for.
const BODIES: [&str; 2] = ["body", "json"];

/// Hands each row of the table `outcomes` to `take`, in their order, as the line of results that it stands for.
/// `bodies`: true if the lines need the bodies. The file keeps its bytes.
pub(crate) fn read_outcomes(
    path: &Path,
    bodies: bool,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), SinkError> {
    with_database(path, |database| {
        let failed = |e| error(path, "cannot be read as an SQLite database", e);
        let columns = columns(database, bodies).map_err(failed)?;
        if !columns.iter().any(|(name, ..)| *name == "outcome") {
            return Err(SinkError::new(
                SinkTarget::File(path.to_owned()),
                "holds no results",
                io::Error::other("it has no table outcomes with a column outcome"),
            ));
        }
        let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
        let query = format!("SELECT {} FROM outcomes ORDER BY rowid", names.join(", "));
        let mut statement = database.prepare(&query).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut line = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let taken = line_of(row, &columns, &mut line).and_then(|()| take(&line));
            taken.map_err(|e| {
                let file = SinkTarget::File(path.to_owned());
                SinkError::new(file, "cannot be summed up", e)
            })?;
        }
        Ok(())
    })
}

/// Returns the columns of the table that are to be read.
fn columns(
    database: &Connection,
    bodies: bool,
) -> rusqlite::Result<Vec<(&'static str, &'static str, ColumnForm)>> {
    let mut statement = database.prepare("SELECT name FROM pragma_table_info('outcomes')")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    let is_read = |(name, ..): &(&str, &str, ColumnForm)| {
        names.iter().any(|other| other == name) && (bodies || !BODIES.contains(name))
    };
    Ok(COLUMNS.into_iter().filter(is_read).collect())
}

/// Writes the line that a row stands for.
fn line_of(
    row: &Row<'_>,
    columns: &[(&'static str, &'static str, ColumnForm)],
    line: &mut Vec<u8>,
) -> io::Result<()> {
    line.clear();
    line.extend_from_slice(br#"{"v":1"#);
    for (at, (_, key, form)) in columns.iter().enumerate() {
        let value = row.get_ref(at).map_err(io::Error::other)?;
        if value == ValueRef::Null {
            continue;
        }
        write!(line, ",\"{key}\":")?;
        match (value, form) {
            (ValueRef::Integer(number), ColumnForm::Truth) => {
                serde_json::to_writer(&mut *line, &(number != 0))?;
            }
            (ValueRef::Integer(number), _) => write!(line, "{number}")?,
            (ValueRef::Real(number), _) => serde_json::to_writer(&mut *line, &number)?,
            (ValueRef::Text(json), ColumnForm::Json) => line.extend_from_slice(json),
            (ValueRef::Text(text) | ValueRef::Blob(text), _) => {
                serde_json::to_writer(&mut *line, &String::from_utf8_lossy(text))?;
            }
            (ValueRef::Null, _) => {}
        }
    }
    line.push(b'}');
    Ok(())
}
