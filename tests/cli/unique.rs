//! Requests of a list that equal an earlier one (`--unique`).

use serde_json::Value;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Server::always(Answer::text(""))
}

/// A list of eight lines with four different requests.
fn list(server: &Server) -> String {
    let url = server.url("");
    [
        format!("{url}/1"),
        format!("{url}/2"),
        format!("{url}/1"),
        format!("{url}/1#part"),
        format!("{{\"url\": \"{url}/2\", \"id\": \"other\"}}"),
        format!("{{\"url\": \"{url}/2\", \"headers\": {{\"x\": \"1\"}}}}"),
        format!("{{\"url\": \"{url}/2\", \"method\": \"PUT\"}}"),
        format!("{url}/./2"),
    ]
    .map(|line| line + "\n")
    .concat()
}

fn lines_of(records: &[Value]) -> Vec<u64> {
    let mut lines: Vec<_> = records.iter().filter_map(|r| r["line"].as_u64()).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn duplicates_have_no_result_and_are_counted() {
    let (server, folder) = (server(), Folder::new());
    let sums = folder.at("sums.json");
    let done = haul(["--unique", "--summary-json", &sums, "-"]).input(list(&server));
    let done = done
        .done()
        .exits(0)
        .says("  duplicates  4 requests left out");
    assert_eq!(lines_of(&done.results()), [1, 2, 6, 7]);
    assert_eq!(server.requests(), 4);
    let sums: Value = serde_json::from_str(&folder.read("sums.json")).unwrap();
    assert_eq!(
        (&sums["duplicates"], &sums["total"]),
        (&4.into(), &4.into())
    );
}

#[test]
fn without_the_option_each_line_has_its_result() {
    let server = server();
    let done = haul(["-"]).input(list(&server)).done().exits(0);
    assert_eq!(done.never_says("duplicates").results().len(), 8);
}

#[test]
fn lines_that_cannot_be_read_each_have_their_result() {
    let server = server();
    let list = "no url\n".repeat(3) + &list(&server);
    let done = haul(["--unique", "-"]).input(list).done().exits(1);
    assert_eq!(lines_of(&done.results()), [1, 2, 3, 4, 5, 9, 10]);
}

#[test]
fn a_resumed_run_leaves_out_duplicates_of_requests_that_are_done() {
    let (server, folder) = (server(), Folder::new());
    let (out, urls) = (
        folder.at("out.jsonl"),
        folder.file("urls.txt", list(&server)),
    );
    haul(["--unique", "-o", &out, &urls]).done().exits(0);
    let done = haul(["--unique", "--resume", "-o", &out, &urls])
        .done()
        .exits(0);
    done.says("haul: 4 outcomes are there from before");
    assert_eq!(
        (server.requests(), folder.records("out.jsonl").len()),
        (4, 4)
    );
}

#[test]
fn results_come_in_order_beside_ordered() {
    let server = server();
    let done = haul(["--unique", "--ordered", "-"]).input(list(&server));
    let results = done.done().exits(0).results();
    let indices: Vec<_> = results
        .iter()
        .map(|r| r["index"].as_u64().unwrap())
        .collect();
    assert_eq!(indices, [0, 1, 2, 3]);
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    let server = server();
    let done = haul(["--unique", "--dry-run", "-"]).input(list(&server));
    assert_eq!(done.done().exits(0).results().len(), 4);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_base_url_is_part_of_what_is_compared() {
    let server = server();
    let list = format!("1\n{}\n./1\n", server.url("/1"));
    let done = haul(["--unique", "--base-url", &server.url("/"), "-"]).input(list);
    assert_eq!(done.done().exits(0).results().len(), 1);
}
