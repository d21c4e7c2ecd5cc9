//! Makes a record of a row, as far as the columns tell.

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::super::known::REJECTED;
use super::read::request;
use crate::record::{InvalidLine, Record};
use crate::rejection::Rejection;
use crate::request::Request;

/// A row as the fields of a record. Fields without a column are absent.
pub(super) struct RowAsRecord {
    fields: Map<String, Value>,
    request: Request,
}

impl RowAsRecord {
    pub(super) fn read(database: &Connection, rowid: i64) -> rusqlite::Result<RowAsRecord> {
        let mut row = database.prepare_cached("SELECT * FROM failures WHERE rowid = ?1")?;
        row.query_row([rowid], |row| {
            Ok(RowAsRecord {
                fields: fields(row)?,
                request: request(row.get("request")?, row.get("url")?),
            })
        })
    }

    /// Makes the record of the row.
    ///
    /// # Errors
    /// When a column has a value that records do not have.
    pub(super) fn into_record(self) -> Result<Record<'static>, InvalidLine> {
        let mut record = Record::parse(&Value::Object(self.fields).to_string())?;
        record.tag = self.request.written_tag().cloned();
        let unread = self.request.invalid();
        record.error_position = unread.and_then(|mistake| mistake.position);
        let shown = unread.and_then(|mistake| mistake.shown.as_deref());
        record.error_text = shown.map(|text| text.to_owned().into());
        Ok(record)
    }
}

fn fields(row: &Row<'_>) -> rusqlite::Result<Map<String, Value>> {
    let text = |name| row.get::<_, Option<String>>(name);
    let number = |name| row.get::<_, Option<i64>>(name);
    let (error_type, message) = (text("error_type")?, text("error_msg")?);
    let is_rejected = error_type.as_deref() == Some(REJECTED);
    let elapsed_ms: Option<f64> = row.get("elapsed_ms")?;
    let response_text = text("response_text")?;
    let is_truncated: bool = row.get("truncated")?;
    let own = match is_rejected {
        true => vec![
            ("outcome", json!("rejected")),
            (
                "rejection",
                json!(message.as_deref().map(Rejection::of_text)),
            ),
        ],
        false => vec![
            ("outcome", json!("failed")),
            ("layer", json!(text("layer")?)),
            ("error_type", json!(error_type)),
            ("error_msg", json!(message)),
        ],
    };
    let index = number("idx")?.map(|index| index as u64);
    let common = [
        ("v", json!(1)),
        ("id", json!(text("id")?)),
        ("index", json!(index)),
        ("key", json!(text("key")?)),
        ("source", json!(text("source")?)),
        ("line", json!(number("line")?)),
        ("url", json!(text("url")?)),
        ("method", json!(text("method")?)),
        ("status", json!(number("status")?)),
        ("attempts", json!(number("attempts")?)),
        // The time of a request that was not sent is only that of its row.
        (
            "timestamp",
            json!(elapsed_ms.map(|_| text("timestamp")).transpose()?),
        ),
        ("elapsed_ms", json!(elapsed_ms)),
        ("phase", json!(text("phase")?)),
        ("stop_reason", json!(text("stop_reason")?)),
        (
            "body_truncated",
            json!(response_text.as_ref().map(|_| is_truncated)),
        ),
        ("response_text", json!(response_text)),
    ];
    let fields = common.into_iter().chain(own);
    let known = fields.filter(|(_, value)| !value.is_null());
    Ok(known
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}
