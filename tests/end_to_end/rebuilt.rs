//! Rows of the failure database that a kill lost, made again when the batch is resumed.

use std::path::Path;

use haul::sink::{Journal, Sqlite};
use haul::{Client, Request, Summary};
use rusqlite::Connection;
use test_support::{Answer, Scenario, Server, builder};

use super::sinks::Folder;

fn server() -> Server {
    Scenario::new()
        .on("/ok", Answer::text("fine"))
        .on("/sick/*", Answer::status(422).body("out of \u{0} order"))
        .start()
}

fn requests(server: &Server) -> Vec<Request> {
    let sick = |i| server.url(&format!("/sick/{i}?ticket=ticket-secret"));
    vec![
        Request::get(server.url("/ok")),
        Request::put(sick(1))
            .text("one")
            .header("x-trace", "7")
            .read_at("list", 2),
        Request::put(sick(2))
            .text("two")
            .header("x-own", "own-secret")
            .id("2"),
        // Both requests are equal.
        Request::put(sick(3)).text("three"),
        Request::put(sick(3)).text("three"),
        Request::get("not a url"),
    ]
}

fn client() -> Client {
    builder(2)
        .sensitive_header("x-own")
        .sensitive_query("ticket")
        .build()
        .unwrap()
}

/// Runs the batch as a program begins it, resumed or not. Returns the number of missing rows, and its summary.
fn run(folder: &Folder, requests: Vec<Request>) -> (u64, Summary) {
    let client = client();
    let mut journal = Journal::open(folder.file("run.jsonl")).unwrap();
    let mut failures = Sqlite::open(folder.file("failures.db")).unwrap();
    let missing = failures.rebuild(&journal, client.redaction()).unwrap();
    let todo = journal.remaining(requests);
    let summary = client
        .run(todo, &mut (&mut failures, &mut journal))
        .unwrap();
    (missing, summary)
}

fn ask(path: &Path, query: &str) -> Vec<String> {
    let database = Connection::open(path).unwrap();
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

const ALL: &str = "SELECT idx || ' ' || url || ' ' || timestamp || ' ' || error_type || ' ' || error_msg || ' ' ||
    coalesce(response_text, '-') || ' ' || coalesce(id, '-') || ' ' || run_id || ' ' || layer || ' ' || method || ' ' ||
    key || ' ' || coalesce(source, '-') || ' ' || coalesce(line, '-') || ' ' || coalesce(status, '-') || ' ' || attempts || ' ' || coalesce(elapsed_ms, '-') || ' ' || truncated || ' ' || request
    FROM failures WHERE attempts > 0 ORDER BY idx";

#[test]
fn a_recorded_failure_without_a_row_gets_the_row_it_had() {
    let (server, folder) = (server(), Folder::new());
    let database = folder.file("failures.db");
    let (missing, summary) = run(&folder, requests(&server));
    assert_eq!((missing, summary.failed()), (0, 5));
    let before = ask(&database, ALL);
    assert_eq!(before.len(), 4);
    let lose = Connection::open(&database).unwrap();
    lose.execute_batch("DELETE FROM failures WHERE idx IN (1, 2, 4, 5)")
        .unwrap();
    let (missing, summary) = run(&folder, requests(&server));
    assert_eq!((missing, summary.total()), (4, 0));
    assert_eq!(ask(&database, ALL), before);
    let unsent = "SELECT idx || ' ' || error_type FROM failures WHERE attempts = 0";
    assert_eq!(ask(&database, unsent), ["5 invalid_request"]);
    // No row is missing any more.
    assert_eq!(run(&folder, requests(&server)).0, 0);
    assert_eq!(ask(&database, ALL), before);
    assert_eq!(server.requests(), 5);
    let text = before.join("\n");
    assert!(
        !text.contains("-secret") && text.contains("ticket=***"),
        "{text}"
    );
}

#[test]
fn a_database_that_is_new_gets_a_row_for_every_failure_on_record() {
    let (server, folder) = (server(), Folder::new());
    let mut journal = Journal::open(folder.file("run.jsonl")).unwrap();
    let todo = journal.remaining(requests(&server));
    client().run(todo, &mut journal).unwrap();
    drop(journal);
    assert_eq!(run(&folder, requests(&server)).0, 5);
    let database = folder.file("failures.db");
    let rows = "SELECT count(*) || ' ' || count(DISTINCT run_id) || ' ' || sum(run_id = (SELECT run_id FROM runs))
        FROM failures";
    assert_eq!(ask(&database, rows), ["5 1 5"]);
    assert_eq!(
        ask(&database, "SELECT CAST(count(*) AS TEXT) FROM runs"),
        ["1"]
    );
}

#[test]
fn a_request_the_input_no_longer_has_is_a_row_that_cannot_be_run_again() {
    let (server, folder) = (server(), Folder::new());
    run(&folder, requests(&server));
    let database = folder.file("failures.db");
    let lose = Connection::open(&database).unwrap();
    lose.execute_batch("DELETE FROM failures").unwrap();
    let mut few = requests(&server);
    few.truncate(3);
    let (missing, _) = run(&folder, few);
    assert_eq!(missing, 5);
    let lost =
        "SELECT id FROM failures WHERE request LIKE '%it was not in the input%' ORDER BY idx";
    assert_eq!(
        ask(&database, "SELECT CAST(count(*) AS TEXT) FROM failures"),
        ["5"]
    );
    assert_eq!(
        ask(
            &database,
            &lost.replace("SELECT id", "SELECT CAST(idx AS TEXT)")
        ),
        ["3", "4", "5"]
    );
    let again = Sqlite::last_failures(&database).unwrap();
    let outcomes: Vec<_> = client().map(again).collect();
    let sent = outcomes.iter().filter(|outcome| outcome.attempts() > 0);
    assert_eq!(
        sent.count(),
        0,
        "what is lost, and what lacks its secrets, is not sent"
    );
}
