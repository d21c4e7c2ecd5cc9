//! Columns of a row, and those that rows of failures and of outcomes have in common.

use std::fmt::{self, Write};
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

use crate::error::StopReason;
use crate::record::Record;
use crate::timing::Phase;

/// Columns of a row and their values. All texts stand in one buffer, since a row has more than twenty of them.
#[derive(Debug, Default)]
pub(in crate::sink) struct Columns {
    cells: Vec<(&'static str, Cell)>,
    texts: Vec<u8>,
}

/// Value of a column.
#[derive(Debug)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    /// Place of the text in the buffer.
    Text(Range<usize>),
}

impl Columns {
    /// Makes columns with room for this many, and for texts of this length together.
    pub(in crate::sink) fn with_capacity(columns: usize, texts: usize) -> Columns {
        Columns {
            cells: Vec::with_capacity(columns),
            texts: Vec::with_capacity(texts),
        }
    }

    pub(in crate::sink) fn text(&mut self, name: &'static str, text: &str) {
        self.written(name, |texts| texts.extend_from_slice(text.as_bytes()));
    }

    pub(in crate::sink) fn optional(&mut self, name: &'static str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.cells.push((name, Cell::Null)),
        }
    }

    /// Adds a column with the text of a value. `None`: null.
    pub(in crate::sink) fn shown(&mut self, name: &'static str, value: Option<impl fmt::Display>) {
        match value {
            Some(value) => self.written(name, |texts| {
                let mut texts = TextBuffer(texts);
                write!(texts, "{value}").expect("a buffer takes all text");
            }),
            None => self.cells.push((name, Cell::Null)),
        }
    }

    /// Adds a column with the text that `write` adds to the buffer, in UTF-8.
    pub(in crate::sink) fn written(
        &mut self,
        name: &'static str,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.texts.len();
        write(&mut self.texts);
        self.cells.push((name, Cell::Text(start..self.texts.len())));
    }

    pub(in crate::sink) fn integer(&mut self, name: &'static str, number: Option<impl Into<i64>>) {
        let cell = number.map_or(Cell::Null, |number| Cell::Integer(number.into()));
        self.cells.push((name, cell));
    }

    pub(in crate::sink) fn time(&mut self, name: &'static str, time: Option<Duration>) {
        let cell = time.map_or(Cell::Null, |time| Cell::Real(milliseconds(time)));
        self.cells.push((name, cell));
    }

    /// Number of bytes that the texts take.
    pub(in crate::sink) fn size(&self) -> usize {
        self.texts.len()
    }

    fn values(&self) -> impl Iterator<Item = ToSqlOutput<'_>> {
        let values = self.cells.iter().map(|(_, cell)| match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(number) => ValueRef::Integer(*number),
            Cell::Real(number) => ValueRef::Real(*number),
            Cell::Text(place) => ValueRef::Text(&self.texts[place.clone()]),
        });
        values.map(ToSqlOutput::Borrowed)
    }
}

/// Buffer as a target of formatted text.
struct TextBuffer<'a>(&'a mut Vec<u8>);

impl Write for TextBuffer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Adds a row to its table. `statement`: the statement, which is the same for all rows of the table.
pub(in crate::sink) fn insert(
    database: &Connection,
    table: &str,
    columns: &Columns,
    statement: &OnceLock<String>,
) -> rusqlite::Result<()> {
    let statement = statement.get_or_init(|| {
        let names: Vec<&str> = columns.cells.iter().map(|(name, _)| *name).collect();
        let values = vec!["?"; names.len()].join(", ");
        format!(
            "INSERT INTO {table}({}) VALUES ({values})",
            names.join(", ")
        )
    });
    let mut insert = database.prepare_cached(statement)?;
    insert.execute(params_from_iter(columns.values()))?;
    Ok(())
}

/// Adds the columns that rows of failures and of outcomes have in common.
pub(in crate::sink) fn add_common(columns: &mut Columns, record: &Record<'_>, run_id: &str) {
    columns.text("url", &record.url);
    columns.optional("response_text", record.response_text.as_deref());
    columns.optional("id", record.id.as_deref());
    columns.integer("idx", Some(record.index as i64));
    columns.written("key", |texts| {
        texts.extend_from_slice(record.key.text().as_bytes())
    });
    columns.optional("source", record.source.as_deref());
    columns.integer("line", record.line.map(|line| line as i64));
    columns.text("run_id", run_id);
    columns.optional("phase", record.phase.map(Phase::as_str));
    columns.text("method", &record.method);
    columns.integer("status", record.status);
    columns.integer("attempts", Some(record.attempts));
    columns.time("elapsed_ms", record.elapsed);
    columns.optional("stop_reason", record.stop_reason.map(StopReason::as_str));
    columns.integer("truncated", Some(record.body_truncated.unwrap_or_default()));
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
