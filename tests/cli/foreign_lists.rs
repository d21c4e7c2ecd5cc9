//! `--public-only`: lists from other people reach no file of this machine.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use test_support::{Answer, Scenario};

use super::command::{Done, Folder, haul};

/// An address that is not public: a line that is refused for it was not refused for its files.
const LOCAL: &str = "http://127.0.0.1:9/";

/// A name that a dry run does not look up.
const NAMED: &str = "http://a.invalid/";

/// Runs lines from other people.
fn run(arguments: &[&str], lines: &[Value]) -> Done {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let arguments = arguments.iter().chain(&["--public-only", "--ordered", "-"]);
    haul(arguments).input(lines).done().exits(1)
}

/// Returns class and message of each result.
fn verdicts(done: &Done) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verdict = |result: &Value| (text(&result["error_type"]), text(&result["error_msg"]));
    done.results().iter().map(verdict).collect()
}

/// Builds a line of a failure log with this request.
fn logged(request: Value) -> Value {
    json!({"v": 1, "request": request})
}

#[test]
fn every_key_that_names_a_file_is_refused_by_name() {
    let folder = Folder::new();
    let marker = folder.file("marker", "secret of this machine");
    let out = folder.at("out");
    let done = run(
        &["--output-dir", &out],
        &[
            json!({"url": LOCAL, "body_file": marker}),
            json!({"url": LOCAL, "method": "PUT", "body_file": "/etc/hostname"}),
            json!({"url": LOCAL, "body_file": "no/such/file"}),
            json!({"url": LOCAL, "body_pieces": ["a", {"file": marker}]}),
            logged(json!({"url": LOCAL, "body_file": marker})),
            logged(json!({"url": LOCAL, "body_pieces": [{"boundary": "b"}, {"file": marker}]})),
            json!({"url": LOCAL, "output_file": "../out-of-it"}),
            json!({"url": LOCAL, "output_file": folder.at("elsewhere")}),
            logged(json!({"url": LOCAL, "output_file": folder.at("elsewhere")})),
        ],
    );
    let keys = [
        "body_file",
        "body_file",
        "body_file",
        "body_pieces",
        "body_file",
        "body_pieces",
        "output_file",
        "output_file",
        "output_file",
    ];
    let verdicts = verdicts(&done);
    assert_eq!(verdicts.len(), keys.len());
    for ((class, message), key) in verdicts.iter().zip(keys) {
        assert_eq!(class, "invalid_request", "{message}");
        assert!(message.starts_with(&format!("{key}: ")), "{message}");
    }
    assert!(!done.stdout.contains("secret of this machine"));
    assert!(!folder.has("elsewhere") && !folder.has("out-of-it"));
}

#[test]
fn values_that_only_look_like_files_are_sent_as_they_are() {
    let folder = Folder::new();
    let at = format!("@{}", folder.file("marker", "secret of this machine"));
    let lines = [
        json!({"url": LOCAL, "auth": {"bearer": at}}),
        json!({"url": LOCAL, "headers": {"X-From": at}}),
        json!({"url": LOCAL, "body": at, "params": {"file": at}}),
    ];
    for (class, message) in verdicts(&run(&[], &lines)) {
        assert_eq!(class, "address_denied", "{message}");
    }
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = haul(["--public-only", "--dry-run", "-"])
        .input(lines.replace(LOCAL, NAMED))
        .done();
    assert!(!done.exits(0).stdout.contains("secret of this machine"));
}

#[test]
fn urls_lead_to_no_file_and_no_socket() {
    for url in [
        "file:///etc/hostname",
        "unix:/run/socket",
        "http+unix://%2Frun%2Fsocket/",
        "FILE:/etc/hostname",
        "data:,x",
    ] {
        let done = run(&[], &[json!({"url": url})]);
        assert_eq!(verdicts(&done)[0].0, "invalid_request", "{url}");
    }
}

