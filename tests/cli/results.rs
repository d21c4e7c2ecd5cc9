//! Destinations of results, and their content.

use serde_json::{Value, json};
use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Scenario::new()
        .on("/text", Answer::text("0123456789"))
        .on("/bytes", Answer::status(200).body(b"\xff\0".to_vec()))
        .on(
            "/gone/*",
            Answer::status(404).typed("text/plain", "no such page"),
        )
        .on("/write", Answer::status(503))
        .on("/*", Answer::json(r#"{"code": 0}"#))
        .start()
}

#[test]
fn the_failure_log_is_input_for_another_run() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file(
        "in.jsonl",
        format!(
            "{}\n{}\n{}\n",
            json!({"url": server.url("/gone/1"), "id": "x", "headers": {"X-Trace": "t", "authorization": "secret"}}),
            json!({"url": server.url("/a")}),
            json!({"url": server.url("/gone/2"), "body": "b"}),
        ),
    );
    let (out, failures) = (folder.at("out.jsonl"), folder.at("failures.jsonl"));
    let done = haul(["-o", &out, "--failures", &failures, &list])
        .done()
        .exits(1);
    assert_eq!(done.stdout, "");
    assert_eq!(folder.records("out.jsonl").len(), 3);
    let failed = folder.records("failures.jsonl");
    assert_eq!(failed.len(), 2);
    assert!(
        failed
            .iter()
            .all(|line| line["response_text"] == "no such page")
    );
    assert!(!folder.read("failures.jsonl").contains("secret"));

    // Secrets must be given again, and a line that lacks its secret says so.
    let again = haul([&failures]).done().exits(1);
    let lacking = again
        .results()
        .into_iter()
        .find(|result| result["id"] == "x")
        .unwrap();
    assert_eq!(lacking["error_type"], "invalid_request");
    let message = lacking["error_msg"].as_str().unwrap();
    assert!(message.contains("authorization"), "{message}");
    assert_eq!(lacking["source"], failures.as_str());
    again.says(&format!("haul: {failures}:{}: {message}", lacking["line"]));
    haul(["-H", "Authorization: other", &failures])
        .done()
        .exits(1);
    let seen = server.last("/gone/1");
    assert_eq!(
        (seen.header("x-trace"), seen.header("authorization")),
        (Some("t"), Some("other"))
    );
    assert_eq!(
        (server.last("/gone/2").method, server.last("/gone/2").text()),
        ("POST".to_owned(), "b".to_owned())
    );
}

