//! `--dry-run`: the requests that would be sent, and the lines that could not be.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

fn server() -> Server {
    Server::always(Answer::text(""))
}

fn dry_run(arguments: &[&str], input: impl Into<Vec<u8>>) -> Done {
    let arguments = ["--dry-run", "-"].iter().chain(arguments);
    haul(arguments).input(input).done()
}

#[test]
fn a_dry_run_prints_requests_instead_of_sending_them() {
    let (server, folder) = (server(), Folder::new());
    let out = folder.at("out.jsonl");
    let lines = [
        json!({"url": "b?x=1", "id": 7, "json": {"n": 1}, "auth": {"bearer": "secret"}, "params": {"p": "ä"}}),
        json!({"url": server.url("/a"), "method": "HEAD", "headers": {"X-A": ["1", "2"], "user-agent": null}, "tag": 1}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let base = server.url("/api/");
    let done = dry_run(
        &["-o", &out, "--base-url", &base, "--url-query", "k=v"],
        input,
    )
    .exits(0);
    let printed = done.results();
    let host = base.trim_start_matches("http://").trim_end_matches("/api/");
    let first = &printed[0];
    assert_eq!(
        (&first["id"], &first["method"]),
        (&json!("7"), &json!("POST"))
    );
    assert_eq!(first["url"], server.url("/api/b?x=1&k=v&p=%C3%A4"));
    assert_eq!(first["body_bytes"], 7);
    for (name, value) in [
        ("host", host),
        ("content-type", "application/json"),
        ("content-length", "7"),
        ("authorization", "***"),
        ("accept", "*/*"),
        ("user-agent", concat!("haul/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(first["headers"][name], json!([value]), "{name}");
    }
    let second = &printed[1];
    assert_eq!(
        (&second["method"], &second["tag"]),
        (&json!("HEAD"), &json!(1))
    );
    assert_eq!(
        (&second["headers"]["x-a"], &second["body_bytes"]),
        (&json!(["1", "2"]), &json!(0))
    );
    assert_eq!(second["headers"].get("user-agent"), None);
    assert_eq!(second["headers"].get("content-length"), None);
    done.never_says("secret");
    assert_eq!(server.requests(), 0);
    assert!(!folder.has("out.jsonl"));
}

#[test]
fn a_dry_run_prints_exactly_the_requests_of_a_run() {
    let (server, folder) = (server(), Folder::new());
    let file = folder.file("body", "0123456789");
    for line in [
        json!({"url": server.url("/1")}),
        json!({"url": server.url("/2"), "method": "POST"}),
        json!({"url": server.url("/3"), "body_file": file}),
        json!({"url": server.url("/4?a=b c"), "form": {"a": "ä"}, "headers": {"X-B": "1"}}),
    ] {
        let arguments = ["-H", "X-Own: 1", "-b", "a=b", "-"];
        let dry = dry_run(&arguments[..4], line.to_string()).exits(0);
        haul(arguments).input(line.to_string()).done().exits(0);
        let sent = server.seen().pop().unwrap();
        let dry = &dry.results()[0];
        assert_eq!(dry["method"], sent.method);
        assert!(
            dry["url"].as_str().unwrap().ends_with(&sent.target),
            "{dry}"
        );
        assert_eq!(dry["body_bytes"], sent.body.len());
        let shown = dry["headers"].as_object().unwrap();
        for (name, values) in shown {
            let values: Vec<&str> = values
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_str().unwrap())
                .collect();
            let sent = sent
                .header(name)
                .unwrap_or_else(|| panic!("{name} was not sent"));
            assert!(
                values == [sent] || values == ["***"],
                "{name}: {values:?}, sent {sent}"
            );
        }
        assert_eq!(shown.len(), sent.headers.len(), "{shown:?}");
    }
}

#[test]
fn a_line_that_could_not_be_sent_fails_a_dry_run() {
    let (server, folder) = (server(), Folder::new());
    let directory = folder.path().to_str().unwrap();
    let good = server.url("/");
    for (line, said) in [
        (json!("example.com"), "stdin:2: the URL has no scheme"),
        (
            json!("ftp://127.0.0.1/x"),
            "stdin:2: the scheme of the URL is not supported",
        ),
        (json!("http://127.0.0.1:99999/"), "stdin:2: "),
        (json!("http:///"), "stdin:2: "),
        (json!({"url": 7}), "stdin:2: "),
        (
            json!({"url": good, "headers": {"sp ace": "x"}}),
            "stdin:2: ",
        ),
        (
            json!({"url": good, "headers": {"X": "a\u{1}b"}}),
            "stdin:2: ",
        ),
        (json!({"url": good, "method": "NO METHOD"}), "stdin:2: "),
        (json!({"url": good, "body_file": "/no/such"}), "/no/such"),
        (json!({"url": good, "body_file": directory}), directory),
        (json!({"url": good, "output_file": "a"}), "output_file"),
        (json!({"url": "http://user:sesame@h:99999/"}), "stdin:2: "),
    ] {
        let done = dry_run(&[], format!("{good}\n{line}\n{good}\n")).exits(1);
        assert_eq!(done.results().len(), 2, "{line}");
        assert!(!done.stderr.contains("sesame"), "{}", done.stderr);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
        done.says(said);
    }
    assert_eq!(server.requests(), 0);
    dry_run(&["--public-only"], good).exits(1).says("stdin:1: ");
    dry_run(&[], "").exits(0);
}

#[test]
fn every_bad_line_of_a_dry_run_is_named() {
    let done = dry_run(&[], "nothing\n".repeat(50)).exits(1);
    assert_eq!(done.stderr.matches("haul: stdin:").count(), 50);
}

#[test]
fn a_dry_run_makes_no_directory() {
    let folder = Folder::new();
    let to = folder.at("saved");
    let line = json!({"url": "http://127.0.0.1:1/", "output_file": "a/b"}).to_string();
    let done = dry_run(&["--output-dir", &to], line).exits(0);
    assert_eq!(done.results()[0]["output_file"], format!("{to}/a/b"));
    assert!(!folder.has("saved"));
}

#[test]
fn a_dry_run_refuses_the_headers_that_a_run_refuses() {
    let server = server();
    let url = server.url("/");
    for (headers, reason) in [
        (
            json!({"Host": ["a", "b"]}),
            "the header host is given more than once",
        ),
        (json!({"Host": "ä"}), "the value of header host holds"),
        (
            json!({"Authorization": "ä"}),
            "the value of header authorization holds",
        ),
    ] {
        let line = json!({"url": &url, "headers": headers}).to_string();
        let dry = dry_run(&[], line.clone()).exits(1);
        assert!(dry.stderr.contains(reason), "{}", dry.stderr);
        let run = haul(["-"]).input(line).done().exits(1);
        let failed = &run.results()[0];
        assert_eq!(failed["error_type"], "invalid_request");
        assert!(failed["error_msg"].as_str().unwrap().starts_with(reason));
    }
    haul(["-H", "Host: a", "-H", "Host: b", &url])
        .done()
        .exits(2);
}