#[test]
fn no_path_leads_out_of_the_allowed_directory() {
    let folder = Folder::new();
    let (allowed, outside) = (folder.at("allowed"), folder.at("outside"));
    fs::create_dir_all(&allowed).unwrap();
    fs::create_dir_all(&outside).unwrap();
    for (path, bytes) in [("allowed/a", "12345"), ("outside/a", "secret")] {
        folder.file(path, bytes);
    }
    symlink(folder.at("outside/a"), folder.at("allowed/link")).unwrap();
    symlink(&outside, folder.at("allowed/leads")).unwrap();
    symlink(folder.at("allowed/a"), folder.at("allowed/own")).unwrap();
    let body = |path: &str| json!({"url": LOCAL, "body_file": path});
    let below = |path: &str| body(&format!("{allowed}/{path}"));
    let good = [
        below("a"),
        below("own"),
        below("../allowed/./a"),
        below("leads/../a"),
    ];
    let bad = [
        below("link"),
        below("leads/a"),
        below("../outside/a"),
        below("leads/../../outside/a"),
        body("/etc/hostname"),
        body("/dev/zero"),
        below("."),
        below("none"),
        json!({"url": LOCAL, "body_pieces": [{"file": folder.at("outside/a")}]}),
    ];
    // The system resolves these to another path than their text says, which is outside the directory.
    let (good, odd) = good.split_at(3);
    let option = ["--allow-files-from", &allowed];
    for (class, message) in verdicts(&run(&option, good)) {
        assert_eq!(class, "address_denied", "{message}");
    }
    for (class, message) in verdicts(&run(&option, &[&bad[..], odd].concat())) {
        assert_eq!(class, "invalid_request", "{message}");
        assert!(message.starts_with("body_"), "{message}");
    }
    let lines: String = good.iter().map(|line| format!("{line}\n")).collect();
    let dry = [&option[..], &["--public-only", "--dry-run", "-"]].concat();
    let lines = lines.replace(LOCAL, NAMED);
    let done = haul(dry).input(lines).done().exits(0);
    assert!(done.results().iter().all(|shown| shown["body_bytes"] == 5));
}

#[test]
fn an_output_file_stays_in_its_directory_whatever_links_are_there() {
    let folder = Folder::new();
    let out = folder.at("out");
    fs::create_dir_all(folder.at("out/real")).unwrap();
    fs::create_dir_all(folder.at("outside")).unwrap();
    symlink(folder.at("outside"), folder.at("out/leads")).unwrap();
    symlink(folder.at("nowhere"), folder.at("out/dangling")).unwrap();
    let save = |path: &str| json!({"url": LOCAL, "output_file": path});
    let bad = [
        save("leads/x"),
        save("leads/new/x"),
        save("dangling/x"),
        logged(save("leads/y")),
    ];
    for (class, message) in verdicts(&run(&["--output-dir", &out], &bad)) {
        assert_eq!(class, "invalid_request", "{message}");
        assert!(message.starts_with("output_file: "), "{message}");
    }
    assert_eq!(fs::read_dir(folder.at("outside")).unwrap().count(), 0);
    let good = [save("x"), save("real/x"), save("new/x")];
    for (class, message) in verdicts(&run(&["--output-dir", &out], &good)) {
        assert_eq!(class, "address_denied", "{message}");
    }
}

#[test]
fn requests_of_a_database_are_lines_of_others_too() {
    let folder = Folder::new();
    let marker = folder.file("marker", "secret of this machine");
    let server = Scenario::new().on("/*", Answer::status(500)).start();
    let line = json!({"url": server.url("/"), "body_file": marker}).to_string();
    let database = folder.at("failures.db");
    let failed = haul(["--failures", &database, "--retry", "0", "-"])
        .input(line)
        .done();
    failed.exits(1);
    let done = haul(["--public-only", &database]).done().exits(1);
    let (class, message) = &verdicts(&done)[0];
    assert_eq!(class, "invalid_request");
    assert!(message.starts_with("body_file: "), "{message}");
    assert_eq!(server.requests(), 1);
}

#[test]
fn without_public_only_a_line_sends_its_file() {
    let folder = Folder::new();
    let file = folder.file("body", "12345");
    let server = Scenario::new().on("/*", Answer::text("fine")).start();
    let line = json!({"url": server.url("/"), "body_file": file}).to_string();
    haul(["-"]).input(line).done().exits(0);
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_directory_that_cannot_be_allowed_is_a_wrong_argument() {
    let folder = Folder::new();
    let file = folder.file("file", "");
    for wrong in [&file, &folder.at("none")] {
        let run = haul(["--public-only", "--allow-files-from", wrong, LOCAL]);
        run.done().exits(2).says("--allow-files-from: ");
    }
    let run = haul(["--allow-files-from", folder.path().to_str().unwrap(), LOCAL]);
    run.done().exits(2).says("--public-only");
}
