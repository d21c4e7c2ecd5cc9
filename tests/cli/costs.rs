//! Costs of lines: `--rate-cost` and `--max-cost`.

use std::time::{Duration, Instant};

use super::command::{Folder, haul};
use test_support::{Answer, Server};

fn priced(server: &Server, costs: &[u32]) -> String {
    let line = |(i, cost): (usize, &u32)| {
        let url = server.url(&format!("/{i}"));
        format!("{{\"url\": \"{url}\", \"cost\": {cost}}}\n")
    };
    costs.iter().enumerate().map(line).collect()
}

#[test]
fn a_run_ends_before_the_line_that_would_cost_too_much() {
    let server = Server::always(Answer::text("x"));
    let lines = priced(&server, &[4, 4, 2, 1, 1]);
    let done = haul(["--max-cost", "10", "-"])
        .input(lines.clone())
        .done()
        .exits(4);
    assert_eq!((done.results().len(), server.requests()), (3, 3));
    let note = "stopped early: the next request would cost more than is left (--max-cost)";
    assert!(done.stderr.contains(note), "{}", done.stderr);
    let done = haul(["--max-cost", "12", "-"]).input(lines).done().exits(0);
    assert_eq!(done.results().len(), 5);
}

#[test]
fn a_line_without_a_cost_costs_one_and_one_that_cannot_be_sent_nothing() {
    let server = Server::always(Answer::text("x"));
    let url = |path| server.url(path) + "\n";
    let lines = format!(
        "{}ftp://h/\n{{\"url\": 7}}\n{}{}",
        url("/1"),
        url("/2"),
        url("/3")
    );
    let done = haul(["--max-cost", "2", "-"]).input(lines).done().exits(4);
    assert_eq!((done.results().len(), server.requests()), (4, 2));
}

#[test]
fn files_that_are_there_cost_nothing() {
    let (server, folder) = (Server::always(Answer::text("x")), Folder::new());
    let out = folder.at("files");
    let given = ["--output-dir", &out, "--output-name", "{path}", "-"];
    let lines = priced(&server, &[1, 1, 1, 1]);
    let first: String = lines
        .lines()
        .take(2)
        .map(|line| line.to_owned() + "\n")
        .collect();
    haul(given).input(first).done().exits(0);
    // The digest of the second line is that of another file.
    let mut lines: Vec<String> = priced(&server, &[50, 5, 5, 1])
        .lines()
        .map(str::to_owned)
        .collect();
    lines[1].insert_str(1, &format!("\"sha256\": \"{}\", ", "0".repeat(64)));
    let again = haul([
        "--skip-existing",
        "--max-cost",
        "10",
        "--rate-cost",
        "10/s",
        "--retry",
        "0",
    ]);
    let done = again.and(given).input(lines.join("\n")).done().exits(4);
    let results = done.results();
    assert_eq!(results.len(), 3);
    let skipped = results.iter().filter(|record| record["skipped"] == true);
    assert_eq!(skipped.count(), 1);
    assert_eq!(
        (
            server.requests_to("/0"),
            server.requests_to("/1"),
            server.requests_to("/3")
        ),
        (1, 2, 0)
    );
}

#[test]
fn retries_cost_nothing_more_of_the_whole() {
    let server = Server::always(Answer::status(500));
    let lines = priced(&server, &[3, 3]);
    let arguments = ["--max-cost", "6", "--retry-delay", "1ms", "-"];
    haul(arguments).input(lines).done().exits(1);
    assert_eq!(server.requests(), 6);
}

#[test]
fn the_cost_of_what_starts_in_a_time_is_limited() {
    let server = Server::always(Answer::text("x"));
    let lines = priced(&server, &[5, 5, 5]);
    let begin = Instant::now();
    haul(["--rate-cost", "10/s", "-"])
        .input(lines)
        .done()
        .exits(0);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    let done = haul(["--rate-cost", "10/s", "-"]);
    let done = done.input(priced(&server, &[11])).done().exits(1);
    assert_eq!(done.results()[0]["error_type"], "invalid_request");
}

#[test]
fn wrong_values_are_named() {
    for (arguments, said) in [
        (["--rate-cost", "0/m"], "--rate-cost"),
        (["--rate-cost", "5/m,6/m"], "--rate-cost"),
        (["--max-cost", "-1"], "--max-cost"),
        (["--max-cost", "x"], "--max-cost"),
    ] {
        let done = haul(arguments.iter().chain(&["http://127.0.0.1:9/"])).done();
        assert!(done.exits(2).stderr.contains(said), "{said}");
    }
    let bad = "{\"url\": \"http://127.0.0.1:9/\", \"cost\": -1}\n";
    let done = haul(["-"]).input(bad).done().exits(1);
    let message = done.results()[0]["error_msg"].to_string();
    assert!(message.contains("cost: a whole number"), "{message}");
}
