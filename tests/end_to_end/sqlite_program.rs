//! The failure database as the `sqlite3` program reads it.

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;

use haul::Request;
use haul::batch::CancelToken;
use haul::sink::Sqlite;
use test_support::{Answer, Scenario, builder};

use super::sinks::Folder;

/// Output of the program. `None` if it is not installed, which on a machine that checks changes is a failure.
fn ask(database: &Path, query: &str) -> Option<String> {
    let output = Command::new("sqlite3")
        .args(["-readonly", "-batch"])
        .arg(database)
        .arg(query)
        .output();
    match output {
        Ok(output) => {
            let failed = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{failed}");
            Some(
                String::from_utf8(output.stdout)
                    .unwrap()
                    .trim_end()
                    .to_owned(),
            )
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound && env::var_os("CI").is_none() => {
            eprintln!("not checked: there is no sqlite3 program");
            None
        }
        Err(e) => panic!("sqlite3: {e}"),
    }
}

#[test]
fn the_sqlite3_program_counts_what_the_summary_counts() {
    let server = Scenario::new()
        .on("/ok/*", Answer::json(r#"{"code": 0}"#))
        .on(
            "/no/*",
            Answer::json(r#"{"code": 4001, "msg": "余额不足"}"#),
        )
        .on("/404/*", Answer::status(404).body("no such page"))
        .on("/cut/*", Answer::text("hello").cut_after(2))
        .start();
    let folder = Folder::new();
    let database = folder.file("failures.db");
    let mut failures = Sqlite::open(&database).unwrap();
    let client = builder(4).build().unwrap();
    let urls = ["ok", "no", "404", "cut", "ok"];
    let requests = (0..500).map(|i| {
        let request = Request::get(server.url(&format!("/{}/{i}", urls[i % urls.len()])));
        request.require("/code", 0)
    });
    let cancel = CancelToken::new();
    let outcomes = client.as_completed(requests).cancel_token(&cancel);
    let summary = outcomes.summary();
    let mut came = 0;
    for outcome in outcomes.record_to(&mut failures) {
        outcome.unwrap();
        came += 1;
        if came == 300 {
            cancel.cancel();
        }
    }
    let summary = summary.snapshot();
    assert!(
        summary.failed() > 50 && summary.rejected() > 20,
        "{summary}"
    );
    let counts = "SELECT total, succeeded, rejected, failed, cancelled, not_done FROM runs";
    let Some(counts) = ask(&database, counts) else {
        return;
    };
    let expected = [
        summary.total(),
        summary.succeeded(),
        summary.rejected(),
        summary.failed(),
        summary.cancelled(),
        summary.not_done(),
    ];
    assert_eq!(counts, expected.map(|n| n.to_string()).join("|"));
    let by_class =
        "SELECT error_type, count(*) FROM failures GROUP BY error_type ORDER BY error_type";
    let mut classes: Vec<String> = summary
        .by_error_type()
        .iter()
        .map(|(class, n)| format!("{class}|{n}"))
        .collect();
    classes.sort();
    assert_eq!(ask(&database, by_class).unwrap(), classes.join("\n"));
    assert_eq!(ask(&database, "PRAGMA integrity_check").unwrap(), "ok");
}
