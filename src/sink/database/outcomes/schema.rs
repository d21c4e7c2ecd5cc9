//! Tables and views of results.

use rusqlite::Connection;

use super::super::file::DatabaseKind;
use super::super::runs::RUNS;

/// Results: all outcomes, one row for each line that a file of JSON Lines would have.
pub(in crate::sink) const RESULTS: DatabaseKind = DatabaseKind {
    name: "results",
    verb: "are",
    table: "outcomes",
    version: 1,
    create,
    first: None,
};

/// `superseded_by` has the number of the row that took the place of this one, so that `last` needs no sorting.
const TABLES: &str = "
CREATE TABLE outcomes(number INTEGER PRIMARY KEY, id TEXT, idx INTEGER NOT NULL, key TEXT NOT NULL, source TEXT, line INTEGER,
  run_id TEXT NOT NULL, outcome TEXT NOT NULL, url TEXT NOT NULL, host TEXT, method TEXT NOT NULL, status INTEGER,
  attempts INTEGER NOT NULL, timestamp TEXT, elapsed_ms REAL, ttfb_ms REAL, queued_ms REAL, total_ms REAL,
  final_url TEXT, redirects INTEGER NOT NULL, remote_ip TEXT, reused INTEGER, content_type TEXT, size_bytes INTEGER,
  output_file TEXT, sha256 TEXT, layer TEXT, error_type TEXT, phase TEXT, error_msg TEXT, stop_reason TEXT, rejection TEXT,
  response_text TEXT, truncated INTEGER NOT NULL DEFAULT 0, request TEXT, seed TEXT, page INTEGER, tag TEXT,
  supersedes INTEGER NOT NULL DEFAULT 0, superseded_by INTEGER, record TEXT NOT NULL);
CREATE INDEX outcomes_unsuccessful ON outcomes(key) WHERE outcome <> 'success' AND superseded_by IS NULL;
CREATE INDEX outcomes_pages ON outcomes(seed, page) WHERE seed IS NOT NULL;
";

const VIEWS: &str = "
CREATE VIEW last AS SELECT * FROM outcomes WHERE superseded_by IS NULL;
CREATE VIEW by_host AS SELECT host, count(*) AS requests, sum(outcome = 'success') AS succeeded,
  sum(outcome = 'rejected') AS rejected, sum(outcome = 'failed') AS failed,
  avg(CASE WHEN status IS NOT NULL THEN elapsed_ms END) AS mean_ms,
  max(CASE WHEN status IS NOT NULL THEN elapsed_ms END) AS max_ms, sum(size_bytes) AS size_bytes
  FROM last GROUP BY host ORDER BY failed DESC, requests DESC, host;
CREATE VIEW by_error AS SELECT coalesce(error_type, outcome) AS error_type, phase, status, count(*) AS requests,
  min(number) AS number, coalesce(error_msg, rejection) AS error_msg, url
  FROM last WHERE outcome <> 'success' GROUP BY coalesce(error_type, outcome), phase, status ORDER BY requests DESC, number;
PRAGMA user_version=1;
";

fn create(database: &Connection) -> rusqlite::Result<()> {
    [TABLES, RUNS, VIEWS]
        .into_iter()
        .try_for_each(|statements| database.execute_batch(statements))
}

/// Replaces the tables by empty ones, in one transaction, and gives their space back.
pub(super) fn replace(database: &Connection) -> rusqlite::Result<()> {
    let transaction = database.unchecked_transaction()?;
    transaction.execute_batch(
        "DROP VIEW IF EXISTS by_error; DROP VIEW IF EXISTS by_host; DROP VIEW IF EXISTS last;
         DROP TABLE outcomes; DROP TABLE runs;",
    )?;
    create(&transaction)?;
    transaction.commit()?;
    // Space that is not given back is used for the new rows.
    let _ = database.execute_batch("VACUUM");
    Ok(())
}