#[test]
fn failures_go_to_a_database_by_the_name_of_the_file() {
    let (server, folder) = (server(), Folder::new());
    let urls: String = (0..5)
        .map(|i| server.url(&format!("/gone/{i}")) + "\n")
        .collect();
    for name in ["f.db", "f.sqlite", "f.SQLITE3"] {
        let path = folder.at(name);
        haul(["--failures", &path, "-"])
            .input(urls.clone())
            .done()
            .exits(1);
        // Each run stands for itself; nothing is in the way of a second run.
        haul(["--failures", &path, "-"])
            .input(urls.clone())
            .done()
            .exits(1);
        let database = rusqlite::Connection::open(&path).unwrap();
        let count = |what: &str| {
            database
                .query_row(what, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!(
            count(
                "select count(*) from failures where error_type = 'http_status' and status = 404"
            ),
            10
        );
        assert_eq!(count("select count(*) from last_failures"), 5);
        assert_eq!(
            count("select count(*) from runs where failed = 5 and total = 5"),
            2
        );
        let arguments = "select count(*) from runs where arguments like '%--failures%'";
        assert_eq!(count(arguments), 2);
    }
}

#[test]
fn bodies_are_text_or_base64_cut_or_left_out() {
    let server = server();
    let result = |arguments: &[&str], path: &str| -> (Value, String) {
        let url = server.url(path);
        let done = haul(arguments.iter().copied().chain([&*url]))
            .done()
            .exits(0);
        (done.results().remove(0), done.stderr)
    };
    let (text, _) = result(&[], "/text");
    assert_eq!(
        (&text["body"], &text["body_encoding"]),
        (&json!("0123456789"), &json!("utf8"))
    );
    let (bytes, _) = result(&["--body", "auto"], "/bytes");
    assert_eq!(
        (&bytes["body"], &bytes["body_encoding"]),
        (&json!("/wA="), &json!("base64"))
    );
    let (cut, said) = result(&["--body-limit", "4"], "/text");
    assert_eq!(
        (&cut["body"], &cut["body_truncated"]),
        (&json!("0123"), &json!(true))
    );
    assert_eq!(
        said.matches("its body is cut in the results").count(),
        1,
        "{said}"
    );
    let (none, said) = result(&["--body", "none", "--body-limit", "4"], "/text");
    assert!(
        none.get("body").is_none() && none["size_bytes"] == 10,
        "{none}"
    );
    assert!(!said.contains("its body is cut"), "{said}");
    let (headers, _) = result(&["--include-headers"], "/text");
    assert_eq!(
        headers["headers"]["content-type"],
        json!(["text/plain; charset=utf-8"])
    );
    assert!(text.get("headers").is_none());
}

#[test]
fn each_kind_of_warning_comes_once() {
    let server = server();
    let line = json!({"url": server.url("/write"), "body": "x"});
    let input = format!("{0}\n{0}\n{1}\n{1}\n", server.url("/text"), line);
    let done = haul(["--body-limit", "2", "-"])
        .input(input)
        .done()
        .exits(1);
    assert_eq!(
        done.stderr.matches("haul: warning:").count(),
        2,
        "{}",
        done.stderr
    );
    done.says("not tried again, since the server may have acted on it");
}

#[test]
fn a_body_larger_than_allowed_fails() {
    let server = server();
    let done = haul(["--max-filesize", "4", &server.url("/text")])
        .done()
        .exits(1);
    assert_eq!(done.results()[0]["error_type"], "body_too_large");
}

#[test]
fn ordered_brings_results_into_the_order_of_the_input() {
    let gate = Gate::closed();
    let server = Scenario::new()
        .on("/0", Answer::text("").behind(&gate))
        .on("/*", Answer::text(""))
        .start();
    let urls: Vec<String> = (0..20).map(|i| server.url(&format!("/{i}"))).collect();
    let order = |arguments: &[&str]| -> Vec<u64> {
        let mut run = haul(arguments.iter().chain(&["-"])).start();
        urls.iter().for_each(|url| run.say(url));
        run.close_input();
        let before = server.requests();
        server.wait_for_requests(before.max(20));
        gate.admit(1);
        let results = run.finish().exits(0).results();
        results
            .iter()
            .map(|result| result["index"].as_u64().unwrap())
            .collect()
    };
    let ordered = order(&["--ordered"]);
    assert_eq!(ordered, (0..20).collect::<Vec<_>>());
    let mut completed = {
        let mut run = haul(["-"]).start();
        urls.iter().for_each(|url| run.say(url));
        run.close_input();
        let first: Vec<u64> = (0..19)
            .map(|_| run.next_result()["index"].as_u64().unwrap())
            .collect();
        assert!(!first.contains(&0), "the first is held: {first:?}");
        gate.admit(1);
        let last = run.finish().exits(0).results();
        assert_eq!(last[0]["index"], 0);
        first
    };
    completed.push(0);
    completed.sort_unstable();
    assert_eq!(completed, ordered);
}

#[test]
fn the_summary_is_written_for_people_and_for_programs() {
    let (server, folder) = (server(), Folder::new());
    let input = format!("{}\n{}\n", server.url("/a"), server.url("/gone/1"));
    let path = folder.at("summary.json");
    let done = haul(["--summary-json", &path, "-"])
        .input(input.clone())
        .done()
        .exits(1);
    done.says("2 requests, 16 at once")
        .says("succeeded      1")
        .says("Top errors");
    let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    assert_eq!(
        (&summary["total"], &summary["failed"]),
        (&json!(2), &json!(1))
    );
    let done = haul(["-q", "--overwrite", "--summary-json", &path, "-"])
        .input(input)
        .done()
        .exits(1);
    assert_eq!(done.stderr, "");
    assert_eq!(
        folder.read("summary.json").matches("\"wall_ms\"").count(),
        1
    );
}

#[test]
fn a_device_is_written_to_as_it_is() {
    let server = server();
    let done = haul(["-o", "/dev/null", &server.url("/a")]).done();
    assert_eq!((done.status, &*done.stdout), (Some(0), ""));
    let done = haul(["-o", "-", &server.url("/a")]).done().exits(0);
    assert_eq!(done.results().len(), 1);
}
