//! Random results of runs, as lines and as rows of a table.

use fastrand::Rng;
use rusqlite::{Connection, params};

/// Result of one request, as far as the tests look at it.
pub(crate) struct RandomResult {
    pub(crate) key: u64,
    pub(crate) outcome: &'static str,
    pub(crate) host: u64,
    pub(crate) status: Option<u16>,
    pub(crate) error_type: Option<&'static str>,
    pub(crate) attempts: u32,
    pub(crate) elapsed_ms: f64,
    /// Second after the beginning.
    pub(crate) second: u64,
    pub(crate) body: String,
    pub(crate) tag: u64,
    pub(crate) supersedes: bool,
}

impl RandomResult {
    fn new(random: &mut Rng, key: u64) -> RandomResult {
        let (outcome, status, error_type) = match random.u32(0..20) {
            0 => ("failed", None, Some("timeout")),
            1 => ("failed", Some(404), Some("http_status")),
            2 => ("failed", Some(503), Some("http_status")),
            3 => ("rejected", Some(200), None),
            4 => ("success", Some(204), None),
            _ => ("success", Some(200), None),
        };
        RandomResult {
            key,
            outcome,
            host: key % 7,
            status,
            error_type,
            attempts: random.u32(1..4),
            // A long tail, as latencies have it.
            elapsed_ms: ((random.f64() * 9.0).exp() * 1000.0).round() / 1000.0,
            second: random.u64(0..600),
            body: format!("\"{}\"", random.u32(0..40)),
            tag: key % 11,
            supersedes: false,
        }
    }

    pub(crate) fn line(&self, index: usize) -> String {
        let RandomResult {
            key,
            outcome,
            host,
            tag,
            attempts,
            elapsed_ms,
            body,
            ..
        } = self;
        let (minute, second) = (self.second / 60, self.second % 60);
        let mut line = format!(
            "{{\"v\":1,\"index\":{index},\"key\":\"2-{key:032x}\",\"outcome\":\"{outcome}\",\
             \"url\":\"https://h{host}/{key}\",\"method\":\"GET\",\"attempts\":{attempts},\
             \"timestamp\":\"2026-08-22T10:{minute:02}:{second:02}.000Z\",\"elapsed_ms\":{elapsed_ms},\
             \"queued_ms\":1.5,\"total_ms\":{elapsed_ms},\"tag\":{{\"c\":{tag}}}"
        );
        if let Some(status) = self.status {
            line += &format!(",\"status\":{status},\"ttfb_ms\":0.5,\"reused\":true");
        }
        if let Some(error) = self.error_type {
            line += &format!(",\"error_type\":\"{error}\",\"error_msg\":\"it failed\"");
        }
        if *outcome == "rejected" {
            line += &format!(",\"rejection\":{{\"code\":{},\"message\":\"no\"}}", key % 3);
        }
        if *outcome == "success" {
            let body = body.replace('"', "\\\"");
            line += &format!(",\"body\":\"{body}\",\"body_encoding\":\"utf8\"");
        }
        if self.supersedes {
            line += ",\"supersedes\":true";
        }
        line + "}\n"
    }
}

/// Makes the results of a run and of its later run with `--retry-failed`: some requests are equal, and some lines
/// take the place of others.
pub(crate) fn results(seed: u64, keys: u64) -> Vec<RandomResult> {
    let mut random = Rng::with_seed(seed);
    let mut results = Vec::new();
    for key in 0..keys {
        for _ in 0..random.u32(1..3) {
            results.push(RandomResult::new(&mut random, key));
        }
    }
    random.shuffle(&mut results);
    let failed = results.iter().filter(|result| result.outcome != "success");
    let failed: Vec<u64> = failed.map(|result| result.key).collect();
    for key in failed {
        if random.bool() {
            let mut again = RandomResult::new(&mut random, key);
            again.supersedes = true;
            results.push(again);
        }
    }
    results
}

pub(crate) fn lines(results: &[RandomResult]) -> String {
    let lines = results.iter().enumerate();
    lines.map(|(index, result)| result.line(index)).collect()
}

/// Makes the table `outcomes` with a row for each result.
pub(crate) fn table(results: &[RandomResult], database: &Connection) {
    database
        .execute_batch(
            "BEGIN; CREATE TABLE outcomes(idx INTEGER NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL,
             url TEXT NOT NULL, host TEXT, status INTEGER, error_type TEXT, error_msg TEXT, attempts INTEGER NOT NULL,
             timestamp TEXT, elapsed_ms REAL, queued_ms REAL, total_ms REAL, ttfb_ms REAL, reused INTEGER,
             rejection TEXT, body TEXT, body_encoding TEXT, tag TEXT, supersedes INTEGER NOT NULL)",
        )
        .unwrap();
    let mut insert = database
        .prepare("INSERT INTO outcomes VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,1.5,?11,?12,?13,?14,?15,?16,?17,?18)")
        .unwrap();
    for (index, result) in results.iter().enumerate() {
        let host = format!("https://h{}:443", result.host);
        let (minute, second) = (result.second / 60, result.second % 60);
        let is_success = result.outcome == "success";
        let is_rejected = result.outcome == "rejected";
        insert
            .execute(params![
                index as i64,
                format!("2-{:032x}", result.key),
                result.outcome,
                format!("https://h{}/{}", result.host, result.key),
                host,
                result.status,
                result.error_type,
                result.error_type.map(|_| "it failed"),
                result.attempts,
                format!("2026-08-22T10:{minute:02}:{second:02}.000Z"),
                result.elapsed_ms,
                result.status.map(|_| 0.5),
                result.status.map(|_| 1),
                is_rejected.then(|| format!("{{\"code\":{},\"message\":\"no\"}}", result.key % 3)),
                is_success.then_some(&result.body),
                is_success.then_some("utf8"),
                format!("{{\"c\":{}}}", result.tag),
                result.supersedes,
            ])
            .unwrap();
    }
    drop(insert);
    database.execute_batch("COMMIT").unwrap();
}

/// Makes the table `standing` of the rows that no other row took the place of.
pub(crate) fn standing(database: &Connection) {
    database
        .execute_batch(
            "CREATE TABLE standing AS
             WITH superseding AS (SELECT key, count(*) AS n FROM outcomes WHERE supersedes GROUP BY key),
             unsuccessful AS (SELECT rowid AS id, key,
               row_number() OVER (PARTITION BY key ORDER BY supersedes, rowid) AS place
               FROM outcomes WHERE outcome <> 'success'),
             replaced AS (SELECT id FROM unsuccessful JOIN superseding USING (key) WHERE place <= n)
             SELECT rowid AS id, * FROM outcomes WHERE rowid NOT IN (SELECT id FROM replaced);",
        )
        .unwrap();
}
