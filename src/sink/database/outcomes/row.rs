//! Contents of the rows of results.

use std::sync::OnceLock;

use http::Uri;
use rusqlite::{Connection, params};

use super::super::columns::{Columns, add_common, insert};
use super::super::writer::TableRow;
use crate::error::{ErrorType, Layer};
use crate::host::Host;
use crate::record::{Key, Record};
use crate::sink::known::stamp;

/// Number of columns, and usual length of their texts together.
const COLUMNS: usize = 41;
const TEXTS: usize = 1024;

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
        hosts: &mut RowHosts,
    ) -> OutcomeRow {
        let mut columns = Columns::with_capacity(COLUMNS, TEXTS);
        add_common(&mut columns, failure.unwrap_or(record), run_id);
        let rejection = record.rejection.as_deref();
        let rejection = rejection.and_then(|rejection| serde_json::to_string(rejection).ok());
        let request = failure.map(Record::request_json);
        columns.optional("request", request.as_deref());
        columns.text("outcome", record.outcome.as_str());
        columns.optional("host", hosts.of(&record.url));
        columns.optional("timestamp", record.timestamp.map(stamp).as_deref());
        columns.time("ttfb_ms", record.ttfb);
        columns.time("queued_ms", record.queued);
        columns.time("total_ms", record.total);
        columns.optional("final_url", record.final_url.as_deref());
        columns.integer("redirects", Some(record.redirects));
        columns.shown("remote_ip", record.remote_ip);
        columns.integer("reused", record.reused);
        columns.optional("content_type", record.content_type.as_deref());
        columns.integer("size_bytes", record.size_bytes.map(|size| size as i64));
        columns.optional("output_file", record.output_file.as_deref());
        columns.optional("sha256", record.sha256.as_deref());
        columns.optional("layer", record.layer.map(Layer::as_str));
        columns.optional("error_type", record.error_type.map(ErrorType::as_str));
        columns.optional("error_msg", record.error_msg.as_deref());
        columns.optional("rejection", rejection.as_deref());
        columns.shown("seed", record.seed);
        columns.integer("page", record.page);
        columns.optional("tag", record.tag.as_ref().map(|tag| tag.as_json()));
        columns.integer("supersedes", Some(record.supersedes));
        columns.written("record", |texts| {
            record.write_to(texts);
            // The line feed.
            texts.pop();
        });
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

    /// Number of bytes that the texts of the row take.
    pub(super) fn size(&self) -> usize {
        self.columns.size()
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

/// Hosts of URLs. Of the last one, the name is kept: most URLs of a run are of few hosts.
#[derive(Debug, Default)]
pub(super) struct RowHosts {
    /// Scheme and authority of the last URL.
    front: String,
    /// Host of the last URL. `None`: the URL names none.
    host: Option<String>,
}

impl RowHosts {
    /// Returns the host of a URL. `None`: the URL names none.
    fn of(&mut self, url: &str) -> Option<&str> {
        let name = url.find("://")? + "://".len();
        let end = url[name..].find(['/', '?', '#']);
        let front = &url[..end.map_or(url.len(), |at| name + at)];
        if self.front != front {
            let uri = front.parse::<Uri>().ok();
            self.host = uri
                .and_then(|uri| Host::of(&uri))
                .map(|host| host.to_string());
            self.front.clear();
            self.front.push_str(front);
        }
        self.host.as_deref()
    }
}
