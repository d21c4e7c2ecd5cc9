//! `--scheme`: names of hosts as URLs, and lines that hold more than a URL.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Server::always(Answer::text("body"))
}

/// Returns the URL of a server without its scheme.
fn bare(server: &Server, path: &str) -> String {
    server.url(path).replace("http://", "")
}

#[test]
fn a_line_without_a_scheme_gets_the_one_that_is_given() {
    let server = server();
    let lines = [
        bare(&server, "/1"),
        format!("//{}", bare(&server, "/2")),
        json!({"url": bare(&server, "/3")}).to_string(),
        server.url("/4"),
    ];
    let run = haul(["--scheme", "http", "--ordered"]).input(lines.join("\n"));
    let done = run.done().exits(0);
    let urls: Vec<_> = done.results().iter().map(|r| r["url"].clone()).collect();
    let expected: Vec<_> = (1..5)
        .map(|n| json!(server.url(&format!("/{n}"))))
        .collect();
    assert_eq!(urls, expected);
}

#[test]
fn an_argument_is_a_file_where_one_of_its_name_exists() {
    let (server, folder) = (server(), Folder::new());
    let name = bare(&server, "");
    let name = name.trim_end_matches('/');
    let run = || haul(["--scheme", "http", name]).current_dir(&folder);
    let done = run().done().exits(0);
    assert_eq!(done.results()[0]["url"], format!("http://{name}"));
    folder.file(name, server.url("/listed"));
    let done = run().done().exits(0);
    assert_eq!(done.results()[0]["url"], server.url("/listed"));
}

#[test]
fn without_a_scheme_a_name_is_told_how_to_get_one() {
    let done = haul(["no-such-host.example"]).done().exits(2);
    done.says("--scheme https");
    let done = haul(["-"]).input("example.com").done().exits(1);
    assert_eq!(done.results()[0]["error_type"], "invalid_request");
}

#[test]
fn the_second_scheme_follows_only_a_failed_connection() {
    // No server listens at the ports 80 and 443 of this address.
    let run = |schemes| {
        haul(["--scheme", schemes, "--retry", "0", "127.66.66.66"])
            .done()
            .exits(1)
    };
    let done = run("https,http");
    let record = &done.results()[0];
    assert_eq!(
        (&record["url"], &record["attempts"]),
        (&json!("http://127.66.66.66"), &json!(2))
    );
    assert_eq!(record["error_type"], "connect");
    assert_eq!(record["attempt_log"].as_array().unwrap().len(), 2);
    assert_eq!(run("https").results()[0]["url"], "https://127.66.66.66");
    // A server that speaks no TLS is there, and is not asked without it.
    let server = server();
    let done = haul([
        "--scheme",
        "https,http",
        "--retry",
        "0",
        &bare(&server, "/"),
    ])
    .done()
    .exits(1);
    let record = &done.results()[0];
    assert_eq!(
        (&record["error_type"], &record["attempts"]),
        (&json!("tls"), &json!(1))
    );
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_resumed_run_knows_a_request_by_its_first_scheme() {
    let folder = Folder::new();
    let results = folder.at("run.jsonl");
    let arguments = [
        "--scheme",
        "https,http",
        "--retry",
        "0",
        "-o",
        &results,
        "127.66.66.66",
    ];
    haul(arguments).done().exits(1);
    haul(arguments)
        .and(["--resume"])
        .done()
        .exits(0)
        .says("1 outcome");
    assert_eq!(folder.read("run.jsonl").lines().count(), 1);
}

#[test]
fn other_schemes_are_refused() {
    for schemes in ["ftp", "https,https", "https,http,https", ""] {
        haul(["--scheme", schemes, "-"])
            .done()
            .exits(2)
            .says("https,http");
    }
    haul(["--scheme", "https", "--base-url", "http://h/", "-"])
        .done()
        .exits(2);
}

#[test]
fn what_stands_around_a_url_is_to_be_removed() {
    for more in [&[][..], &["--scheme", "https"], &["--input-format", "urls"]] {
        for (line, told) in [
            ("<https://h.example/>", "remove the < and the >"),
            ("'https://h.example/'", "quotation marks (remove them)"),
            ("(https://h.example/)", "parentheses (remove them)"),
            ("[https://h.example/]", "brackets (remove them)"),
            (
                "{\"url\": \"<https://h.example/>\"}",
                "remove the < and the >",
            ),
        ] {
            if more.contains(&"urls") && line.starts_with('{') {
                continue;
            }
            let done = haul(more.iter().chain(&["-"])).input(line).done().exits(1);
            let record = &done.results()[0];
            assert_eq!(record["error_type"], "invalid_request", "{line}");
            let message = record["error_msg"].as_str().unwrap();
            assert!(message.contains(told), "{line}: {message}");
        }
    }
    let done = haul(["-"]).input("https://h.example/ foo").done().exits(1);
    let message = &done.results()[0]["error_msg"];
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("text after the URL (remove it;"),
        "{message}"
    );
}
