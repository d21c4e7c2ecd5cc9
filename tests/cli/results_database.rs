//! Results in an SQLite database.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_support::{Answer, Gate, Server};

use super::command::{Folder, haul};

/// Query of the lines that a results database stands for.
pub(super) const LINES: &str = "SELECT record || char(10) FROM outcomes ORDER BY number";

impl Folder {
    /// Returns the rows of a query with one column of text.
    pub(crate) fn ask(&self, database: &str, query: &str) -> Vec<String> {
        let database = rusqlite::Connection::open(self.at(database)).unwrap();
        let mut rows = database.prepare(query).unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// Starts a server that answers 404 to every third path.
fn server() -> Server {
    Server::start(|seen| {
        let number = seen.path().trim_start_matches('/').parse::<usize>();
        match number.unwrap_or_default() % 3 {
            0 => Answer::status(404).body("no"),
            n => Answer::json(format!("{{\"code\": {n}}}")),
        }
    })
}

fn list(folder: &Folder, server: &Server, count: usize) -> String {
    let line =
        |n: usize| json!({"url": server.url(&format!("/{n}")), "tag": [n]}).to_string() + "\n";
    folder.file("list", (0..count).map(line).collect::<String>())
}

/// Fields of a record that are the same in each run of a list.
fn lasting(record: &Value) -> Value {
    let of = |name: &str| record[name].clone();
    let names = [
        "index",
        "key",
        "url",
        "outcome",
        "status",
        "body",
        "tag",
        "error_type",
        "rejection",
    ];
    json!(names.map(of))
}

#[test]
fn a_database_has_the_records_that_json_lines_have() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server, 40);
    for name in ["out.jsonl", "out.db"] {
        let arguments = [
            "-q",
            "--ordered",
            "--require",
            "/code=1",
            "-o",
            &folder.at(name),
            &list,
        ];
        haul(arguments).done().exits(1);
    }
    let records = |name| folder.records(name).iter().map(lasting).collect::<Vec<_>>();
    assert_eq!(records("out.db"), records("out.jsonl"));
}

#[test]
fn the_views_have_the_figures_of_the_records() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server, 60);
    let run = |more: &str| {
        haul(["-q", "-o", &folder.at("out.db"), &list, more])
            .done()
            .exits(1);
    };
    run("-q");
    run("--retry-failed");
    let records = folder.records("out.db");
    assert_eq!(records.len(), 80);
    let mut last = BTreeMap::new();
    for record in &records {
        last.insert(record["index"].as_u64().unwrap(), record);
    }
    let failed = last
        .values()
        .filter(|record| record["outcome"] == "failed")
        .count();
    let times = last
        .values()
        .filter_map(|record| record["elapsed_ms"].as_f64());
    let longest = times.fold(0.0, f64::max);
    let hosts = folder.ask(
        "out.db",
        "SELECT requests || ' ' || succeeded || ' ' || failed || ' ' || max_ms FROM by_host",
    );
    assert_eq!(hosts, [format!("60 40 {failed} {longest:?}")]);
    let errors = folder.ask(
        "out.db",
        "SELECT error_type || ' ' || status || ' ' || requests || ' ' || error_msg FROM by_error",
    );
    assert_eq!(errors, ["http_status 404 20 404 Not Found"]);
    let last_rows = folder.ask("out.db", "SELECT record FROM last ORDER BY idx");
    let last_rows: Vec<Value> = last_rows
        .iter()
        .map(|record| serde_json::from_str(record).unwrap())
        .collect();
    assert!(
        last.values()
            .zip(&last_rows)
            .all(|(one, other)| *one == other)
    );
}

#[test]
fn each_run_has_a_row_with_its_figures_and_arguments() {
    let (server, folder) = (server(), Folder::new());
    let (list, out) = (list(&folder, &server, 9), folder.at("out.db"));
    haul(["-q", "-o", &out, &list]).done().exits(1);
    haul(["-q", "--resume", "-o", &out, &list]).done().exits(0);
    let runs = folder.ask(
        "out.db",
        "SELECT total || ' ' || failed || ' ' || arguments FROM runs WHERE finished >= started ORDER BY rowid",
    );
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(
        runs[0].starts_with("9 3 -q -o ") && runs[1].starts_with("0 0 -q -o "),
        "{runs:?}"
    );
    haul([
        "-q",
        "--resume",
        "-o",
        &out,
        "-H",
        "x-api-key: s3cret",
        &list,
    ])
    .done()
    .exits(0);
    let shown = folder.ask(
        "out.db",
        "SELECT arguments FROM runs WHERE arguments IS NOT NULL",
    );
    assert_eq!(shown.len(), 2);
}

#[test]
fn a_file_that_is_no_results_database_is_refused_and_stays() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server, 3);
    let (out, log) = (folder.at("out.db"), folder.at("failures.db"));
    haul(["-q", "-o", &out, "--failures", &log, &list])
        .done()
        .exits(1);
    let before = server.requests();
    for more in ["--resume", "--overwrite"] {
        let done = haul(["-q", more, "-o", &log, &list]).done().exits(2);
        done.says("failures.db: not used: it holds a failure log, and no results");
        let text = folder.file("text.db", "http://h/\n");
        haul(["-q", more, "-o", &text, &list])
            .done()
            .exits(2)
            .says("text.db");
        assert_eq!(folder.read("text.db"), "http://h/\n");
    }
    let done = haul(["-q", "--failures", &out, &list]).done().exits(2);
    done.says("out.db: not used: it holds results, and no failure log");
    haul(["-q", "-o", &out, &list])
        .done()
        .exits(2)
        .says("--resume goes on from it");
    assert_eq!(server.requests(), before);
    assert_eq!(folder.records("out.db").len(), 3);
}

