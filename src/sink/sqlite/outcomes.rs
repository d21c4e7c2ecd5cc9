//! Reads the rows of a database of all outcomes as lines of results.

use std::io::{self, Write};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::super::database::RESULTS;
use super::super::{SinkError, SinkTarget};
use super::file::{error, version};
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

/// Name of a column, the key of its value in a line, and its form.
type OutcomeColumn = (&'static str, &'static str, ColumnForm);

/// Columns that are read if the table has them.
const COLUMNS: [OutcomeColumn; 34] = [
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
    ("final_url", "final_url", ColumnForm::Plain),
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

/// Columns that the request of a row is made of.
const OF_REQUEST: [&str; 10] = [
    "id",
    "idx",
    "key",
    "outcome",
    "url",
    "method",
    "final_url",
    "error_type",
    "tag",
    "source",
];

/// Values of the record that have no columns, and that the request of a row is made of.
const OF_RECORD: [OutcomeColumn; 2] = [
    (
        "iif(json_valid(record), json_extract(record, '$.credentials_for'), 'unknown')",
        "credentials_for",
        ColumnForm::Plain,
    ),
    ("page", "page", ColumnForm::Plain),
];

/// Hands each row of the table `outcomes` to `take`, in their order, as the line of results that it stands for.
/// `bodies`: true if the lines need the bodies. The file keeps its bytes.
pub(crate) fn read_outcomes(
    path: &Path,
    bodies: bool,
    take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), SinkError> {
    with_database(path, |database| {
        let failed = |e| error(path, "cannot be read as an SQLite database", e);
        if has_records(database).map_err(failed)? {
            let query = "SELECT record FROM outcomes ORDER BY number";
            return hand_on(path, database, query, record_of, take);
        }
        let columns = columns(database, |name| bodies || !BODIES.contains(&name));
        let columns = columns.map_err(failed)?;
        if !columns.iter().any(|(name, ..)| *name == "outcome") {
            return Err(SinkError::new(
                SinkTarget::File(path.to_owned()),
                "holds no results",
                io::Error::other("it has no table outcomes with a column outcome"),
            ));
        }
        let query = query_of(&columns, "rowid");
        let line_of = |row: &Row<'_>, line: &mut Vec<u8>| line_of(row, &columns, line);
        hand_on(path, database, &query, line_of, take)
    })
}

/// Writes each row of a results database as a line of a results file with the keys that its request is made of. Returns
/// the number of rows, or `None` if the database holds no results. The file keeps its bytes.
pub(super) fn copy_results(path: &Path, into: &mut dyn Write) -> Result<Option<u64>, SinkError> {
    with_database(path, |database| {
        let failed = |e| error(path, "cannot be read as an SQLite database", e);
        if !has_records(database).map_err(failed)? {
            return Ok(None);
        }
        version(path, database, &RESULTS)?;
        let columns = columns(database, |name| OF_REQUEST.contains(&name));
        let mut columns = columns.map_err(failed)?;
        columns.extend(OF_RECORD);
        let query = query_of(&columns, "number");
        let line_of = |row: &Row<'_>, line: &mut Vec<u8>| {
            line_of(row, &columns, line)?;
            line.push(b'\n');
            Ok(())
        };
        let mut rows = 0;
        hand_on(path, database, &query, line_of, |line| {
            rows += 1;
            into.write_all(line)
        })?;
        Ok(Some(rows))
    })
}

/// Hands the line of each row of a query to `take`.
fn hand_on(
    path: &Path,
    database: &Connection,
    query: &str,
    line_of: impl Fn(&Row<'_>, &mut Vec<u8>) -> io::Result<()>,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), SinkError> {
    let failed = |e| error(path, "cannot be read as an SQLite database", e);
    let mut statement = database.prepare(query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut line = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        line.clear();
        let taken = line_of(row, &mut line).and_then(|()| take(&line));
        taken.map_err(|e| {
            let file = SinkTarget::File(path.to_owned());
            SinkError::new(file, "cannot be read to its end", e)
        })?;
    }
    Ok(())
}

/// True if the table has whole records, as a run writes them.
fn has_records(database: &Connection) -> rusqlite::Result<bool> {
    let query =
        "SELECT count(*) = 2 FROM pragma_table_info('outcomes') WHERE name IN ('number', 'record')";
    database.query_row(query, [], |row| row.get(0))
}

/// Writes the record of a row.
fn record_of(row: &Row<'_>, line: &mut Vec<u8>) -> io::Result<()> {
    let record = row.get_ref(0).map_err(io::Error::other)?;
    line.extend_from_slice(record.as_bytes().map_err(io::Error::other)?);
    Ok(())
}

fn query_of(columns: &[OutcomeColumn], order: &str) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    format!("SELECT {} FROM outcomes ORDER BY {order}", names.join(", "))
}

/// Returns the columns of the table that are to be read.
fn columns(
    database: &Connection,
    is_needed: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<OutcomeColumn>> {
    let mut statement = database.prepare("SELECT name FROM pragma_table_info('outcomes')")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    let is_read =
        |(name, ..): &OutcomeColumn| names.iter().any(|other| other == name) && is_needed(name);
    Ok(COLUMNS.into_iter().filter(is_read).collect())
}

/// Writes the line that a row stands for.
fn line_of(row: &Row<'_>, columns: &[OutcomeColumn], line: &mut Vec<u8>) -> io::Result<()> {
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
