//! Contents of the rows of results.

use std::sync::OnceLock;

use http::Uri;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::super::columns::{Columns, common_columns, insert, optional, text, time};
use super::super::writer::TableRow;
use crate::error::{ErrorType, Layer};
use crate::host::Host;
use crate::record::{Key, Record};
use crate::sink::known::stamp;

/// A row of `outcomes`.
#[derive(Debug)]
pub(super) struct OutcomeRow {
    columns: Columns,
    /// The row whose place this one takes. `None`: the row is the first of its request.
    superseded: Option<SupersededRow>,
    is_counted: bool,
}

/// Columns by which a superseded row is found.
#[derive(Debug)]
struct SupersededRow {
    key: Key,
    idx: i64,
    /// Key of the first page and number of the page. `None`: the request is of no chain of pages.
    page: Option<(Key, u32)>,
}

impl OutcomeRow {
    /// Makes the row of a record. `failure`: the line of a failure log for the same outcome; `None`: the outcome is a
    /// success, or its request is not known. `is_counted`: false for an outcome of no request of this run.
    pub(super) fn of(
        record: &Record<'_>,
        failure: Option<&Record<'_>>,
        run_id: &str,
        is_counted: bool,
    ) -> OutcomeRow {
        let mut columns = common_columns(failure.unwrap_or(record), run_id.to_owned());
        let rejection = record.rejection.as_deref();
        let rejection = rejection.and_then(|rejection| serde_json::to_string(rejection).ok());
        columns.extend([
            ("request", failure.map(Record::request_json).into()),
            ("outcome", text(record.outcome.as_str())),
            ("host", host_of(&record.url).into()),
            ("timestamp", record.timestamp.map(stamp).into()),
            ("ttfb_ms", time(record.ttfb)),
            ("queued_ms", time(record.queued)),
            ("total_ms", time(record.total)),
            ("final_url", optional(record.final_url.as_deref())),
            ("redirects", record.redirects.into()),
            (
                "remote_ip",
                record.remote_ip.map(|ip| ip.to_string()).into(),
            ),
            ("reused", record.reused.into()),
            ("content_type", optional(record.content_type.as_deref())),
            (
                "size_bytes",
                record.size_bytes.map(|size| size as i64).into(),
            ),
            ("output_file", optional(record.output_file.as_deref())),
            ("sha256", optional(record.sha256.as_deref())),
            ("layer", optional(record.layer.map(Layer::as_str))),
            (
                "error_type",
                optional(record.error_type.map(ErrorType::as_str)),
            ),
            ("error_msg", optional(record.error_msg.as_deref())),
            ("rejection", rejection.into()),
            ("seed", record.seed.map(|seed| seed.to_string()).into()),
            ("page", record.page.into()),
            (
                "tag",
                optional(record.tag.as_ref().map(|tag| tag.as_json())),
            ),
            ("supersedes", record.supersedes.into()),
            ("record", Value::from(record.to_line())),
        ]);
        let superseded = record.supersedes.then(|| SupersededRow {
            key: record.key,
            idx: record.index as i64,
            page: record.seed.zip(record.page),
        });
        OutcomeRow {
            columns,
            superseded,
            is_counted,
        }
    }
}

impl TableRow for OutcomeRow {
    const TOGETHER: usize = 1000;

    fn insert(&self, database: &Connection) -> rusqlite::Result<()> {
        static INSERT: OnceLock<String> = OnceLock::new();
        insert(database, "outcomes", &self.columns, &INSERT)?;
        match &self.superseded {
            Some(superseded) => superseded.mark(database, database.last_insert_rowid()),
            None => Ok(()),
        }
    }

    fn is_counted(&self) -> bool {
        self.is_counted
    }
}

impl SupersededRow {
    /// Enters the number of the new row in the row whose place it takes: of the same key and without success, or the
    /// same page of a list. Of several rows the one at the same position of the input is taken, else the oldest.
    fn mark(&self, database: &Connection, number: i64) -> rusqlite::Result<()> {
        let mut of_key = database.prepare_cached(
            "UPDATE outcomes SET superseded_by = ?1 WHERE number = (SELECT number FROM outcomes
               WHERE key = ?2 AND outcome <> 'success' AND superseded_by IS NULL AND number < ?1
               ORDER BY idx <> ?3, number LIMIT 1)",
        )?;
        let found = of_key.execute(params![number, self.key.to_string(), self.idx])?;
        let (Some((seed, page)), 0) = (self.page, found) else {
            return Ok(());
        };
        let mut of_page = database.prepare_cached(
            "UPDATE outcomes SET superseded_by = ?1 WHERE number = (SELECT number FROM outcomes
               WHERE seed = ?2 AND page = ?3 AND superseded_by IS NULL AND number < ?1
               ORDER BY idx <> ?4, number LIMIT 1)",
        )?;
        of_page.execute(params![number, seed.to_string(), page, self.idx])?;
        Ok(())
    }
}

/// Returns the host of a URL. `None`: the URL names none.
fn host_of(url: &str) -> Option<String> {
    let name = url.find("://")? + "://".len();
    let end = url[name..].find(['/', '?', '#']);
    let uri: Uri = url[..end.map_or(url.len(), |at| name + at)].parse().ok()?;
    Host::of(&uri).map(|host| host.to_string())
}