#[test]
fn results_and_failures_need_a_database_each() {
    let (server, folder) = (server(), Folder::new());
    let out = folder.at("out.db");
    for log in [out.clone(), format!("{out}-wal"), format!("{out}.lock")] {
        let done = haul(["-o", &out, "--failures", &log, &server.url("/1")])
            .done()
            .exits(2);
        done.says("a file for each is expected");
    }
    assert!(!folder.has("out.db"));
}

#[test]
fn a_database_takes_no_selection_and_no_format() {
    let (server, folder) = (server(), Folder::new());
    let out = folder.at("out.db");
    for more in [
        ["--select", "id,key"],
        ["--format", "csv"],
        ["--format", "jsonl"],
    ] {
        let done = haul(["-o", &out, &server.url("/1")])
            .and(more)
            .done()
            .exits(2);
        done.says("a database has columns of its own");
    }
    assert_eq!((folder.has("out.db"), server.requests()), (false, 0));
}

#[test]
fn two_runs_at_once_are_refused() {
    let (gate, folder) = (Gate::closed(), Folder::new());
    let held = gate.clone();
    let server = Server::start(move |_| {
        held.pass(|| false);
        Answer::text("")
    });
    let (out, url) = (folder.at("out.db"), server.url("/1"));
    let first = haul(["-q", "-o", &out, &url]).start();
    server.wait_for_requests(1);
    for more in ["--resume", "--overwrite"] {
        let second = haul(["-q", more, "-o", &out, &url]).done().exits(3);
        second.says("out.db: cannot be locked: another process is writing it");
    }
    gate.open();
    first.finish().exits(0);
    assert_eq!(folder.records("out.db").len(), 1);
    assert_eq!(folder.paths().len(), 1, "{:?}", folder.paths());
}

#[test]
fn a_run_that_cannot_begin_leaves_no_database_behind() {
    let (server, folder) = (server(), Folder::new());
    let (out, log) = (
        folder.at("out.db"),
        folder.file("failures.db", "no database"),
    );
    haul(["-o", &out, "--failures", &log, &server.url("/1")])
        .done()
        .exits(2);
    assert_eq!(folder.paths().len(), 1, "{:?}", folder.paths());
}

#[test]
fn the_report_of_a_database_is_that_of_its_records() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server, 30);
    let out = folder.at("out.db");
    haul(["-q", "-o", &out, &list]).done().exits(1);
    haul(["-q", "-o", &out, "--retry-failed", "--retry", "1", &list])
        .done()
        .exits(1);
    let lines: String = folder.ask("out.db", LINES).concat();
    assert_eq!(lines.lines().count(), 40);
    let lines = folder.file("out.jsonl", lines);
    for more in [["--by", "tag:/0"], ["--by", "status"], ["--by", "minute"]] {
        let report = |name: &str| haul(["report", name]).and(more).done().exits(0).stdout;
        let (of_database, of_lines) = (report(&out), report(&lines));
        assert_eq!(of_database.replace(&out, &lines), of_lines);
    }
    let compared = haul(["report", &out, "--against", &lines]).done().exits(0);
    assert!(compared.stdout.contains("30"), "{}", compared.stdout);
}

#[test]
fn results_in_a_database_are_input_for_another_run() {
    let (server, folder) = (server(), Folder::new());
    let input = [
        json!({"url": server.url("/1"), "id": "a", "params": {"q": "x y"}, "tag": [1.0]}),
        json!({"url": server.url("/2"), "method": "HEAD"}),
        json!({"url": server.url("/4"), "json": {"n": 1}}),
        json!(server.url("/3")),
    ];
    let input: String = input.iter().map(|line| format!("{line}\n")).collect();
    let out = folder.at("out.db");
    haul(["-q", "--ordered", "-o", &out, "-"])
        .input(input)
        .done()
        .exits(1);
    let before = folder.records("out.db");
    for format in ["auto", "results"] {
        let done = haul(["--ordered", "--input-format", format, &out])
            .done()
            .exits(1);
        let done = done.says("out.db: opened read-only; outcomes, the results of an earlier run, has 4 to send again")
            .says("only GET and HEAD are sent again (a failure log, which --failures writes,");
        let again = done.results();
        assert_eq!(again.len(), 4);
        for at in [0, 1, 3] {
            for key in ["id", "key", "url", "method", "tag", "status"] {
                assert_eq!(before[at][key], again[at][key]);
            }
        }
        assert_eq!(again[2]["error_type"], "invalid_request");
    }
    assert_eq!(folder.records("out.db"), before);
}

#[cfg(unix)]
#[test]
fn the_number_of_requests_of_a_database_is_the_total_of_the_progress() {
    let server = Server::always(Answer::text(""));
    let folder = Folder::new();
    let out = folder.at("out.db");
    haul(["-q", "-o", &out, &server.url("/")]).done().exits(0);
    // More than the run reads ahead.
    let more = "CREATE TEMP TABLE row AS SELECT * FROM outcomes; UPDATE row SET number = NULL;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)
        INSERT INTO outcomes SELECT row.* FROM row, n;";
    let database = rusqlite::Connection::open(&out).unwrap();
    database.execute_batch(more).unwrap();
    drop(database);
    let arguments = ["-q", "--progress", "json", "-j", "1", "--rate", "1/h", &out];
    let run = haul(arguments).start();
    run.wait_until_said("\"total\":30000");
    run.signal(rustix::process::Signal::TERM);
    run.finish().exits(143);
}
