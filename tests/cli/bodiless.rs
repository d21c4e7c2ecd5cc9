//! Responses without their bodies: `-I`, `--head-or-get`, `--discard-body`.

use super::command::{Folder, haul};
use test_support::{Answer, Scenario, Server};

/// Returns a server that knows no HEAD.
fn without_head() -> Server {
    Scenario::new()
        .when("/a", |seen| match seen.method.as_str() {
            "HEAD" => Answer::status(405),
            _ => Answer::text("body").header("X-Kind", "page"),
        })
        .start()
}

#[test]
fn head_asks_by_head_and_keeps_the_headers() {
    let server = Server::always(Answer::text("body").header("X-Kind", "page"));
    for option in ["-I", "--head"] {
        let done = haul([option, &server.url("/a")]).done().exits(0);
        let result = &done.results()[0];
        assert_eq!(
            (&result["method"], &result["body"]),
            (&"HEAD".into(), &"".into())
        );
        assert_eq!(result["headers"]["x-kind"][0], "page");
        assert_eq!(server.last("/a").method, "HEAD");
    }
}

#[test]
fn a_line_with_a_method_keeps_it() {
    let server = Server::always(Answer::text("body"));
    for options in [&["-I"][..], &["--head-or-get"][..]] {
        let line = format!(r#"{{"url": "{}", "method": "PUT"}}"#, server.url("/put"));
        haul(options).input(line).done().exits(0);
        assert_eq!(server.last("/put").method, "PUT");
    }
}

#[test]
fn a_refused_head_is_asked_by_get_and_recorded_as_get() {
    let server = without_head();
    let done = haul(["--head-or-get", "--retry", "0", &server.url("/a")])
        .done()
        .exits(0);
    let result = &done.results()[0];
    assert_eq!(result["method"], "GET");
    assert_eq!(
        (&result["status"], &result["attempts"]),
        (&200.into(), &1.into())
    );
    assert_eq!(result["body"], "");
    assert_eq!(server.requests_to("/a"), 2);
    let line = format!(r#"{{"url": "{}", "method": "HEAD"}}"#, server.url("/a"));
    let done = haul(["--head-or-get"]).input(line).done().exits(0);
    assert_eq!(done.results()[0]["method"], "GET");
}

#[test]
fn a_resumed_run_knows_what_was_asked_by_get() {
    let (server, folder) = (without_head(), Folder::new());
    let out = folder.path().join("out.jsonl");
    let out = out.to_string_lossy().into_owned();
    for more in [&[][..], &["--resume"][..]] {
        let url = server.url("/a");
        let arguments = ["--head-or-get", "-o", &out, &url];
        haul(arguments.iter().chain(more)).done().exits(0);
        assert_eq!(server.requests_to("/a"), 2);
    }
}

#[test]
fn a_discarded_body_is_not_in_the_result_and_meets_no_limit() {
    let server = Server::always(Answer::text("x".repeat(100_000)));
    let done = haul(["--discard-body", "--max-filesize", "10", &server.url("/a")])
        .done()
        .exits(0);
    let result = &done.results()[0];
    assert_eq!(
        (&result["status"], &result["body"]),
        (&200.into(), &"".into())
    );
    assert_eq!(server.last("/a").method, "GET");
}

#[test]
fn options_that_need_a_body_or_a_method_are_refused_beside_them() {
    for arguments in [
        &["-I", "-X", "GET"][..],
        &["-I", "-d", "x"],
        &["--head-or-get", "--json", "1"],
        &["--discard-body", "--require", "/code=0"],
        &["--discard-body", "--expect-json"],
        &["--discard-body", "--output-dir", "x"],
    ] {
        let url = ["http://127.0.0.1:1/"];
        let done = haul(arguments.iter().chain(&url)).done().exits(2);
        assert!(
            done.stderr.contains("cannot be used with"),
            "{}",
            done.stderr
        );
    }
}
