//! Columns that rows of failures and of outcomes have in common.

use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::StopReason;
use crate::record::Record;
use crate::timing::Phase;

/// Columns of a row and their values.
pub(in crate::sink) type Columns = Vec<(&'static str, Value)>;

/// Adds a row to its table. `statement`: the statement, which is the same for all rows of the table.
pub(in crate::sink) fn insert(
    database: &Connection,
    table: &str,
    columns: &Columns,
    statement: &OnceLock<String>,
) -> rusqlite::Result<()> {
    let statement = statement.get_or_init(|| {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values = vec!["?"; names.len()].join(", ");
        format!(
            "INSERT INTO {table}({}) VALUES ({values})",
            names.join(", ")
        )
    });
    let values = columns.iter().map(|(_, value)| value);
    let mut insert = database.prepare_cached(statement)?;
    insert.execute(params_from_iter(values))?;
    Ok(())
}

/// Makes the columns that rows of failures and of outcomes have in common.
pub(in crate::sink) fn common_columns(record: &Record<'_>, run_id: String) -> Columns {
    vec![
        ("url", text(&record.url)),
        ("response_text", optional(record.response_text.as_deref())),
        ("id", optional(record.id.as_deref())),
        ("idx", Value::from(record.index as i64)),
        ("key", record.key.to_string().into()),
        ("source", optional(record.source.as_deref())),
        ("line", record.line.map(|line| line as i64).into()),
        ("run_id", run_id.into()),
        ("phase", optional(record.phase.map(Phase::as_str))),
        ("method", text(&record.method)),
        ("status", record.status.into()),
        ("attempts", record.attempts.into()),
        ("elapsed_ms", time(record.elapsed)),
        (
            "stop_reason",
            optional(record.stop_reason.map(StopReason::as_str)),
        ),
        (
            "truncated",
            record.body_truncated.unwrap_or_default().into(),
        ),
    ]
}

pub(in crate::sink) fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}

pub(in crate::sink) fn optional(text: Option<&str>) -> Value {
    text.map(str::to_owned).into()
}

pub(in crate::sink) fn time(time: Option<Duration>) -> Value {
    time.map(milliseconds).into()
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
