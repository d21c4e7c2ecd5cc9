//! `--capture` and `--replay`: exchanges written to a directory, and answered from it.

use super::command::{Folder, haul};
use test_support::{Answer, Scenario};

#[test]
fn a_captured_run_is_replayed_without_its_server() {
    let folder = Folder::new();
    let tape = folder.at("tape");
    let server = Scenario::new()
        .on("/gone", Answer::status(404))
        .when("/*", |seen| Answer::text(seen.target.clone()))
        .start();
    let urls = ["/a?x=1", "/b", "/gone"].map(|path| server.url(path));
    let run = |option: &str| {
        let arguments = [
            &[option, &tape, "--ordered"][..],
            &urls.each_ref().map(|url| &**url),
        ];
        let done = haul(arguments.concat()).done().exits(1);
        let fields = |result: &serde_json::Value| {
            ["url", "status", "body", "error_type"].map(|name| result[name].clone())
        };
        done.results().iter().map(fields).collect::<Vec<_>>()
    };
    let captured = run("--capture");
    drop(server);
    assert_eq!(captured[0][2], "/a?x=1");
    assert_eq!(run("--replay"), captured);
}

#[test]
fn secrets_of_a_capture_are_masked() {
    let folder = Folder::new();
    let tape = folder.at("tape");
    let server = Scenario::new().on("/*", Answer::text("fine")).start();
    let url = server.url("/a?api_key=sesame");
    let run = |option: &str, token: &str| {
        haul([
            option,
            &tape,
            "--bearer",
            token,
            "--json",
            r#"{"password": "sesame"}"#,
            &url,
        ])
        .done()
        .exits(0);
    };
    run("--capture", "sesame");
    let name = std::fs::read_dir(&tape)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("POST"))
        .unwrap();
    assert!(!std::fs::read_to_string(name).unwrap().contains("sesame"));
    run("--replay", "another");
}

#[test]
fn a_request_that_is_not_there_fails_with_the_nearest() {
    let folder = Folder::new();
    let tape = folder.at("tape");
    let server = Scenario::new().on("/*", Answer::text("fine")).start();
    haul(["--capture", &tape, &server.url("/a?page=1")])
        .done()
        .exits(0);
    let done = haul(["--replay", &tape, &server.url("/a?page=2")])
        .done()
        .exits(1);
    let result = &done.results()[0];
    assert_eq!(result["error_type"], "invalid_request");
    let message = result["error_msg"].as_str().unwrap();
    assert!(
        message.contains("page=1") && message.contains(&tape),
        "{message}"
    );
}

#[test]
fn a_directory_that_does_not_fit_is_a_usage_error() {
    let folder = Folder::new();
    folder.file("mine", "precious");
    let taken = folder.path().to_str().unwrap().to_owned();
    let url = "http://127.0.0.1:1/";
    haul(["--capture", &taken, url])
        .done()
        .exits(2)
        .says("--capture: ");
    haul(["--replay", &folder.at("none"), url])
        .done()
        .exits(2)
        .says("--replay: ");
    haul(["--replay", &taken, "--capture", &taken, url])
        .done()
        .exits(2)
        .says("cannot be used with");
    assert_eq!(folder.read("mine"), "precious");
}

#[test]
fn a_dry_run_makes_no_directory() {
    let folder = Folder::new();
    haul([
        "--dry-run",
        "--capture",
        &folder.at("tape"),
        "http://127.0.0.1:1/",
    ])
    .done()
    .exits(0);
    assert!(!folder.has("tape"));
}
