//! Success of outcomes, conditions that end a run, and the status it exits with.

use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Scenario::new()
        .on("/gone/*", Answer::status(404))
        .on("/html", Answer::html("<p>"))
        .on("/no", Answer::json(r#"{"code": 4001, "msg": "no money"}"#))
        .on("/*", Answer::json(r#"{"code": 0}"#))
        .start()
}

fn lines(server: &Server, paths: &[&str]) -> String {
    paths.iter().map(|path| server.url(path) + "\n").collect()
}

#[test]
fn the_exit_status_tells_if_all_requests_succeeded() {
    let server = server();
    let status = |arguments: &[&str], paths: &[&str]| {
        let run = haul(arguments.iter().chain(&["-"])).input(lines(&server, paths));
        run.done().status.unwrap()
    };
    assert_eq!(status(&[], &["/a", "/b"]), 0);
    assert_eq!(status(&[], &["/a", "/gone/1"]), 1);
    assert_eq!(status(&["--exit-zero"], &["/a", "/gone/1"]), 0);
    assert_eq!(status(&["--accept", "404"], &["/gone/1"]), 0);
    assert_eq!(status(&["--accept", "200..=299"], &["/gone/1"]), 1);
    assert_eq!(status(&["--expect-json"], &["/a"]), 0);
    assert_eq!(status(&["--expect-json"], &["/html"]), 1);
    assert_eq!(status(&["--require", "/code=0"], &["/a"]), 0);
    assert_eq!(status(&["--require", "/code=0"], &["/no"]), 1);
    assert_eq!(status(&[], &[]), 0);
    assert_eq!(status(&["--fail-empty"], &[]), 1);
    assert_eq!(status(&["--fail-empty"], &["/a"]), 0);
}

#[test]
fn a_rejection_is_no_failure() {
    let (server, folder) = (server(), Folder::new());
    let failures = folder.at("failures.jsonl");
    let arguments = [
        "--require",
        "/code=0",
        "--failures",
        &failures,
        &server.url("/no"),
    ];
    let done = haul(arguments).done().exits(1);
    assert_eq!(done.results()[0]["outcome"], "rejected");
    assert_eq!(folder.read("failures.jsonl"), "");
}

#[test]
fn a_run_that_stops_early_exits_with_4() {
    let server = server();
    let many: Vec<String> = (0..1000).map(|i| format!("/gone/{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (arguments, least) in [
        (&["--fail-early"][..], 1),
        (&["--max-failures", "7"][..], 7),
        (&["--max-failures", "50%"][..], 100),
    ] {
        let before = server.requests();
        let run = haul(arguments.iter().chain(&["-j", "2", "-"])).input(lines(&server, &many));
        let done = run.done().exits(4).says("stopped early: ");
        let failed = done.results().len();
        assert!((least..1000).contains(&failed), "{arguments:?}: {failed}");
        assert!(server.requests() - before < 1000);
    }
    // A share of failures below the given one does not end the run.
    let mut paths = vec!["/a"; 150];
    paths.extend(["/gone/1"; 10]);
    let run = haul(["--max-failures", "20%", "-"]).input(lines(&server, &paths));
    assert_eq!(run.done().exits(1).results().len(), 160);
}

#[test]
fn the_demo_needs_no_other_program() {
    let folder = Folder::new();
    let run = haul(["--demo"]).env("TMPDIR", folder.path().to_str().unwrap());
    let done = run
        .done()
        .exits(0)
        .says("1000 requests")
        .says("succeeded")
        .says("rejected       1");
    let file = |what: &str| {
        let line = done
            .stderr
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(what));
        line.unwrap_or_else(|| panic!("{what}: {}", done.stderr))
            .trim()
            .to_owned()
    };
    let results = std::fs::read_to_string(file("Results ")).unwrap();
    assert_eq!(super::command::records(&results).len(), 1000);
    let failures = rusqlite::Connection::open(file("Failures ")).unwrap();
    let count: i64 = failures
        .query_row("select count(*) from failures", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 42);
    assert_eq!(done.stdout, "");
}
