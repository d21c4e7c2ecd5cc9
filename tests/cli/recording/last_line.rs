//! A last line that lacks nothing but its line feed.

use super::alike::{check, list, server};
use super::command::{Folder, haul};

#[test]
fn no_post_is_sent_twice_for_want_of_a_line_feed() {
    for (log, end) in [
        ("f.jsonl", ""),
        ("f.db", ""),
        ("f.jsonl", "\r"),
        ("f.jsonl", "\0\0"),
    ] {
        let (server, folder) = (server(), Folder::new());
        let (out, failures) = (folder.at("out.jsonl"), folder.at(log));
        // The last outcome is that of a POST that fails.
        let list = folder.file("list", list(&server, 10));
        let arguments = [
            "-q",
            "-j",
            "1",
            "--ordered",
            "-o",
            &out,
            "--failures",
            &failures,
            &list,
        ];
        haul(arguments).done().exits(1);
        for name in ["out.jsonl", "f.jsonl"] {
            if folder.has(name) {
                let text = folder.read(name).trim_end().to_owned() + end;
                folder.file(name, text);
            }
        }
        for _ in 0..2 {
            haul(arguments.iter().chain(&["--resume"])).done().exits(0);
        }
        assert_eq!(server.requests(), 10);
        check(&server, &folder, ("out.jsonl", log), 10);
    }
}

#[test]
fn lines_that_the_log_lost_are_made_again() {
    for lost in [1, 30, 400, 3_000, usize::MAX] {
        let (server, folder) = (server(), Folder::new());
        let (out, failures) = (folder.at("out.jsonl"), folder.at("f.jsonl"));
        let list = folder.file("list", list(&server, 10));
        let arguments = ["-q", "-o", &out, "--failures", &failures, &list];
        haul(arguments).done().exits(1);
        let text = folder.read("f.jsonl");
        folder.file("f.jsonl", &text[..text.len().saturating_sub(lost)]);
        haul(arguments.iter().chain(&["--resume"])).done().exits(0);
        check(&server, &folder, ("out.jsonl", "f.jsonl"), 10);
        let whole = |text: &str| {
            let mut lines: Vec<_> = super::command::records(text);
            lines.sort_by_key(|line| line["index"].as_u64());
            lines
        };
        assert_eq!(whole(&folder.read("f.jsonl")), whole(&text), "{lost} bytes");
    }
}

#[test]
fn a_last_line_that_the_results_lost_is_taken_from_the_log() {
    for lost in [2, 30, 200, 300, usize::MAX] {
        let (server, folder) = (server(), Folder::new());
        let (out, failures) = (folder.at("out.jsonl"), folder.at("f.jsonl"));
        let list = folder.file("list", list(&server, 10));
        let arguments = [
            "-q",
            "-j",
            "1",
            "--ordered",
            "-o",
            &out,
            "--failures",
            &failures,
            &list,
        ];
        haul(arguments).done().exits(1);
        let text = folder.read("out.jsonl");
        // A blank line in the log moves what stands behind it.
        folder.file("f.jsonl", "\n".to_owned() + &folder.read("f.jsonl"));
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        folder.file(
            "out.jsonl",
            &text[..text.len().saturating_sub(lost).max(last)],
        );
        haul(arguments.iter().chain(&["--resume"])).done().exits(0);
        assert_eq!(server.requests(), 10, "{lost} bytes");
        folder.file("f.jsonl", folder.read("f.jsonl").trim_start());
        check(&server, &folder, ("out.jsonl", "f.jsonl"), 10);
        assert_eq!(folder.records("out.jsonl"), super::command::records(&text));
    }
}

#[test]
fn a_failure_of_an_earlier_run_with_other_results_is_no_outcome_of_this_one() {
    let (server, folder) = (server(), Folder::new());
    let failures = folder.at("f.jsonl");
    let list = folder.file("list", list(&server, 10));
    haul([
        "-q",
        "-o",
        &folder.at("first"),
        "--failures",
        &failures,
        &list,
    ])
    .done()
    .exits(1);
    let out = folder.at("second");
    let arguments = ["-q", "--resume", "-o", &out, "--failures", &failures, &list];
    haul(arguments).done().exits(1);
    let text = folder.read("second");
    folder.file(
        "second",
        text.lines()
            .take(4)
            .map(|line| line.to_owned() + "\n")
            .collect::<String>(),
    );
    let before = server.requests();
    assert_eq!(before, 20);
    haul(arguments).done();
    assert_eq!(folder.records("second").len(), 10);
}
