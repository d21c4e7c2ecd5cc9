//! Bodies that are too large for a line.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

const LONGEST: usize = 16 << 20;

#[test]
fn a_body_from_a_file_that_is_too_large_for_a_line_is_sent_again_from_the_file() {
    let json = format!("[\"{}\"]", "j".repeat(LONGEST));
    for (option, content) in [
        ("-d", vec![b'"'; LONGEST / 2]),
        ("-d", vec![0xfe; LONGEST]),
        ("--json", json.into_bytes()),
    ] {
        let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
        let (big, log) = (folder.file("big", &content), folder.at("f.jsonl"));
        let data = format!("@{big}");
        haul(["-q", option, &data, "--failures", &log, &server.url("/")])
            .done()
            .exits(1);
        let line = folder.read("f.jsonl");
        assert!(line.len() <= LONGEST, "{}", line.len());
        haul(["-q", &log]).done().exits(1);
        let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies.len(), 2);
        assert!(bodies.iter().all(|body| *body == content));
    }
}

#[test]
fn a_body_too_large_for_its_record_is_cut() {
    let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
    let log = folder.at("f.jsonl");
    let line = json!({"url": server.url("/"), "body": "x".repeat(LONGEST - 100), "id": "a"});
    let list = folder.file("list", format!("{line}\n{}\n", server.url("/small")));
    haul(["-q", "--retry", "0", "--failures", &log, &list])
        .done()
        .exits(1);
    let records = folder.records("f.jsonl");
    let cut = records.iter().find(|record| record["id"] == "a").unwrap();
    assert_eq!(cut["request"]["body_truncated"], true);
    let done = haul(["-q", "--retry", "0", &log]).done().exits(1);
    let again = done.results();
    let refused = again.iter().find(|record| record["id"] == "a").unwrap();
    assert_eq!(refused["error_type"], "invalid_request");
    let message = refused["error_msg"].as_str().unwrap();
    assert!(message.contains("was cut"), "{message}");
    assert_eq!(server.requests_to("/small"), 2);
}

#[test]
fn a_request_whose_response_was_cut_can_be_sent_again() {
    let (server, folder) = (
        Server::always(Answer::status(500).body("\n".repeat(9 << 20))),
        Folder::new(),
    );
    let log = folder.at("f.jsonl");
    let arguments = [
        "-q",
        "--retry",
        "0",
        "--body-limit",
        "99M",
        "--failures",
        &log,
    ];
    haul(arguments.iter().copied().chain([&*server.url("/")]))
        .done()
        .exits(1);
    assert!(folder.read("f.jsonl").len() <= LONGEST + 1);
    assert_eq!(folder.records("f.jsonl")[0]["body_truncated"], true);
    haul(["-q", "--retry", "0", &log]).done().exits(1);
    assert_eq!(server.requests(), 2);
}
