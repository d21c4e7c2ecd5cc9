//! Figures of a report.

use std::time::Duration;

use haul::report::{Grouping, Report, ReportReader};
use rusqlite::{Connection, params};

use super::random::{self, RandomResult};

fn report(results: &[RandomResult], by: Grouping) -> Report {
    let mut reader = ReportReader::new().by(by);
    let lines = random::lines(results);
    reader.read("run.jsonl", lines.as_bytes()).unwrap();
    assert_eq!(reader.unread().1, 0);
    reader.finish().unwrap()
}

fn database(results: &[RandomResult]) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    random::table(results, &database);
    random::standing(&database);
    database
}

fn number(database: &Connection, query: &str) -> u64 {
    let number: i64 = database.query_row(query, [], |row| row.get(0)).unwrap();
    u64::try_from(number).unwrap()
}

/// Latency that the share of the rows of a condition does not exceed, by the nearest rank.
fn quantile(database: &Connection, share: f64, condition: &str) -> f64 {
    let count = number(
        database,
        &format!("SELECT count(*) FROM standing WHERE {condition}"),
    );
    let rank = ((count as f64 * share).ceil() as i64).max(1);
    let query = format!(
        "SELECT elapsed_ms FROM standing WHERE {condition} ORDER BY elapsed_ms LIMIT 1 OFFSET ?1"
    );
    let row = database.query_row(&query, params![rank - 1], |row| row.get(0));
    row.unwrap()
}

#[track_caller]
fn close(found: Duration, expected_ms: f64, per_cent: f64) {
    let found = found.as_secs_f64() * 1e3;
    let difference = (found / expected_ms - 1.0).abs() * 100.0;
    assert!(difference <= per_cent, "{found} is not {expected_ms}");
}

#[test]
fn the_figures_are_those_that_sqlite_computes() {
    for seed in 0..5 {
        let results = random::results(seed, 2_000);
        let (report, database) = (report(&results, Grouping::Host), database(&results));
        let summary = report.summary();
        let count = |condition: &str| {
            let query = format!("SELECT count(*) FROM standing WHERE {condition}");
            number(&database, &query)
        };
        assert_eq!(
            summary.succeeded(),
            count("outcome = 'success'"),
            "seed {seed}"
        );
        assert_eq!(summary.rejected(), count("outcome = 'rejected'"));
        assert_eq!(summary.failed(), count("outcome = 'failed'"));
        assert_eq!(summary.retried_requests(), count("attempts > 1"));
        for status in [200_u16, 204, 404, 503] {
            let expected = count(&format!("status = {status}"));
            assert_eq!(summary.by_status()[&status], expected, "{status}");
        }
        for (class, n) in summary.by_error_type() {
            assert_eq!(*n, count(&format!("error_type = '{class}'")), "{class}");
        }
        let responses = "status IS NOT NULL";
        let latency = summary.latency();
        assert_eq!(latency.count_of(), count(responses));
        for share in [0.5, 0.9, 0.95, 0.99] {
            close(
                latency.quantile(share),
                quantile(&database, share, responses),
                0.1,
            );
        }
        close(latency.max(), quantile(&database, 1.0, responses), 0.0001);
        let mean = "SELECT avg(elapsed_ms) FROM standing WHERE status IS NOT NULL";
        let mean: f64 = database.query_row(mean, [], |row| row.get(0)).unwrap();
        close(latency.mean(), mean, 0.01);
        let slowest = "SELECT group_concat(url, ' ') FROM (SELECT url FROM standing
             WHERE status IS NOT NULL ORDER BY elapsed_ms DESC, idx LIMIT 20)";
        let slowest: String = database.query_row(slowest, [], |row| row.get(0)).unwrap();
        let found: Vec<_> = summary.slowest().iter().map(|slow| &*slow.url).collect();
        assert_eq!(found.join(" "), slowest);
        let over_time = summary.over_time();
        let failed: u64 = over_time.iter().map(|slice| slice.failed).sum();
        assert_eq!(failed, summary.failed());
    }
}

#[test]
fn the_groups_are_those_that_sqlite_computes() {
    let results = random::results(7, 2_000);
    let database = database(&results);
    for (by, property) in [
        (Grouping::Host, "host"),
        (Grouping::Status, "status"),
        (
            Grouping::Error,
            "CASE outcome WHEN 'failed' THEN error_type ELSE outcome END",
        ),
        (Grouping::Tag("/c".to_owned()), "json_extract(tag, '$.c')"),
        (Grouping::Minute, "substr(timestamp, 1, 16) || 'Z'"),
    ] {
        let report = report(&results, by.clone());
        let rows = report.groups().unwrap().rows();
        let query = format!("SELECT count(DISTINCT ifnull({property}, '')) FROM standing");
        assert_eq!(rows.len() as u64, number(&database, &query), "{by}");
        for row in rows {
            let is_group = match &row.name {
                Some(name) => format!("{property} = CAST('{name}' AS TEXT)"),
                None => format!("({property}) IS NULL"),
            };
            let is_group = is_group.replace(
                &format!("{property} ="),
                &format!("CAST({property} AS TEXT) ="),
            );
            let count = |condition: &str| {
                let query =
                    format!("SELECT count(*) FROM standing WHERE {is_group} AND {condition}");
                number(&database, &query)
            };
            assert_eq!(row.requests, count("true"), "{by} {:?}", row.name);
            assert_eq!(row.failed, count("outcome = 'failed'"));
            assert_eq!(row.rejected, count("outcome = 'rejected'"));
            assert_eq!(row.responses, count("status IS NOT NULL"));
            if let (Some(p95), true) = (row.p95, row.responses > 0) {
                let responses = format!("{is_group} AND status IS NOT NULL");
                close(p95, quantile(&database, 0.95, &responses), 1.0);
            }
        }
    }
}
